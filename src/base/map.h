/* SPDX-License-Identifier: MIT */
/*
 * Hash table from text to pointer that iterates in insertion order. Keys are borrowed: they live
 * in the value, and both outlive the entry. Removing while iterating is allowed. Each table hashes
 * with a random key of its own: callers that choose keys cannot make them collide.
 */
#pragma once

#include "base/bytes.h"
#include "base/hash.h"

struct map_entry {
    struct bytes key;
    void *value; /* NULL: removed */
    uint64_t hash;
};

struct map {
    struct map_entry *entries; /* owned, in insertion order, holes have a NULL value */
    size_t n_entries, cap;     /* used (holes included) and allocated */
    unsigned *slots;           /* owned; index + 1 of the entry, 0 free */
    size_t n_slots;            /* power of two, or 0 */
    size_t count;              /* live entries */
    struct hash_key hash_key;  /* drawn with the first entry */
};

void map_init(struct map *m);
void map_fini(struct map *m);                         /* frees the table, not the values */
void *map_get(const struct map *m, struct bytes key); /* NULL when absent */
/* Replaces in place (the key too) or appends; value is not NULL. Returns what was there. */
void *map_set(struct map *m, struct bytes key, void *value);
/* Returns what was there, or NULL. */
void *map_remove(struct map *m, struct bytes key);

/* for (struct map_entry *e; the body may remove entries, not add any) */
struct map_entry *map_next(const struct map *m, struct map_entry *previous);
#define map_for_each(e, m) for (struct map_entry *e = map_next(m, NULL); e; e = map_next(m, e))
