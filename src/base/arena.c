/* SPDX-License-Identifier: MIT */
/* Chunked memory that is freed all at once. */
#include "base/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"

enum { ARENA_CHUNK_BYTES = 4096 - 32 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t n; /* of room */
    max_align_t room[];
};

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

void arena_init_in(struct arena *a, void *room, size_t n)
{
    *a = (struct arena){.at = room, .end = (char *)room + n};
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->at, a->end, a->chunks, a->used_bytes};
}

void arena_rewind(struct arena *a, const struct arena_mark *mark)
{
    while (a->chunks != mark->chunks) {
        struct arena_chunk *chunk = a->chunks;

        a->chunks = chunk->next;
        mem_free(chunk);
    }
    a->at = mark->at;
    a->end = mark->end;
    a->used_bytes = mark->used_bytes;
}

bool arena_is_since(const struct arena *a, const struct arena_mark *mark, const char *p)
{
    for (const struct arena_chunk *chunk = a->chunks; chunk != mark->chunks; chunk = chunk->next) {
        const char *room = (const char *)chunk->room;

        if (p >= room && p < room + chunk->n) {
            return true;
        }
    }
    return p >= mark->at && p < mark->end;
}

void arena_fini(struct arena *a)
{
    arena_rewind(a, &(struct arena_mark){0});
}

static char *align_up(char *p)
{
    uintptr_t mask = _Alignof(max_align_t) - 1;

    return p + (-(uintptr_t)p & mask);
}

void *arena_alloc(struct arena *a, size_t n)
{
    char *p = a->at ? align_up(a->at) : NULL;

    if (!p || p > a->end || n > (size_t)(a->end - p)) {
        size_t room = n > ARENA_CHUNK_BYTES ? n : ARENA_CHUNK_BYTES;
        struct arena_chunk *chunk = mem_realloc(NULL, sizeof(*chunk) + room);

        chunk->next = a->chunks;
        chunk->n = room;
        a->chunks = chunk;
        p = (char *)chunk->room;
        a->end = p + room;
    }
    a->at = p + n;
    a->used_bytes += n;
    return p;
}

void *arena_calloc(struct arena *a, size_t n)
{
    return memset(arena_alloc(a, n), 0, n);
}

struct bytes arena_copy(struct arena *a, struct bytes b)
{
    char *p;

    if (!bytes_is_set(b)) {
        return b;
    }
    p = arena_alloc(a, b.n + 1);
    memcpy(p, b.p, b.n);
    p[b.n] = '\0';
    return bytes_of(p, b.n);
}

struct bytes arena_format(struct arena *a, const char *format, ...)
{
    va_list args;
    int n;
    char *p;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) {
        return BYTES("");
    }
    p = arena_alloc(a, (size_t)n + 1);
    va_start(args, format);
    (void)vsnprintf(p, (size_t)n + 1, format, args);
    va_end(args);
    return bytes_of(p, (size_t)n);
}
