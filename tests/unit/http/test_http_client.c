/* SPDX-License-Identifier: MIT */
/* The client against scripted servers: requests sent, answers read, faults told. */
#include "http/http_client.h"

#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "support/check.h"
#include "support/http_call.h"
#include "support/raw_server.h"

enum { URL_BYTES = 128 };

struct fixture {
    struct loop *loop;
    struct http_client *client;
    struct raw_server server;
    struct raw_client peer; /* the connection accepted last */
    char url[URL_BYTES];
};

static int set_up(void **state)
{
    struct fixture *f = mem_new(struct fixture);

    f->loop = loop_new_virtual(784111777000);
    f->client = http_client_new(f->loop, &(struct http_client_options){.body_limit_bytes = 1000});
    raw_server_open(&f->server, f->loop, NULL);
    f->peer.fd = -1;
    (void)snprintf(f->url, URL_BYTES, "http://127.0.0.1:%u/a?b=c", f->server.port);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    http_client_free(f->client);
    while (loop_run_once(f->loop)) {
    }
    raw_client_close(&f->peer);
    raw_server_close(&f->server);
    loop_advance(f->loop, 0);
    loop_free(f->loop);
    mem_free(f);
    return 0;
}

static void accept_request(struct fixture *f, const char *until)
{
    raw_client_close(&f->peer);
    raw_server_accept(&f->server, &f->peer);
    raw_client_wait(&f->peer, until);
}

static void answer(struct fixture *f, const char *text)
{
    raw_client_send(&f->peer, bytes_cstr(text));
}

/* One GET that gets this answer, the connection closed after it or not. */
static struct http_call get(struct fixture *f, const char *text, bool close)
{
    struct http_call call;

    http_call_start(&call, f->client, f->url, NULL);
    accept_request(f, "\r\n\r\n");
    answer(f, text);
    if (close) {
        raw_client_close(&f->peer);
    }
    http_call_wait(&call, f->loop);
    return call;
}

static void a_get_is_sent_and_answered(void **state)
{
    struct fixture *f = *state;
    struct http_call call =
        get(f, "HTTP/1.1 200 Fine\r\nX-Seen: y\r\nContent-Length: 2\r\n\r\nok", 0);
    char want[512];

    assert_int_equal(call.err, 0);
    assert_int_equal(call.status, 200);
    assert_string_equal(call.reason, "Fine");
    assert_string_equal(call.body, "ok");
    assert_string_equal(call.seen, "y");
    (void)snprintf(want, sizeof(want),
                   "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: */*\r\n"
                   "User-Agent: moleculer-sidecar/" SIDECAR_VERSION "\r\n"
                   "Accept-Encoding: gzip,deflate\r\nConnection: keep-alive\r\n\r\n",
                   f->server.port);
    assert_bytes_eq(buf_bytes(&f->peer.in), bytes_cstr(want));
}

static void a_post_has_its_body(void **state)
{
    struct fixture *f = *state;
    struct http_call call;
    char want[512];

    http_call_init(&call, f->url, "{\"a\":1}");
    call.request.extra_headers = BYTES("X-Request-ID: 7\r\nuser-agent: test\r\n");
    assert_int_equal(http_client_start(f->client, &call.request), 0);
    accept_request(f, "{\"a\":1}");
    answer(f, "HTTP/1.1 204 No Content\r\n\r\n");
    http_call_wait(&call, f->loop);
    assert_int_equal(call.status, 204);
    assert_true(call.request.sent);
    (void)snprintf(want, sizeof(want),
                   "POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                   "Content-Type: application/json\r\nAccept: */*\r\nContent-Length: 7\r\n"
                   "Accept-Encoding: gzip,deflate\r\nConnection: keep-alive\r\n"
                   "X-Request-ID: 7\r\nuser-agent: test\r\n\r\n{\"a\":1}",
                   f->server.port);
    assert_bytes_eq(buf_bytes(&f->peer.in), bytes_cstr(want));
}

static void credentials_of_the_url_are_sent(void **state)
{
    struct fixture *f = *state;
    struct http_call call;
    char url[URL_BYTES];

    (void)snprintf(url, sizeof(url), "http://us%%65r:p%%40ss@127.0.0.1:%u", f->server.port);
    http_call_start(&call, f->client, url, NULL);
    accept_request(f, "\r\n\r\n");
    assert_int_equal(raw_client_count(&f->peer, "GET / HTTP/1.1\r\n"), 1);
    assert_int_equal(raw_client_count(&f->peer, "Authorization: Basic dXNlcjpwQHNz\r\n"), 1);
    http_client_cancel(&call.request);
}

struct answer_case {
    const char *text;
    unsigned status;
    const char *body;
    bool close;
};

/* Every cut of the answer in two parts that are read apart. */
static void check_answer(struct fixture *f, const struct answer_case *answer_case)
{
    size_t n = strlen(answer_case->text);

    for (size_t cut = 1; cut <= n; cut++) {
        struct http_call call;

        http_call_start(&call, f->client, f->url, NULL);
        accept_request(f, "\r\n\r\n");
        raw_client_send(&f->peer, bytes_of(answer_case->text, cut));
        raw_client_settle(&f->peer);
        raw_client_send(&f->peer, bytes_from(bytes_cstr(answer_case->text), cut));
        if (answer_case->close) {
            raw_client_shut_down(&f->peer);
        }
        http_call_wait(&call, f->loop);
        assert_int_equal(call.err, 0);
        assert_int_equal(call.status, answer_case->status);
        assert_string_equal(call.body, answer_case->body);
        raw_client_close(&f->peer);
        raw_client_settle(&f->peer); /* the client sees that it is gone */
    }
}

static void all_framings_are_read(void **state)
{
    static const struct answer_case cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: "
         "1\r\n\r\n",
         200, "hello", false},
        {"HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello", true},
        {"HTTP/1.0 200 OK\r\n\r\nhello", 200, "hello", true},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 404, "",
         false},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX: y\r\n\r\n"
         "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
         201, "ok", false},
        {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", false},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304, "", false},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_answer(f, &cases[i]);
    }
}

static void answers_to_head_have_no_body(void **state)
{
    struct fixture *f = *state;
    struct http_call call;

    http_call_init(&call, f->url, NULL);
    call.request.method = BYTES("HEAD");
    assert_int_equal(http_client_start(f->client, &call.request), 0);
    accept_request(f, "\r\n\r\n");
    answer(f, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
    http_call_wait(&call, f->loop);
    assert_int_equal(call.status, 200);
    assert_int_equal(call.body_bytes, 0);
}

static void send_coded(struct fixture *f, const char *coding, const void *body, size_t n)
{
    struct buf text;

    buf_init(&text, BUF_NO_LIMIT);
    buf_add_format(&text, "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
                   coding, n);
    buf_add(&text, bytes_of(body, n));
    raw_client_send(&f->peer, buf_bytes(&text));
    buf_fini(&text);
}

static struct http_call get_coded(struct fixture *f, const char *coding, const void *body, size_t n)
{
    struct http_call call;

    http_call_start(&call, f->client, f->url, NULL);
    accept_request(f, "\r\n\r\n");
    send_coded(f, coding, body, n);
    http_call_wait(&call, f->loop);
    raw_client_close(&f->peer);
    raw_client_settle(&f->peer);
    return call;
}

static size_t gzip(const char *text, size_t n, unsigned char *room, size_t n_room)
{
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)text;
    z.avail_in = (unsigned)n;
    z.next_out = room;
    z.avail_out = (unsigned)n_room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    (void)deflateEnd(&z);
    return n_room - z.avail_out;
}

static void coded_answers_are_decoded(void **state)
{
#ifdef HAVE_BROTLI
    static const unsigned char brotli[] = {0x0b, 0x02, 0x80, 'h', 'e', 'l', 'l', 'o', 0x03};
#endif
    struct fixture *f = *state;
    unsigned char room[256];
    char zeros[1001] = {0};
    struct http_call call = get_coded(f, "gzip", room, gzip("hello", 5, room, sizeof(room)));

    assert_string_equal(call.body, "hello");
    call = get_coded(f, "gzip", "hello", 5);
    assert_int_equal(call.err, ERR_PROTOCOL);
    call = get_coded(f, "gzip", room, 12);
    assert_int_equal(call.err, ERR_PROTOCOL);
    call = get_coded(f, "gzip", room, gzip(zeros, 1000, room, sizeof(room)));
    assert_int_equal(call.body_bytes, 1000);
    call = get_coded(f, "gzip", room, gzip(zeros, 1001, room, sizeof(room)));
    assert_int_equal(call.err, ERR_LIMIT);
    call = get_coded(f, "rot13", "uryyb", 5);
    assert_string_equal(call.body, "uryyb");
#ifdef HAVE_BROTLI
    call = get_coded(f, "br", brotli, sizeof(brotli));
    assert_string_equal(call.body, "hello");
    call = get_coded(f, "br", "hello", 5);
    assert_int_equal(call.err, ERR_PROTOCOL);
#endif
}

/* --- faults --- */

static void nobody_listens(void **state)
{
    struct fixture *f = *state;
    struct raw_server other;
    struct http_call call;
    char url[URL_BYTES], want[URL_BYTES];

    raw_server_open(&other, f->loop, NULL);
    raw_server_close(&other);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", other.port);
    (void)snprintf(want, sizeof(want), "connect ECONNREFUSED 127.0.0.1:%u", other.port);
    http_call_start(&call, f->client, url, NULL);
    http_call_wait(&call, f->loop);
    assert_int_equal(call.err, ERR_REFUSED);
    assert_string_equal(call.request.error_text, want);
    assert_false(call.request.sent);
}

static void ends_before_the_answer_are_resets(void **state)
{
    struct fixture *f = *state;
    struct http_call call = get(f, "", true);

    assert_int_equal(call.err, ERR_RESET);
    assert_string_equal(call.request.error_text, "socket hang up");
    assert_true(call.request.sent);
    http_call_start(&call, f->client, f->url, NULL);
    accept_request(f, "\r\n\r\n");
    raw_client_reset(&f->peer);
    http_call_wait(&call, f->loop);
    assert_int_equal(call.err, ERR_RESET);
    assert_string_equal(call.request.error_text, "read ECONNRESET");
}

static void cut_off_answers_are_told(void **state)
{
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nConte",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct http_call call = get(f, texts[i], true);

        assert_int_equal(call.err, ERR_CLOSED);
        assert_true(call.request.error_text[0] != '\0');
    }
}

static void bad_answers_are_told(void **state)
{
    static const char *const texts[] = {
        "hello\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct http_call call = get(f, texts[i], false);

        assert_int_equal(call.err, ERR_PROTOCOL);
        assert_true(call.request.error_text[0] != '\0');
        raw_client_wait_end(&f->peer);
    }
}

static void answers_over_the_limit_are_told(void **state)
{
    struct fixture *f = *state;
    struct buf text;
    struct http_call call;

    buf_init(&text, BUF_NO_LIMIT);
    buf_add(&text, BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 101; i++) {
        buf_add(&text, BYTES("a\r\n0123456789\r\n"));
    }
    buf_add(&text, BYTES("0\r\n\r\n"));
    buf_add_char(&text, '\0');
    call = get(f, text.p, false);
    assert_int_equal(call.err, ERR_LIMIT);
    raw_client_wait_end(&f->peer);
    call = get(f, "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", false);
    assert_int_equal(call.err, ERR_LIMIT);
    buf_fini(&text);
}

static void time_limits_hold(void **state)
{
    struct fixture *f = *state;
    struct http_call call;

    http_call_init(&call, f->url, NULL);
    call.request.timeout_ms = 500;
    assert_int_equal(http_client_start(f->client, &call.request), 0);
    accept_request(f, "\r\n\r\n");
    answer(f, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
    loop_advance(f->loop, 499);
    assert_false(call.done);
    loop_advance(f->loop, 1);
    http_call_wait(&call, f->loop);
    assert_int_equal(call.err, ERR_TIMEOUT);
    raw_client_wait_end(&f->peer);
}

static void urls_are_checked(void **state)
{
    static const char *const urls[] = {"",
                                       "/a",
                                       "a",
                                       "ftp://a/",
                                       "http://",
                                       "http:///a",
                                       "http://a b/",
                                       "http://a:99999/",
                                       "http://a/\r\nX: y",
                                       "unix:",
                                       "data:,x"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct http_call call;

        http_call_init(&call, urls[i], NULL);
        assert_int_equal(http_client_start(f->client, &call.request), ERR_INVALID);
        assert_false(call.done);
    }
}

static void tls_needs_a_tls_server(void **state)
{
    struct fixture *f = *state;
    struct http_call call;
    char url[URL_BYTES];

    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/", f->server.port);
    http_call_start(&call, f->client, url, NULL);
    raw_server_accept(&f->server, &f->peer);
    answer(f, "HTTP/1.1 400 Bad Request\r\n\r\n");
    http_call_wait(&call, f->loop);
    assert_int_equal(call.err, ERR_TLS);
    assert_true(call.request.error_text[0] != '\0');
    assert_false(call.request.sent);
}

static void unix_sockets_serve_too(void **state)
{
    struct fixture *f = *state;
    struct raw_server server;
    struct http_call call;
    char path[64], url[URL_BYTES];

    (void)snprintf(path, sizeof(path), "/tmp/test-http-client-%d.sock", (int)getpid());
    (void)snprintf(url, sizeof(url), "unix:%s:/x?y", path);
    raw_server_open(&server, f->loop, path);
    http_call_start(&call, f->client, url, "{}");
    raw_server_accept(&server, &f->peer);
    raw_client_wait(&f->peer, "{}");
    assert_int_equal(raw_client_count(&f->peer, "POST /x?y HTTP/1.1\r\nHost: localhost\r\n"), 1);
    answer(f, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    http_call_wait(&call, f->loop);
    assert_string_equal(call.body, "ok");
    raw_server_close(&server);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(url, sizeof(url), "unix:%s:/again", path);
    raw_client_close(&f->peer);
    raw_client_settle(&f->peer);
    http_call_start(&call, f->client, url, NULL);
    http_call_wait(&call, f->loop);
    assert_int_equal(call.err, ERR_REFUSED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_get_is_sent_and_answered),
        TEST(a_post_has_its_body),
        TEST(credentials_of_the_url_are_sent),
        TEST(all_framings_are_read),
        TEST(answers_to_head_have_no_body),
        TEST(coded_answers_are_decoded),
        TEST(nobody_listens),
        TEST(ends_before_the_answer_are_resets),
        TEST(cut_off_answers_are_told),
        TEST(bad_answers_are_told),
        TEST(answers_over_the_limit_are_told),
        TEST(time_limits_hold),
        TEST(urls_are_checked),
        TEST(tls_needs_a_tls_server),
        TEST(unix_sockets_serve_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
