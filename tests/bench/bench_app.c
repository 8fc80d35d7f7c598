/* SPDX-License-Identifier: MIT */
/* The application behind the sidecar, and the upstream of the nginx hop: an HTTP server that
 * answers each request with {"response":<params of the request>}, after checking every byte of
 * them. A request without params (an event with none) is answered with {}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_args.h"
#include "bench_die.h"
#include "bench_http_msg.h"
#include "bench_json.h"
#include "bench_payload.h"
#include "bench_stream.h"

struct app {
    struct bench_loop loop;
    struct bench_listener listener;
    struct bench_payloads payloads;
    struct bench_buf answer; /* reused for each */
    struct app_connection *connections;
};

struct app_connection {
    struct bench_stream stream;
    struct app *app;
    struct app_connection *next;
    struct app_connection **link; /* what points to this one */
};

static struct bench_text find_params(struct app *app, struct bench_text body)
{
    struct bench_json_walk walk;

    bench_json_walk_init(&walk, body, &app->payloads);
    while (bench_json_walk_next(&walk)) {
        if (bench_text_is(walk.key, "params")) {
            return walk.value;
        }
    }
    return (struct bench_text){0};
}

static void answer(struct app_connection *connection, const struct bench_http_msg *request)
{
    struct app *app = connection->app;
    struct bench_text params = find_params(app, request->body);
    size_t frame = params.len == 0 ? 2 : sizeof("{\"response\":}") - 1;

    bench_buf_clear(&app->answer);
    bench_buf_printf(&app->answer,
                     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     frame + params.len, params.len == 0 ? "{" : "{\"response\":");
    bench_buf_append(&app->answer, params);
    bench_buf_append(&app->answer, BENCH_TEXT("}"));
    bench_stream_send(&connection->stream, bench_buf_text(&app->answer));
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
    struct app app = {.listener = {.on_accept = on_accept}};
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
