/* SPDX-License-Identifier: MIT */
/* What the files of the HTTP client share: exchanges, origins, connections. */
#pragma once

#include "base/map.h"
#include "http/http_client.h"
#include "http/http_decoder.h"
#include "http/http_url.h"
#include "net/net_connect.h"
#include "net/net_tls.h"

enum { EXCHANGE_ROOM_BYTES = 1024 };

/* One request with all its hops, from http_client_start to done. */
struct http_exchange {
    struct http_client *client;
    struct http_client_request *request; /* the caller's */
    struct http_url url;                 /* of the current hop */
    struct bytes method, body;           /* of the current hop */
    struct bytes extra_headers;          /* of the current hop */
    struct http_connection *connection;  /* that serves it; NULL while it waits */
    struct http_origin *origin;
    struct list link; /* in origin->waiting, or client->failed */
    struct loop_timer timeout;
    unsigned n_redirects;
    int err; /* when failed before it could start */
    /* the answer */
    bool has_head;
    struct http_head head;
    struct http_headers headers;
    struct bytes piece;   /* the body so far, while it is one run of read bytes */
    struct buf collected; /* the body so far, otherwise */
    struct arena arena;
    _Alignas(16) char room[EXCHANGE_ROOM_BYTES];
};

/* Where requests go that may share connections. Gone with its last connection. */
struct http_origin {
    struct http_client *client;
    char *key_text;         /* owned */
    unsigned n_connections; /* open or opening */
    struct list idle;       /* of struct http_connection.link, most recently used first */
    struct list waiting;    /* of struct http_exchange.link */
    unsigned n_waiting;
};

enum http_connection_state {
    CONNECTION_CONNECTING, /* -> BUSY, CLOSED */
    CONNECTION_BUSY,       /* -> IDLE, CLOSED */
    CONNECTION_IDLE,       /* -> BUSY, CLOSED */
    CONNECTION_CLOSED,     /* waits for the stream's on_close */
};

struct http_connection {
    struct http_client *client;
    struct http_origin *origin; /* NULL once closed */
    enum http_connection_state state;
    struct net_connect connect;
    struct net_stream *stream; /* owned; NULL while connecting */
    struct http_decoder decoder;
    struct http_exchange *exchange; /* served now */
    struct loop_timer idle;
    struct list link; /* in origin->idle, else in client->connections */
};

struct http_client {
    struct loop *loop;
    struct http_client_options options;
    struct map origins;      /* by key */
    struct list connections; /* all that are not idle */
    struct list failed;      /* exchanges whose failure is still to be told */
    struct loop_defer settle;
    struct list spare; /* exchanges kept for reuse */
    unsigned n_spare;
    struct buf head;     /* scratch for request heads */
    struct net_tls *tls; /* owned; made with the first https origin */
    bool is_closing;
};

/* --- http_client.c --- */
/* The exchange is over: done is called, the exchange freed. Fit for calls from stream events. */
void http_exchange_fail(struct http_exchange *x, int err, const char *text);
/* Its answer is complete (x->head, body): follows a redirect, or hands it over. */
void http_exchange_answered(struct http_exchange *x, struct bytes body);
/* The same, told from the loop. */
void http_exchange_fail_later(struct http_exchange *x, int err, const char *text);

/* A connection is gone: the last one ends a client that is closing, from the loop. */
void http_client_connection_gone(struct http_client *client);

/* --- http_client_pool.c --- */
/* Gives the exchange an idle connection, a new one, or a place in the row. */
void http_origin_serve(struct http_exchange *x);
/* A connection is free: the next in the row is served. */
void http_origin_next(struct http_origin *origin);
/* A connection is gone: as http_origin_next; an origin that has none left is freed. */
void http_origin_leave(struct http_origin *origin);
void http_origin_free_unused(struct http_origin *origin);

/* --- http_client_connection.c --- */
void http_connection_open(struct http_exchange *x);
void http_connection_send(struct http_connection *c, struct http_exchange *x);
/* Closes it; its exchange, if any, is let go first by the caller. */
void http_connection_close(struct http_connection *c);
