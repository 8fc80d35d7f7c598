/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 server over net/: keep-alive, pipelining (answers in order), limits, bodies collected
 * and decoded (chunked, gzip, deflate). It knows no routes: the owner's on_request gets complete
 * requests and answers each exactly once, now or later.
 *
 * Happy path: accept -> head decoded -> body collected -> on_request -> http_request_reply -> next.
 * Failure modes: malformed bytes are answered (400, 408, 431, 505), behind the replies of running
 * requests, and closed by the server itself; an unknown Expect is answered 417 and the connection
 * goes on; CONNECT is closed without an answer. A client that resets, closes or half-closes while a
 * request runs is gone: on_abandon, and the reply then goes nowhere (it must still be made).
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "http/http_headers.h"
#include "loop/loop.h"

struct http_server;
struct http_request;

/* Of an answer's body and extra headers: a larger one ends the connection unanswered. */
enum { HTTP_SERVER_REPLY_MAX_BYTES = 124 * 1024 * 1024 };

struct http_server_options {
    struct bytes host; /* see net_listener_open */
    unsigned port;
    size_t body_limit_bytes;  /* after decoding; 413 */
    size_t head_limit_bytes;  /* 0: 16 KiB; 431; also for trailers and chunk extensions: 400 */
    unsigned max_connections; /* 0: 20,000; more are answered 503 and closed */
    unsigned max_pipelined;   /* requests taken from one connection at once; 0: 64 */
    unsigned idle_timeout_ms; /* 0: 5,000; announced, and kept a second longer */
    unsigned head_timeout_ms; /* 0: 30,000; first byte to end of head: 408 */
    unsigned body_timeout_ms; /* 0: 60,000 without a byte of the body: 408 */
};

struct http_server_events {
    /* Only when this returns true is a body of that request read and collected (else dropped). */
    bool (*wants_body)(struct http_server *server, struct http_request *request);
    void (*on_request)(struct http_server *server, struct http_request *request);
    /* The client is gone before the reply. Called at most once, never after the reply. */
    void (*on_abandon)(struct http_server *server, struct http_request *request);
    /*
     * A request the server refuses itself (status, a static text): the owner may give the JSON body
     * of the answer, written to out. request may be NULL (nothing was readable).
     */
    void (*on_refuse)(struct http_server *server, unsigned status, const char *text,
                      struct buf *out);
};

/* Faults of a body that the owner has to answer (the connection stays usable): see body_fault. */
enum http_body_fault {
    HTTP_BODY_OK,
    HTTP_BODY_TOO_LARGE,       /* 413 entity.too.large; the rest is skipped or closed */
    HTTP_BODY_BAD_ENCODING,    /* 415 encoding.unsupported */
    HTTP_BODY_BAD_COMPRESSION, /* 400: says gzip and is not */
};

struct http_request {
    struct bytes method;
    struct bytes target;      /* as sent */
    struct bytes path, query; /* of the target; query without '?', BYTES_NONE if none */
    struct http_headers headers;
    struct bytes body; /* complete and decoded; empty when none or not wanted */
    enum http_body_fault body_fault;
    bool is_http10;
    struct arena arena; /* lives as long as the request */
    void *owner;        /* the owner's, free to use */
};
/* All slices live until http_request_reply has been called (and returned). */

struct http_reply {
    unsigned status;
    struct bytes reason;        /* BYTES_NONE: the standard one */
    struct bytes content_type;  /* BYTES_NONE: none */
    struct bytes extra_headers; /* complete lines "Name: value\r\n", checked by the caller */
    struct bytes body;          /* copied to the connection before the call returns */
    bool close;                 /* close after this answer */
};

int http_server_open(struct loop *loop, const struct http_server_options *options,
                     const struct http_server_events *events, void *owner,
                     struct http_server **out) MUST_CHECK;
void *http_server_owner(const struct http_server *server);
struct http_server *http_request_server(const struct http_request *request);
unsigned http_server_port(const struct http_server *server);

/* Content-Length, Connection, Keep-Alive, Date are added; HEAD, 204 and 304 send no body. */
void http_request_reply(struct http_request *request, const struct http_reply *reply);

/* Stops accepting, closes idle connections, lets running requests finish; done when none is left.
 */
void http_server_drain(struct http_server *server, void (*done)(struct http_server *server));
/* Closes everything at once and frees. Running requests are abandoned first. NULL passes. */
void http_server_close(struct http_server *server);
/* Connections open, requests running. */
unsigned http_server_connections(const struct http_server *server);
unsigned http_server_running(const struct http_server *server);
