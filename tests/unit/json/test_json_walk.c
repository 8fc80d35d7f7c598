/* SPDX-License-Identifier: MIT */
/* Types, truth, members, items and lookups on validated slices. */
#include "json/json.h"

#include "support/check.h"
#include "json/json_internal.h"

static void test_types(void **state)
{
    (void)state;
    assert_int_equal(json_type(BYTES_NONE), JSON_NONE);
    assert_int_equal(json_type(BYTES("null")), JSON_NULL);
    assert_int_equal(json_type(BYTES("true")), JSON_BOOL);
    assert_int_equal(json_type(BYTES("false")), JSON_BOOL);
    assert_int_equal(json_type(BYTES("-1")), JSON_NUMBER);
    assert_int_equal(json_type(BYTES("0")), JSON_NUMBER);
    assert_int_equal(json_type(BYTES("\"\"")), JSON_STRING);
    assert_int_equal(json_type(BYTES("[]")), JSON_ARRAY);
    assert_int_equal(json_type(BYTES("{}")), JSON_OBJECT);
    assert_true(json_is_object(BYTES("{}")));
    assert_false(json_is_object(BYTES("[]")));
    assert_false(json_is_object(BYTES_NONE));
    assert_true(json_is_true(BYTES("true")));
    assert_false(json_is_true(BYTES("1")));
    assert_true(json_is_null_or_none(BYTES("null")));
    assert_true(json_is_null_or_none(BYTES_NONE));
    assert_false(json_is_null_or_none(BYTES("0")));
}

static void test_truth(void **state)
{
    static const char *const no[] = {"null", "false", "0", "-0", "0.0", "0e5", "\"\"", "1e-400"};
    static const char *const yes[] = {"true",  "1",     "-1", "0.1", "1e400",
                                      "\" \"", "\"0\"", "[]", "{}",  "5e-324"};

    (void)state;
    assert_false(json_is_truthy(BYTES_NONE));
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        assert_false(json_is_truthy(bytes_cstr(no[i])));
    }
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        assert_true(json_is_truthy(bytes_cstr(yes[i])));
    }
}

static void test_members(void **state)
{
    struct json_iter it = json_iter(
        BYTES("{ \"a\" : 1 , \"b}\" : [ \"]\" , { } ],\"c\\\"\":{\"d\":\"\\\\\"},\"a\":null\n}"));
    struct bytes key, value;

    (void)state;
    assert_true(json_next_member(&it, &key, &value));
    assert_bytes(key, "\"a\"");
    assert_bytes(value, "1");
    assert_true(json_next_member(&it, &key, &value));
    assert_bytes(key, "\"b}\"");
    assert_bytes(value, "[ \"]\" , { } ]");
    assert_true(json_next_member(&it, &key, &value));
    assert_bytes(key, "\"c\\\"\"");
    assert_bytes(value, "{\"d\":\"\\\\\"}");
    assert_true(json_next_member(&it, &key, &value));
    assert_bytes(key, "\"a\"");
    assert_bytes(value, "null");
    assert_false(json_next_member(&it, &key, &value));
    assert_false(json_next_member(&it, &key, &value));
}

static void test_items(void **state)
{
    struct json_iter it = json_iter(BYTES("[ -1.5e3 ,\"a,b\\\\\",true , [[ ]],{}]"));
    static const char *const want[] = {"-1.5e3", "\"a,b\\\\\"", "true", "[[ ]]", "{}"};
    struct bytes value;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_true(json_next_item(&it, &value));
        assert_bytes_eq(value, bytes_cstr(want[i]));
    }
    assert_false(json_next_item(&it, &value));
}

static void test_wrong_kinds_have_no_members(void **state)
{
    static const char *const scalars[] = {"null", "12", "\"[1,2]\"", "true", "{}", "[]", "[ ]"};
    struct bytes key, value;
    struct json_iter it;

    (void)state;
    for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++) {
        it = json_iter(bytes_cstr(scalars[i]));
        assert_false(json_next_item(&it, &value));
        assert_false(json_next_member(&it, &key, &value));
        assert_int_equal(json_count(bytes_cstr(scalars[i])), 0);
    }
    it = json_iter(BYTES_NONE);
    assert_false(json_next_item(&it, &value));
    it = json_iter(BYTES("[\"a\",\"b\"]"));
    assert_false(json_next_member(&it, &key, &value));
    it = json_iter(BYTES("{\"a\":1,\"b\":2}"));
    assert_false(json_next_item(&it, &value));
    assert_false(json_next_item(&it, &value));
}

static void test_tokens(void **state)
{
    static const char *const wanted[] = {"{",      "\"a\"", "[",         "1",    "[",
                                         "]",      "{",     "\"b]\"",    "null", "}",
                                         "-2.5e3", "]",     "\"c\\\"\"", "true", "}"};
    struct json_iter it = {BYTES("{ \"a\" : [1 , [ ],{\"b]\":null}\t,-2.5e3\n],\"c\\\"\":true }")};
    struct bytes token;

    (void)state;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        assert_true(json_next_token(&it, &token));
        assert_bytes_eq(token, bytes_cstr(wanted[i]));
    }
    assert_false(json_next_token(&it, &token));
    it.rest = BYTES_NONE;
    assert_false(json_next_token(&it, &token));
}

static void test_count(void **state)
{
    (void)state;
    assert_int_equal(json_count(BYTES("[1,[2,3],{\"a\":4}]")), 3);
    assert_int_equal(json_count(BYTES("{\"a\":[1,2],\"b\":{}}")), 2);
    assert_int_equal(json_count(BYTES_NONE), 0);
}

static void test_get(void **state)
{
    struct bytes object = BYTES("{\"a\":1,\"\":2,\"\\u0062\":3,\"c\\n\":4,\"a\":[5],\"abc\":6}");

    (void)state;
    assert_bytes(json_get(object, BYTES("a")), "[5]");
    assert_bytes(json_get(object, BYTES("")), "2");
    assert_bytes(json_get(object, BYTES("b")), "3");
    assert_bytes(json_get(object, BYTES("c\n")), "4");
    assert_none(json_get(object, BYTES("c\\n")));
    assert_none(json_get(object, BYTES("ab")));
    assert_none(json_get(BYTES("[1]"), BYTES("0")));
    assert_none(json_get(BYTES_NONE, BYTES("a")));
    assert_none(json_get(BYTES("\"a\""), BYTES("a")));
}

static void test_get_fields(void **state)
{
    struct json_field fields[] = {{BYTES("x"), BYTES("old")}, {BYTES("y"), BYTES("old")}};

    (void)state;
    json_get_fields(BYTES("{\"y\":{\"x\":0},\"z\":1,\"x\":\"v\"}"), fields, 2);
    assert_bytes(fields[0].value, "\"v\"");
    assert_bytes(fields[1].value, "{\"x\":0}");
    json_get_fields(BYTES("null"), fields, 2);
    assert_none(fields[0].value);
    assert_none(fields[1].value);
}

static void test_get_fields_in_any_order(void **state)
{
    struct json_field fields[] = {{BYTES("a"), BYTES_NONE},
                                  {BYTES(""), BYTES_NONE},
                                  {BYTES("c\\n"), BYTES_NONE},
                                  {BYTES("d\n"), BYTES_NONE},
                                  {BYTES("ab"), BYTES_NONE}};

    (void)state;
    json_get_fields(
        BYTES("{\"ab\":1,\"d\\n\":2,\"\":3,\"a\":4,\"c\\n\":5,\"\\u0061b\":6,\"ab\\n\":7}"), fields,
        5);
    assert_bytes(fields[0].value, "4");
    assert_bytes(fields[1].value, "3");
    assert_none(fields[2].value); /* a backslash and an n, not a line feed */
    assert_bytes(fields[3].value, "2");
    assert_bytes(fields[4].value, "6");
    json_get_fields(BYTES("{\"c\\\\n\":1,\"a\":2,\"a\":3}"), fields, 5);
    assert_bytes(fields[0].value, "3");
    assert_none(fields[1].value);
    assert_bytes(fields[2].value, "1");
}

static void test_lengths(void **state)
{
    (void)state;
    assert_int_equal(json_string_length(BYTES("\"")), 1);
    assert_int_equal(json_string_length(BYTES("\"\xc3\xa4\\\"\xc3\xa4\"x")), 8);
    assert_int_equal(json_string_length(BYTES("\"a\" ,1")), 3);
    assert_int_equal(json_string_length(BYTES("\"a\\\"b\"x")), 6);
    assert_int_equal(json_string_length(BYTES("\"\\\\\"x\"")), 4);
    assert_int_equal(json_string_length(BYTES("\"\\\\\\\"\\\"\"\"")), 8);
    assert_int_equal(json_value_length(BYTES("12,")), 2);
    assert_int_equal(json_value_length(BYTES("null}")), 4);
    assert_int_equal(json_value_length(BYTES("{\"a\":[{}]}]")), 10);
    assert_int_equal(json_value_length(BYTES_NONE), 0);
}

/* A container of `depth` levels with brackets, quotes and backslashes in its strings. */
static void add_container(struct buf *out, unsigned depth, uint64_t *seed)
{
    static const char *const strings[] = {
        "\"\"",           "\"a\\\\\"", "\"\\\"]\"",        "\"}}}}\"",
        "\"[{\\\\\\\"\"", "\"plain\"", "\"\\u007b, \\n\"", "\"longer, with a blank or two\""};
    unsigned n = 0;

    buf_add_char(out, '[');
    for (*seed = *seed * 6364136223846793005U + 1; n <= *seed >> 61; n++) {
        *seed = *seed * 6364136223846793005U + 1442695040888963407U;
        if (depth > 0 && *seed >> 63) {
            buf_add(out, BYTES("{\"k\":"));
            add_container(out, depth - 1, seed);
            buf_add(out, BYTES("},"));
        }
        buf_add(out, bytes_cstr(strings[*seed >> 40 & 7]));
        buf_add_char(out, ',');
    }
    buf_add(out, BYTES("0]"));
}

/* Where a container ends does not depend on what follows or on how much of it is in one block. */
static void test_lengths_of_containers(void **state)
{
    uint64_t seed = 1;
    unsigned n_long = 0;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        struct buf text;
        char *exact;
        size_t n;

        buf_init(&text, BUF_NO_LIMIT);
        add_container(&text, i % 6, &seed);
        n = buf_bytes(&text).n;
        n_long += n > 128;
        exact = test_malloc(n); /* nothing behind it may be read */
        memcpy(exact, buf_bytes(&text).p, n);
        assert_int_equal(json_value_length(bytes_of(exact, n)), n);
        assert_true(json_value_length(bytes_of(exact, n - 1)) == n - 1);
        test_free(exact);
        buf_add(&text,
                BYTES("]}\",{\"x\":[\"and so on, longer than a block of sixty-four bytes\"]"));
        assert_int_equal(json_value_length(buf_bytes(&text)), n);
        buf_fini(&text);
    }
    assert_true(n_long > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_wrong_kinds_have_no_members),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_get_fields),
        cmocka_unit_test(test_get_fields_in_any_order),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_lengths_of_containers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
