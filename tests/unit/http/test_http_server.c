/* SPDX-License-Identifier: MIT */
/* The server over real sockets: what is answered, in which order, and how connections end. */
#include "http/http_server.h"

#include "base/mem.h"
#include "support/check.h"
#include "support/http_app.h"
#include "support/raw_client.h"

struct fixture {
    struct http_app app;
    struct raw_client client;
};

static int set_up(void **state)
{
    struct fixture *f = mem_new(struct fixture);

    http_app_open(&f->app, NULL);
    raw_client_open(&f->client, f->app.loop, http_server_port(f->app.server));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    raw_client_close(&f->client);
    http_app_close(&f->app);
    mem_free(f);
    return 0;
}

static void send_text(struct fixture *f, const char *text)
{
    raw_client_send(&f->client, bytes_cstr(text));
}

#define HOST "Host: x\r\n"

static void a_reply_is_complete(void **state)
{
    struct fixture *f = *state;

    send_text(f, "GET /a?b=c HTTP/1.1\r\n" HOST "\r\n");
    raw_client_wait(&f->client, "fault 0");
    assert_bytes(buf_bytes(&f->client.in), "HTTP/1.1 200 OK\r\n"
                                           "Content-Type: text/plain\r\n"
                                           "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                           "Connection: keep-alive\r\n"
                                           "Keep-Alive: timeout=5\r\n"
                                           "Content-Length: 32\r\n"
                                           "\r\n"
                                           "GET /a query(b=c) body() fault 0");
}

static void bodies_are_collected(void **state)
{
    struct fixture *f = *state;

    send_text(f, "POST /1 HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
    raw_client_wait(&f->client, "POST /1 body(hello) fault 0");
    send_text(f, "POST /2 HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhe");
    raw_client_settle(&f->client);
    send_text(f, "llo");
    raw_client_wait(&f->client, "POST /2 body(hello) fault 0");
    send_text(f, "POST /3 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n");
    raw_client_settle(&f->client);
    send_text(f, "2\r\nlo\r\n0\r\n\r\n");
    raw_client_wait(&f->client, "POST /3 body(hello) fault 0");
    assert_int_equal(http_server_connections(f->app.server), 1);
}

static void a_long_body_is_collected(void **state)
{
    struct fixture *f = *state;
    struct buf request;

    buf_init(&request, BUF_NO_LIMIT);
    buf_add(&request, BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 90000\r\n\r\n"));
    for (int i = 0; i < 9000; i++) {
        buf_add_format(&request, "%010d", i);
    }
    raw_client_send(&f->client, buf_bytes(&request));
    raw_client_wait(&f->client, "0000008999) fault 0");
    assert_int_equal(raw_client_count(&f->client, "body(00000000000000000001"), 1);
    buf_fini(&request);
}

static void an_unwanted_body_is_skipped(void **state)
{
    struct fixture *f = *state;

    send_text(f, "POST /unwanted HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"
                 "GET /next HTTP/1.1\r\n" HOST "\r\n");
    raw_client_wait(&f->client, "POST /unwanted body() fault 0");
    raw_client_wait(&f->client, "GET /next body() fault 0");
}

static void head_has_no_body(void **state)
{
    struct fixture *f = *state;

    send_text(f, "HEAD /a HTTP/1.1\r\n" HOST "\r\nGET /empty HTTP/1.1\r\n" HOST "\r\n"
                 "GET /end HTTP/1.1\r\n" HOST "\r\n");
    raw_client_wait(&f->client, "GET /end");
    assert_int_equal(raw_client_count(&f->client, "HEAD /a"), 0);
    assert_int_equal(raw_client_count(&f->client, "Content-Length: 22\r\n\r\nHTTP/1.1 204"), 1);
    assert_int_equal(raw_client_count(&f->client, "Content-Length"), 2);
}

static void pipelined_replies_keep_their_order(void **state)
{
    struct fixture *f = *state;

    send_text(f, "GET /later1 HTTP/1.1\r\n" HOST "\r\nGET /at-once HTTP/1.1\r\n" HOST "\r\n"
                 "GET /later2 HTTP/1.1\r\n" HOST "\r\nGET /later3 HTTP/1.1\r\n" HOST "\r\n");
    raw_client_settle(&f->client);
    assert_int_equal(f->app.n_requests, 4);
    assert_int_equal(http_server_running(f->app.server), 3);
    http_app_answer(&f->app, 2, "third");
    raw_client_settle(&f->client);
    assert_int_equal(f->client.in.n, 0);
    http_app_answer(&f->app, 0, "first");
    raw_client_wait(&f->client, "GET /at-once");
    raw_client_settle(&f->client);
    assert_int_equal(raw_client_count(&f->client, "third"), 0);
    http_app_answer(&f->app, 1, "second");
    raw_client_wait(&f->client, "third");
    assert_non_null(memmem(f->client.in.p, f->client.in.n, "first", 5));
    assert_true((char *)memmem(f->client.in.p, f->client.in.n, "second", 6) <
                (char *)memmem(f->client.in.p, f->client.in.n, "third", 5));
    assert_int_equal(raw_client_count(&f->client, "Connection: keep-alive"), 4);
    assert_int_equal(http_server_running(f->app.server), 0);
}

static void closing_requests_close(void **state)
{
    static const char *const requests[] = {
        "GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
        "GET /a HTTP/1.0\r\n\r\n",
        "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "GET /close HTTP/1.1\r\n" HOST "\r\n",
        "GET /close HTTP/1.1\r\n" HOST "\r\nGET /never HTTP/1.1\r\n" HOST "\r\n",
        "GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /b HTTP/1.1\r\n" HOST "\r\n",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        send_text(f, requests[i]);
        raw_client_wait_end(&f->client);
        assert_int_equal(raw_client_count(&f->client, "HTTP/1.1 200 OK"), 1);
        assert_int_equal(raw_client_count(&f->client, "Connection: close"), 1);
        assert_int_equal(raw_client_count(&f->client, "Keep-Alive"), 0);
        raw_client_close(&f->client);
        raw_client_open(&f->client, f->app.loop, http_server_port(f->app.server));
    }
}

static void only_the_last_reply_says_close(void **state)
{
    struct fixture *f = *state;

    send_text(f, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.0\r\n\r\n");
    raw_client_settle(&f->client);
    http_app_answer(&f->app, 0, "first");
    raw_client_wait_end(&f->client);
    assert_int_equal(raw_client_count(&f->client, "Connection: keep-alive"), 1);
    assert_int_equal(raw_client_count(&f->client, "Connection: close"), 1);
}

static void bad_requests_are_refused(void **state)
{
    struct fixture *f = *state;

    send_text(f, "GET /later HTTP/1.1\r\n" HOST "\r\nget / HTTP/1.1\r\n");
    raw_client_settle(&f->client);
    assert_int_equal(f->client.in.n, 0);
    http_app_answer(&f->app, 0, "first");
    raw_client_wait_end(&f->client);
    assert_int_equal(raw_client_count(&f->client, "first"), 1);
    assert_int_equal(raw_client_count(&f->client, "HTTP/1.1 400 Bad Request\r\n"
                                                  "Content-Type: application/json; charset=utf-8"),
                     1);
    assert_int_equal(raw_client_count(&f->client, "{\"code\":400,\"message\":\"unknown method\"}"),
                     1);
    assert_false(f->client.was_reset);
    assert_int_equal(f->app.n_refused, 1);
}

static void a_fault_in_a_body_is_refused(void **state)
{
    struct fixture *f = *state;

    send_text(f, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\nx");
    raw_client_wait_end(&f->client);
    assert_int_equal(raw_client_count(&f->client, "HTTP/1.1 400"), 1);
    assert_int_equal(f->app.n_requests, 0);
}

static void a_cut_off_request_is_refused(void **state)
{
    struct fixture *f = *state;

    send_text(f, "POST / HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nab");
    raw_client_shut_down(&f->client);
    raw_client_wait_end(&f->client);
    assert_int_equal(raw_client_count(&f->client, "HTTP/1.1 400"), 1);
    assert_int_equal(f->app.n_requests, 0);
}

static void an_answered_client_may_half_close(void **state)
{
    struct fixture *f = *state;

    send_text(f, "GET / HTTP/1.1\r\n" HOST "\r\n");
    raw_client_shut_down(&f->client);
    raw_client_wait_end(&f->client);
    assert_int_equal(raw_client_count(&f->client, "HTTP/1.1 200"), 1);
    assert_false(f->client.was_reset);
}

static void connect_is_closed_without_an_answer(void **state)
{
    struct fixture *f = *state;

    send_text(f, "CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n");
    raw_client_wait_end(&f->client);
    assert_int_equal(f->client.in.n, 0);
    assert_int_equal(f->app.n_requests, 0);
}

static void a_client_that_goes_is_told(void **state)
{
    struct fixture *f = *state;

    send_text(f, "GET /later1 HTTP/1.1\r\n" HOST "\r\nGET /later2 HTTP/1.1\r\n" HOST "\r\n");
    raw_client_settle(&f->client);
    http_app_answer(&f->app, 1, "second");
    raw_client_close(&f->client);
    raw_client_settle(&f->client);
    assert_int_equal(f->app.n_abandoned, 1);
    assert_int_equal(http_server_connections(f->app.server), 0);
    assert_int_equal(http_server_running(f->app.server), 1);
    http_app_answer(&f->app, 0, "late");
    assert_int_equal(http_server_running(f->app.server), 0);
}

static void a_reset_is_told_and_may_be_answered_at_once(void **state)
{
    struct fixture *f = *state;

    f->app.answers_abandoned = true;
    send_text(f, "GET /later1 HTTP/1.1\r\n" HOST "\r\nGET /later2 HTTP/1.1\r\n" HOST "\r\n");
    raw_client_settle(&f->client);
    raw_client_reset(&f->client);
    raw_client_settle(&f->client);
    assert_int_equal(f->app.n_abandoned, 2);
    assert_int_equal(http_server_running(f->app.server), 0);
}

static void continue_is_sent_when_a_body_is_wanted(void **state)
{
    struct fixture *f = *state;

    send_text(f, "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    raw_client_wait(&f->client, "HTTP/1.1 100 Continue\r\n\r\n");
    send_text(f, "ab");
    raw_client_wait(&f->client, "body(ab)");
    send_text(f, "POST /2 HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\ncd");
    raw_client_wait(&f->client, "body(cd)");
    assert_int_equal(raw_client_count(&f->client, "100 Continue"), 1);
}

static void continue_waits_for_earlier_replies(void **state)
{
    struct fixture *f = *state;

    send_text(f, "GET /later HTTP/1.1\r\n" HOST "\r\n"
                 "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    raw_client_settle(&f->client);
    assert_int_equal(f->client.in.n, 0);
    http_app_answer(&f->app, 0, "first");
    raw_client_wait(&f->client, "firstHTTP/1.1 100 Continue\r\n\r\n");
    send_text(f, "ab");
    raw_client_wait(&f->client, "body(ab)");
}

static void no_continue_for_an_unwanted_body(void **state)
{
    struct fixture *f = *state;

    send_text(f, "POST /unwanted HTTP/1.1\r\n" HOST
                 "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    raw_client_wait_end(&f->client);
    assert_int_equal(raw_client_count(&f->client, "100 Continue"), 0);
    assert_int_equal(raw_client_count(&f->client, "Connection: close"), 1);
    assert_int_equal(raw_client_count(&f->client, "POST /unwanted body() fault 0"), 1);
}

static void other_expectations_fail(void **state)
{
    struct fixture *f = *state;

    send_text(f, "POST / HTTP/1.1\r\n" HOST "Expect: tea\r\nContent-Length: 2\r\n\r\nab"
                 "GET /next HTTP/1.1\r\n" HOST "\r\n");
    raw_client_wait(&f->client, "GET /next");
    assert_int_equal(raw_client_count(&f->client, "HTTP/1.1 417 Expectation Failed"), 1);
    assert_int_equal(f->app.n_requests, 1);
}

static void the_server_may_close_with_requests_running(void **state)
{
    struct fixture *f = *state;

    send_text(f, "GET /later1 HTTP/1.1\r\n" HOST "\r\nPOST /half HTTP/1.1\r\n" HOST
                 "Content-Length: 9\r\n\r\nab");
    raw_client_settle(&f->client);
    assert_int_equal(http_server_running(f->app.server), 1);
    /* The tear-down closes, then answers. */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_reply_is_complete),
        TEST(bodies_are_collected),
        TEST(a_long_body_is_collected),
        TEST(an_unwanted_body_is_skipped),
        TEST(head_has_no_body),
        TEST(pipelined_replies_keep_their_order),
        TEST(closing_requests_close),
        TEST(only_the_last_reply_says_close),
        TEST(bad_requests_are_refused),
        TEST(a_fault_in_a_body_is_refused),
        TEST(a_cut_off_request_is_refused),
        TEST(an_answered_client_may_half_close),
        TEST(connect_is_closed_without_an_answer),
        TEST(a_client_that_goes_is_told),
        TEST(a_reset_is_told_and_may_be_answered_at_once),
        TEST(continue_is_sent_when_a_body_is_wanted),
        TEST(continue_waits_for_earlier_replies),
        TEST(no_continue_for_an_unwanted_body),
        TEST(other_expectations_fail),
        TEST(the_server_may_close_with_requests_running),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
