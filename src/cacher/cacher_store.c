/* SPDX-License-Identifier: MIT */
/* Entries in a row and by key; those whose time is over are swept out every now and then. */
#include "cacher/cacher_store.h"

/* What an entry takes besides its texts: itself, its place in the table, the heap's own. */
enum {
    SWEEP_MS = 30000,
    ENTRY_OVERHEAD_BYTES = sizeof(struct cacher_entry) + 160,
    CLEAN_WORK = 40000000 /* of one pattern and all keys: a tenth of a second */
};

void cacher_store_remove(struct cacher_store *s, struct cacher_entry *e)
{
    map_remove(&s->entries, e->key);
    list_remove(&e->link);
    s->n_bytes -= e->bytes;
    shared_unref(e->value);
    mem_free(e);
}

static bool is_over(const struct cacher_store *s, const struct cacher_entry *e)
{
    return e->ttl_ms && e->ends_ms <= loop_now_ms(s->loop);
}

static void expire(struct cacher_store *s, struct cacher_entry *e)
{
    cacher_count_expired(s->owner);
    cacher_store_remove(s, e);
}

static void on_sweep(struct loop_timer *timer)
{
    struct cacher_store *s = container_of(timer, struct cacher_store, sweep);

    list_for_each_safe (link, &s->row) {
        struct cacher_entry *e = list_entry(link, struct cacher_entry, link);

        if (is_over(s, e)) {
            expire(s, e);
        }
    }
    if (!list_is_empty(&s->row)) {
        loop_timer_start(timer, SWEEP_MS);
    }
}

void cacher_store_init(struct cacher_store *s, struct loop *loop, struct cacher *owner)
{
    s->loop = loop;
    s->owner = owner;
    map_init(&s->entries);
    list_init(&s->row);
    loop_timer_init(loop, &s->sweep, on_sweep);
}

void cacher_store_fini(struct cacher_store *s)
{
    cacher_store_clean(s, NULL);
    loop_timer_stop(&s->sweep);
    map_fini(&s->entries);
}

struct cacher_entry *cacher_store_find(struct cacher_store *s, struct bytes key)
{
    struct cacher_entry *e = map_get(&s->entries, key);

    if (e && is_over(s, e)) {
        expire(s, e);
        return NULL;
    }
    return e;
}

struct shared *cacher_store_look(struct cacher_store *s, struct bytes key, uint64_t *out_left_ms)
{
    struct cacher_entry *e = cacher_store_find(s, key);

    if (!e) {
        return NULL;
    }
    *out_left_ms = e->ttl_ms ? e->ends_ms - loop_now_ms(s->loop) : 0;
    return shared_ref(e->value);
}

struct cacher_usage cacher_store_usage(const struct cacher_store *s)
{
    return (struct cacher_usage){.entries = s->entries.count, .bytes = s->n_bytes};
}

void cacher_store_touch(struct cacher_store *s, struct cacher_entry *e)
{
    list_remove(&e->link);
    list_append(&s->row, &e->link);
}

void cacher_store_renew(struct cacher_store *s, struct cacher_entry *e)
{
    e->ends_ms = loop_now_ms(s->loop) + e->ttl_ms;
}

static void make_room(struct cacher_store *s, size_t bytes)
{
    while (!list_is_empty(&s->row) && (s->n_bytes + bytes > s->max_bytes ||
                                       (s->max_entries && s->entries.count >= s->max_entries))) {
        struct cacher_entry *first = list_entry(s->row.next, struct cacher_entry, link);

        s->owner->stats.evicted++;
        cacher_store_remove(s, first);
    }
}

void cacher_store_put(struct cacher_store *s, struct bytes key, struct bytes value, uint64_t ttl_ms)
{
    struct cacher_entry *e = map_get(&s->entries, key);
    size_t bytes = ENTRY_OVERHEAD_BYTES + key.n + value.n;
    char *text;

    if (e) {
        cacher_store_remove(s, e);
    }
    if (bytes > s->max_bytes) {
        return;
    }
    make_room(s, bytes);
    e = mem_alloc(sizeof(*e) + key.n);
    text = (char *)(e + 1);
    if (key.n) {
        memcpy(text, key.p, key.n);
    }
    e->key = bytes_of(text, key.n);
    e->value = shared_new(value);
    e->ttl_ms = ttl_ms;
    e->bytes = bytes;
    cacher_store_renew(s, e);
    list_append(&s->row, &e->link);
    map_set(&s->entries, e->key, e);
    s->n_bytes += bytes;
    if (!loop_timer_is_running(&s->sweep)) {
        loop_timer_start(&s->sweep, SWEEP_MS);
    }
}

/* Where a pattern takes too much to tell, rather too much goes than too little. */
void cacher_store_clean(struct cacher_store *s, const struct event_pattern *pattern)
{
    uint64_t work = CLEAN_WORK;

    list_for_each_safe (link, &s->row) {
        struct cacher_entry *e = list_entry(link, struct cacher_entry, link);

        if (!pattern || event_pattern_test_within(pattern, e->key, &work) || work == 0) {
            cacher_store_remove(s, e);
        }
    }
}
