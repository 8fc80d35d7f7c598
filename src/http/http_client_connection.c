/* SPDX-License-Identifier: MIT */
/*
 * One connection of the client: opened for an exchange, then kept for the next one while the server
 * keeps it open. It reads while idle too, so that a close by the server is seen before it is used.
 */
#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"
#include "http/http_client_internal.h"
#include "http/http_encoder.h"

enum { HEAD_LIMIT_BYTES = 64 * 1024, IDLE_MS = 4000, MS_PER_S = 1000, CONNECT_MS = 10000 };

static void set_state(struct http_connection *c, enum http_connection_state state)
{
    static const unsigned allowed[] = {
        [CONNECTION_CONNECTING] = 1 << CONNECTION_BUSY | 1 << CONNECTION_CLOSED,
        [CONNECTION_BUSY] = 1 << CONNECTION_IDLE | 1 << CONNECTION_CLOSED,
        [CONNECTION_IDLE] = 1 << CONNECTION_BUSY | 1 << CONNECTION_CLOSED,
        [CONNECTION_CLOSED] = 0,
    };

    ASSERT(allowed[c->state] & 1U << state);
    c->state = state;
}

static void connection_free(struct http_connection *c)
{
    struct http_client *client = c->client;

    list_remove(&c->link);
    loop_timer_stop(&c->idle);
    http_decoder_fini(&c->decoder);
    mem_free(c);
    http_client_connection_gone(client);
}

/* --- ending --- */

/* Out of its origin, which goes on without it; the exchange must have been let go. */
static void retire(struct http_connection *c)
{
    struct http_origin *origin = c->origin;

    ASSERT(!c->exchange);
    set_state(c, CONNECTION_CLOSED);
    loop_timer_stop(&c->idle);
    list_remove(&c->link);
    list_append(&c->client->connections, &c->link);
    c->origin = NULL;
    http_origin_leave(origin);
}

void http_connection_close(struct http_connection *c)
{
    bool is_connecting = c->state == CONNECTION_CONNECTING;

    if (c->state == CONNECTION_CLOSED) {
        return;
    }
    retire(c);
    if (is_connecting) {
        net_connect_cancel(&c->connect);
    } else {
        net_stream_abort(c->stream, false);
    }
}

static struct http_exchange *let_go(struct http_connection *c)
{
    struct http_exchange *x = c->exchange;

    c->exchange = NULL;
    if (x) {
        x->connection = NULL;
    }
    return x;
}

static void fail(struct http_connection *c, int err, const char *text)
{
    struct http_exchange *x = let_go(c);

    http_connection_close(c);
    if (x) {
        http_exchange_fail(x, err, text);
    }
}

/* --- the answer --- */

static void on_idle_over(struct loop_timer *timer)
{
    http_connection_close(container_of(timer, struct http_connection, idle));
}

/* A second less than "Keep-Alive: timeout=n" says, so that the server is not the first to close. */
static uint64_t idle_ms(const struct http_connection *c, const struct http_exchange *x)
{
    unsigned most = c->client->options.idle_timeout_ms;
    struct bytes value = http_headers_get(x->head.headers, BYTES("Keep-Alive"));
    const char *at = value.n ? memmem(value.p, value.n, "timeout=", 8) : NULL;
    unsigned long long seconds;
    struct bytes digits;

    if (!at) {
        return most ? most : IDLE_MS;
    }
    digits = bytes_from(value, (size_t)(at - value.p) + 8);
    digits.n = bytes_find(digits, ',');
    if (!bytes_to_u64(bytes_trim(digits), UINT16_MAX, &seconds)) {
        return IDLE_MS;
    }
    seconds = seconds > 1 ? (seconds - 1) * MS_PER_S : 0;
    return most && most < seconds ? most : seconds;
}

static void become_idle(struct http_connection *c, uint64_t ms)
{
    struct http_origin *origin = c->origin;

    set_state(c, CONNECTION_IDLE);
    list_remove(&c->link);
    list_prepend(&origin->idle, &c->link);
    loop_timer_start(&c->idle, ms);
    http_origin_next(origin);
}

/* The connection is given back first, so that whoever hears of the answer may use it. */
static void answer_complete(struct http_connection *c, bool is_clean)
{
    struct http_exchange *x = let_go(c);
    struct bytes body = x->piece.n ? x->piece : buf_bytes(&x->collected);
    uint64_t ms = idle_ms(c, x);

    /* Also not kept when it answered before it had all of the request. */
    is_clean = is_clean && net_stream_pending_bytes(c->stream) == 0;
    if (x->head.keep_alive && is_clean && ms > 0) {
        become_idle(c, ms);
    } else {
        http_connection_close(c);
    }
    http_exchange_answered(x, body);
}

/* Of an interim answer nothing is kept. */
static int keep_head(struct http_exchange *x, const struct http_head *head)
{
    if (head->status < 200) {
        return 0;
    }
    if (head->framing == HTTP_FRAMING_LENGTH && head->length > x->collected.max) {
        return ERR_LIMIT;
    }
    x->head = *head;
    http_head_move(&x->head, arena_alloc(&x->arena, head->block.n));
    x->has_head = true;
    return 0;
}

static int keep_piece(struct http_exchange *x, struct bytes piece)
{
    if (!x->piece.n && !x->collected.n) {
        x->piece = piece;
        return piece.n > x->collected.max ? ERR_LIMIT : 0;
    }
    buf_add(&x->collected, x->piece);
    x->piece = BYTES_NONE;
    buf_add(&x->collected, piece);
    return x->collected.failed ? ERR_LIMIT : 0;
}

/* What was read does not last: a body that goes on is collected. */
static int settle_piece(struct http_exchange *x)
{
    buf_add(&x->collected, x->piece);
    x->piece = BYTES_NONE;
    return x->collected.failed ? ERR_LIMIT : 0;
}

/* Returns false when the connection has ended or its exchange is through. */
static bool handle_event(struct http_connection *c, enum http_decoder_event event,
                         const struct http_head *head, struct bytes piece, struct bytes rest)
{
    struct http_exchange *x = c->exchange;
    int err = 0;

    switch (event) {
    case HTTP_DECODER_HEAD:
        err = keep_head(x, head);
        break;
    case HTTP_DECODER_BODY:
        err = keep_piece(x, piece);
        break;
    case HTTP_DECODER_END:
        answer_complete(c, rest.n == 0);
        return false;
    case HTTP_DECODER_FAULT:
        fail(c, ERR_PROTOCOL, c->decoder.fault.text);
        return false;
    case HTTP_DECODER_MORE:
        err = settle_piece(x);
        if (err == 0) {
            return false;
        }
        break;
    }
    if (err) {
        fail(c, err, "the answer is too large");
    }
    return err == 0;
}

static void on_read(struct net_stream *stream, struct bytes bytes)
{
    struct http_connection *c = net_stream_owner(stream);
    struct http_head head;
    struct bytes piece = BYTES_NONE;
    enum http_decoder_event event;

    if (c->state != CONNECTION_BUSY) {
        http_connection_close(c); /* nobody asked */
        return;
    }
    do {
        head.headers = &c->exchange->headers;
        event = http_decoder_next(&c->decoder, &bytes, &head, &piece);
    } while (handle_event(c, event, &head, piece, bytes));
}

/* The server has ended the connection, with or without having answered. */
static void ended(struct http_connection *c, const char *text)
{
    enum http_decoder_event event;

    if (!c->exchange) {
        http_connection_close(c);
        return;
    }
    event = http_decoder_finish(&c->decoder);
    if (event == HTTP_DECODER_END) {
        c->exchange->head.keep_alive = false;
        answer_complete(c, false);
    } else if (event == HTTP_DECODER_MORE && !c->exchange->has_head) {
        fail(c, ERR_RESET, text);
    } else {
        fail(c, ERR_CLOSED, "the answer is cut off");
    }
}

static void on_eof(struct net_stream *stream)
{
    ended(net_stream_owner(stream), "socket hang up");
}

static void on_close(struct net_stream *stream, int err)
{
    struct http_connection *c = net_stream_owner(stream);

    c->stream = NULL;
    if (c->state != CONNECTION_CLOSED) {
        struct http_exchange *x = let_go(c);
        bool had_answer = x && (x->has_head || !http_decoder_is_between(&c->decoder));

        retire(c);
        if (x) {
            http_exchange_fail(x, had_answer ? ERR_CLOSED : ERR_RESET,
                               had_answer ? "the answer is cut off" : "read ECONNRESET");
        }
    }
    connection_free(c);
}

static const struct net_stream_events stream_events = {
    .on_read = on_read,
    .on_eof = on_eof,
    .on_close = on_close,
};

/* --- the request --- */

void http_connection_send(struct http_connection *c, struct http_exchange *x)
{
    struct http_client *client = c->client;
    const struct http_client_request *request = x->request;
    bool has_body = bytes_is_set(request->content_type) && bytes_is_set(x->body);
    struct http_encoder_request head = {
        .method = x->method,
        .target = x->url.target,
        .host = x->url.host_header,
        .authorization = x->url.authorization,
        .content_type = request->content_type,
        .extra_headers = x->extra_headers,
        .has_body = has_body,
        .body_bytes = x->body.n,
    };

    if (c->state == CONNECTION_IDLE) {
        loop_timer_stop(&c->idle);
        list_remove(&c->link);
        list_append(&client->connections, &c->link);
    }
    set_state(c, CONNECTION_BUSY);
    c->exchange = x;
    x->connection = c;
    http_decoder_set_to_head(&c->decoder, bytes_eq(x->method, BYTES("HEAD")));
    buf_clear(&client->head);
    http_encoder_add_request(&client->head, &head);
    net_stream_write(c->stream, buf_bytes(&client->head));
    if (has_body) {
        net_stream_write(c->stream, x->body);
    }
    x->request->sent = true;
}

/* --- opening --- */

static void on_connected(struct net_connect *connect, int err, struct net_stream *stream)
{
    struct http_connection *c = container_of(connect, struct http_connection, connect);
    struct http_exchange *x = let_go(c);

    if (c->state == CONNECTION_CLOSED) { /* given up meanwhile */
        if (stream) {
            net_stream_abort(stream, false);
        }
        connection_free(c);
        return;
    }
    if (err) {
        retire(c);
        http_exchange_fail(x, err, connect->error_text);
        connection_free(c);
        return;
    }
    c->stream = stream;
    net_stream_set_events(stream, &stream_events, c);
    net_stream_set_no_delay(stream);
    net_stream_resume(stream);
    http_connection_send(c, x);
}

void http_connection_open(struct http_exchange *x)
{
    struct http_client *client = x->client;
    struct http_connection *c = mem_new(struct http_connection);
    struct net_target target = {
        .host = x->url.host,
        .port = x->url.port,
        .is_unix = x->url.is_unix,
        .tls = x->url.is_tls ? client->tls : NULL,
        .timeout_ms =
            client->options.connect_timeout_ms ? client->options.connect_timeout_ms : CONNECT_MS,
    };

    c->client = client;
    c->origin = x->origin;
    c->origin->n_connections++;
    c->exchange = x;
    x->connection = c;
    list_init(&c->link);
    list_append(&client->connections, &c->link);
    loop_timer_init(client->loop, &c->idle, on_idle_over);
    http_decoder_init(&c->decoder, HTTP_DECODER_ANSWERS, HEAD_LIMIT_BYTES);
    net_connect_start(client->loop, &c->connect, &target, on_connected);
}
