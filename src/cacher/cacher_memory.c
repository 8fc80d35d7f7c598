/* SPDX-License-Identifier: MIT */
/* The cacher "Memory": everything stays until its time is over; at the limit the oldest goes. */
#include "cacher/cacher_store.h"

struct cacher_memory {
    struct cacher base;
    struct cacher_store store;
};

static struct cacher_store *store_of(struct cacher *c)
{
    return &container_of(c, struct cacher_memory, base)->store;
}

static struct cacher *memory_create(struct loop *loop, const struct cacher_options *options)
{
    struct cacher_memory *m = mem_new(struct cacher_memory);

    cacher_store_init(&m->store, loop, &m->base);
    m->store.max_bytes = options->limit_bytes;
    return &m->base;
}

static void memory_free(struct cacher *c)
{
    cacher_store_fini(store_of(c));
    mem_free(container_of(c, struct cacher_memory, base));
}

static struct shared *memory_get(struct cacher *c, struct bytes key)
{
    struct cacher_entry *e = cacher_store_find(store_of(c), key);

    return e ? shared_ref(e->value) : NULL;
}

static void memory_set(struct cacher *c, struct bytes key, struct bytes value, uint64_t ttl_ms)
{
    cacher_store_put(store_of(c), key, value, ttl_ms);
}

static void memory_del(struct cacher *c, struct bytes key)
{
    struct cacher_entry *e = cacher_store_find(store_of(c), key);

    if (e) {
        cacher_store_remove(store_of(c), e);
    }
}

static void memory_clean(struct cacher *c, const struct event_pattern *pattern)
{
    cacher_store_clean(store_of(c), pattern);
}

static struct shared *memory_look(struct cacher *c, struct bytes key, uint64_t *out_left_ms)
{
    return cacher_store_look(store_of(c), key, out_left_ms);
}

static struct cacher_usage memory_usage(const struct cacher *c)
{
    return cacher_store_usage(&container_of_const(c, struct cacher_memory, base)->store);
}

const struct cacher_ops cacher_memory_ops = {
    .name = "Memory",
    .is_refreshed = true,
    .create = memory_create,
    .free = memory_free,
    .get = memory_get,
    .set = memory_set,
    .del = memory_del,
    .clean = memory_clean,
    .look = memory_look,
    .usage = memory_usage,
};
