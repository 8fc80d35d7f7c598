/* SPDX-License-Identifier: MIT */
/* Heads as they are sent; each answer must be one our own decoder reads. */
#include "http/http_encoder.h"

#include "http/http_decoder.h"
#include "support/check.h"

static void dates_are_in_the_format_of_rfc_9110(void **state)
{
    static const struct {
        int64_t unix_ms;
        const char *want;
    } cases[] = {
        {784111777000, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"},
        {784111777999, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"},
        {784111778000, "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"},
        {0, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"},
        {1709164800000, "Date: Thu, 29 Feb 2024 00:00:00 GMT\r\n"},
        {4102444799000, "Date: Thu, 31 Dec 2099 23:59:59 GMT\r\n"},
    };
    struct http_encoder_date date = {0};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_bytes_eq(http_encoder_date_line(&date, cases[i].unix_ms), bytes_cstr(cases[i].want));
    }
}

static void check_answer(const struct http_encoder_answer *answer, const char *want)
{
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    http_encoder_add_answer(&out, answer);
    assert_bytes_eq(buf_bytes(&out), bytes_cstr(want));
    buf_fini(&out);
}

static void answers_are_written(void **state)
{
    check_answer(
        &(struct http_encoder_answer){
            .status = 200, .body_bytes = 12, .keep_alive = true, .keep_alive_s = 5},
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
        "Content-Length: 12\r\n\r\n");
    check_answer(&(struct http_encoder_answer){.status = 404,
                                               .content_type = BYTES("a/b"),
                                               .extra_headers = BYTES("X: 1\r\nY: 2\r\n"),
                                               .date_line = BYTES("Date: d\r\n")},
                 "HTTP/1.1 404 Not Found\r\nX: 1\r\nY: 2\r\nContent-Type: a/b\r\nDate: d\r\n"
                 "Connection: close\r\nContent-Length: 0\r\n\r\n");
    check_answer(&(struct http_encoder_answer){.status = 204, .content_type = BYTES("a/b")},
                 "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    check_answer(&(struct http_encoder_answer){.status = 304, .body_bytes = 9},
                 "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
    check_answer(&(struct http_encoder_answer){.status = 200, .reason = BYTES("Very Good")},
                 "HTTP/1.1 200 Very Good\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    check_answer(&(struct http_encoder_answer){.status = 200, .reason = BYTES("A\r\nX: y")},
                 "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    check_answer(&(struct http_encoder_answer){.status = 599},
                 "HTTP/1.1 599 unknown\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

static void every_answer_can_be_read(void **state)
{
    for (unsigned status = 200; status <= 999; status++) {
        struct http_encoder_answer answer = {.status = status, .keep_alive = true};
        struct http_headers headers;
        struct http_head head = {.headers = &headers};
        struct http_decoder decoder;
        struct bytes input, piece;
        struct buf out;

        buf_init(&out, BUF_NO_LIMIT);
        http_encoder_add_answer(&out, &answer);
        input = buf_bytes(&out);
        http_decoder_init(&decoder, HTTP_DECODER_ANSWERS, 1000);
        assert_int_equal(http_decoder_next(&decoder, &input, &head, &piece), HTTP_DECODER_HEAD);
        assert_int_equal(head.status, status);
        assert_true(head.keep_alive);
        assert_int_equal(http_decoder_next(&decoder, &input, &head, &piece), HTTP_DECODER_END);
        assert_int_equal(input.n, 0);
        http_decoder_fini(&decoder);
        buf_fini(&out);
    }
}

static void lines_are_searched(void **state)
{
    struct bytes lines = BYTES("Accept: a\r\nX-B: Accept-Encoding: c\r\n");

    assert_true(http_encoder_lines_have(lines, BYTES("accept")));
    assert_true(http_encoder_lines_have(lines, BYTES("x-b")));
    assert_false(http_encoder_lines_have(lines, BYTES("Accept-Encoding")));
    assert_false(http_encoder_lines_have(lines, BYTES("X")));
    assert_false(http_encoder_lines_have(BYTES(""), BYTES("X")));
    assert_false(http_encoder_lines_have(BYTES_NONE, BYTES("X")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_in_the_format_of_rfc_9110),
        cmocka_unit_test(answers_are_written),
        cmocka_unit_test(every_answer_can_be_read),
        cmocka_unit_test(lines_are_searched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
