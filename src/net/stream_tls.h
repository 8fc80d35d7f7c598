/* SPDX-License-Identifier: MIT */
/*
 * TLS (1.2 and up) as a stream over another stream, which it owns from the handshake on. Data of
 * the peer that come with the end of the handshake are kept until the receiver resumes reading.
 */
#pragma once

#include "net/net_stream_internal.h"

struct loop;
struct net_tls;
struct stream_tls_handshake;

/* stream is the receiver's (paused, no events) when err is 0; else the plain one has been closed.
 */
typedef void stream_tls_done_fn(struct stream_tls_handshake *handshake, int err,
                                struct net_stream *stream);

/* Embedded by the caller, who sets done. */
struct stream_tls_handshake {
    stream_tls_done_fn *done;
    void *state; /* private */
    char error_text[160];
};

/* Takes plain over; done comes later, once, unless cancelled. server_name: to verify and for SNI;
 * empty: the certificate's name does not matter. */
void stream_tls_connect(struct loop *loop, struct stream_tls_handshake *handshake,
                        struct net_stream *plain, const struct net_tls *tls,
                        const char *server_name);
void stream_tls_accept(struct loop *loop, struct stream_tls_handshake *handshake,
                       struct net_stream *plain, const struct net_tls *tls);
/* Closes the plain stream; done does not come any more. */
void stream_tls_cancel(struct stream_tls_handshake *handshake);
