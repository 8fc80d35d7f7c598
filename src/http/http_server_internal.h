/* SPDX-License-Identifier: MIT */
/* What the files of the server share. */
#pragma once

#include "base/list.h"
#include "http/http_coding.h"
#include "http/http_decoder.h"
#include "http/http_encoder.h"
#include "http/http_server.h"
#include "net/net_listener.h"

enum {
    HTTP_SERVER_ROOM_BYTES = 4096, /* of a request's memory, without asking the heap */
    HTTP_SERVER_MARK_BYTES =
        NET_STREAM_MARK_BYTES, /* unread replies; then no more requests are read */
};

struct http_server {
    struct loop *loop;
    struct http_server_options options; /* host is not kept */
    const struct http_server_events *events;
    void *owner;
    struct net_listener *listener; /* NULL once draining or closed */
    bool is_closed;
    void (*on_drained)(struct http_server *server);
    struct loop_defer drained;
    struct list connections;
    unsigned n_connections;
    unsigned n_running;  /* requests the owner has to answer */
    struct list orphans; /* of them, those whose client is gone */
    struct list free_requests;
    unsigned n_free_requests;
    struct http_encoder_date date;
    struct buf scratch; /* a head being written */
};

enum http_server_request_state {
    HTTP_SERVER_REQUEST_RECEIVING, /* -> RUNNING, ANSWERED (refused) */
    HTTP_SERVER_REQUEST_RUNNING,   /* the owner has it; -> ANSWERED */
    HTTP_SERVER_REQUEST_ANSWERED,  /* the reply waits for earlier ones */
};

/* One request, from its head to its reply. */
struct http_server_request {
    struct http_request base;
    struct http_server *server;
    struct http_server_connection *connection; /* NULL: the client is gone */
    struct list link; /* in connection->requests, orphans or free_requests */
    enum http_server_request_state state;
    enum http_framing framing;
    uint64_t length;        /* of the body, when the framing says so */
    uint64_t dropped_bytes; /* of an unwanted body */
    size_t body_bytes;      /* as counted by the connection */
    enum http_coding coding;
    unsigned refuse_status; /* answered by the server itself once it is complete; 0: no */
    bool wants_body, keep_alive, owes_continue;
    struct buf raw;   /* the body as it comes, when it does not come at once */
    struct buf plain; /* decoded */
    struct buf reply; /* waits for earlier replies */
    _Alignas(max_align_t) char room[HTTP_SERVER_ROOM_BYTES];
};

enum http_server_connection_state {
    HTTP_SERVER_CONNECTION_OPEN,   /* takes requests; -> LAST, CLOSED */
    HTTP_SERVER_CONNECTION_LAST,   /* takes no more, closes after the last reply; -> CLOSED */
    HTTP_SERVER_CONNECTION_CLOSED, /* waits for on_close */
};

/* What the timer waits for. */
enum http_server_wait {
    HTTP_SERVER_WAIT_NOTHING, /* requests run */
    HTTP_SERVER_WAIT_FIRST,   /* first byte of the first request */
    HTTP_SERVER_WAIT_IDLE,    /* first byte of the next request */
    HTTP_SERVER_WAIT_HEAD,    /* rest of a head */
    HTTP_SERVER_WAIT_BODY,    /* next byte of a body */
    HTTP_SERVER_WAIT_WRITTEN, /* the client to read its replies */
};

struct http_server_connection {
    struct http_server *server;
    struct list link;
    struct net_stream *stream;
    enum http_server_connection_state state;
    struct http_decoder decoder;
    struct list requests; /* in the order they came, until their replies are written */
    unsigned n_requests;
    struct http_server_request *receiving; /* the last of them, while its body is incomplete */
    struct buf backlog;                    /* input that waits while requests are over a limit */
    bool is_paused, is_feeding;
    size_t n_reply_bytes; /* of replies that wait for earlier ones */
    size_t n_body_bytes;  /* of the requests that run or wait to be answered */
    struct loop_defer go_on;
    struct loop_timer timer;
    enum http_server_wait wait;
    uint64_t deadline_ms;
    size_t pending_bytes; /* unwritten when HTTP_SERVER_WAIT_WRITTEN began */
};

/* --- http_server_connection.c --- */
void http_server_connection_accept(struct http_server *server, struct net_stream *stream);
/* After a reply was queued: writes what can be written, closes or goes on reading. */
void http_server_connection_flush(struct http_server_connection *connection);
/* Drops the connection now; its running requests become orphans. */
void http_server_connection_abandon(struct http_server_connection *connection);
/* Closes it unless a request is on its way. */
void http_server_connection_drain(struct http_server_connection *connection);

/* --- http_server_request.c --- */
struct http_server_request *http_server_request_take(struct http_server *server);
void http_server_request_release(struct http_server_request *request);
/* A head has come: false when the request is over before its body (already answered). */
void http_server_request_begin(struct http_server_request *request, struct http_head *head);
/* A piece of its body. */
void http_server_request_add(struct http_server_request *request, struct bytes piece);
/* The body is complete, or not waited for. */
void http_server_request_run(struct http_server_request *request);
/* Whether so much was sent in vain that the connection should go. */
bool http_server_request_is_hopeless(const struct http_server_request *request);
/* Writes a refusal as this request's reply. */
void http_server_request_refuse(struct http_server_request *request, unsigned status,
                                const char *text, bool close);

/* --- http_server.c --- */
/* A connection or an orphan is gone: ends draining or frees the closed server. */
void http_server_settle(struct http_server *server);
