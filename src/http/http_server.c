/* SPDX-License-Identifier: MIT */
/* The server as a whole: listening, draining, ending. Flow and failures: see http_server.h. */
#include "http/http_server.h"

#include "base/assert.h"
#include "base/mem.h"
#include "http/http_server_internal.h"

enum {
    HEAD_LIMIT_BYTES = 16 * 1024,
    CONNECTIONS_MAX = 20000,
    PIPELINED_MAX = 64,
    IDLE_TIMEOUT_MS = 5000,
    HEAD_TIMEOUT_MS = 30000,
    BODY_TIMEOUT_MS = 60000,
    REFUSAL_MAX_BYTES = 4096,
};

static void use_default(unsigned *option, unsigned value)
{
    *option = *option ? *option : value;
}

static void fill(struct http_server_options *options)
{
    options->host = BYTES_NONE;
    if (options->head_limit_bytes == 0) {
        options->head_limit_bytes = HEAD_LIMIT_BYTES;
    }
    use_default(&options->max_connections, CONNECTIONS_MAX);
    use_default(&options->max_pipelined, PIPELINED_MAX);
    use_default(&options->idle_timeout_ms, IDLE_TIMEOUT_MS);
    use_default(&options->head_timeout_ms, HEAD_TIMEOUT_MS);
    use_default(&options->body_timeout_ms, BODY_TIMEOUT_MS);
}

static void free_server(struct http_server *server)
{
    struct list *link;

    while ((link = list_pop(&server->free_requests))) {
        struct http_server_request *request = list_entry(link, struct http_server_request, link);

        buf_fini(&request->raw);
        buf_fini(&request->plain);
        buf_fini(&request->reply);
        mem_free(request);
    }
    loop_defer_stop(&server->drained);
    buf_fini(&server->scratch);
    mem_free(server);
}

void http_server_settle(struct http_server *server)
{
    if (server->n_connections > 0 || !list_is_empty(&server->orphans)) {
        return;
    }
    if (server->is_closed) {
        free_server(server);
    } else if (server->on_drained) {
        loop_defer_start(server->loop, &server->drained);
    }
}

static void on_settled(struct loop_defer *defer)
{
    struct http_server *server = container_of(defer, struct http_server, drained);
    void (*done)(struct http_server *) = server->on_drained;

    server->on_drained = NULL;
    if (done) {
        done(server);
    }
}

/* Too many connections. The stream is left to itself: without events it ends once it is written. */
static void turn_away(struct http_server *server, struct net_stream *stream)
{
    struct buf body;

    buf_init(&body, REFUSAL_MAX_BYTES);
    if (server->events->on_refuse) {
        server->events->on_refuse(server, 503, "too many connections", &body);
    }
    buf_clear(&server->scratch);
    http_encoder_add_answer(
        &server->scratch,
        &(struct http_encoder_answer){
            .status = 503,
            .content_type = body.n ? BYTES("application/json; charset=utf-8") : BYTES_NONE,
            .extra_headers = BYTES("Retry-After: 1\r\n"),
            .date_line = http_encoder_date_line(&server->date, loop_unix_ms(server->loop)),
            .body_bytes = body.n,
        });
    buf_add(&server->scratch, buf_bytes(&body));
    buf_fini(&body);
    net_stream_write(stream, buf_bytes(&server->scratch));
    net_stream_close(stream);
}

static void on_accept(struct net_listener *listener, struct net_stream *stream)
{
    struct http_server *server = net_listener_owner(listener);

    if (server->n_connections >= server->options.max_connections) {
        turn_away(server, stream);
    } else {
        http_server_connection_accept(server, stream);
    }
}

int http_server_open(struct loop *loop, const struct http_server_options *options,
                     const struct http_server_events *events, void *owner, struct http_server **out)
{
    struct http_server *server = mem_new(struct http_server);
    int err;

    server->loop = loop;
    server->options = *options;
    server->events = events;
    server->owner = owner;
    list_init(&server->connections);
    list_init(&server->orphans);
    list_init(&server->free_requests);
    buf_init(&server->scratch, BUF_NO_LIMIT);
    loop_defer_init(&server->drained, on_settled);
    fill(&server->options);
    err = net_listener_open(
        loop,
        &(struct net_listen){
            .host = options->host, .port = options->port, .accept = on_accept, .owner = server},
        &server->listener);
    if (err) {
        free_server(server);
        return err;
    }
    server->options.port = net_listener_port(server->listener);
    *out = server;
    return 0;
}

void *http_server_owner(const struct http_server *server)
{
    return server->owner;
}

unsigned http_server_port(const struct http_server *server)
{
    return server->options.port;
}

unsigned http_server_connections(const struct http_server *server)
{
    return server->n_connections;
}

unsigned http_server_running(const struct http_server *server)
{
    return server->n_running;
}

static void stop_listening(struct http_server *server)
{
    net_listener_close(server->listener);
    server->listener = NULL;
}

void http_server_drain(struct http_server *server, void (*done)(struct http_server *server))
{
    ASSERT(!server->on_drained && !server->is_closed);
    stop_listening(server);
    server->on_drained = done;
    list_for_each_safe (link, &server->connections) {
        http_server_connection_drain(list_entry(link, struct http_server_connection, link));
    }
    http_server_settle(server);
}

void http_server_close(struct http_server *server)
{
    if (!server) {
        return;
    }
    ASSERT(!server->is_closed);
    stop_listening(server);
    server->is_closed = true;
    loop_defer_stop(&server->drained);
    /* Connections leave the list only in on_close, which comes later. */
    list_for_each_safe (link, &server->connections) {
        http_server_connection_abandon(list_entry(link, struct http_server_connection, link));
    }
    http_server_settle(server);
}
