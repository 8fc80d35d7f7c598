/* SPDX-License-Identifier: MIT */
/*
 * A connected byte stream: TCP (stream_tcp), Unix socket (stream_unix), TLS over either
 * (stream_tls). Made by net_connect or a net_listener, owned by whoever got it.
 *
 * Writing: bytes are copied to the stream's out buffer and leave in one system call at the end of
 * the turn. Reading: on_read borrows the bytes until it returns (they lie in a buffer that all
 * streams of a loop share, so an idle connection holds none).
 * Ending: exactly one on_close, never from within a call of this file, also after net_stream_close;
 * the stream is freed after on_close returns.
 */
#pragma once

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"

enum { NET_STREAM_MARK_BYTES = 256 * 1024 }; /* of on_drain */

struct loop;
struct net_stream;

struct net_stream_events {
    void (*on_read)(struct net_stream *stream, struct bytes bytes);
    /* The peer has closed its side; we may still write. NULL: net_stream_close follows. */
    void (*on_eof)(struct net_stream *stream);
    /* Nothing is pending any more after more than the mark was. NULL: not wanted. */
    void (*on_drain)(struct net_stream *stream);
    /* err: 0 (closed by us or by the peer in order) or ERR_X. */
    void (*on_close)(struct net_stream *stream, int err);
};

/* events is borrowed for the life of the stream, owner comes back from net_stream_owner. */
void net_stream_set_events(struct net_stream *stream, const struct net_stream_events *events,
                           void *owner);
void *net_stream_owner(const struct net_stream *stream);

/* Never blocks; bytes written after a close or an error vanish. */
void net_stream_write(struct net_stream *stream, struct bytes bytes);
/* Bytes accepted and not yet taken by the system. */
size_t net_stream_pending_bytes(const struct net_stream *stream);
/* The stream closes with ERR_LIMIT when more than this is pending. Default 64 MiB, most 512 MiB. */
void net_stream_set_write_limit(struct net_stream *stream, size_t bytes);
/* No more on_read (and no reading from the system) until resumed. Streams start paused. */
void net_stream_pause(struct net_stream *stream);
void net_stream_resume(struct net_stream *stream);
/* Writes what is pending (for at most 5 s), then closes. on_read stops at once. */
void net_stream_close(struct net_stream *stream);
/*
 * As net_stream_close, but what the peer still sends is read and dropped, for at most 2 s, until
 * it closes too: otherwise the system resets the connection and the peer may lose our last words.
 */
void net_stream_linger(struct net_stream *stream);
/* Closes now; pending bytes are dropped. reset: with a TCP reset. */
void net_stream_abort(struct net_stream *stream, bool reset);
void net_stream_set_no_delay(struct net_stream *stream);
/* "127.0.0.1:4222", "[::1]:80", "unix:/path"; for logs. */
const char *net_stream_peer_name(const struct net_stream *stream);
