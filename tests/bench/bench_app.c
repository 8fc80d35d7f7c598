/* SPDX-License-Identifier: MIT */
/* The application behind the sidecar, and the upstream of the nginx hop: an HTTP server that
 * answers each request with {"response":<params of the request>}, after checking every byte of
 * them. A request without params (an event with none) is answered with {}. Other paths:
 * /flaky fails the first attempt of each call, /fail each, /count tells how many requests came. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_args.h"
#include "bench_die.h"
#include "bench_http_msg.h"
#include "bench_json.h"
#include "bench_payload.h"
#include "bench_stream.h"

#define FLAKY_SLOTS 100000U

struct app {
    struct bench_loop loop;
    struct bench_listener listener;
    struct bench_payloads payloads;
    struct bench_buf answer; /* reused for each */
    unsigned long n_requests;
    bool has_failed[FLAKY_SLOTS]; /* by meta.slot: the call that it makes, once */
    struct app_connection *connections;
};

struct app_connection {
    struct bench_stream stream;
    struct app *app;
    struct app_connection *next;
    struct app_connection **link; /* what points to this one */
};

static struct bench_text find(struct app *app, struct bench_text object, const char *name)
{
    struct bench_json_walk walk;

    bench_json_walk_init(&walk, object, &app->payloads);
    while (bench_json_walk_next(&walk)) {
        if (bench_text_is(walk.key, name)) {
            return walk.value;
        }
    }
    return (struct bench_text){0};
}

static bool has_path(const struct bench_http_msg *request, const char *path)
{
    static const char method[] = "POST ";
    size_t len = strlen(path);
    struct bench_text line = request->start_line;

    return line.len > sizeof(method) + len && memcmp(line.at, method, sizeof(method) - 1) == 0 &&
           memcmp(line.at + sizeof(method) - 1, path, len) == 0 &&
           line.at[sizeof(method) - 1 + len] == ' ';
}

/* Every second request of a caller fails: a caller has one call out at a time, of two attempts. */
static bool is_first_attempt(struct app *app, struct bench_text body)
{
    struct bench_text digits = bench_json_string(find(app, find(app, body, "meta"), "slot"));
    size_t slot = 0;

    for (size_t i = 0; i < digits.len && slot < FLAKY_SLOTS; i++) {
        slot = slot * 10 + (size_t)(digits.at[i] - '0');
    }
    if (slot >= FLAKY_SLOTS) {
        bench_die("no slot: %.*s", (int)digits.len, digits.at);
    }
    app->has_failed[slot] = !app->has_failed[slot];
    return app->has_failed[slot];
}

static void add_answer(struct bench_buf *out, const char *status, struct bench_text response)
{
    size_t frame = response.len == 0 ? 2 : sizeof("{\"response\":}") - 1;

    bench_buf_printf(out,
                     "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     status, frame + response.len, response.len == 0 ? "{" : "{\"response\":");
    bench_buf_append(out, response);
    bench_buf_append(out, BENCH_TEXT("}"));
}

static void add_error(struct bench_buf *out, const char *status, bool is_retryable)
{
    char body[128];
    int len = snprintf(body, sizeof(body),
                       "{\"error\":{\"message\":\"Not now\",\"code\":%.3s,\"type\":\"NOT_NOW\","
                       "\"retryable\":%s}}",
                       status, is_retryable ? "true" : "false");

    bench_buf_printf(out,
                     "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                     "Content-Length: %d\r\n\r\n%s",
                     status, len, body);
}

static void answer(struct app_connection *connection, const struct bench_http_msg *request)
{
    struct app *app = connection->app;
    struct bench_buf *out = &app->answer;
    char count[32];

    bench_buf_clear(out);
    if (has_path(request, "/count")) {
        int len = snprintf(count, sizeof(count), "%lu", app->n_requests);

        add_answer(out, "200 OK", (struct bench_text){count, (size_t)len});
        bench_stream_send(&connection->stream, bench_buf_text(out));
        return;
    }
    app->n_requests++;
    if (has_path(request, "/fail")) {
        add_error(out, "500 Internal Server Error", false);
    } else if (has_path(request, "/flaky") && is_first_attempt(app, request->body)) {
        add_error(out, "503 Service Unavailable", true);
    } else {
        add_answer(out, "200 OK", find(app, request->body, "params"));
    }
    bench_stream_send(&connection->stream, bench_buf_text(out));
}

static void on_data(struct bench_stream *stream)
{
    struct app_connection *connection = container_of(stream, struct app_connection, stream);
    struct bench_http_msg request;
    enum bench_http_result result;

    while ((result = bench_http_msg_read(bench_buf_text(&stream->in), &request)) ==
           BENCH_HTTP_COMPLETE) {
        answer(connection, &request);
        bench_buf_consume(&stream->in, request.len);
    }
    if (result == BENCH_HTTP_UNSUPPORTED) {
        bench_die("cannot read a request: %.200s", bench_buf_text(&stream->in).at);
    }
}

static void connection_free(struct app_connection *connection)
{
    *connection->link = connection->next;
    if (connection->next != NULL) {
        connection->next->link = connection->link;
    }
    bench_stream_close(&connection->stream);
    free(connection);
}

static void on_end(struct bench_stream *stream)
{
    connection_free(container_of(stream, struct app_connection, stream));
}

static void on_accept(struct bench_listener *listener, int fd)
{
    struct app *app = container_of(listener, struct app, listener);
    struct app_connection *connection = calloc(1, sizeof(*connection));

    if (connection == NULL) {
        bench_die("out of memory");
    }
    connection->app = app;
    connection->next = app->connections;
    connection->link = &app->connections;
    if (connection->next != NULL) {
        connection->next->link = &connection->next;
    }
    app->connections = connection;
    connection->stream.on_data = on_data;
    connection->stream.on_end = on_end;
    bench_stream_adopt(&connection->stream, &app->loop, fd);
}

int main(int argc, char **argv)
{
    static struct app app = {.listener = {.on_accept = on_accept}};
    unsigned long port = 0;
    const struct bench_arg args[] = {
        {"port", BENCH_ARG_NUMBER, &port, "where to listen on 127.0.0.1 (0: any, is printed)"},
        {0},
    };

    bench_args_parse(argc, argv, args);
    bench_loop_init(&app.loop);
    bench_listener_open(&app.listener, &app.loop, (uint16_t)port);
    (void)printf("listening %u\n", (unsigned)app.listener.port);
    (void)fflush(stdout);
    bench_loop_run(&app.loop);
    while (app.connections != NULL) {
        connection_free(app.connections);
    }
    bench_buf_fini(&app.answer);
    bench_payloads_fini(&app.payloads);
    bench_loop_fini(&app.loop);
    return EXIT_SUCCESS;
}
