/* SPDX-License-Identifier: MIT */
/*
 * The cacher "MemoryLRU": at most so many entries; the least recently used goes. With a ttl in its
 * options every use begins an entry's time anew.
 */
#include "cacher/cacher_store.h"

struct cacher_memory_lru {
    struct cacher base;
    struct cacher_store store;
};

static struct cacher_store *store_of(struct cacher *c)
{
    return &container_of(c, struct cacher_memory_lru, base)->store;
}

static struct cacher *lru_create(struct loop *loop, const struct cacher_options *options)
{
    struct cacher_memory_lru *m = mem_new(struct cacher_memory_lru);

    cacher_store_init(&m->store, loop, &m->base);
    m->store.max_bytes = options->limit_bytes;
    m->store.max_entries = options->max_entries;
    return &m->base;
}

static void lru_free(struct cacher *c)
{
    cacher_store_fini(store_of(c));
    mem_free(container_of(c, struct cacher_memory_lru, base));
}

static struct shared *lru_get(struct cacher *c, struct bytes key)
{
    struct cacher_store *s = store_of(c);
    struct cacher_entry *e = cacher_store_find(s, key);

    if (!e) {
        return NULL;
    }
    cacher_store_touch(s, e);
    if (c->options->ttl_s > 0) {
        cacher_store_renew(s, e);
    }
    return shared_ref(e->value);
}

static void lru_set(struct cacher *c, struct bytes key, struct bytes value, uint64_t ttl_ms)
{
    cacher_store_put(store_of(c), key, value, ttl_ms);
}

static void lru_del(struct cacher *c, struct bytes key)
{
    struct cacher_entry *e = cacher_store_find(store_of(c), key);

    if (e) {
        cacher_store_remove(store_of(c), e);
    }
}

static void lru_clean(struct cacher *c, const struct event_pattern *pattern)
{
    cacher_store_clean(store_of(c), pattern);
}

static struct shared *lru_look(struct cacher *c, struct bytes key, uint64_t *out_left_ms)
{
    return cacher_store_look(store_of(c), key, out_left_ms);
}

static struct cacher_usage lru_usage(const struct cacher *c)
{
    return cacher_store_usage(&container_of_const(c, struct cacher_memory_lru, base)->store);
}

const struct cacher_ops cacher_memory_lru_ops = {
    .name = "MemoryLRU",
    .create = lru_create,
    .free = lru_free,
    .get = lru_get,
    .set = lru_set,
    .del = lru_del,
    .clean = lru_clean,
    .look = lru_look,
    .usage = lru_usage,
};
