/* SPDX-License-Identifier: MIT */
#pragma once

#include "bench_buf.h"

/* The JSON texts that travel in a measurement: objects of an exact size that name that size in
 * their first member, so that whoever receives one can check every byte of it at the cost of a
 * memcmp(). */

#define BENCH_PAYLOAD_MIN_BYTES 32U
#define BENCH_PAYLOAD_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define BENCH_PAYLOADS_MAX      16U

/* A cache of payloads, each made when first asked for. Zero is a valid empty one. */
struct bench_payloads {
    struct bench_buf made[BENCH_PAYLOADS_MAX];
    size_t n_made;
};

void bench_payloads_fini(struct bench_payloads *payloads);

/* The payload of `bytes` bytes, within the limits above; valid until fini. At most
 * BENCH_PAYLOADS_MAX sizes. */
struct bench_text bench_payloads_get(struct bench_payloads *payloads, size_t bytes);

/* How long the payload is that `text` begins with; 0 when it begins with none or with a wrong one.
 */
size_t bench_payloads_match(struct bench_payloads *payloads, struct bench_text text);
