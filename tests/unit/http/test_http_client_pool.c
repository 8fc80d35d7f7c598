/* SPDX-License-Identifier: MIT */
/* The client's connections: kept, shared, limited, given up; redirects; cancelling and ending. */
#include "http/http_client.h"

#include "base/mem.h"
#include "support/check.h"
#include "support/http_call.h"
#include "support/raw_server.h"

enum { URL_BYTES = 128 };

#define OK_2      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define OK_KEEP_5 "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok"

struct fixture {
    struct loop *loop;
    struct http_client *client;
    struct raw_server server, other;
    char url[URL_BYTES];
};

static int set_up(void **state)
{
    struct fixture *f = mem_new(struct fixture);
    struct http_client_options options = {.connections_per_origin = 2, .waiting_per_origin = 3};

    f->loop = loop_new_virtual(784111777000);
    f->client = http_client_new(f->loop, &options);
    raw_server_open(&f->server, f->loop, NULL);
    raw_server_open(&f->other, f->loop, NULL);
    (void)snprintf(f->url, URL_BYTES, "http://127.0.0.1:%u/a", f->server.port);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    http_client_free(f->client);
    while (loop_run_once(f->loop)) {
    }
    raw_server_close(&f->server);
    raw_server_close(&f->other);
    loop_advance(f->loop, 0);
    loop_free(f->loop);
    mem_free(f);
    return 0;
}

static void send_text(struct raw_client *peer, const char *text)
{
    raw_client_send(peer, bytes_cstr(text));
}

/* One call on a connection that is open already. */
static void call_again(struct fixture *f, struct raw_client *peer, const char *text)
{
    unsigned n = raw_client_count(peer, "GET ");
    struct http_call call;

    http_call_start(&call, f->client, f->url, NULL);
    raw_client_wait_times(peer, "GET ", n + 1);
    send_text(peer, text);
    http_call_wait(&call, f->loop);
    assert_int_equal(call.err, 0);
    assert_string_equal(call.body, "ok");
}

static void call_first(struct fixture *f, struct raw_client *peer, const char *text)
{
    struct http_call call;

    http_call_start(&call, f->client, f->url, NULL);
    raw_server_accept(&f->server, peer);
    raw_client_wait(peer, "\r\n\r\n");
    send_text(peer, text);
    http_call_wait(&call, f->loop);
    assert_int_equal(call.err, 0);
    assert_string_equal(call.body, "ok");
}

static void connections_are_kept(void **state)
{
    struct fixture *f = *state;
    struct raw_client peer;

    call_first(f, &peer, OK_2);
    for (int i = 0; i < 5; i++) {
        call_again(f, &peer, i % 2 ? OK_2 : OK_KEEP_5);
    }
    assert_false(raw_server_has_connection(&f->server));
    raw_client_close(&peer);
}

static void some_connections_are_not_kept(void **state)
{
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 2\r\n\r\nok",
        OK_2 "HTTP/1.1 200 OK\r\n",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct raw_client peer;

        call_first(f, &peer, texts[i]);
        raw_client_wait_end(&peer);
        raw_client_close(&peer);
    }
}

static void an_idle_connection_that_ends_is_not_used(void **state)
{
    struct fixture *f = *state;
    struct raw_client peer, second;

    call_first(f, &peer, OK_2);
    raw_client_close(&peer);
    assert_false(raw_server_has_connection(&f->server));
    call_first(f, &second, OK_2);
    send_text(&second, "HTTP/1.1 408 Request Timeout\r\n");
    raw_client_wait_end(&second);
    raw_client_close(&second);
}

static void idle_connections_have_their_time(void **state)
{
    struct fixture *f = *state;
    struct raw_client peer;

    call_first(f, &peer, OK_KEEP_5);
    loop_advance(f->loop, 3900);
    call_again(f, &peer, OK_KEEP_5);
    loop_advance(f->loop, 3900);
    raw_client_settle(&peer);
    assert_false(peer.has_eof);
    loop_advance(f->loop, 200);
    raw_client_wait_end(&peer);
    raw_client_close(&peer);
}

static void requests_wait_for_a_connection(void **state)
{
    struct fixture *f = *state;
    struct raw_client peers[2];
    struct http_call calls[6];

    for (int i = 0; i < 6; i++) {
        http_call_start(&calls[i], f->client, f->url, NULL);
    }
    raw_server_accept(&f->server, &peers[0]);
    raw_server_accept(&f->server, &peers[1]);
    http_call_wait(&calls[5], f->loop);
    assert_int_equal(calls[5].err, ERR_LIMIT);
    assert_false(raw_server_has_connection(&f->server));
    for (unsigned i = 0; i < 4; i++) {
        raw_client_wait_times(&peers[0], "\r\n\r\n", i + 1);
        send_text(&peers[0], OK_2);
        raw_client_settle(&peers[0]);
    }
    raw_client_wait(&peers[1], "\r\n\r\n");
    send_text(&peers[1], OK_2);
    for (int i = 0; i < 5; i++) {
        http_call_wait(&calls[i], f->loop);
        assert_int_equal(calls[i].err, 0);
    }
    raw_client_close(&peers[0]);
    raw_client_close(&peers[1]);
}

static void a_place_is_free_when_a_connection_ends(void **state)
{
    struct fixture *f = *state;
    struct raw_client peers[3];
    struct http_call calls[3];

    for (int i = 0; i < 3; i++) {
        http_call_start(&calls[i], f->client, f->url, NULL);
    }
    raw_server_accept(&f->server, &peers[0]);
    raw_server_accept(&f->server, &peers[1]);
    http_client_cancel(&calls[0].request);
    raw_client_wait_end(&peers[0]);
    raw_server_accept(&f->server, &peers[2]);
    raw_client_wait(&peers[2], "\r\n\r\n");
    send_text(&peers[2], OK_2);
    http_call_wait(&calls[2], f->loop);
    assert_false(calls[0].done);
    raw_client_reset(&peers[1]);
    http_call_wait(&calls[1], f->loop);
    assert_int_equal(calls[1].err, ERR_RESET);
    raw_client_close(&peers[0]);
    raw_client_close(&peers[2]);
}

/* --- cancelling --- */

/* Its memory may go at once: the copy is freed before the loop turns. */
static void start_and_cancel(struct fixture *f, struct raw_client *peer, const char *until)
{
    struct http_call *call = mem_new(struct http_call);

    http_call_start(call, f->client, f->url, NULL);
    if (until) {
        raw_server_accept(&f->server, peer);
        raw_client_wait(peer, until);
        send_text(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
        raw_client_settle(peer);
    }
    assert_false(call->done);
    http_client_cancel(&call->request);
    http_client_cancel(&call->request);
    mem_free(call);
}

static void cancelled_requests_are_forgotten(void **state)
{
    struct fixture *f = *state;
    struct raw_client peer;

    start_and_cancel(f, NULL, NULL);
    while (loop_run_once(f->loop)) {
    }
    if (raw_server_has_connection(&f->server)) {
        raw_server_accept(&f->server, &peer);
        raw_client_wait_end(&peer);
        raw_client_close(&peer);
    }
    start_and_cancel(f, &peer, "\r\n\r\n");
    raw_client_wait_end(&peer);
    raw_client_close(&peer);
}

static void waiting_and_failed_requests_may_be_cancelled(void **state)
{
    struct fixture *f = *state;
    struct raw_client peers[2];
    struct http_call calls[6];

    for (int i = 0; i < 6; i++) {
        http_call_start(&calls[i], f->client, f->url, NULL);
    }
    for (int i = 2; i < 6; i++) {
        http_client_cancel(&calls[i].request);
    }
    for (int i = 0; i < 2; i++) {
        raw_server_accept(&f->server, &peers[i]);
        raw_client_wait(&peers[i], "\r\n\r\n");
        send_text(&peers[i], OK_2);
        raw_client_settle(&peers[i]);
    }
    for (int i = 0; i < 6; i++) {
        assert_int_equal(calls[i].done, i < 2);
    }
    raw_client_close(&peers[0]);
    raw_client_close(&peers[1]);
}

static void freeing_the_client_ends_all(void **state)
{
    struct fixture *f = *state;
    struct raw_client peer;
    struct http_call calls[5];

    call_first(f, &peer, OK_2);
    for (int i = 0; i < 5; i++) {
        http_call_start(&calls[i], f->client, f->url, NULL);
    }
    http_client_free(f->client);
    assert_false(calls[0].done);
    for (int i = 0; i < 5; i++) {
        http_call_wait(&calls[i], f->loop);
        assert_int_equal(calls[i].err, ERR_CANCELED);
    }
    raw_client_wait_end(&peer);
    raw_client_close(&peer);
    f->client = NULL;
}

/* --- redirects --- */

static void answer_redirect(struct raw_client *peer, unsigned status, const char *location)
{
    char text[256];

    (void)snprintf(text, sizeof(text),
                   "HTTP/1.1 %u Moved\r\nLocation: %s\r\nContent-Length: 4\r\n\r\ngone", status,
                   location);
    send_text(peer, text);
}

static void redirects_are_followed_as_node_fetch_does(void **state)
{
    static const struct {
        unsigned status;
        const char *method, *location, *next;
    } cases[] = {
        {301, "POST", "/b", "GET /b HTTP/1.1"},     {302, "POST", "b?c", "GET /x/b?c HTTP/1.1"},
        {303, "POST", "../b#d", "GET /b HTTP/1.1"}, {303, "PUT", "?q", "GET /x/y?q HTTP/1.1"},
        {301, "PUT", "/b", "PUT /b HTTP/1.1"},      {307, "POST", "/b", "POST /b HTTP/1.1"},
        {308, "POST", "/b", "POST /b HTTP/1.1"},
    };
    struct fixture *f = *state;
    char url[URL_BYTES];

    (void)snprintf(url, sizeof(url), "http://u:p@127.0.0.1:%u/x/y?z", f->server.port);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool keeps_body = cases[i].next[0] == 'P';
        struct raw_client peer;
        struct http_call call;

        http_call_init(&call, url, "{\"a\":1}");
        call.request.method = bytes_cstr(cases[i].method);
        assert_int_equal(http_client_start(f->client, &call.request), 0);
        raw_server_accept(&f->server, &peer);
        raw_client_wait(&peer, "{\"a\":1}");
        answer_redirect(&peer, cases[i].status, cases[i].location);
        raw_client_wait(&peer, cases[i].next);
        raw_client_wait_times(&peer, "\r\n\r\n", 2);
        raw_client_settle(&peer);
        assert_int_equal(raw_client_count(&peer, "{\"a\":1}"), keeps_body ? 2 : 1);
        assert_int_equal(raw_client_count(&peer, "Content-Length: 7"), keeps_body ? 2 : 1);
        assert_int_equal(raw_client_count(&peer, "Content-Type: application/json"), 2);
        assert_int_equal(raw_client_count(&peer, "Authorization: Basic dTpw"), 2);
        send_text(&peer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        http_call_wait(&call, f->loop);
        assert_string_equal(call.body, "ok");
        raw_client_close(&peer);
    }
}

static void credentials_stay_with_their_server(void **state)
{
    struct fixture *f = *state;
    struct raw_client peer, next;
    struct http_call call;
    char url[URL_BYTES], location[URL_BYTES];

    (void)snprintf(url, sizeof(url), "http://u:p@127.0.0.1:%u/", f->server.port);
    (void)snprintf(location, sizeof(location), "http://127.0.0.1:%u/next", f->other.port);
    http_call_init(&call, url, "{}");
    call.request.extra_headers =
        BYTES("X-A: 1\r\nCookie: c\r\nauthorization: Bearer t\r\nX-B: 2\r\n");
    assert_int_equal(http_client_start(f->client, &call.request), 0);
    raw_server_accept(&f->server, &peer);
    raw_client_wait(&peer, "{}");
    assert_int_equal(raw_client_count(&peer, "Cookie: c\r\nauthorization: Bearer t\r\n"), 1);
    answer_redirect(&peer, 307, location);
    raw_server_accept(&f->other, &next);
    raw_client_wait(&next, "{}");
    assert_int_equal(raw_client_count(&next, "X-A: 1\r\nX-B: 2\r\n\r\n{}"), 1);
    assert_int_equal(raw_client_count(&next, "uthorization"), 0);
    send_text(&next, OK_2);
    http_call_wait(&call, f->loop);
    assert_string_equal(call.body, "ok");
    raw_client_close(&peer);
    raw_client_close(&next);
}

static void some_redirects_lead_nowhere(void **state)
{
    static const char *const locations[] = {"unix:/tmp/x.sock:/", "ftp://a/", "http://", "data:,x",
                                            "http://a b/"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(locations) / sizeof(locations[0]); i++) {
        struct raw_client peer;
        struct http_call call;

        http_call_start(&call, f->client, f->url, NULL);
        raw_server_accept(&f->server, &peer);
        raw_client_wait(&peer, "\r\n\r\n");
        answer_redirect(&peer, 302, locations[i]);
        http_call_wait(&call, f->loop);
        assert_int_equal(call.err, ERR_PROTOCOL);
        raw_client_close(&peer);
        raw_client_settle(&peer);
    }
}

static void a_redirect_without_location_is_an_answer(void **state)
{
    struct fixture *f = *state;
    struct raw_client peer;
    struct http_call call;

    http_call_start(&call, f->client, f->url, NULL);
    raw_server_accept(&f->server, &peer);
    raw_client_wait(&peer, "\r\n\r\n");
    send_text(&peer, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n");
    http_call_wait(&call, f->loop);
    assert_int_equal(call.err, 0);
    assert_int_equal(call.status, 302);
    raw_client_close(&peer);
}

static void redirects_end_after_20(void **state)
{
    struct fixture *f = *state;
    struct raw_client peer;
    struct http_call call;

    http_call_start(&call, f->client, f->url, NULL);
    raw_server_accept(&f->server, &peer);
    for (unsigned i = 1; i <= 21; i++) {
        raw_client_wait_times(&peer, "GET /a HTTP/1.1", i);
        assert_false(call.done);
        answer_redirect(&peer, 302, "/a");
    }
    http_call_wait(&call, f->loop);
    assert_int_equal(call.err, ERR_REDIRECTS);
    assert_int_equal(strncmp(call.request.error_text, "maximum redirect reached at: http://", 36),
                     0);
    assert_int_equal(raw_client_count(&peer, "GET /a"), 21);
    raw_client_close(&peer);
}

static void the_deadline_covers_all_hops(void **state)
{
    struct fixture *f = *state;
    struct raw_client peer;
    struct http_call call;

    http_call_init(&call, f->url, NULL);
    call.request.timeout_ms = 1000;
    assert_int_equal(http_client_start(f->client, &call.request), 0);
    raw_server_accept(&f->server, &peer);
    for (unsigned i = 1; i <= 4; i++) {
        raw_client_wait_times(&peer, "GET /a HTTP/1.1", i);
        loop_advance(f->loop, 240);
        assert_false(call.done);
        answer_redirect(&peer, 302, "/a");
    }
    raw_client_wait_times(&peer, "GET /a HTTP/1.1", 5);
    loop_advance(f->loop, 50);
    assert_true(call.done);
    assert_int_equal(call.err, ERR_TIMEOUT);
    raw_client_close(&peer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(connections_are_kept),
        TEST(some_connections_are_not_kept),
        TEST(an_idle_connection_that_ends_is_not_used),
        TEST(idle_connections_have_their_time),
        TEST(requests_wait_for_a_connection),
        TEST(a_place_is_free_when_a_connection_ends),
        TEST(cancelled_requests_are_forgotten),
        TEST(waiting_and_failed_requests_may_be_cancelled),
        TEST(freeing_the_client_ends_all),
        TEST(redirects_are_followed_as_node_fetch_does),
        TEST(credentials_stay_with_their_server),
        TEST(some_redirects_lead_nowhere),
        TEST(a_redirect_without_location_is_an_answer),
        TEST(redirects_end_after_20),
        TEST(the_deadline_covers_all_hops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
