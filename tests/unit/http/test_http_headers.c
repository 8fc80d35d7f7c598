/* SPDX-License-Identifier: MIT */
/* Looking up header lines. */
#include "http/http_headers.h"

#include "http/http_chars.h"
#include "support/check.h"

static const struct http_headers headers = {
    .items =
        {
            {BYTES_INIT("Host"), BYTES_INIT("a")},
            {BYTES_INIT("Connection"), BYTES_INIT("keep-alive , X-A")},
            {BYTES_INIT("connection"), BYTES_INIT(",,Close,")},
            {BYTES_INIT("Empty"), BYTES_INIT("")},
            {BYTES_INIT("host"), BYTES_INIT("b")},
        },
    .count = 5,
};

static void the_first_of_a_name_is_found(void **state)
{
    assert_bytes(http_headers_get(&headers, BYTES("HOST")), "a");
    assert_bytes(http_headers_get(&headers, BYTES("empty")), "");
    assert_none(http_headers_get(&headers, BYTES("hos")));
    assert_none(http_headers_get(&headers, BYTES("")));
}

static void lists_are_searched_over_all_lines(void **state)
{
    assert_true(http_headers_has_token(&headers, BYTES("connection"), BYTES("Keep-Alive")));
    assert_true(http_headers_has_token(&headers, BYTES("connection"), BYTES("x-a")));
    assert_true(http_headers_has_token(&headers, BYTES("connection"), BYTES("close")));
    assert_false(http_headers_has_token(&headers, BYTES("connection"), BYTES("x")));
    assert_false(http_headers_has_token(&headers, BYTES("connection"), BYTES("keep-alive , X-A")));
    assert_false(http_headers_has_token(&headers, BYTES("empty"), BYTES("x")));
}

static void tokens_and_values_are_told(void **state)
{
    assert_true(http_headers_is_token(BYTES("X-Request-ID")));
    assert_false(http_headers_is_token(BYTES("")));
    assert_false(http_headers_is_token(BYTES("a b")));
    assert_false(http_headers_is_token(BYTES("a:")));
    assert_false(http_headers_is_token(BYTES("\xc3\xa9")));
    assert_true(http_headers_is_value(BYTES("")));
    assert_true(http_headers_is_value(BYTES("a\tb \xc3\xa9")));
    assert_false(http_headers_is_value(BYTES("a\r\nb")));
    assert_false(http_headers_is_value(BYTES("a\0b")));
    assert_false(http_headers_is_value(BYTES("a\x7f")));
}

/* The fast runs see each byte, at each place, as the table does. */
static void runs_agree_with_the_table(void **state)
{
    char text[40];

    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = 0; at < sizeof(text); at++) {
            memset(text, 'a', sizeof(text));
            text[at] = (char)c;
            assert_int_equal(http_chars_value_run(text, sizeof(text)),
                             http_chars_is((char)c, HTTP_CHARS_VALUE) ? sizeof(text) : at);
            assert_int_equal(http_chars_target_run(text, sizeof(text)),
                             http_chars_is((char)c, HTTP_CHARS_TARGET) ? sizeof(text) : at);
            assert_int_equal(http_chars_token_run(text, sizeof(text)),
                             http_chars_is((char)c, HTTP_CHARS_TOKEN) ? sizeof(text) : at);
        }
    }
}

static void the_table_is_rfc_9110s(void **state)
{
    static const char tokens[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (unsigned c = 0; c < 256; c++) {
        bool is_token = c != 0 && strchr(tokens, (int)c);

        assert_int_equal(http_chars_is((char)c, HTTP_CHARS_TOKEN), is_token);
        assert_int_equal(http_chars_is((char)c, HTTP_CHARS_VALUE),
                         c == '\t' || (c >= ' ' && c != 0x7f));
        assert_int_equal(http_chars_is((char)c, HTTP_CHARS_TARGET), c > ' ' && c < 0x7f);
        assert_false(http_chars_is((char)c, HTTP_CHARS_HOST) && strchr("/?#@\\ \"<>", (int)c));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_of_a_name_is_found),
        cmocka_unit_test(lists_are_searched_over_all_lines),
        cmocka_unit_test(tokens_and_values_are_told),
        cmocka_unit_test(runs_agree_with_the_table),
        cmocka_unit_test(the_table_is_rfc_9110s),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
