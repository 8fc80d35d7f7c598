/* SPDX-License-Identifier: MIT */
/* A growing queue of bytes for input and output of the load tools. */
#include "bench_buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_die.h"

#define BUF_MIN_CAPACITY 1024U

bool bench_text_is(struct bench_text text, const char *string)
{
    return text.len == strlen(string) && memcmp(text.at, string, text.len) == 0;
}

void bench_buf_fini(struct bench_buf *buf)
{
    free(buf->data);
    *buf = (struct bench_buf){0};
}

static void buf_grow(struct bench_buf *buf, size_t needed)
{
    size_t capacity = buf->capacity == 0 ? BUF_MIN_CAPACITY : buf->capacity;
    char *data;

    while (capacity < needed) {
        capacity *= 2;
    }
    data = realloc(buf->data, capacity);
    if (data == NULL) {
        bench_die("out of memory: %zu bytes for a buffer", capacity);
    }
    buf->data = data;
    buf->capacity = capacity;
}

char *bench_buf_reserve(struct bench_buf *buf, size_t len)
{
    size_t used = buf->end - buf->start;

    if (buf->data != NULL && buf->capacity - buf->end >= len) {
        return buf->data + buf->end;
    }
    if (buf->data != NULL && buf->start > 0) {
        memmove(buf->data, buf->data + buf->start, used);
        buf->start = 0;
        buf->end = used;
    }
    if (buf->data == NULL || buf->capacity - used < len) {
        buf_grow(buf, used + len);
    }
    return buf->data + buf->end;
}

void bench_buf_commit(struct bench_buf *buf, size_t len)
{
    buf->end += len;
}

size_t bench_buf_room(const struct bench_buf *buf)
{
    return buf->capacity - buf->end;
}

void bench_buf_append(struct bench_buf *buf, struct bench_text text)
{
    if (text.len == 0) {
        return;
    }
    memcpy(bench_buf_reserve(buf, text.len), text.at, text.len);
    bench_buf_commit(buf, text.len);
}

void bench_buf_printf(struct bench_buf *buf, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        bench_die("cannot format '%s'", format);
    }
    (void)bench_buf_reserve(buf, (size_t)len + 1);
    va_start(args, format);
    (void)vsnprintf(buf->data + buf->end, (size_t)len + 1, format, args);
    va_end(args);
    bench_buf_commit(buf, (size_t)len);
}

void bench_buf_consume(struct bench_buf *buf, size_t len)
{
    buf->start += len;
    if (buf->start == buf->end) {
        bench_buf_clear(buf);
    }
}

void bench_buf_clear(struct bench_buf *buf)
{
    buf->start = 0;
    buf->end = 0;
}

struct bench_text bench_buf_text(const struct bench_buf *buf)
{
    return (struct bench_text){buf->data + buf->start, buf->end - buf->start};
}
