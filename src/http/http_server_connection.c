/* SPDX-License-Identifier: MIT */
/*
 * One client's connection.
 *
 * Happy path: bytes -> decoder -> request begun, added to, run -> replies flushed in order -> idle.
 * Over a limit of requests or unread replies the input waits in backlog. A malformed request is
 * answered behind the running ones and ends the connection. Whatever ends the stream comes to
 * on_close, where the requests still running become orphans.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "http/http_server_internal.h"
#include "net/net_stream.h"

enum {
    IDLE_GRACE_MS = 1000, /* more than Keep-Alive promises, for requests already on their way */
    WRITE_LIMIT_BYTES = HTTP_SERVER_REPLY_MAX_BYTES + 4 * 1024 * 1024, /* with what is unread */
};

static void set_state(struct http_server_connection *connection,
                      enum http_server_connection_state state)
{
    ASSERT(state > connection->state);
    connection->state = state;
}

/* Takes no more requests; those it has are still answered. */
static void stop_taking(struct http_server_connection *connection)
{
    if (connection->state == HTTP_SERVER_CONNECTION_OPEN) {
        set_state(connection, HTTP_SERVER_CONNECTION_LAST);
    }
}

/* --- time --- */

static enum http_server_wait what_to_wait_for(const struct http_server_connection *connection)
{
    if (connection->receiving) {
        return connection->is_paused ? HTTP_SERVER_WAIT_WRITTEN : HTTP_SERVER_WAIT_BODY;
    }
    if (!list_is_empty(&connection->requests)) {
        return HTTP_SERVER_WAIT_NOTHING;
    }
    if (connection->is_paused || connection->state != HTTP_SERVER_CONNECTION_OPEN) {
        return HTTP_SERVER_WAIT_WRITTEN;
    }
    if (!http_decoder_is_between(&connection->decoder)) {
        return HTTP_SERVER_WAIT_HEAD;
    }
    return connection->wait == HTTP_SERVER_WAIT_FIRST ? HTTP_SERVER_WAIT_FIRST
                                                      : HTTP_SERVER_WAIT_IDLE;
}

static uint64_t patience_ms(const struct http_server *server, enum http_server_wait wait)
{
    switch (wait) {
    case HTTP_SERVER_WAIT_FIRST:
    case HTTP_SERVER_WAIT_HEAD:
        return server->options.head_timeout_ms;
    case HTTP_SERVER_WAIT_IDLE:
        return (uint64_t)server->options.idle_timeout_ms + IDLE_GRACE_MS;
    case HTTP_SERVER_WAIT_BODY:
    case HTTP_SERVER_WAIT_WRITTEN:
        return server->options.body_timeout_ms;
    case HTTP_SERVER_WAIT_NOTHING:
        break;
    }
    return 0;
}

/* The timer is only moved when it would come too late: most requests do not touch it. */
static void set_deadline(struct http_server_connection *connection, enum http_server_wait wait)
{
    uint64_t now = loop_now_ms(connection->server->loop);
    uint64_t delay = patience_ms(connection->server, wait);

    connection->wait = wait;
    connection->pending_bytes = net_stream_pending_bytes(connection->stream);
    connection->deadline_ms = now + delay;
    if (wait != HTTP_SERVER_WAIT_NOTHING && (!loop_timer_is_running(&connection->timer) ||
                                             connection->timer.due_ms > connection->deadline_ms)) {
        loop_timer_start(&connection->timer, delay);
    }
}

/* After anything has happened. The time for a head counts from its first byte. */
static void wait_on(struct http_server_connection *connection)
{
    enum http_server_wait wait;

    if (connection->state == HTTP_SERVER_CONNECTION_CLOSED) {
        loop_timer_stop(&connection->timer);
        return;
    }
    wait = what_to_wait_for(connection);
    if (wait != connection->wait ||
        (wait != HTTP_SERVER_WAIT_HEAD && wait != HTTP_SERVER_WAIT_FIRST)) {
        set_deadline(connection, wait);
    }
}

/* --- ending --- */

static void end(struct http_server_connection *connection)
{
    set_state(connection, HTTP_SERVER_CONNECTION_CLOSED);
    loop_timer_stop(&connection->timer);
    loop_defer_stop(&connection->go_on);
}

static void close_stream(struct http_server_connection *connection)
{
    end(connection);
    net_stream_close(connection->stream);
}

/* A lot unwritten gets its time (HTTP_SERVER_WAIT_WRITTEN), not only what net_stream_close waits.
 */
static void close_when_written(struct http_server_connection *connection)
{
    stop_taking(connection);
    if (net_stream_pending_bytes(connection->stream) <= HTTP_SERVER_MARK_BYTES) {
        end(connection);
        net_stream_linger(connection->stream);
    }
}

/* The client is gone: tells the owners of running requests and drops the others. */
static void orphan_requests(struct http_server_connection *connection)
{
    struct http_server *server = connection->server;
    struct list *link;

    connection->receiving = NULL;
    while ((link = list_pop(&connection->requests))) {
        struct http_server_request *request = list_entry(link, struct http_server_request, link);

        connection->n_requests--;
        if (request->state != HTTP_SERVER_REQUEST_RUNNING) {
            http_server_request_release(request);
            continue;
        }
        request->connection = NULL;
        list_append(&server->orphans, &request->link);
        if (server->events->on_abandon) {
            server->events->on_abandon(server, &request->base);
        }
    }
}

static void on_close(struct net_stream *stream, int err)
{
    struct http_server_connection *connection = net_stream_owner(stream);
    struct http_server *server = connection->server;

    if (connection->state != HTTP_SERVER_CONNECTION_CLOSED) {
        end(connection);
    }
    orphan_requests(connection);
    http_decoder_fini(&connection->decoder);
    buf_fini(&connection->backlog);
    list_remove(&connection->link);
    mem_free(connection);
    server->n_connections--;
    http_server_settle(server);
}

void http_server_connection_abandon(struct http_server_connection *connection)
{
    if (connection->state != HTTP_SERVER_CONNECTION_CLOSED) {
        end(connection);
        net_stream_abort(connection->stream, false);
    }
    orphan_requests(connection);
}

void http_server_connection_drain(struct http_server_connection *connection)
{
    if (connection->state == HTTP_SERVER_CONNECTION_OPEN && list_is_empty(&connection->requests) &&
        http_decoder_is_between(&connection->decoder) && !connection->is_paused) {
        close_stream(connection);
    }
}

/* --- replies --- */

static bool is_congested(const struct http_server_connection *connection)
{
    return connection->n_requests >= connection->server->options.max_pipelined ||
           connection->n_reply_bytes > HTTP_SERVER_MARK_BYTES ||
           connection->n_body_bytes > connection->server->options.body_limit_bytes ||
           net_stream_pending_bytes(connection->stream) > HTTP_SERVER_MARK_BYTES;
}

static void write_continue(struct http_server_connection *connection)
{
    struct http_server_request *first = connection->receiving;

    if (first && first->owes_continue && connection->requests.next == &first->link) {
        first->owes_continue = false;
        net_stream_write(connection->stream, BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
    }
}

/* Removes the first request, whose reply is written; false when it was the last of all. */
static bool finish_first(struct http_server_connection *connection,
                         struct http_server_request *first)
{
    bool goes_on = first->keep_alive;

    connection->n_requests--;
    connection->n_body_bytes -= first->body_bytes;
    http_server_request_release(first);
    return goes_on;
}

static struct http_server_request *first_answered(struct http_server_connection *connection)
{
    struct http_server_request *first =
        list_entry(connection->requests.next, struct http_server_request, link);

    return !list_is_empty(&connection->requests) && first->state == HTTP_SERVER_REQUEST_ANSWERED
               ? first
               : NULL;
}

void http_server_connection_flush(struct http_server_connection *connection)
{
    struct http_server_request *first;
    bool goes_on = true;

    if (connection->state == HTTP_SERVER_CONNECTION_CLOSED) {
        return;
    }
    if (connection->n_reply_bytes > WRITE_LIMIT_BYTES) { /* behind one that is not there yet */
        end(connection);
        net_stream_abort(connection->stream, true);
        return;
    }
    while (goes_on && (first = first_answered(connection))) {
        connection->n_reply_bytes -= first->reply.n;
        net_stream_write(connection->stream, buf_bytes(&first->reply));
        goes_on = finish_first(connection, first);
    }
    if (!goes_on || (connection->state == HTTP_SERVER_CONNECTION_LAST && !connection->is_feeding &&
                     list_is_empty(&connection->requests))) {
        close_when_written(connection);
    }
    if (connection->is_feeding || connection->state == HTTP_SERVER_CONNECTION_CLOSED) {
        return;
    }
    write_continue(connection);
    if (connection->is_paused && !is_congested(connection)) {
        loop_defer_start(connection->server->loop, &connection->go_on);
    }
    wait_on(connection);
}

/* Answers with a refusal of our own, behind the running requests, and takes no more. */
static void refuse(struct http_server_connection *connection, struct http_server_request *request,
                   const struct http_fault *fault)
{
    stop_taking(connection);
    request->base.method = BYTES_NONE;
    http_server_request_refuse(request, fault->status, fault->text, true);
}

static void append(struct http_server_connection *connection, struct http_server_request *request)
{
    request->connection = connection;
    list_append(&connection->requests, &request->link);
    connection->n_requests++;
}

/* A fault in the request being received, or in one of which nothing is known yet. */
static void refuse_received(struct http_server_connection *connection,
                            const struct http_fault *fault)
{
    struct http_server_request *request = connection->receiving;

    connection->receiving = NULL;
    if (!request) {
        request = http_server_request_take(connection->server);
        append(connection, request);
    }
    refuse(connection, request, fault);
}

/* --- input --- */

/* Hands the request over. One whose body is not read to its end is the connection's last. */
static void run(struct http_server_connection *connection, bool is_complete)
{
    struct http_server_request *request = connection->receiving;

    connection->receiving = NULL;
    request->keep_alive = request->keep_alive && is_complete;
    if (!request->keep_alive) {
        stop_taking(connection);
    }
    request->body_bytes = request->base.body.n;
    connection->n_body_bytes += request->body_bytes;
    http_server_request_run(request);
}

static void begin(struct http_server_connection *connection, struct http_server_request *request,
                  struct http_head *head)
{
    append(connection, request);
    connection->wait = HTTP_SERVER_WAIT_NOTHING; /* what comes next is waited for anew */
    if (bytes_eq(head->method, BYTES("CONNECT"))) {
        /* As the original: no answer, only the end, after the answers before. */
        connection->n_requests--;
        http_server_request_release(request);
        stop_taking(connection);
        return;
    }
    connection->receiving = request;
    http_server_request_begin(request, head);
}

/* One event of the decoder; *spare is the request whose memory the head was decoded to. */
static void take_event(struct http_server_connection *connection, enum http_decoder_event event,
                       struct http_server_request **spare, struct http_head *head,
                       struct bytes piece)
{
    switch (event) {
    case HTTP_DECODER_HEAD:
        begin(connection, *spare, head);
        *spare = NULL;
        break;
    case HTTP_DECODER_BODY:
        http_server_request_add(connection->receiving, piece);
        break;
    case HTTP_DECODER_END:
        run(connection, true);
        return;
    case HTTP_DECODER_FAULT:
        refuse_received(connection, &connection->decoder.fault);
        return;
    case HTTP_DECODER_MORE:
        return;
    }
    if (connection->receiving && http_server_request_is_hopeless(connection->receiving)) {
        run(connection, false);
    }
}

/* Decodes input until it is used up, the connection ends or is congested; returns the rest. */
static struct bytes decode(struct http_server_connection *connection, struct bytes input)
{
    struct http_server_request *spare = NULL;
    enum http_decoder_event event = HTTP_DECODER_HEAD;

    while (event != HTTP_DECODER_MORE && connection->state == HTTP_SERVER_CONNECTION_OPEN &&
           (connection->receiving || !is_congested(connection))) {
        struct http_head head;
        struct bytes piece;

        spare = spare ? spare : http_server_request_take(connection->server);
        head.headers = &spare->base.headers;
        event = http_decoder_next(&connection->decoder, &input, &head, &piece);
        take_event(connection, event, &spare, &head, piece);
    }
    if (spare) {
        http_server_request_release(spare);
    }
    return input;
}

static void feed(struct http_server_connection *connection, struct bytes input)
{
    connection->is_feeding = true;
    input = decode(connection, input);
    connection->is_feeding = false;
    if (connection->state == HTTP_SERVER_CONNECTION_OPEN && !connection->receiving &&
        is_congested(connection)) {
        buf_add(&connection->backlog, input);
        connection->is_paused = true;
        net_stream_pause(connection->stream);
    }
    http_server_connection_flush(connection);
}

static void on_read(struct net_stream *stream, struct bytes bytes)
{
    struct http_server_connection *connection = net_stream_owner(stream);

    if (connection->state == HTTP_SERVER_CONNECTION_OPEN) {
        feed(connection, bytes);
    }
}

/* Not congested any more: first what waits here, then what waits in the socket. */
static void on_go_on(struct loop_defer *defer)
{
    struct http_server_connection *connection =
        container_of(defer, struct http_server_connection, go_on);
    struct buf backlog = connection->backlog;

    buf_init(&connection->backlog, BUF_NO_LIMIT);
    connection->is_paused = false;
    feed(connection, buf_bytes(&backlog));
    buf_fini(&backlog);
    if (!connection->is_paused && connection->state != HTTP_SERVER_CONNECTION_CLOSED) {
        net_stream_resume(connection->stream);
    }
}

static void on_drain(struct net_stream *stream)
{
    struct http_server_connection *connection = net_stream_owner(stream);

    if (connection->state != HTTP_SERVER_CONNECTION_CLOSED) {
        http_server_connection_flush(connection);
    }
}

/*
 * The client sends no more. It may have gone or only have closed its side; like nginx and Node.js
 * we take it for gone when requests run.
 */
static void on_eof(struct net_stream *stream)
{
    struct http_server_connection *connection = net_stream_owner(stream);

    if (connection->state == HTTP_SERVER_CONNECTION_CLOSED) {
        return;
    }
    if (connection->state == HTTP_SERVER_CONNECTION_OPEN &&
        http_decoder_finish(&connection->decoder) == HTTP_DECODER_FAULT) {
        refuse_received(connection, &connection->decoder.fault);
    }
    if (connection->state != HTTP_SERVER_CONNECTION_CLOSED) {
        orphan_requests(connection);
        close_stream(connection);
    }
}

/* --- time is over --- */

static void on_timeout(struct http_server_connection *connection)
{
    switch (connection->wait) {
    case HTTP_SERVER_WAIT_HEAD:
    case HTTP_SERVER_WAIT_BODY:
        refuse_received(connection, &(struct http_fault){408, "request timeout"});
        break;
    case HTTP_SERVER_WAIT_FIRST:
    case HTTP_SERVER_WAIT_IDLE:
    case HTTP_SERVER_WAIT_WRITTEN:
        if (net_stream_pending_bytes(connection->stream) == 0) {
            close_stream(connection);
        } else if (connection->wait == HTTP_SERVER_WAIT_WRITTEN &&
                   net_stream_pending_bytes(connection->stream) >= connection->pending_bytes) {
            end(connection);
            net_stream_abort(connection->stream, true);
        } else {
            set_deadline(connection, HTTP_SERVER_WAIT_WRITTEN);
        }
        break;
    case HTTP_SERVER_WAIT_NOTHING:
        break;
    }
}

static void on_timer(struct loop_timer *timer)
{
    struct http_server_connection *connection =
        container_of(timer, struct http_server_connection, timer);
    uint64_t now = loop_now_ms(connection->server->loop);

    if (connection->wait == HTTP_SERVER_WAIT_NOTHING) {
        return;
    }
    if (now < connection->deadline_ms) {
        loop_timer_start(timer, connection->deadline_ms - now);
    } else {
        on_timeout(connection);
    }
}

void http_server_connection_accept(struct http_server *server, struct net_stream *stream)
{
    static const struct net_stream_events events = {
        .on_read = on_read,
        .on_eof = on_eof,
        .on_drain = on_drain,
        .on_close = on_close,
    };
    struct http_server_connection *connection = mem_new(struct http_server_connection);

    connection->server = server;
    connection->stream = stream;
    list_init(&connection->requests);
    buf_init(&connection->backlog, BUF_NO_LIMIT);
    http_decoder_init(&connection->decoder, HTTP_DECODER_REQUESTS,
                      server->options.head_limit_bytes);
    loop_defer_init(&connection->go_on, on_go_on);
    loop_timer_init(server->loop, &connection->timer, on_timer);
    list_append(&server->connections, &connection->link);
    server->n_connections++;
    net_stream_set_events(stream, &events, connection);
    net_stream_set_write_limit(stream, WRITE_LIMIT_BYTES);
    net_stream_set_no_delay(stream);
    net_stream_resume(stream);
    set_deadline(connection, HTTP_SERVER_WAIT_FIRST);
}
