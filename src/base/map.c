/* SPDX-License-Identifier: MIT */
/* Insertion-ordered hash table: a dense array of entries and an open-addressed index into it. */
#include "base/map.h"

#include "base/mem.h"

enum { MAP_FIRST_SLOTS = 8 };

void map_init(struct map *m)
{
    *m = (struct map){0};
}

void map_fini(struct map *m)
{
    mem_free(m->entries);
    mem_free(m->slots);
    map_init(m);
}

static struct map_entry *find(const struct map *m, struct bytes key, uint64_t hash)
{
    for (size_t i = hash & (m->n_slots - 1); m->slots[i]; i = (i + 1) & (m->n_slots - 1)) {
        struct map_entry *e = &m->entries[m->slots[i] - 1];

        if (e->value && e->hash == hash && bytes_eq(e->key, key)) {
            return e;
        }
    }
    return NULL;
}

static void index_entry(struct map *m, size_t entry)
{
    size_t i = m->entries[entry].hash & (m->n_slots - 1);

    while (m->slots[i]) {
        i = (i + 1) & (m->n_slots - 1);
    }
    m->slots[i] = (unsigned)entry + 1;
}

/* Drops the holes and indexes what is left in a table at most half full. */
static void rebuild(struct map *m)
{
    size_t n_slots = MAP_FIRST_SLOTS;
    size_t n = 0;

    while (n_slots < (m->count + 1) * 4) {
        n_slots *= 2;
    }
    for (size_t i = 0; i < m->n_entries; i++) {
        if (m->entries[i].value) {
            m->entries[n++] = m->entries[i];
        }
    }
    m->n_entries = n;
    m->cap = n_slots / 2;
    m->entries = mem_realloc(m->entries, m->cap * sizeof(*m->entries));
    mem_free(m->slots);
    m->slots = mem_alloc(n_slots * sizeof(*m->slots));
    m->n_slots = n_slots;
    for (size_t i = 0; i < n; i++) {
        index_entry(m, i);
    }
}

static struct map_entry *look_up(const struct map *m, struct bytes key)
{
    return m->count ? find(m, key, hash_bytes(&m->hash_key, key)) : NULL;
}

void *map_get(const struct map *m, struct bytes key)
{
    struct map_entry *e = look_up(m, key);

    return e ? e->value : NULL;
}

void *map_set(struct map *m, struct bytes key, void *value)
{
    struct map_entry *e;
    uint64_t hash;

    if (m->n_slots == 0) {
        m->hash_key = hash_key_random();
        rebuild(m);
    }
    hash = hash_bytes(&m->hash_key, key);
    e = find(m, key, hash);
    if (e) {
        void *old = e->value;

        e->key = key;
        e->value = value;
        return old;
    }
    if (m->n_entries == m->cap) {
        rebuild(m);
    }
    m->entries[m->n_entries] = (struct map_entry){key, value, hash};
    index_entry(m, m->n_entries++);
    m->count++;
    return NULL;
}

void *map_remove(struct map *m, struct bytes key)
{
    struct map_entry *e = look_up(m, key);
    void *old = e ? e->value : NULL;

    if (e) {
        e->value = NULL;
        e->key = BYTES_NONE;
        m->count--;
    }
    return old;
}

struct map_entry *map_next(const struct map *m, struct map_entry *previous)
{
    struct map_entry *e = previous ? previous + 1 : m->entries;
    struct map_entry *end = m->entries + m->n_entries;

    while (e < end && !e->value) {
        e++;
    }
    return e < end ? e : NULL;
}
