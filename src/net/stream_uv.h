/* SPDX-License-Identifier: MIT */
/* Streams over sockets of the system: TCP and Unix sockets. For net/ only. */
#pragma once

#include <uv.h>

#include "net/net_stream_internal.h"

struct loop;

/* A stream without a connection yet: connect or accept with stream_uv_handle, then it is one. */
struct net_stream *stream_uv_new(struct loop *loop, bool is_unix);
uv_stream_t *stream_uv_handle(struct net_stream *stream);
void stream_uv_set_peer_name(struct net_stream *stream, const char *name);
/* Takes the name from the socket. */
void stream_uv_read_peer_name(struct net_stream *stream);
