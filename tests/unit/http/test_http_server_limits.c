/* SPDX-License-Identifier: MIT */
/* The server against clients that are slow, greedy or many, and its own ending. */
#include "http/http_server.h"

#include <sys/socket.h>
#include <zlib.h>

#include "base/mem.h"
#include "support/check.h"
#include "support/http_app.h"
#include "support/raw_client.h"

#define HOST "Host: x\r\n"

static void open_app(struct http_app *app, struct raw_client *client,
                     const struct http_server_options *options)
{
    http_app_open(app, options);
    raw_client_open(client, app->loop, http_server_port(app->server));
    raw_client_settle(client);
}

static void close_app(struct http_app *app, struct raw_client *client)
{
    raw_client_close(client);
    http_app_close(app);
}

static void send_text(struct raw_client *client, const char *text)
{
    raw_client_send(client, bytes_cstr(text));
    raw_client_settle(client);
}

/* --- time --- */

static void idle_connections_are_closed(void **state)
{
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, NULL);
    send_text(&client, "GET / HTTP/1.1\r\n" HOST "\r\n");
    loop_advance(app.loop, 5900);
    raw_client_settle(&client);
    assert_false(client.has_eof);
    send_text(&client, "GET / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(raw_client_count(&client, "200 OK"), 2);
    loop_advance(app.loop, 5900);
    raw_client_settle(&client);
    assert_false(client.has_eof);
    loop_advance(app.loop, 200);
    raw_client_wait_end(&client);
    assert_false(client.was_reset);
    close_app(&app, &client);
}

static void running_requests_have_all_time(void **state)
{
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, NULL);
    send_text(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    loop_advance(app.loop, 3600 * 1000);
    http_app_answer(&app, 0, "at last");
    raw_client_wait(&client, "at last");
    loop_advance(app.loop, 5900);
    raw_client_settle(&client);
    assert_false(client.has_eof);
    loop_advance(app.loop, 200);
    raw_client_wait_end(&client);
    close_app(&app, &client);
}

static void a_silent_connection_is_closed(void **state)
{
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, NULL);
    loop_advance(app.loop, 29000);
    raw_client_settle(&client);
    assert_false(client.has_eof);
    loop_advance(app.loop, 2000);
    raw_client_wait_end(&client);
    assert_int_equal(client.in.n, 0);
    close_app(&app, &client);
}

static void a_slow_head_is_refused(void **state)
{
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, NULL);
    for (int i = 0; i < 29; i++) {
        send_text(&client, i == 0 ? "GET / HTTP/1.1\r\nX: " : "x");
        loop_advance(app.loop, 1000);
    }
    raw_client_settle(&client);
    assert_int_equal(client.in.n, 0);
    loop_advance(app.loop, 1100);
    raw_client_wait_end(&client);
    assert_int_equal(raw_client_count(&client, "HTTP/1.1 408 Request Timeout"), 1);
    assert_int_equal(raw_client_count(&client, "{\"code\":408"), 1);
    close_app(&app, &client);
}

static void the_second_head_gets_its_own_time(void **state)
{
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, NULL);
    send_text(&client, "GET / HTTP/1.1\r\nX: ");
    loop_advance(app.loop, 20000);
    send_text(&client, "1\r\n" HOST "\r\nGET / HTTP/1.1\r\nX: ");
    loop_advance(app.loop, 20000);
    send_text(&client, "1\r\n" HOST "\r\n");
    raw_client_wait_times(&client, "200 OK", 2);
    close_app(&app, &client);
}

static void a_body_may_be_slow_but_not_stop(void **state)
{
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, NULL);
    send_text(&client, "POST / HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\n");
    for (int i = 0; i < 5; i++) {
        loop_advance(app.loop, 50000);
        send_text(&client, "x");
    }
    assert_int_equal(client.in.n, 0);
    loop_advance(app.loop, 61000);
    raw_client_wait_end(&client);
    assert_int_equal(raw_client_count(&client, "HTTP/1.1 408"), 1);
    assert_int_equal(app.n_requests, 0);
    close_app(&app, &client);
}

/* --- size --- */

static void bodies_over_the_limit_are_marked(void **state)
{
    static const struct http_server_options options = {.body_limit_bytes = 10};
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, &options);
    send_text(&client, "POST /1 HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n0123456789");
    raw_client_wait(&client, "POST /1 body(0123456789) fault 0");
    send_text(&client, "POST /2 HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n01234567890");
    raw_client_wait(&client, "POST /2 body() fault 1");
    send_text(&client, "POST /3 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                       "6\r\n012345\r\n5\r\n67890\r\n0\r\n\r\n");
    raw_client_wait(&client, "POST /3 body() fault 1");
    send_text(&client, "GET /4 HTTP/1.1\r\n" HOST "\r\n");
    raw_client_wait(&client, "GET /4");
    close_app(&app, &client);
}

/* Sends n bytes that nobody wants. */
static void send_flood(struct raw_client *client, size_t n)
{
    char *flood = mem_alloc(n);

    raw_client_send(client, bytes_of(flood, n));
    mem_free(flood);
}

static void a_flood_is_answered_at_once_and_the_answer_arrives(void **state)
{
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, NULL);
    raw_client_send(&client, BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 900000000\r\n\r\n"));
    send_flood(&client, 30 * 1000 * 1000);
    raw_client_wait(&client, "POST / body() fault 1");
    raw_client_wait(&client, "Connection: close");
    raw_client_wait_end(&client);
    assert_false(client.was_reset || client.was_refused);
    close_app(&app, &client);
}

static void an_endless_chunked_body_ends(void **state)
{
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, NULL);
    raw_client_send(&client, BYTES("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                                   "fffffff\r\n"));
    send_flood(&client, 10 * 1000 * 1000);
    raw_client_wait(&client, "POST / body() fault 1");
    close_app(&app, &client);
}

static void a_head_over_its_limit_is_refused(void **state)
{
    static const struct http_server_options options = {.head_limit_bytes = 100};
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, &options);
    send_text(&client, "GET / HTTP/1.1\r\n" HOST "X: 0123456789012345678901234567890123456789"
                       "01234567890123456789012345678901234567890123456789\r\n\r\n");
    raw_client_wait_end(&client);
    assert_int_equal(raw_client_count(&client, "HTTP/1.1 431 Request Header Fields Too Large"), 1);
    assert_false(client.was_reset);
    close_app(&app, &client);
}

/* --- codings --- */

static struct bytes compress_text(const char *text, int window_bits, char *room, size_t n_room)
{
    z_stream z = {0};

    assert_int_equal(
        deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)text;
    z.avail_in = (unsigned)strlen(text);
    z.next_out = (unsigned char *)room;
    z.avail_out = (unsigned)n_room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    n_room -= z.avail_out;
    (void)deflateEnd(&z);
    return bytes_of(room, n_room);
}

static void post_coded(struct raw_client *client, const char *coding, struct bytes body)
{
    struct buf request;

    buf_init(&request, BUF_NO_LIMIT);
    buf_add_format(&request,
                   "POST / HTTP/1.1\r\n" HOST "Content-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
                   coding, body.n);
    buf_add(&request, body);
    client->in.n = 0;
    raw_client_send(client, buf_bytes(&request));
    raw_client_wait(client, "fault");
    raw_client_settle(client);
    buf_fini(&request);
}

static void coded_bodies_are_decoded(void **state)
{
    static const struct http_server_options options = {.body_limit_bytes = 50};
    struct http_app app;
    struct raw_client client;
    char room[200];

    open_app(&app, &client, &options);
    post_coded(&client, "gzip", compress_text("hello", MAX_WBITS + 16, room, sizeof(room)));
    raw_client_wait(&client, "body(hello) fault 0");
    post_coded(&client, "GZIP", compress_text("hello", MAX_WBITS + 16, room, sizeof(room)));
    raw_client_wait(&client, "body(hello) fault 0");
    post_coded(&client, "deflate", compress_text("hello", MAX_WBITS, room, sizeof(room)));
    raw_client_wait(&client, "body(hello) fault 0");
    post_coded(&client, "deflate", compress_text("hello", -MAX_WBITS, room, sizeof(room)));
    raw_client_wait(&client, "body(hello) fault 0");
    post_coded(&client, "identity", BYTES("hello"));
    raw_client_wait(&client, "body(hello) fault 0");
    post_coded(&client, "gzip", BYTES("hello"));
    raw_client_wait(&client, "body() fault 3");
    post_coded(&client, "br", BYTES("hello"));
    raw_client_wait(&client, "body() fault 2");
    post_coded(&client, "gzip, gzip", BYTES("hello"));
    raw_client_wait(&client, "body() fault 2");
    post_coded(&client, "gzip",
               compress_text("00000000000000000000000000000000000000000000000000000000000000000000",
                             MAX_WBITS + 16, room, sizeof(room)));
    raw_client_wait(&client, "body() fault 1");
    post_coded(&client, "gzip", BYTES(""));
    raw_client_wait(&client, "body() fault 0");
    close_app(&app, &client);
}

/* --- many --- */

static void more_pipelined_requests_wait(void **state)
{
    static const struct http_server_options options = {.max_pipelined = 3};
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, &options);
    for (int i = 0; i < 10; i++) {
        send_text(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    }
    assert_int_equal(app.n_held, 3);
    for (unsigned i = 0; i < 10; i++) {
        http_app_answer(&app, i, "done");
        raw_client_settle(&client);
        assert_int_equal(app.n_held, i + 4 < 10 ? i + 4 : 10);
    }
    raw_client_wait_times(&client, "done", 10);
    close_app(&app, &client);
}

static void pipelined_in_one_piece_wait_too(void **state)
{
    static const struct http_server_options options = {.max_pipelined = 2};
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, &options);
    send_text(&client, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /later HTTP/1.1\r\n" HOST "\r\n"
                       "GET /later HTTP/1.1\r\n" HOST "\r\nPOST /later HTTP/1.1\r\n" HOST
                       "Content-Length: 5\r\n\r\nab");
    assert_int_equal(app.n_held, 2);
    http_app_answer(&app, 0, "done");
    raw_client_settle(&client);
    assert_int_equal(app.n_held, 3);
    http_app_answer(&app, 1, "done");
    http_app_answer(&app, 2, "done");
    send_text(&client, "cde");
    assert_int_equal(app.n_held, 4);
    assert_bytes(app.held[3]->body, "abcde");
    http_app_answer(&app, 3, "done");
    raw_client_wait_times(&client, "done", 4);
    close_app(&app, &client);
}

static void a_client_that_does_not_read_is_not_served_on(void **state)
{
    struct http_app app;
    struct raw_client client;
    struct buf requests;

    open_app(&app, &client, NULL);
    buf_init(&requests, BUF_NO_LIMIT);
    for (int i = 0; i < 100; i++) {
        buf_add(&requests, BYTES("GET /big/1000000 HTTP/1.1\r\n" HOST "\r\n"));
    }
    assert_int_equal(send(client.fd, requests.p, requests.n, 0), requests.n);
    buf_fini(&requests);
    while (loop_run_once(app.loop)) {
    }
    assert_in_range(app.n_requests, 1, 20);
    raw_client_wait_bytes(&client, 100 * 1000000);
    assert_int_equal(app.n_requests, 100);
    close_app(&app, &client);
}

static void a_client_that_never_reads_is_cut_off(void **state)
{
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, NULL);
    assert_true(send(client.fd, "GET /big/50000000 HTTP/1.1\r\n" HOST "\r\n", 40, 0) > 0);
    while (loop_run_once(app.loop)) {
    }
    assert_int_equal(http_server_connections(app.server), 1);
    loop_advance(app.loop, 200 * 1000);
    assert_int_equal(http_server_connections(app.server), 0);
    close_app(&app, &client);
}

/* As many as one body may have; one request alone never waits. */
static void bodies_that_wait_are_bounded(void **state)
{
    struct http_server_options options = {.body_limit_bytes = 1000};
    struct raw_client client;
    struct http_app app;

    open_app(&app, &client, &options);
    for (int i = 0; i < 4; i++) {
        char text[1024];

        (void)snprintf(text, sizeof(text),
                       "POST /later HTTP/1.1\r\n" HOST "Content-Length: 600\r\n\r\n%0600d", 0);
        send_text(&client, text);
    }
    assert_int_equal(app.n_held, 2);
    http_app_answer(&app, 0, "one");
    raw_client_wait_times(&client, "200 OK", 1);
    raw_client_settle(&client);
    assert_int_equal(app.n_held, 3);
    close_app(&app, &client);
}

/* The first request is not answered, and the answers behind it have to be kept. */
static void answers_that_wait_are_bounded(void **state)
{
    enum { REQUESTS = 60, ANSWER_BYTES = 3 * 1024 * 1024 };
    char *text = mem_realloc(NULL, ANSWER_BYTES + 1);
    struct raw_client client;
    struct http_app app;
    unsigned i = 1;

    memset(text, 'x', ANSWER_BYTES);
    text[ANSWER_BYTES] = '\0';
    open_app(&app, &client, NULL);
    for (int n = 0; n < REQUESTS; n++) {
        raw_client_send(&client, BYTES("GET /later HTTP/1.1\r\n" HOST "\r\n"));
    }
    while (app.n_held < REQUESTS) {
        raw_client_settle(&client);
    }
    for (; i < REQUESTS && app.n_abandoned == 0; i++) {
        http_app_answer(&app, i, text);
        raw_client_settle(&client);
    }
    assert_in_range(i, 128 / 3, 128 / 3 + 3);
    raw_client_wait_end(&client);
    mem_free(text);
    close_app(&app, &client);
}

static void a_slow_reader_gets_all_of_a_closing_reply(void **state)
{
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, NULL);
    assert_true(send(client.fd, "GET /big/9000000 HTTP/1.0\r\n\r\n", 29, 0) > 0);
    while (loop_run_once(app.loop)) {
    }
    loop_advance(app.loop, 30 * 1000);
    raw_client_wait_end(&client);
    assert_in_range(client.in.n, 9000000, 9001000);
    close_app(&app, &client);
}

static void too_many_connections_are_turned_away(void **state)
{
    static const struct http_server_options options = {.max_connections = 2};
    struct http_app app;
    struct raw_client clients[3];

    open_app(&app, &clients[0], &options);
    raw_client_open(&clients[1], app.loop, http_server_port(app.server));
    raw_client_settle(&clients[1]);
    raw_client_open(&clients[2], app.loop, http_server_port(app.server));
    raw_client_wait_end(&clients[2]);
    assert_int_equal(raw_client_count(&clients[2], "HTTP/1.1 503 Service Unavailable"), 1);
    assert_int_equal(raw_client_count(&clients[2], "Retry-After: 1"), 1);
    assert_int_equal(http_server_connections(app.server), 2);
    raw_client_close(&clients[0]);
    raw_client_settle(&clients[1]);
    raw_client_close(&clients[2]);
    raw_client_open(&clients[2], app.loop, http_server_port(app.server));
    send_text(&clients[2], "GET / HTTP/1.1\r\n" HOST "\r\n");
    raw_client_wait(&clients[2], "200 OK");
    raw_client_close(&clients[1]);
    close_app(&app, &clients[2]);
}

/* --- the end --- */

static void on_drained(struct http_server *server)
{
    struct http_app *app = http_server_owner(server);

    app->drained = true;
}

static void draining_finishes_what_runs(void **state)
{
    struct http_app app;
    struct raw_client busy, idle;

    open_app(&app, &busy, NULL);
    raw_client_open(&idle, app.loop, http_server_port(app.server));
    send_text(&idle, "GET / HTTP/1.1\r\n" HOST "\r\n");
    send_text(&busy, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /later HTTP/1.1\r\n" HOST "\r\n");
    http_server_drain(app.server, on_drained);
    raw_client_wait_end(&idle);
    assert_false(app.drained);
    http_app_answer(&app, 0, "first");
    raw_client_wait(&busy, "first");
    assert_int_equal(raw_client_count(&busy, "Connection: keep-alive"), 1);
    http_app_answer(&app, 1, "second");
    raw_client_wait_end(&busy);
    raw_client_close(&busy);
    assert_int_equal(raw_client_count(&idle, "200 OK"), 1);
    raw_client_until(app.loop, &app.drained);
    close_app(&app, &idle);
}

static void draining_an_idle_server_is_soon_over(void **state)
{
    struct http_app app;

    http_app_open(&app, NULL);
    http_server_drain(app.server, on_drained);
    assert_false(app.drained);
    raw_client_until(app.loop, &app.drained);
    http_app_close(&app);
}

static void the_server_closes_at_any_time(void **state)
{
    struct http_app app;
    struct raw_client client;

    open_app(&app, &client, NULL);
    app.answers_abandoned = true;
    send_text(&client, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /later HTTP/1.1\r\n" HOST "\r\n"
                       "POST / HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n1");
    close_app(&app, &client);
    assert_int_equal(app.n_abandoned, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_connections_are_closed),
        cmocka_unit_test(running_requests_have_all_time),
        cmocka_unit_test(a_silent_connection_is_closed),
        cmocka_unit_test(a_slow_head_is_refused),
        cmocka_unit_test(the_second_head_gets_its_own_time),
        cmocka_unit_test(a_body_may_be_slow_but_not_stop),
        cmocka_unit_test(bodies_over_the_limit_are_marked),
        cmocka_unit_test(a_flood_is_answered_at_once_and_the_answer_arrives),
        cmocka_unit_test(an_endless_chunked_body_ends),
        cmocka_unit_test(a_head_over_its_limit_is_refused),
        cmocka_unit_test(coded_bodies_are_decoded),
        cmocka_unit_test(more_pipelined_requests_wait),
        cmocka_unit_test(pipelined_in_one_piece_wait_too),
        cmocka_unit_test(a_client_that_does_not_read_is_not_served_on),
        cmocka_unit_test(a_client_that_never_reads_is_cut_off),
        cmocka_unit_test(bodies_that_wait_are_bounded),
        cmocka_unit_test(answers_that_wait_are_bounded),
        cmocka_unit_test(a_slow_reader_gets_all_of_a_closing_reply),
        cmocka_unit_test(too_many_connections_are_turned_away),
        cmocka_unit_test(draining_finishes_what_runs),
        cmocka_unit_test(draining_an_idle_server_is_soon_over),
        cmocka_unit_test(the_server_closes_at_any_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
