/* SPDX-License-Identifier: MIT */
/*
 * The same node for the same key, by consistent hashing. The ring is made of all nodes of the list;
 * where a breaker is open, its keys go to the next node on the ring meanwhile, the others stay.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "registry/registry.h"
#include "registry/shard_cache.h"
#include "registry/shard_ring.h"
#include "value/value_convert.h"
#include "value/value_path.h"

enum { SHARD_PATH_BYTES = 256, SHARD_ROOM_BYTES = 1024, SHARD_VNODES = 10, SHARD_CACHED = 1000 };

struct strategy_shard {
    struct strategy base;
    struct bytes path; /* owned; none: no key */
    bool is_of_meta;
    double vnodes, ring_size;
    struct shard_cache cache;
    struct registry_node **nodes; /* owned array, sorted; borrowed from the list's endpoints */
    struct shard_ring ring;       /* n_nodes 0: to be made anew */
};

/* --- the key --- */

/* A longer path is none that anybody means. */
static void take_path(struct strategy_shard *s, struct bytes key)
{
    char room[SHARD_ROOM_BYTES];
    struct arena arena;
    struct bytes path;

    arena_init_in(&arena, room, sizeof(room));
    path = json_string(key, &arena);
    if (path.n > 0 && path.n <= SHARD_PATH_BYTES) {
        s->is_of_meta = path.p[0] == '#';
        path = bytes_from(path, s->is_of_meta ? 1 : 0);
        s->path = bytes_of(mem_strndup(path.p, path.n), path.n);
    }
    arena_fini(&arena);
}

/* What the path names; NULL: undefined. */
static struct value *value_of(const struct strategy_shard *s, struct bytes root,
                              struct arena *arena)
{
    struct bytes own = json_get(root, s->path);

    if (bytes_is_set(own)) {
        return value_parse(own, arena);
    }
    if (json_is_object(root) && bytes_find(s->path, '.') == s->path.n &&
        bytes_find(s->path, '[') == s->path.n) {
        return NULL; /* nothing is parsed for a plain name */
    }
    return value_path_get(value_parse(root, arena), s->path, arena);
}

/* Text of the key; none: there is none. */
static struct bytes key_of(const struct strategy_shard *s, const struct strategy_input *input,
                           struct arena *arena)
{
    struct value *key;

    if (!input || !bytes_is_set(s->path)) {
        return BYTES_NONE;
    }
    key = value_of(s, s->is_of_meta ? input->meta : input->params, arena);
    return value_is_nullish(key) ? BYTES_NONE : value_convert_text(key, arena);
}

/* --- the ring --- */

static int compare_nodes(const void *a, const void *b)
{
    const struct registry_node *const *left = a, *const *right = b;

    return shard_ring_compare((*left)->id->bytes, (*right)->id->bytes);
}

static void build_ring(struct strategy_shard *s, const struct endpoint_list *list)
{
    s->nodes = mem_realloc(s->nodes, list->n_items * sizeof(const struct registry_node *));
    for (unsigned i = 0; i < list->n_items; i++) {
        s->nodes[i] = list->items[i]->node;
    }
    qsort(s->nodes, list->n_items, sizeof(const struct registry_node *), compare_nodes);
    shard_ring_init(&s->ring, list->n_items, s->vnodes, s->ring_size);
}

static unsigned place_of(struct strategy_shard *s, struct bytes key)
{
    unsigned place;

    if (!shard_cache_get(&s->cache, key, &place)) {
        place = shard_ring_find(&s->ring, key);
        shard_cache_put(&s->cache, key, place);
    }
    return place;
}

static struct endpoint *of_node(const struct registry_node *node,
                                struct endpoint *const *candidates, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (candidates[i]->node == node) {
            return candidates[i];
        }
    }
    return NULL;
}

/* The node at that place, or the next one that is a candidate. */
static struct endpoint *from_place(const struct strategy_shard *s, unsigned place,
                                   struct endpoint *const *candidates, unsigned n)
{
    struct endpoint *e = NULL;

    for (unsigned i = 0; i < s->ring.n_nodes && !e; i++) {
        e = of_node(s->nodes[(place + i) % s->ring.n_nodes], candidates, n);
    }
    return e;
}

static struct endpoint *choose(struct strategy *base, struct endpoint *const *candidates,
                               unsigned n, const struct strategy_input *input)
{
    struct strategy_shard *s = container_of(base, struct strategy_shard, base);
    struct endpoint *e = NULL;
    char room[SHARD_ROOM_BYTES];
    struct arena arena;
    struct bytes key;

    arena_init_in(&arena, room, sizeof(room));
    key = key_of(s, input, &arena);
    if (bytes_is_set(key)) {
        unsigned place;

        if (s->ring.n_nodes == 0) {
            build_ring(s, candidates[0]->list);
        }
        place = place_of(s, key);
        e = place < s->ring.n_nodes ? from_place(s, place, candidates, n) : NULL;
    }
    arena_fini(&arena);
    return e ? e : strategy_any(candidates, n);
}

/* --- life --- */

static void changed(struct strategy *base)
{
    struct strategy_shard *s = container_of(base, struct strategy_shard, base);

    s->ring.n_nodes = 0;
    shard_cache_clear(&s->cache);
}

static struct strategy *create(struct registry *r, struct bytes options)
{
    struct strategy_shard *s = mem_new(struct strategy_shard);

    s->base.ops = &strategy_shard_ops;
    take_path(s, json_get(options, BYTES("shardKey")));
    s->vnodes = strategy_number(options, BYTES("vnodes"), SHARD_VNODES);
    s->vnodes = s->vnodes > 0 ? s->vnodes : SHARD_VNODES;
    s->ring_size = strategy_number(options, BYTES("ringSize"), 0);
    shard_cache_init(&s->cache, strategy_number(options, BYTES("cacheSize"), SHARD_CACHED));
    return &s->base;
}

static void destroy(struct strategy *base)
{
    struct strategy_shard *s = container_of(base, struct strategy_shard, base);

    shard_cache_clear(&s->cache);
    mem_free((char *)(uintptr_t)s->path.p);
    mem_free(s->nodes);
    mem_free(s);
}

const struct strategy_ops strategy_shard_ops = {
    .name = "Shard",
    .create = create,
    .free = destroy,
    .choose = choose,
    .changed = changed,
};
