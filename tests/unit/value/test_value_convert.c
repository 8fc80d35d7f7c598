/* SPDX-License-Identifier: MIT */
/* String(), Number(), === and == as JavaScript has them. */
#include "value/value_convert.h"

#include <math.h>

#include "support/check.h"

static struct value *parse(const char *text, struct arena *arena)
{
    struct bytes slice = BYTES_NONE;

    assert_int_equal(json_scan(bytes_cstr(text), 0, &slice, NULL), 0);
    return value_parse(slice, arena);
}

struct sample {
    const char *value, *want;
};

static void test_text(void **state)
{
    static const struct sample samples[] = {
        {"null", "null"},
        {"true", "true"},
        {"false", "false"},
        {"1.0", "1"},
        {"-0", "0"},
        {"1e21", "1e+21"},
        {"1e400", "Infinity"},
        {"-1e400", "-Infinity"},
        {"\"a\\\"b\"", "a\"b"},
        {"[]", ""},
        {"[1,[2,null,\"x\"],{},null,true]", "1,2,,x,[object Object],,true"},
        {"{\"a\":1}", "[object Object]"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        assert_bytes_eq(value_convert_text(parse(samples[i].value, &arena), &arena),
                        bytes_cstr(samples[i].want));
    }
    assert_bytes(value_convert_text(NULL, &arena), "undefined");
    arena_fini(&arena);
}

static void test_text_number(void **state)
{
    static const char *const not_numbers[] = {
        "abc", "1a",  ".",    "+",     "-",    "e5",    "1e",       "1e+",       "- 1", "1 2",
        "0x",  "0xg", "0b2",  "0o8",   "-0x1", "+0x1",  "infinity", "Infinity1", "1,5", "1_000",
        "--1", "NaN", "null", "0x1.8", "++1",  "1.2.3", "1.e",      "1n"};

    (void)state;
    assert_true(value_convert_text_number(BYTES("")) == 0);
    assert_true(value_convert_text_number(BYTES_NONE) == 0);
    assert_true(value_convert_text_number(BYTES(" \n\t\xc2\xa0\xef\xbb\xbf ")) == 0);
    assert_true(value_convert_text_number(BYTES(" 12 ")) == 12);
    assert_true(value_convert_text_number(BYTES(".5")) == 0.5);
    assert_true(value_convert_text_number(BYTES("5.")) == 5);
    assert_true(value_convert_text_number(BYTES("5.e1")) == 50);
    assert_true(value_convert_text_number(BYTES("-.5E-1")) == -0.05);
    assert_true(value_convert_text_number(BYTES("+007")) == 7);
    assert_true(value_convert_text_number(BYTES("0xfF")) == 255);
    assert_true(value_convert_text_number(BYTES("0B101")) == 5);
    assert_true(value_convert_text_number(BYTES("0o17")) == 15);
    assert_true(value_convert_text_number(BYTES("1e400")) == (double)INFINITY);
    assert_true(value_convert_text_number(BYTES("-Infinity")) == -(double)INFINITY);
    assert_true(signbit(value_convert_text_number(BYTES("-0"))));
    for (size_t i = 0; i < sizeof(not_numbers) / sizeof(not_numbers[0]); i++) {
        if (!isnan(value_convert_text_number(bytes_cstr(not_numbers[i])))) {
            fail_msg("%s", not_numbers[i]);
        }
    }
}

static void test_number(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_true(isnan(value_convert_number(NULL)));
    assert_true(value_convert_number(parse("null", &arena)) == 0);
    assert_true(value_convert_number(parse("true", &arena)) == 1);
    assert_true(value_convert_number(parse("[]", &arena)) == 0);
    assert_true(value_convert_number(parse("[[\"5\"]]", &arena)) == 5);
    assert_true(isnan(value_convert_number(parse("[1,2]", &arena))));
    assert_true(isnan(value_convert_number(parse("{}", &arena))));
    assert_true(value_convert_number(parse("\"0x10\"", &arena)) == 16);
    arena_fini(&arena);
}

/* 0: different, 1: == only, 2: === too. */
static void check_equal(const char *a, const char *b, int want)
{
    struct value *left, *right;
    struct arena arena;

    arena_init(&arena);
    left = parse(a, &arena);
    right = parse(b, &arena);
    if (value_convert_is_loose(left, right) != (want >= 1) ||
        value_convert_is_loose(right, left) != (want >= 1) ||
        value_convert_is_same(left, right) != (want == 2)) {
        fail_msg("%s and %s", a, b);
    }
    arena_fini(&arena);
}

static void test_equality(void **state)
{
    struct arena arena;
    struct value *list;

    (void)state;
    check_equal("1", "1.0", 2);
    check_equal("0", "-0", 2);
    check_equal("\"a\"", "\"a\"", 2);
    check_equal("null", "null", 2);
    check_equal("true", "true", 2);
    check_equal("true", "false", 0);
    check_equal("1", "\"1\"", 1);
    check_equal("1", "\" 1 \"", 1);
    check_equal("0", "\"\"", 1);
    check_equal("1", "true", 1);
    check_equal("\"1\"", "true", 1);
    check_equal("\"true\"", "true", 0);
    check_equal("null", "0", 0);
    check_equal("null", "false", 0);
    check_equal("null", "\"\"", 0);
    check_equal("[1]", "1", 1);
    check_equal("[1,2]", "\"1,2\"", 1);
    check_equal("[]", "false", 1);
    check_equal("[]", "\"\"", 1);
    check_equal("{}", "\"[object Object]\"", 1);
    check_equal("[]", "[]", 0);
    check_equal("{}", "{}", 0);
    check_equal("[]", "{}", 0);
    check_equal("\"x\"", "1", 0);
    arena_init(&arena);
    list = value_array(&arena);
    assert_true(value_convert_is_same(list, list));
    assert_true(value_convert_is_same(NULL, NULL));
    assert_false(value_convert_is_same(NULL, value_null(&arena)));
    assert_true(value_convert_is_loose(NULL, value_null(&arena)));
    arena_fini(&arena);
}

static void test_trim(void **state)
{
    (void)state;
    assert_bytes(value_convert_trim_start(BYTES(" \xe3\x80\x80x ")), "x ");
    assert_bytes(value_convert_trim_end(BYTES(" x\xc3\xa9 \v\xe2\x80\xa8\xef\xbb\xbf")),
                 " x\xc3\xa9");
    assert_bytes(value_convert_trim_end(BYTES(" ")), "");
    assert_bytes(value_convert_trim_end(BYTES("\xe1\xa0\x8e")), "\xe1\xa0\x8e"); /* U+180E */
}

static void test_units(void **state)
{
    (void)state;
    assert_int_equal(value_convert_units(BYTES("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")), 5);
    assert_int_equal(value_convert_units(BYTES_NONE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),   cmocka_unit_test(test_text_number),
        cmocka_unit_test(test_number), cmocka_unit_test(test_equality),
        cmocka_unit_test(test_trim),   cmocka_unit_test(test_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
