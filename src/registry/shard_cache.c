/* SPDX-License-Identifier: MIT */
/* A map and a list of the order of use. */
#include "registry/shard_cache.h"

#include "base/assert.h"

struct shard_cache_entry {
    struct list link;
    unsigned place, n;
    char key[];
};

void shard_cache_init(struct shard_cache *c, double size)
{
    map_init(&c->entries);
    list_init(&c->used);
    size = size < SHARD_CACHE_MAX ? size : SHARD_CACHE_MAX;
    c->max = size > 0 ? (unsigned)size : 0;
}

static void drop(struct shard_cache *c, struct list *link)
{
    struct shard_cache_entry *e = list_entry(link, struct shard_cache_entry, link);

    (void)map_remove(&c->entries, bytes_of(e->key, e->n));
    list_remove(link);
    mem_free(e);
}

void shard_cache_clear(struct shard_cache *c)
{
    list_for_each_safe (link, &c->used) {
        drop(c, link);
    }
    map_fini(&c->entries);
}

bool shard_cache_get(struct shard_cache *c, struct bytes key, unsigned *out_place)
{
    struct shard_cache_entry *e = map_get(&c->entries, key);

    if (!e) {
        return false;
    }
    list_remove(&e->link);
    list_prepend(&c->used, &e->link);
    *out_place = e->place;
    return true;
}

void shard_cache_put(struct shard_cache *c, struct bytes key, unsigned place)
{
    struct shard_cache_entry *e;

    if (c->max == 0 || key.n > SHARD_CACHE_KEY_BYTES) {
        return;
    }
    if (c->entries.count == c->max) {
        drop(c, c->used.prev);
    }
    e = mem_alloc(sizeof(*e) + key.n);
    e->place = place;
    e->n = (unsigned)key.n;
    memcpy(e->key, key.p, key.n);
    list_prepend(&c->used, &e->link);
    ASSERT(!map_set(&c->entries, bytes_of(e->key, e->n), e));
}
