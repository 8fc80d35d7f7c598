/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench_buf.h"
#include "bench_loop.h"

/* A TCP connection over the loop, loopback addresses only. */
struct bench_stream {
    struct bench_watch watch;
    struct bench_job flush;
    struct bench_loop *loop;
    struct bench_buf in;
    struct bench_buf out;
    /* New bytes are in `in`; consume what is complete. May close the stream as its last act. */
    void (*on_data)(struct bench_stream *stream);
    /* The peer closed or the connection broke; close the stream here. */
    void (*on_end)(struct bench_stream *stream);
};

/* Both callbacks must be set before. Dies when the server cannot be reached. */
void bench_stream_connect(struct bench_stream *stream, struct bench_loop *loop, uint16_t port);

/* Takes over an accepted descriptor. */
void bench_stream_adopt(struct bench_stream *stream, struct bench_loop *loop, int fd);

/* Writes at once what the socket takes and keeps the rest. */
void bench_stream_send(struct bench_stream *stream, struct bench_text text);

/* Appends to stream->out by the caller are written at the end of the turn. */
void bench_stream_send_later(struct bench_stream *stream);

/* Writes what is pending, waiting if need be: for the last words before close. */
void bench_stream_drain(struct bench_stream *stream);

/* Closes and frees the buffers; `stream` itself is the caller's. */
void bench_stream_close(struct bench_stream *stream);

/* A server socket on 127.0.0.1; port 0 picks a free one. */
struct bench_listener {
    struct bench_watch watch;
    uint16_t port;
    /* Takes over `fd`. */
    void (*on_accept)(struct bench_listener *listener, int fd);
};

void bench_listener_open(struct bench_listener *listener, struct bench_loop *loop, uint16_t port);
