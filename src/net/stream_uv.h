/* SPDX-License-Identifier: MIT */
/* Streams over sockets of the system: TCP and Unix sockets. For net/ only. */
#pragma once

#include <uv.h>

#include "net/net_stream_internal.h"

struct loop;

/* A stream without a connection yet: connect with stream_uv_handle or open a socket. */
struct net_stream *stream_uv_new(struct loop *loop, bool is_unix);
uv_stream_t *stream_uv_handle(struct net_stream *stream);
/* Takes the connected socket over. An error of libuv; fd is still the caller's then. */
int stream_uv_open(struct net_stream *stream, int fd) MUST_CHECK;
void stream_uv_set_peer_name(struct net_stream *stream, const char *kind, const char *name);
void stream_uv_set_peer_address(struct net_stream *stream, const struct sockaddr *address);
unsigned stream_uv_port_of(const struct sockaddr *address);
