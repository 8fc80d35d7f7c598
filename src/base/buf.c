/* SPDX-License-Identifier: MIT */
/* Growing byte buffer with a maximum. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"

enum { BUF_FIRST_BYTES = 256 };

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){.max = max_bytes};
}

void buf_fini(struct buf *b)
{
    mem_free(b->p);
    buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->failed = false;
}

int buf_reserve(struct buf *b, size_t n)
{
    size_t need = b->n + n;
    size_t cap = b->cap ? b->cap : BUF_FIRST_BYTES;
    char *p;

    if (b->failed || n > b->max || need > b->max) {
        b->failed = true;
        return ERR_LIMIT;
    }
    if (need <= b->cap) {
        return 0;
    }
    while (cap < need) {
        cap *= 2;
    }
    cap = cap > b->max ? b->max : cap;
    p = mem_try_realloc(b->p, cap);
    if (!p) {
        b->failed = true;
        return ERR_NO_MEMORY;
    }
    b->p = p;
    b->cap = cap;
    return 0;
}

/* The common case of buf_reserve, to be inlined. */
static bool has_room(struct buf *b, size_t n)
{
    return (!b->failed && n <= b->cap - b->n) || buf_reserve(b, n) == 0;
}

void buf_add(struct buf *b, struct bytes bytes)
{
    if (bytes.n && has_room(b, bytes.n)) {
        memcpy(b->p + b->n, bytes.p, bytes.n);
        b->n += bytes.n;
    }
}

void buf_add_char(struct buf *b, char c)
{
    if (has_room(b, 1)) {
        b->p[b->n++] = c;
    }
}

void buf_add_u64(struct buf *b, unsigned long long value)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_add(b, bytes_of(digits + at, sizeof(digits) - at));
}

void buf_add_format(struct buf *b, const char *format, ...)
{
    char room[256];
    char *text = room;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(room, sizeof(room), format, args);
    va_end(args);
    if (n >= (int)sizeof(room)) {
        text = mem_try_realloc(NULL, (size_t)n + 1);
        if (!text) {
            b->failed = true;
            return;
        }
        va_start(args, format);
        (void)vsnprintf(text, (size_t)n + 1, format, args);
        va_end(args);
    }
    buf_add(b, bytes_of(text, n > 0 ? (size_t)n : 0));
    if (text != room) {
        mem_free(text);
    }
}

void buf_consume(struct buf *b, size_t n)
{
    ASSERT(n <= b->n);
    b->n -= n;
    if (b->n) {
        memmove(b->p, b->p + n, b->n);
    }
}

struct bytes buf_bytes(const struct buf *b)
{
    return bytes_of(b->p ? b->p : "", b->n);
}
