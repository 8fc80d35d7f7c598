/* SPDX-License-Identifier: MIT */
/* Finds cachers by name, counts what is done with them, hands on. */
#include "cacher/cacher.h"

#include "json/json.h"

static const double TTL_S_MAX = 1e11; /* longer than any process lives, far from overflow */

const struct cacher_ops *cacher_find(struct bytes name)
{
    static const struct cacher_ops *const all[] = {&cacher_memory_ops, &cacher_memory_lru_ops};

    if (bytes_eq(name, BYTES("true"))) {
        return &cacher_memory_ops;
    }
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (bytes_eq_nocase(name, bytes_cstr(all[i]->name))) {
            return all[i];
        }
    }
    return NULL;
}

struct cacher *cacher_new(struct loop *loop, const struct cacher_options *options)
{
    const struct cacher_ops *ops = cacher_find(options->type);
    struct cacher *c = ops->create(loop, options);

    c->ops = ops;
    c->options = options;
    return c;
}

void cacher_free(struct cacher *c)
{
    if (c) {
        c->ops->free(c);
    }
}

struct shared *cacher_get(struct cacher *c, struct bytes key)
{
    struct shared *value = c->ops->get(c, key);

    c->stats.gets++;
    c->stats.found += value ? 1 : 0;
    return value;
}

static uint64_t to_ms(double ttl_s)
{
    if (!(ttl_s > 0)) {
        return 0;
    }
    ttl_s = ttl_s < TTL_S_MAX ? ttl_s : TTL_S_MAX;
    return ttl_s * 1000 >= 1 ? (uint64_t)(ttl_s * 1000) : 1;
}

void cacher_set(struct cacher *c, struct bytes key, struct bytes value, const double *ttl_s)
{
    c->stats.sets++;
    c->ops->set(c, key, value, to_ms(ttl_s ? *ttl_s : c->options->ttl_s));
}

void cacher_del(struct cacher *c, struct bytes key)
{
    c->stats.dels++;
    c->ops->del(c, key);
}

/* An invalid pattern matches nothing. */
static void clean_pattern(struct cacher *c, struct bytes pattern)
{
    struct event_pattern *compiled = event_pattern_new(pattern);

    if (compiled) {
        c->ops->clean(c, compiled);
        event_pattern_free(compiled);
    }
}

void cacher_clean(struct cacher *c, struct bytes pattern)
{
    c->stats.cleans++;
    if (bytes_is_set(pattern)) {
        clean_pattern(c, pattern);
    } else {
        c->ops->clean(c, NULL);
    }
}

static void clean_item(struct cacher *c, struct bytes item)
{
    struct arena arena;
    struct bytes pattern;

    arena_init(&arena);
    pattern = json_string(item, &arena);
    if (bytes_is_set(pattern)) {
        clean_pattern(c, pattern);
    }
    arena_fini(&arena);
}

void cacher_clean_matching(struct cacher *c, struct bytes match)
{
    struct json_iter it = json_iter(match);
    struct bytes item;

    c->stats.cleans++;
    if (json_type(match) != JSON_ARRAY) {
        clean_item(c, match);
        return;
    }
    while (json_next_item(&it, &item)) {
        clean_item(c, item);
    }
}

struct shared *cacher_look(struct cacher *c, struct bytes key, uint64_t *out_left_ms)
{
    return c->ops->look(c, key, out_left_ms);
}

struct cacher_usage cacher_usage(const struct cacher *c)
{
    return c->ops->usage(c);
}
