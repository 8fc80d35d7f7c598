/* SPDX-License-Identifier: MIT */
/* Makes and recognises the payloads: a list of small records, as an application would send them,
 * and a string that fills up to the wanted size. */
#include "bench_payload.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench_die.h"

#define PAYLOAD_HEAD "{\"size\":"
#define PAYLOAD_PAD  "],\"pad\":\""
#define PAYLOAD_TAIL "\"}"

void bench_payloads_fini(struct bench_payloads *payloads)
{
    for (size_t i = 0; i < payloads->n_made; i++) {
        bench_buf_fini(&payloads->made[i]);
    }
    *payloads = (struct bench_payloads){0};
}

/* Appends record `n` when it fits into `limit` bytes. */
static bool add_record(struct bench_buf *buf, unsigned n, size_t limit)
{
    char record[128];
    int len =
        snprintf(record, sizeof(record),
                 "%s{\"id\":%u,\"name\":\"item %u\",\"price\":%u.25,\"tags\":[\"new\",\"small\"],"
                 "\"stock\":true}",
                 n == 1 ? "" : ",", n, n, n % 100);

    if (buf->end + (size_t)len > limit) {
        return false;
    }
    bench_buf_append(buf, (struct bench_text){record, (size_t)len});
    return true;
}

static void make_payload(struct bench_buf *buf, size_t bytes)
{
    size_t tail = sizeof(PAYLOAD_PAD) + sizeof(PAYLOAD_TAIL) - 2;
    size_t pad;
    unsigned n = 1;

    bench_buf_printf(buf, PAYLOAD_HEAD "%zu,\"items\":[", bytes);
    if (buf->end + tail > bytes) {
        /* No room for a list: the size and a string alone. */
        buf->end = 0;
        bench_buf_printf(buf, PAYLOAD_HEAD "%zu,\"pad\":\"", bytes);
    } else {
        while (add_record(buf, n, bytes - tail)) {
            n++;
        }
        bench_buf_append(buf, BENCH_TEXT(PAYLOAD_PAD));
    }
    pad = bytes - buf->end - (sizeof(PAYLOAD_TAIL) - 1);
    memset(bench_buf_reserve(buf, pad), 'x', pad);
    bench_buf_commit(buf, pad);
    bench_buf_append(buf, BENCH_TEXT(PAYLOAD_TAIL));
}

struct bench_text bench_payloads_get(struct bench_payloads *payloads, size_t bytes)
{
    for (size_t i = 0; i < payloads->n_made; i++) {
        if (payloads->made[i].end == bytes) {
            return bench_buf_text(&payloads->made[i]);
        }
    }
    if (bytes < BENCH_PAYLOAD_MIN_BYTES || bytes > BENCH_PAYLOAD_MAX_BYTES ||
        payloads->n_made == BENCH_PAYLOADS_MAX) {
        bench_die("no payload of %zu bytes: %u to %zu bytes and %u sizes are allowed", bytes,
                  BENCH_PAYLOAD_MIN_BYTES, BENCH_PAYLOAD_MAX_BYTES, BENCH_PAYLOADS_MAX);
    }
    make_payload(&payloads->made[payloads->n_made], bytes);
    return bench_buf_text(&payloads->made[payloads->n_made++]);
}

/* Reads digits up to the largest size allowed; anything larger counts as none. */
static size_t leading_number(struct bench_text text)
{
    size_t number = 0;

    for (size_t i = 0; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++) {
        number = number * 10 + (size_t)(text.at[i] - '0');
        if (number > BENCH_PAYLOAD_MAX_BYTES) {
            return 0;
        }
    }
    return number;
}

size_t bench_payloads_match(struct bench_payloads *payloads, struct bench_text text)
{
    size_t head = sizeof(PAYLOAD_HEAD) - 1;
    struct bench_text payload;
    size_t bytes;

    if (text.len < BENCH_PAYLOAD_MIN_BYTES || memcmp(text.at, PAYLOAD_HEAD, head) != 0) {
        return 0;
    }
    bytes = leading_number((struct bench_text){text.at + head, text.len - head});
    if (bytes < BENCH_PAYLOAD_MIN_BYTES || bytes > text.len) {
        return 0;
    }
    payload = bench_payloads_get(payloads, bytes);
    return memcmp(text.at, payload.at, payload.len) == 0 ? payload.len : 0;
}
