/* SPDX-License-Identifier: MIT */
/* What kinds of streams share: the table behind net_stream.h, and its first member. */
#pragma once

#include "net/net_stream.h"

struct net_stream_ops {
    void (*write)(struct net_stream *stream, struct bytes bytes);
    size_t (*pending_bytes)(const struct net_stream *stream);
    void (*set_write_limit)(struct net_stream *stream, size_t bytes);
    void (*pause)(struct net_stream *stream);
    void (*resume)(struct net_stream *stream);
    void (*close)(struct net_stream *stream);
    void (*linger)(struct net_stream *stream);
    void (*abort)(struct net_stream *stream, bool reset);
    void (*set_no_delay)(struct net_stream *stream);
    const char *(*peer_name)(const struct net_stream *stream);
};

/* First member of each kind. */
struct net_stream {
    const struct net_stream_ops *ops;
    const struct net_stream_events *events; /* borrowed; NULL until set */
    void *owner;
};

/* --- net_stream.c --- */
/* The other side will send no more: the owner hears so, or the stream closes. */
void net_stream_tell_eof(struct net_stream *stream);
void net_stream_tell_drain(struct net_stream *stream);
/* libuv's errors as ours. */
int net_error_from_uv(int uv_error);
