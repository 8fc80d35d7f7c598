/* SPDX-License-Identifier: MIT */
/*
 * Each message goes through the decoder in all ways to cut it in two, byte by byte, and whole; the
 * events must tell the same story every time.
 */
#include "http/http_decoder.h"

#include "support/check.h"
#include "support/http_story.h"

enum { HEAD_LIMIT = 16 * 1024 };

struct message {
    const char *bytes;
    const char *story;
    enum http_decoder_kind kind;
    bool to_head;
    bool finish; /* the stream ends after it */
};

/* Cuts the message at two places (or not, where they are at its ends). */
static void check_cuts(const struct message *message, size_t first, size_t second)
{
    struct bytes bytes = bytes_cstr(message->bytes);
    struct http_decoder decoder;
    struct http_story story = {.in_body = false};
    enum http_decoder_event event;

    buf_init(&story.text, BUF_NO_LIMIT);
    http_decoder_init(&decoder, message->kind, HEAD_LIMIT);
    http_decoder_set_to_head(&decoder, message->to_head);
    event = http_story_feed(&story, &decoder, bytes_of(bytes.p, first));
    if (event != HTTP_DECODER_FAULT) {
        event = http_story_feed(&story, &decoder, bytes_of(bytes.p + first, second - first));
    }
    if (event != HTTP_DECODER_FAULT) {
        event = http_story_feed(&story, &decoder, bytes_from(bytes, second));
    }
    if (http_story_end(&story, &decoder, event, message->finish)) {
        buf_add(&story.text, bytes_cstr(decoder.fault.text));
    }
    if (!bytes_eq(buf_bytes(&story.text), bytes_cstr(message->story))) {
        print_error("cut at %zu and %zu of:\n%s\n", first, second, message->bytes);
    }
    assert_bytes_eq(buf_bytes(&story.text), bytes_cstr(message->story));
    buf_fini(&story.text);
    http_decoder_fini(&decoder);
}

static void check_bytewise(const struct message *message)
{
    struct bytes bytes = bytes_cstr(message->bytes);
    struct http_decoder decoder;
    struct http_story story = {.in_body = false};
    enum http_decoder_event event = HTTP_DECODER_MORE;

    buf_init(&story.text, BUF_NO_LIMIT);
    http_decoder_init(&decoder, message->kind, HEAD_LIMIT);
    http_decoder_set_to_head(&decoder, message->to_head);
    for (size_t i = 0; i < bytes.n && event != HTTP_DECODER_FAULT; i++) {
        event = http_story_feed(&story, &decoder, bytes_of(bytes.p + i, 1));
    }
    if (http_story_end(&story, &decoder, event, message->finish)) {
        buf_add(&story.text, bytes_cstr(decoder.fault.text));
    }
    assert_bytes_eq(buf_bytes(&story.text), bytes_cstr(message->story));
    buf_fini(&story.text);
    http_decoder_fini(&decoder);
}

static void check(const struct message *message)
{
    size_t n = strlen(message->bytes);

    for (size_t first = 0; first <= n; first++) {
        for (size_t second = first; second <= n; second += n > 120 ? 7 : 1) {
            check_cuts(message, first, second);
        }
    }
    check_bytewise(message);
}

static void check_all(const struct message *messages, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        check(&messages[i]);
    }
}

#define CHECK_ALL(messages) check_all(messages, sizeof(messages) / sizeof((messages)[0]))

static void requests_are_told(void **state)
{
    static const struct message messages[] = {
        {.bytes = "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n",
         .story =
             "REQUEST method=GET target=/a?b=c path=/a query=b=c 1.1 none keep <Host|x>\nEND\n"},
        {.bytes = "\r\n\r\nGET / HTTP/1.0\r\nX:  1 2\t\r\nY:\r\n\r\n",
         .story = "REQUEST method=GET target=/ path=/ 1.0 none close <X|1 2> <Y|>\nEND\n"},
        {.bytes = "POST / HTTP/1.1\r\nhost: x\r\ncontent-LENGTH: 5\r\n\r\n12345",
         .story =
             "REQUEST method=POST target=/ path=/ 1.1 length=5 keep <host|x> <content-LENGTH|5>\n"
             "[12345]END\n"},
        {.bytes =
             "PUT /p? HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: a, close\r\n\r\n",
         .story = "REQUEST method=PUT target=/p? path=/p query= 1.1 length=0 close <Host|x>"
                  " <Content-Length|0> <Connection|a, close>\nEND\n"},
        {.bytes = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
                  "3;a=\"b\\\"\";c\r\nabc\r\n0a\r\n0123456789\r\n0\r\nT: u\r\n\r\n",
         .story = "REQUEST method=POST target=/ path=/ 1.1 chunked keep <Host|x>"
                  " <Transfer-Encoding|Chunked>\n[abc0123456789]END\n"},
        {.bytes = "GET http://h:1/a?b HTTP/1.1\r\nHost: x\r\n\r\nGET https://h HTTP/1.1\r\nHost: "
                  "y\r\n\r\n",
         .story = "REQUEST method=GET target=http://h:1/a?b path=/a query=b 1.1 none keep "
                  "<Host|x>\nEND\n"
                  "REQUEST method=GET target=https://h path=/ 1.1 none keep <Host|y>\nEND\n"},
        {.bytes = "OPTIONS * HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n\r\n",
         .story = "REQUEST method=OPTIONS target=* path=* 1.1 none keep expect=1 <Host|x>"
                  " <Expect|100-Continue>\nEND\n"},
        {.bytes = "POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n1\r\nGET",
         .story =
             "REQUEST method=POST target=/ path=/ 1.1 length=1 keep expect=2 <Host|x> <Expect|tea>"
             " <Content-Length|1>\n[1]END\n..."},
        {.bytes = "POST / HTTP/1.0\r\nExpect: 100-continue\r\nConnection: keep-alive\r\n\r\n",
         .story = "REQUEST method=POST target=/ path=/ 1.0 none close <Expect|100-continue>"
                  " <Connection|keep-alive>\nEND\n"},
        {.bytes = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\x01\x1f\x7f\n",
         .story = "REQUEST method=PUT target=/ path=/ 1.1 length=4 keep <Host|x>"
                  " <Content-Length|4>\n[\x01\x1f\x7f\n]END\n"},
        {.bytes = "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
         .story = "REQUEST method=CONNECT target=a:443 path=a:443 1.1 none keep <Host|a>\nEND\n"},
    };

    CHECK_ALL(messages);
}

static void cut_off_requests_are_faults(void **state)
{
    static const struct message messages[] = {
        {.bytes = "", .story = "", .finish = true},
        {.bytes = "\r\n", .story = "", .finish = true},
        {.bytes = "GET", .story = "FAULT message cut off", .finish = true},
        {.bytes = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n1234",
         .story = "REQUEST method=POST target=/ path=/ 1.1 length=5 keep <Host|x>"
                  " <Content-Length|5>\n[1234]FAULT message cut off",
         .finish = true},
    };

    CHECK_ALL(messages);
}

#define ANSWER(...)                                                                                \
    {                                                                                              \
        .kind = HTTP_DECODER_ANSWERS, .finish = true, __VA_ARGS__                                  \
    }

static void answers_are_told(void **state)
{
    static const struct message messages[] = {
        ANSWER(.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
               .story = "ANSWER status=200 reason=OK 1.1 length=2 keep <Content-Length|2>\n"
                        "[{}]END\n"),
        ANSWER(.bytes = "HTTP/1.1 599\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
               .story = "ANSWER status=599 reason= 1.1 length=0 close <Content-Length|0>"
                        " <Connection|close>\nEND\n"),
        ANSWER(.bytes = "HTTP/1.1 200 \r\n\r\nuntil the end",
               .story = "ANSWER status=200 reason= 1.1 close close\n[until the end]END\n"),
        ANSWER(.bytes = "HTTP/1.0 200 Very Good\r\nConnection: Keep-Alive\r\n"
                        "Content-Length: 1\r\n\r\n1",
               .story = "ANSWER status=200 reason=Very Good 1.0 length=1 keep"
                        " <Connection|Keep-Alive> <Content-Length|1>\n[1]END\n"),
        ANSWER(.bytes = "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n1",
               .story = "ANSWER status=200 reason=OK 1.0 length=1 close"
                        " <Content-Length|1>\n[1]END\n"),
        ANSWER(.bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
                        "HTTP/1.1 204 No Content\r\n\r\n",
               .story = "ANSWER status=100 reason=Continue 1.1 none keep\n"
                        "ANSWER status=103 reason=Hints 1.1 none keep <Link|x>\n"
                        "ANSWER status=204 reason=No Content 1.1 none keep\nEND\n"),
        ANSWER(.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
               .story = "ANSWER status=200 reason=OK 1.1 chunked keep"
                        " <Transfer-Encoding|chunked>\n[x]END\n"),
        ANSWER(.bytes = "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
               .story = "ANSWER status=304 reason=Not Modified 1.1 none keep"
                        " <Content-Length|9>\nEND\n"),
        ANSWER(.bytes = "HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n",
               .story = "ANSWER status=204 reason=No Content 1.1 none close"
                        " <Content-Length|9>\nEND\n"),
        ANSWER(.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", .to_head = true,
               .story = "ANSWER status=200 reason=OK 1.1 none keep <Content-Length|9>\nEND\n"),
        ANSWER(.bytes = "HTTP/1.1 200 OK\r\n\r\n", .to_head = true,
               .story = "ANSWER status=200 reason=OK 1.1 none keep\nEND\n"),
        ANSWER(.bytes = "HTTP/1.1 200 \xe9\tx\r\nHost: a\r\nHost: b c\r\nContent-Length: 0\r\n\r\n",
               .story = "ANSWER status=200 reason=\xe9\tx 1.1 length=0 keep <Host|a>"
                        " <Host|b c> <Content-Length|0>\nEND\n"),
    };

    CHECK_ALL(messages);
}

static void bad_answers_are_faults(void **state)
{
    static const struct message messages[] = {
        ANSWER(.bytes = "HTTP/1.1 20 OK\r\n\r\n", .story = "FAULT malformed status line"),
        ANSWER(.bytes = "HTTP/1.1 2000 OK\r\n\r\n", .story = "FAULT malformed status line"),
        ANSWER(.bytes = "HTTP/1.1 099 OK\r\n\r\n", .story = "FAULT malformed status line"),
        ANSWER(.bytes = "HTTP/1.1  200 OK\r\n\r\n", .story = "FAULT malformed status line"),
        ANSWER(.bytes = "ICY 200 OK\r\n\r\n", .story = "FAULT malformed HTTP version"),
        ANSWER(.bytes = "HTTP/2.0 200 OK\r\n\r\n", .story = "FAULT HTTP version not supported"),
        ANSWER(.bytes = "HTTP/1.1 200 OK\n\r\n", .story = "FAULT line ends in a bare LF"),
        ANSWER(.bytes = "HTTP/1.1 101 Switching\r\n\r\n",
               .story = "FAULT protocol switched without being asked"),
        ANSWER(.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n1",
               .story = "FAULT more than one Content-Length"),
        ANSWER(.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n",
               .story = "FAULT both Content-Length and Transfer-Encoding"),
        ANSWER(.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
               .story = "FAULT Transfer-Encoding other than chunked"),
        ANSWER(.bytes = "HTTP/1.1 200 OK\r\n X: 1\r\n\r\n", .story = "FAULT folded header line"),
        ANSWER(.bytes = "HTTP/1.1 100 Continue\r\n\r\n",
               .story = "ANSWER status=100 reason=Continue 1.1 none keep\n"
                        "FAULT no answer after an interim one"),
        ANSWER(.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n12",
               .story = "ANSWER status=200 reason=OK 1.1 length=3 keep <Content-Length|3>\n"
                        "[12]FAULT message cut off"),
        ANSWER(.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab",
               .story = "ANSWER status=200 reason=OK 1.1 chunked keep"
                        " <Transfer-Encoding|chunked>\n[ab]FAULT message cut off"),
        ANSWER(.bytes = "HTTP/1.1 200 OK\r\n", .story = "FAULT message cut off"),
    };

    CHECK_ALL(messages);
}

static void too_many_interim_answers_are_a_fault(void **state)
{
    struct http_decoder decoder;
    struct http_story story = {.in_body = false};
    enum http_decoder_event event = HTTP_DECODER_MORE;
    unsigned n = 0;

    buf_init(&story.text, BUF_NO_LIMIT);
    http_decoder_init(&decoder, HTTP_DECODER_ANSWERS, HEAD_LIMIT);
    for (; event == HTTP_DECODER_MORE && n < 1000; n++) {
        event = http_story_feed(&story, &decoder, BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    assert_int_equal(event, HTTP_DECODER_FAULT);
    assert_in_range(n, 10, 100);
    buf_fini(&story.text);
    http_decoder_fini(&decoder);
}

static void a_small_head_limit_holds(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\nX: 34567890\r\n\r\n";
    size_t n = sizeof(request) - 1;

    for (size_t limit = n - 1; limit <= n; limit++) {
        for (size_t cut = 0; cut <= n; cut++) {
            struct http_decoder decoder;
            struct http_story story = {.in_body = false};
            enum http_decoder_event event;

            buf_init(&story.text, BUF_NO_LIMIT);
            http_decoder_init(&decoder, HTTP_DECODER_REQUESTS, limit);
            event = http_story_feed(&story, &decoder, bytes_of(request, cut));
            if (event == HTTP_DECODER_MORE) {
                event = http_story_feed(&story, &decoder, bytes_of(request + cut, n - cut));
            }
            assert_int_equal(event, limit == n ? HTTP_DECODER_MORE : HTTP_DECODER_FAULT);
            assert_int_equal(decoder.fault.status, limit == n ? 0 : 431);
            buf_fini(&story.text);
            http_decoder_fini(&decoder);
        }
    }
}

static void a_fault_stays(void **state)
{
    struct http_decoder decoder;
    struct http_story story = {.in_body = false};

    buf_init(&story.text, BUF_NO_LIMIT);
    http_decoder_init(&decoder, HTTP_DECODER_REQUESTS, HEAD_LIMIT);
    assert_int_equal(http_story_feed(&story, &decoder, BYTES("get")), HTTP_DECODER_MORE);
    assert_int_equal(http_story_feed(&story, &decoder, BYTES(" / HTTP/1.1\r\n")),
                     HTTP_DECODER_FAULT);
    assert_int_equal(decoder.fault.status, 400);
    assert_int_equal(http_story_feed(&story, &decoder, BYTES("GET / HTTP/1.0\r\n\r\n")),
                     HTTP_DECODER_FAULT);
    assert_int_equal(http_decoder_finish(&decoder), HTTP_DECODER_FAULT);
    buf_fini(&story.text);
    http_decoder_fini(&decoder);
}

static void an_idle_decoder_holds_no_memory(void **state)
{
    struct http_decoder decoder;
    struct http_story story = {.in_body = false};

    buf_init(&story.text, BUF_NO_LIMIT);
    http_decoder_init(&decoder, HTTP_DECODER_REQUESTS, HEAD_LIMIT);
    assert_int_equal(http_story_feed(&story, &decoder, BYTES("GET / HT")), HTTP_DECODER_MORE);
    assert_int_equal(http_story_feed(&story, &decoder, BYTES("TP/1.0\r\n\r\n")), HTTP_DECODER_MORE);
    assert_true(http_decoder_is_between(&decoder));
    assert_null(decoder.held.p);
    buf_fini(&story.text);
    http_decoder_fini(&decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_told),
        cmocka_unit_test(cut_off_requests_are_faults),
        cmocka_unit_test(answers_are_told),
        cmocka_unit_test(bad_answers_are_faults),
        cmocka_unit_test(too_many_interim_answers_are_a_fault),
        cmocka_unit_test(a_small_head_limit_holds),
        cmocka_unit_test(a_fault_stays),
        cmocka_unit_test(an_idle_decoder_holds_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
