/* SPDX-License-Identifier: MIT */
/*
 * Opens a stream: resolves the name, tries each address in turn (IPv6 and IPv4 as the resolver
 * orders them), shakes hands for TLS.
 */
#pragma once

#include "base/list.h"
#include "net/net_stream.h"

struct net_tls; /* net/net_tls.h: certificates and verification of one side */

struct net_target {
    struct bytes host; /* name, IPv4, IPv6 without brackets; or a path when is_unix */
    unsigned port;
    bool is_unix;
    const struct net_tls *tls; /* NULL: plain; borrowed while connecting and by the stream */
    struct bytes tls_name;     /* server name to verify; BYTES_NONE: host */
    unsigned timeout_ms;       /* for the whole of it; 0: 10 s */
};

struct net_connect;
/* stream is the receiver's (paused, no events set) when err is 0, NULL otherwise. */
typedef void net_connected_fn(struct net_connect *connect, int err, struct net_stream *stream);

/* Embedded by the caller, who must not touch it between start and the callback. */
struct net_connect {
    net_connected_fn *done;
    void *state;          /* private */
    char error_text[160]; /* on failure: what failed, for logs and answers */
};

/* Copies the target's texts. Always calls done, later. */
void net_connect_start(struct loop *loop, struct net_connect *connect,
                       const struct net_target *target, net_connected_fn *done);
/* done comes with ERR_CANCELED, later. */
void net_connect_cancel(struct net_connect *connect);

/* Turns a connected plain stream into TLS (STARTTLS as NATS does); takes the stream over. */
void net_connect_upgrade(struct loop *loop, struct net_connect *connect, struct net_stream *stream,
                         const struct net_target *target, net_connected_fn *done);
