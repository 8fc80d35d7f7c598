/* SPDX-License-Identifier: MIT */
/* Two connected streams on one loop, and a record of what each of them was told. */
#pragma once

#include "base/buf.h"
#include "net/net_connect.h"
#include "net/net_listener.h"
#include "net/stream_tls.h"
#include "support/certs.h"
#include "support/run_until.h"

enum pair_kind { PAIR_TCP, PAIR_UNIX, PAIR_TLS };

struct end {
    struct net_stream *stream; /* NULL once closed */
    struct buf got;
    unsigned n_reads, n_eofs, n_drains, n_closes;
    int err;                    /* of on_close */
    bool pauses_at_read;        /* each on_read pauses */
    bool aborts_at_read;        /* on_read aborts */
    size_t drains_pending_most; /* pending bytes seen in on_drain */
};

struct pair {
    enum pair_kind kind;
    struct loop *loop;
    struct net_listener *listener;
    struct net_connect connect;
    struct stream_tls_handshake accept;
    struct certs certs;
    struct net_tls *client_tls, *server_tls;
    char path[64]; /* of the Unix socket */
    struct end client, server;
    int connect_err, accept_err;
    bool has_connected;
};

/* Connected, on a virtual clock; both ends resumed, with on_eof set. */
void pair_open(struct pair *pair, enum pair_kind kind);
/* Aborts what is still open, frees all. */
void pair_close(struct pair *pair);

/* The same events, with and without on_eof. */
extern const struct net_stream_events pair_events, pair_events_without_eof;
