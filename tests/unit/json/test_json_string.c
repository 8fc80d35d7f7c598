/* SPDX-License-Identifier: MIT */
/* Decoding, comparing and quoting of strings. */
#include "json/json.h"

#include "support/check.h"

static void check_decoded(struct bytes slice, struct bytes want)
{
    struct arena arena;

    arena_init(&arena);
    assert_bytes_eq(json_string(slice, &arena), want);
    assert_true(json_string_eq(slice, want));
    arena_fini(&arena);
}

static void test_decode(void **state)
{
    (void)state;
    check_decoded(BYTES("\"\""), BYTES(""));
    check_decoded(BYTES("\"abc\""), BYTES("abc"));
    check_decoded(BYTES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), BYTES("\"\\/\b\f\n\r\t"));
    check_decoded(BYTES("\"\\u0041\\u00e9\\u20aC\\ufffd\""),
                  BYTES("A\xc3\xa9\xe2\x82\xac\xef\xbf\xbd"));
    check_decoded(BYTES("\"x\\ud83d\\ude00y\""), BYTES("x\xf0\x9f\x98\x80y"));
    check_decoded(BYTES("\"\\u0000x\""), BYTES("\0x"));
    check_decoded(BYTES("\"\xc3\xa9\\n\xc3\xa9\""), BYTES("\xc3\xa9\n\xc3\xa9"));
}

static void test_lone_surrogates(void **state)
{
    (void)state;
    check_decoded(BYTES("\"\\ud800\""), BYTES("\xef\xbf\xbd"));
    check_decoded(BYTES("\"\\udc00\\ud800\""), BYTES("\xef\xbf\xbd\xef\xbf\xbd"));
    check_decoded(BYTES("\"\\ud800\\ud83d\\ude00\""), BYTES("\xef\xbf\xbd\xf0\x9f\x98\x80"));
    check_decoded(BYTES("\"\\ud800\\n\""), BYTES("\xef\xbf\xbd\n"));
    check_decoded(BYTES("\"\\ud800\\u0041\""), BYTES("\xef\xbf\xbd"
                                                     "A"));
}

static void test_unescaped_is_borrowed(void **state)
{
    struct bytes slice = BYTES("\"plain\"");
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_ptr_equal(json_string(slice, &arena).p, slice.p + 1);
    assert_int_equal(arena.used_bytes, 0);
    assert_none(json_string(BYTES("12"), &arena));
    assert_none(json_string(BYTES("null"), &arena));
    assert_none(json_string(BYTES_NONE, &arena));
    arena_fini(&arena);
}

static void test_eq(void **state)
{
    (void)state;
    assert_true(json_string_eq(BYTES("\"\""), BYTES("")));
    assert_true(json_string_eq(BYTES("\"\""), BYTES_NONE));
    assert_false(json_string_eq(BYTES("\"a\""), BYTES("b")));
    assert_false(json_string_eq(BYTES("\"a\""), BYTES("ab")));
    assert_false(json_string_eq(BYTES("\"ab\""), BYTES("a")));
    assert_false(json_string_eq(BYTES("\"\\n\""), BYTES("\\n")));
    assert_false(json_string_eq(BYTES("\"\\u0061\""), BYTES("\\u0061")));
    assert_false(json_string_eq(BYTES("\"\\u0061b\""), BYTES("a")));
    assert_false(json_string_eq(BYTES("\"\\u00e9\""), BYTES("\xc3")));
    assert_false(json_string_eq(BYTES("a"), BYTES("a")));
    assert_false(json_string_eq(BYTES("12"), BYTES("12")));
    assert_false(json_string_eq(BYTES_NONE, BYTES("")));
}

static void check_quoted(struct bytes text, struct bytes want)
{
    struct bytes out;
    struct buf buf;

    buf_init(&buf, BUF_NO_LIMIT);
    json_add_string(&buf, text);
    assert_bytes_eq(buf_bytes(&buf), want);
    assert_int_equal(json_scan(buf_bytes(&buf), 0, &out, NULL), 0);
    buf_fini(&buf);
}

static void test_quote(void **state)
{
    (void)state;
    check_quoted(BYTES_NONE, BYTES("\"\""));
    check_quoted(BYTES("abc/"), BYTES("\"abc/\""));
    check_quoted(BYTES("\"\\\b\f\n\r\t"), BYTES("\"\\\"\\\\\\b\\f\\n\\r\\t\""));
    check_quoted(BYTES("\0\x01\x1f\x7f"), BYTES("\"\\u0000\\u0001\\u001f\x7f\""));
    check_quoted(BYTES("\xc3\xa9x\xf0\x9f\x98\x80"), BYTES("\"\xc3\xa9x\xf0\x9f\x98\x80\""));
    check_quoted(BYTES("sixteen bytes and more, then a \n"),
                 BYTES("\"sixteen bytes and more, then a \\n\""));
}

static void test_quote_invalid_utf8(void **state)
{
    (void)state;
    /* One replacement for each maximal part, as TextDecoder does. */
    check_quoted(BYTES("a\xff"
                       "b"),
                 BYTES("\"a\xef\xbf\xbd"
                       "b\""));
    check_quoted(BYTES("\xe2\x82"), BYTES("\"\xef\xbf\xbd\""));
    check_quoted(BYTES("\xe2\x82\""), BYTES("\"\xef\xbf\xbd\\\"\""));
    check_quoted(BYTES("\xc0\xaf"), BYTES("\"\xef\xbf\xbd\xef\xbf\xbd\""));
    check_quoted(BYTES("\xed\xa0\x80"), BYTES("\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""));
    check_quoted(BYTES("\xc3\xa9\x80\xc3\xa9"), BYTES("\"\xc3\xa9\xef\xbf\xbd\xc3\xa9\""));
}

static void test_quote_into_arena(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_bytes(json_quote(BYTES("a\"b"), &arena), "\"a\\\"b\"");
    arena_fini(&arena);
}

/* What is quoted decodes to what it was, for every byte and every pair of interesting ones. */
static void test_round_trip(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (unsigned a = 0; a < 0x80; a++) {
        for (unsigned b = 0; b < 0x80; b++) {
            char text[] = {(char)a, (char)b};
            struct bytes quoted = json_quote(bytes_of(text, 2), &arena);

            assert_bytes_eq(json_string(quoted, &arena), bytes_of(text, 2));
            assert_true(json_string_eq(quoted, bytes_of(text, 2)));
        }
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_lone_surrogates),
        cmocka_unit_test(test_unescaped_is_borrowed),
        cmocka_unit_test(test_eq),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_quote_invalid_utf8),
        cmocka_unit_test(test_quote_into_arena),
        cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
