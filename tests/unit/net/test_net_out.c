/* SPDX-License-Identifier: MIT */
/* The out buffer: order of bytes however they are added and taken, and what it holds. */
#include "net/net_out.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "support/check.h"

static void test_empty(void **state)
{
    struct loop *loop = loop_new_virtual(0);
    struct net_out out = {0};

    assert_bytes(net_out_bytes(&out), "");
    assert_int_equal(net_out_add(loop, &out, BYTES_NONE), 0);
    net_out_take(loop, &out, 0);
    assert_null(out.p);
    net_out_fini(loop, &out);
    loop_free(loop);
}

static void test_holds_nothing_when_all_is_taken(void **state)
{
    struct loop *loop = loop_new_virtual(0);
    struct net_out out = {0};

    for (size_t n = 1; n < 300000; n = n * 3 + 1) {
        char *text = mem_alloc(n);

        assert_int_equal(net_out_add(loop, &out, bytes_of(text, n)), 0);
        assert_int_equal(out.n, n);
        assert_true(out.cap >= n);
        net_out_take(loop, &out, n);
        assert_null(out.p);
        assert_int_equal(out.cap, 0);
        mem_free(text);
    }
    loop_free(loop);
}

/* A chunk given back is the next one taken. */
static void test_small_amounts_share_a_chunk(void **state)
{
    struct loop *loop = loop_new_virtual(0);
    struct net_out a = {0}, b = {0};
    const char *chunk;

    assert_int_equal(net_out_add(loop, &a, BYTES("a")), 0);
    assert_int_equal(a.cap, LOOP_CHUNK_BYTES);
    chunk = a.p;
    net_out_fini(loop, &a);
    assert_int_equal(net_out_add(loop, &b, BYTES("b")), 0);
    assert_ptr_equal(b.p, chunk);
    net_out_fini(loop, &b);
    loop_free(loop);
}

/* Against a plain buffer, at random sizes. */
static void test_order_is_kept(void **state)
{
    struct loop *loop = loop_new_virtual(0);
    struct net_out out = {0};
    struct buf want;
    char text[5000];
    unsigned seed = 4711;

    buf_init(&want, BUF_NO_LIMIT);
    for (unsigned i = 0; i < 3000; i++) {
        size_t n = (size_t)rand_r(&seed) % sizeof(text);

        for (size_t k = 0; k < n; k++) {
            text[k] = (char)rand_r(&seed);
        }
        assert_int_equal(net_out_add(loop, &out, bytes_of(text, n)), 0);
        buf_add(&want, bytes_of(text, n));
        n = (size_t)rand_r(&seed) % (want.n + 1);
        n = i % 7 == 0 ? n : n / 8;
        net_out_take(loop, &out, n);
        buf_consume(&want, n);
        assert_bytes_eq(net_out_bytes(&out), buf_bytes(&want));
    }
    net_out_fini(loop, &out);
    buf_fini(&want);
    loop_free(loop);
}

static void test_limit(void **state)
{
    struct loop *loop = loop_new_virtual(0);
    struct net_out out = {0};

    assert_int_equal(net_out_add_within(loop, &out, BYTES("abcd"), 7, 10), ERR_LIMIT);
    assert_int_equal(net_out_add_within(loop, &out, BYTES("a"), 11, 10), ERR_LIMIT);
    assert_bytes(net_out_bytes(&out), "");
    assert_int_equal(net_out_add_within(loop, &out, BYTES("abc"), 7, 10), 0);
    assert_bytes(net_out_bytes(&out), "abc");
    net_out_fini(loop, &out);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_holds_nothing_when_all_is_taken),
        cmocka_unit_test(test_small_amounts_share_a_chunk),
        cmocka_unit_test(test_order_is_kept),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
