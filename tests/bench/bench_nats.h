/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bench_stream.h"

/* A connection to a NATS server on 127.0.0.1. What a turn of the loop publishes leaves in one
 * write; a lost connection ends the program. */

struct bench_nats_message {
    unsigned sid; /* the subscription's number */
    struct bench_text subject;
    struct bench_text payload;
};

struct bench_nats {
    struct bench_stream stream;
    void (*on_message)(struct bench_nats *nats, const struct bench_nats_message *message);
    /* The server has handled all that was sent before bench_nats_ping(). */
    void (*on_pong)(struct bench_nats *nats);
};

/* Both callbacks must be set before. */
void bench_nats_connect(struct bench_nats *nats, struct bench_loop *loop, uint16_t port);

void bench_nats_subscribe(struct bench_nats *nats, const char *subject, unsigned sid);

/* Publishes the texts in `parts` as one payload. */
void bench_nats_publish(struct bench_nats *nats, const char *subject,
                        const struct bench_text *parts, size_t n_parts);

void bench_nats_ping(struct bench_nats *nats);

/* Sends what is left and closes. */
void bench_nats_close(struct bench_nats *nats);
