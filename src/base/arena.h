/* SPDX-License-Identifier: MIT */
/*
 * Memory that is freed all at once. The first chunk may lie in the owner (arena_init_in), so
 * that short lives cost no allocation. Sizes that a peer chooses must have passed a limit before.
 */
#pragma once

#include "base/bytes.h"

struct arena_chunk;

struct arena {
    char *at, *end;             /* free room of the current chunk */
    struct arena_chunk *chunks; /* owned, newest first */
    size_t used_bytes;          /* handed out so far */
};

/* A moment of an arena that it can go back to. */
struct arena_mark {
    char *at, *end;
    struct arena_chunk *chunks;
    size_t used_bytes;
};

void arena_init(struct arena *a);
/* room stays the caller's and must outlive the arena. */
void arena_init_in(struct arena *a, void *room, size_t n);
void arena_fini(struct arena *a); /* frees everything; the arena is empty and usable again */
/* Aligned for any type, not zeroed. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_calloc(struct arena *a, size_t n);
/* Copies; BYTES_NONE stays BYTES_NONE. A NUL follows the copy. */
struct bytes arena_copy(struct arena *a, struct bytes b);
struct bytes arena_format(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct arena_mark arena_mark(const struct arena *a);
/* Frees what was handed out since then, and makes later marks void. */
void arena_rewind(struct arena *a, const struct arena_mark *mark);
/* Whether p points to something handed out since then. */
bool arena_is_since(const struct arena *a, const struct arena_mark *mark, const char *p);

#define arena_new(a, type) ((type *)arena_calloc(a, sizeof(type)))
