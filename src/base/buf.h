/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer, born with its maximum. Appending past the maximum (or past memory) sets
 * failed, drops the bytes and keeps failing, so writers may check once at the end.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

struct buf {
    char *p;    /* owned */
    size_t n;   /* bytes used */
    size_t cap; /* bytes allocated */
    size_t max; /* bytes allowed */
    bool failed;
};

#define BUF_NO_LIMIT ((size_t)1 << 40)

void buf_init(struct buf *b, size_t max_bytes);
void buf_fini(struct buf *b);  /* leaves it empty and usable with the same maximum */
void buf_clear(struct buf *b); /* keeps the memory, resets failed */
/* Room for n more bytes at p + n; ERR_LIMIT or ERR_NO_MEMORY. */
int buf_reserve(struct buf *b, size_t n) MUST_CHECK;
void buf_add(struct buf *b, struct bytes bytes);
void buf_add_char(struct buf *b, char c);
void buf_add_u64(struct buf *b, unsigned long long value);
void buf_add_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Removes the first n bytes. */
void buf_consume(struct buf *b, size_t n);
/* Borrowed until the next change. */
struct bytes buf_bytes(const struct buf *b);
