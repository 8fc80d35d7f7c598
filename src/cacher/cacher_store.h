/* SPDX-License-Identifier: MIT */
/*
 * A table of values with an end to each and a limit to all: the first of the row makes room. Keys
 * and values count with what keeping them takes, so the limit is that of the memory in use.
 */
#pragma once

#include "base/map.h"
#include "cacher/cacher.h"

struct cacher_entry {
    struct list link;
    struct bytes key;     /* in the entry's own memory */
    struct shared *value; /* ref */
    uint64_t ttl_ms;      /* 0: no end */
    uint64_t ends_ms;     /* loop time */
    size_t bytes;
};

struct cacher_store {
    struct loop *loop;
    struct cacher *owner; /* borrowed */
    struct map entries;   /* key -> struct cacher_entry, owned */
    struct list row;      /* of struct cacher_entry.link: the next to go first */
    size_t n_bytes, max_bytes;
    size_t max_entries; /* 0: no limit */
    struct loop_timer sweep;
};

void cacher_store_init(struct cacher_store *s, struct loop *loop, struct cacher *owner);
void cacher_store_fini(struct cacher_store *s);
/* NULL: none, or its time is over. */
struct cacher_entry *cacher_store_find(struct cacher_store *s, struct bytes key);
/* A new reference to its value, or NULL, and how long it stays. */
struct shared *cacher_store_look(struct cacher_store *s, struct bytes key, uint64_t *out_left_ms);
struct cacher_usage cacher_store_usage(const struct cacher_store *s);
/* It was used: others go before it. */
void cacher_store_touch(struct cacher_store *s, struct cacher_entry *e);
/* Its time begins anew. */
void cacher_store_renew(struct cacher_store *s, struct cacher_entry *e);
void cacher_store_put(struct cacher_store *s, struct bytes key, struct bytes value,
                      uint64_t ttl_ms);
void cacher_store_remove(struct cacher_store *s, struct cacher_entry *e);
void cacher_store_clean(struct cacher_store *s, const struct event_pattern *pattern);
