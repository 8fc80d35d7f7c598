/* SPDX-License-Identifier: MIT */
/* The growing buffer: growth, its maximum, what failing means. */
#include "base/buf.h"

#include <limits.h>

#include "support/check.h"

static void test_add(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, BUF_NO_LIMIT);
    assert_bytes(buf_bytes(&b), "");
    buf_add(&b, BYTES("ab"));
    buf_add(&b, BYTES_NONE);
    buf_add_char(&b, 'c');
    buf_add_u64(&b, 0);
    buf_add_u64(&b, ULLONG_MAX);
    buf_add_format(&b, "[%s %d]", "x", -5);
    buf_add_format(&b, "%s", "");
    assert_bytes(buf_bytes(&b), "abc018446744073709551615[x -5]");
    buf_clear(&b);
    buf_add_format(&b, "%0*d|", 1000, 7);
    assert_int_equal(b.n, 1001);
    assert_memory_equal(b.p + 998, "07|", 3);
    assert_false(b.failed);
    buf_fini(&b);
    assert_bytes(buf_bytes(&b), "");
    buf_add_char(&b, 'd');
    assert_bytes(buf_bytes(&b), "d");
    buf_fini(&b);
}

static void test_growth_keeps_the_bytes(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, BUF_NO_LIMIT);
    for (unsigned i = 0; i < 100000; i++) {
        buf_add_char(&b, (char)(i % 251));
    }
    assert_int_equal(b.n, 100000);
    for (unsigned i = 0; i < 100000; i++) {
        assert_int_equal((unsigned char)b.p[i], i % 251);
    }
    buf_fini(&b);
}

static void test_maximum(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4);
    buf_add(&b, BYTES("abcd"));
    assert_false(b.failed);
    buf_add_char(&b, 'e');
    assert_true(b.failed);
    assert_bytes(buf_bytes(&b), "abcd");
    /* A gap in the middle must not pass for a whole. */
    buf_consume(&b, 4);
    buf_add_char(&b, 'f');
    assert_bytes(buf_bytes(&b), "");
    assert_int_equal(buf_reserve(&b, 1), ERR_LIMIT);
    buf_clear(&b);
    assert_false(b.failed);
    buf_add(&b, BYTES("abcd"));
    assert_bytes(buf_bytes(&b), "abcd");
    buf_fini(&b);
}

static void test_format_fills_the_maximum(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4);
    buf_add_format(&b, "%d", 1234);
    assert_false(b.failed);
    assert_bytes(buf_bytes(&b), "1234");
    buf_add_format(&b, "%d", 5);
    assert_true(b.failed);
    buf_fini(&b);
}

static void test_reserve(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    assert_int_equal(buf_reserve(&b, 1000), 0);
    assert_true(b.cap >= 1000);
    assert_int_equal(b.n, 0);
    memset(b.p, 'x', 1000);
    b.n = 1000;
    assert_int_equal(buf_reserve(&b, 0), 0);
    assert_int_equal(buf_reserve(&b, SIZE_MAX), ERR_LIMIT);
    buf_fini(&b);
}

static void test_consume(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, BUF_NO_LIMIT);
    buf_consume(&b, 0);
    buf_add(&b, BYTES("abcdef"));
    buf_consume(&b, 2);
    assert_bytes(buf_bytes(&b), "cdef");
    buf_consume(&b, 4);
    assert_bytes(buf_bytes(&b), "");
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),     cmocka_unit_test(test_growth_keeps_the_bytes),
        cmocka_unit_test(test_maximum), cmocka_unit_test(test_format_fills_the_maximum),
        cmocka_unit_test(test_reserve), cmocka_unit_test(test_consume),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
