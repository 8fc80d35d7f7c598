/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A borrowed piece of text. */
struct bench_text {
    const char *at;
    size_t len;
};

/* A text from a string literal. */
#define BENCH_TEXT(literal) ((struct bench_text){(literal), sizeof(literal) - 1})

/* Compares a text with a C string. */
bool bench_text_is(struct bench_text text, const char *string);

/* A queue of bytes: appended at the end, consumed from the front. Zero is a valid empty one. Runs
 * out of memory by bench_die(). */
struct bench_buf {
    char *data; /* owned */
    size_t start;
    size_t end;
    size_t capacity;
};

void bench_buf_fini(struct bench_buf *buf);

/* Returns room for at least `len` bytes, valid until the next call; bench_buf_commit() makes what
 * was written there part of the queue. */
char *bench_buf_reserve(struct bench_buf *buf, size_t len);
void bench_buf_commit(struct bench_buf *buf, size_t len);

/* How many bytes may be written at the place bench_buf_reserve() returned. */
size_t bench_buf_room(const struct bench_buf *buf);

void bench_buf_append(struct bench_buf *buf, struct bench_text text);
void bench_buf_printf(struct bench_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void bench_buf_consume(struct bench_buf *buf, size_t len);
void bench_buf_clear(struct bench_buf *buf);

/* All that is queued; valid until the buffer changes. */
struct bench_text bench_buf_text(const struct bench_buf *buf);
