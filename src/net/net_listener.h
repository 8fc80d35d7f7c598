/* SPDX-License-Identifier: MIT */
/* Accepts streams on a TCP address or a Unix socket path. */
#pragma once

#include "net/net_stream.h"

struct net_listener;

/* The stream is the receiver's: paused, no events set. */
typedef void net_accept_fn(struct net_listener *listener, struct net_stream *stream);

struct net_listen {
    struct bytes host; /* IPv4 or IPv6 address, a name ("localhost"), or with a leading '/' the path
                          of a Unix socket */
    unsigned port;     /* 0 takes a free one */
    net_accept_fn *accept;
    void *owner;
};

/* ERR_IN_USE, ERR_ACCESS, ERR_NO_HOST, ERR_UNREACHABLE (not an address of ours), ERR_INVALID. */
int net_listener_open(struct loop *loop, const struct net_listen *listen,
                      struct net_listener **out) MUST_CHECK;
void *net_listener_owner(const struct net_listener *listener);
unsigned net_listener_port(const struct net_listener *listener);
/* Stops accepting and frees; streams live on. NULL passes. */
void net_listener_close(struct net_listener *listener);
