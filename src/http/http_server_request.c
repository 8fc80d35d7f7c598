/* SPDX-License-Identifier: MIT */
/* One request of a connection: its memory, its body, its reply. */
#include "base/assert.h"
#include "base/mem.h"
#include "http/http_server_internal.h"

#include "net/net_stream.h"

enum {
    FREE_REQUESTS_MAX = 128,
    KEPT_BUFFER_BYTES = 16 * 1024, /* of each buffer of a free request */
    AT_ONCE_MAX_BYTES = 2048,      /* bodies up to this go to the arena */
    DROPPED_MAX_BYTES = 4 * 1024 * 1024,
    REFUSAL_MAX_BYTES = 4096,
    MS_PER_S = 1000,
};

static struct http_server_request *of(struct http_request *request)
{
    return container_of(request, struct http_server_request, base);
}

struct http_server *http_request_server(const struct http_request *request)
{
    return ((const struct http_server_request *)(const void *)request)->server;
}

/* --- memory --- */

static struct http_server_request *new_request(struct http_server *server)
{
    struct http_server_request *request = mem_new(struct http_server_request);

    request->server = server;
    list_init(&request->link);
    buf_init(&request->raw, server->options.body_limit_bytes);
    buf_init(&request->plain, server->options.body_limit_bytes);
    buf_init(&request->reply, BUF_NO_LIMIT);
    return request;
}

struct http_server_request *http_server_request_take(struct http_server *server)
{
    struct list *link = list_pop(&server->free_requests);
    struct http_server_request *request;

    if (link) {
        request = list_entry(link, struct http_server_request, link);
        server->n_free_requests--;
    } else {
        request = new_request(server);
    }
    request->state = HTTP_SERVER_REQUEST_RECEIVING;
    request->refuse_status = 0;
    request->dropped_bytes = 0;
    request->body_bytes = 0;
    request->wants_body = false;
    request->owes_continue = false;
    request->base.body = BYTES("");
    request->base.body_fault = HTTP_BODY_OK;
    request->base.owner = NULL;
    arena_init_in(&request->base.arena, request->room, sizeof(request->room));
    return request;
}

static void empty(struct buf *buf)
{
    if (buf->cap > KEPT_BUFFER_BYTES) {
        buf_fini(buf);
    } else {
        buf_clear(buf);
    }
}

void http_server_request_release(struct http_server_request *request)
{
    struct http_server *server = request->server;

    list_remove(&request->link);
    request->connection = NULL;
    arena_fini(&request->base.arena);
    empty(&request->raw);
    empty(&request->plain);
    empty(&request->reply);
    if (server->n_free_requests < FREE_REQUESTS_MAX) {
        server->n_free_requests++;
        list_prepend(&server->free_requests, &request->link);
        return;
    }
    buf_fini(&request->raw);
    buf_fini(&request->plain);
    buf_fini(&request->reply);
    mem_free(request);
}

/* --- receiving --- */

static void drop_body(struct http_server_request *request, enum http_body_fault fault)
{
    request->base.body_fault = fault;
    request->wants_body = false;
    buf_fini(&request->raw);
}

static void choose_body(struct http_server_request *request)
{
    struct http_server *server = request->server;

    request->wants_body = server->events->wants_body(server, &request->base);
    if (!request->wants_body) {
        return;
    }
    request->coding =
        http_coding_parse(http_headers_get(&request->base.headers, BYTES("content-encoding")));
    if (request->coding == HTTP_CODING_UNKNOWN || request->coding == HTTP_CODING_BR) {
        drop_body(request, HTTP_BODY_BAD_ENCODING);
    } else if (request->framing == HTTP_FRAMING_LENGTH &&
               request->length > server->options.body_limit_bytes) {
        drop_body(request, HTTP_BODY_TOO_LARGE);
    }
}

static bool has_body(const struct http_server_request *request)
{
    return request->framing == HTTP_FRAMING_CHUNKED ||
           (request->framing == HTTP_FRAMING_LENGTH && request->length > 0);
}

void http_server_request_begin(struct http_server_request *request, struct http_head *head)
{
    struct http_request *base = &request->base;

    http_head_move(head, arena_alloc(&base->arena, head->block.n));
    base->method = head->method;
    base->target = head->target;
    base->path = head->path;
    base->query = head->query;
    base->is_http10 = head->is_http10;
    request->keep_alive = head->keep_alive;
    request->framing = head->framing;
    request->length = head->length;
    if (head->expect == HTTP_EXPECT_OTHER) {
        request->refuse_status = 417;
    } else if (has_body(request)) {
        choose_body(request);
        request->owes_continue = head->expect == HTTP_EXPECT_CONTINUE;
    }
}

void http_server_request_add(struct http_server_request *request, struct bytes piece)
{
    request->owes_continue = false;
    if (!request->wants_body) {
        request->dropped_bytes += piece.n;
        return;
    }
    if (request->framing == HTTP_FRAMING_LENGTH && piece.n == request->length &&
        piece.n <= AT_ONCE_MAX_BYTES) {
        request->base.body = arena_copy(&request->base.arena, piece);
        return;
    }
    buf_add(&request->raw, piece);
    if (request->raw.failed) {
        drop_body(request, HTTP_BODY_TOO_LARGE);
    } else {
        request->base.body = buf_bytes(&request->raw);
    }
}

bool http_server_request_is_hopeless(const struct http_server_request *request)
{
    if (!has_body(request) || request->wants_body) {
        return false;
    }
    return request->dropped_bytes > DROPPED_MAX_BYTES || request->owes_continue ||
           (request->framing == HTTP_FRAMING_LENGTH && request->length > DROPPED_MAX_BYTES);
}

static void decode_body(struct http_server_request *request)
{
    int err = http_coding_decode(request->coding, request->base.body, &request->plain);

    if (err) {
        drop_body(request, err == ERR_SYNTAX ? HTTP_BODY_BAD_COMPRESSION : HTTP_BODY_TOO_LARGE);
        request->base.body = BYTES("");
    } else {
        request->base.body = buf_bytes(&request->plain);
    }
}

void http_server_request_run(struct http_server_request *request)
{
    struct http_server *server = request->server;

    if (request->refuse_status) {
        http_server_request_refuse(request, request->refuse_status, "unknown expectation", false);
        return;
    }
    if (!request->wants_body) {
        request->base.body = BYTES("");
    } else if (request->coding != HTTP_CODING_IDENTITY && request->base.body.n > 0) {
        decode_body(request);
    }
    request->state = HTTP_SERVER_REQUEST_RUNNING;
    server->n_running++;
    server->events->on_request(server, &request->base);
}

/* --- answering --- */

static bool is_first(const struct http_server_request *request)
{
    return request->connection->requests.next == &request->link;
}

static bool is_last(const struct http_server_request *request)
{
    return request->connection->requests.prev == &request->link;
}

static void add_head(struct http_server_request *request, const struct http_reply *reply,
                     struct buf *out)
{
    struct http_server *server = request->server;

    http_encoder_add_answer(
        out, &(struct http_encoder_answer){
                 .status = reply->status,
                 .reason = reply->reason,
                 .content_type = reply->content_type,
                 .extra_headers = reply->extra_headers,
                 .date_line = http_encoder_date_line(&server->date, loop_unix_ms(server->loop)),
                 .body_bytes = reply->body.n,
                 .keep_alive = request->keep_alive,
                 .keep_alive_s = server->options.idle_timeout_ms / MS_PER_S,
             });
}

/* Writes to the stream when no earlier reply is missing, else to the request. */
static void write_reply(struct http_server_request *request, const struct http_reply *reply)
{
    struct http_server *server = request->server;
    struct http_server_connection *connection = request->connection;
    bool ends = server->on_drained || connection->state == HTTP_SERVER_CONNECTION_LAST;
    bool sends_body =
        http_encoder_has_body(reply->status) && !bytes_eq(request->base.method, BYTES("HEAD"));
    struct bytes body = sends_body ? reply->body : BYTES("");

    ASSERT(reply->status >= 200 && reply->status <= 999);
    if (reply->close || (ends && is_last(request))) {
        request->keep_alive = false;
    }
    if (is_first(request)) {
        buf_clear(&server->scratch);
        add_head(request, reply, &server->scratch);
        net_stream_write(connection->stream, buf_bytes(&server->scratch));
        net_stream_write(connection->stream, body);
    } else {
        add_head(request, reply, &request->reply);
        buf_add(&request->reply, body);
        connection->n_reply_bytes += request->reply.n;
    }
    request->state = HTTP_SERVER_REQUEST_ANSWERED;
}

static void reply_to_orphan(struct http_server_request *request)
{
    struct http_server *server = request->server;

    http_server_request_release(request);
    http_server_settle(server);
}

void http_request_reply(struct http_request *request, const struct http_reply *reply)
{
    struct http_server_request *r = of(request);
    struct http_server_connection *connection = r->connection;

    ASSERT(r->state == HTTP_SERVER_REQUEST_RUNNING);
    r->server->n_running--;
    if (!connection) {
        reply_to_orphan(r);
        return;
    }
    if (connection->state == HTTP_SERVER_CONNECTION_CLOSED) {
        r->state = HTTP_SERVER_REQUEST_ANSWERED; /* released with the connection */
        return;
    }
    write_reply(r, reply);
    http_server_connection_flush(connection);
}

void http_server_request_refuse(struct http_server_request *request, unsigned status,
                                const char *text, bool close)
{
    struct http_server *server = request->server;
    struct buf body;

    buf_init(&body, REFUSAL_MAX_BYTES);
    if (server->events->on_refuse) {
        server->events->on_refuse(server, status, text, &body);
    }
    write_reply(request,
                &(struct http_reply){
                    .status = status,
                    .content_type = body.n ? BYTES("application/json; charset=utf-8") : BYTES_NONE,
                    .body = buf_bytes(&body),
                    .close = close,
                });
    buf_fini(&body);
    http_server_connection_flush(request->connection);
}
