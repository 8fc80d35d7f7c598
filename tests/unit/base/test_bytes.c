/* SPDX-License-Identifier: MIT */
/* Borrowed bytes: comparing, cutting, converting. */
#include "base/bytes.h"

#include <limits.h>

#include "support/check.h"

static void test_presence(void **state)
{
    (void)state;
    assert_false(bytes_is_set(BYTES_NONE));
    assert_true(bytes_is_set(BYTES("")));
    assert_false(bytes_is_set(bytes_cstr(NULL)));
    assert_bytes(bytes_cstr("abc"), "abc");
    assert_int_equal(BYTES("a\0b").n, 3);
}

static void test_eq(void **state)
{
    (void)state;
    assert_true(bytes_eq(BYTES("ab"), BYTES("ab")));
    assert_true(bytes_eq(BYTES_NONE, BYTES("")));
    assert_false(bytes_eq(BYTES("ab"), BYTES("aB")));
    assert_false(bytes_eq(BYTES("ab"), BYTES("abc")));
    assert_false(bytes_eq(BYTES("a\0b"), BYTES("a\0c")));
    assert_true(bytes_eq_nocase(BYTES("Content-LENGTH"), BYTES("content-length")));
    assert_false(bytes_eq_nocase(BYTES("a"), BYTES("ab")));
    /* Neighbours of the letters have no case. */
    assert_false(bytes_eq_nocase(BYTES("@[`{"), BYTES("`{@[")));
    assert_false(bytes_eq_nocase(BYTES("\xc4"), BYTES("\xe4")));
}

static void test_starts_with(void **state)
{
    (void)state;
    assert_true(bytes_starts_with(BYTES("abc"), BYTES("ab")));
    assert_true(bytes_starts_with(BYTES("abc"), BYTES("abc")));
    assert_true(bytes_starts_with(BYTES("abc"), BYTES_NONE));
    assert_true(bytes_starts_with(BYTES_NONE, BYTES("")));
    assert_false(bytes_starts_with(BYTES("abc"), BYTES("abcd")));
    assert_false(bytes_starts_with(BYTES("abc"), BYTES("b")));
}

static void test_compare(void **state)
{
    (void)state;
    assert_int_equal(bytes_compare(BYTES("a"), BYTES("a")), 0);
    assert_int_equal(bytes_compare(BYTES_NONE, BYTES("")), 0);
    assert_true(bytes_compare(BYTES("a"), BYTES("b")) < 0);
    assert_true(bytes_compare(BYTES("b"), BYTES("a")) > 0);
    assert_true(bytes_compare(BYTES("a"), BYTES("aa")) < 0);
    assert_true(bytes_compare(BYTES("ab"), BYTES("a")) > 0);
    assert_true(bytes_compare(BYTES("\x7f"), BYTES("\x80")) < 0);
}

static void test_cut(void **state)
{
    (void)state;
    assert_bytes(bytes_from(BYTES("abc"), 1), "bc");
    assert_bytes(bytes_from(BYTES("abc"), 3), "");
    assert_none(bytes_from(BYTES_NONE, 0));
    assert_int_equal(bytes_find(BYTES("a.b.c"), '.'), 1);
    assert_int_equal(bytes_find(BYTES("abc"), '.'), 3);
    assert_int_equal(bytes_find(BYTES_NONE, '.'), 0);
    assert_bytes(bytes_trim(BYTES(" \t\r\n a b \n")), "a b");
    assert_bytes(bytes_trim(BYTES(" \n ")), "");
    assert_bytes(bytes_trim(BYTES("\v")), "\v");
    assert_none(bytes_trim(BYTES_NONE));
}

static void check_u64(const char *text, unsigned long long max, unsigned long long want)
{
    unsigned long long value = 0;

    assert_true(bytes_to_u64(bytes_cstr(text), max, &value));
    assert_true(value == want);
}

static void check_no_u64(const char *text, unsigned long long max)
{
    unsigned long long value = 77;

    assert_false(bytes_to_u64(bytes_cstr(text), max, &value));
    assert_true(value == 77);
}

static void test_to_u64(void **state)
{
    (void)state;
    check_u64("0", 0, 0);
    check_u64("007", 7, 7);
    check_u64("65535", 65535, 65535);
    check_u64("18446744073709551615", ULLONG_MAX, ULLONG_MAX);
    check_no_u64("18446744073709551616", ULLONG_MAX);
    check_no_u64("99999999999999999999", ULLONG_MAX);
    check_no_u64("65536", 65535);
    check_no_u64("9", 5);
    check_no_u64("1", 0);
    check_no_u64("19", 18);
    check_no_u64("", 10);
    check_no_u64("+1", 10);
    check_no_u64("-1", 10);
    check_no_u64(" 1", 10);
    check_no_u64("1a", 100);
    check_no_u64("1/", 100);
    check_no_u64("1:", 100);
}

static void test_to_u64_at_every_maximum(void **state)
{
    (void)state;
    for (unsigned max = 0; max < 120; max++) {
        for (unsigned value = 0; value < 300; value++) {
            char text[8];
            unsigned long long read = 0;
            int n = snprintf(text, sizeof(text), "%u", value);
            bool fits = bytes_to_u64(bytes_of(text, (size_t)n), max, &read);

            assert_int_equal(fits, value <= max);
            assert_true(!fits || read == value);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_presence),
        cmocka_unit_test(test_eq),
        cmocka_unit_test(test_starts_with),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_to_u64),
        cmocka_unit_test(test_to_u64_at_every_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
