/* SPDX-License-Identifier: MIT */
/*
 * Keeps results of actions under keys (docs/protocol.md, Caching). Values are JSON text. What keeps
 * them is behind a table; both of today's are in memory, answer at once and never grow past their
 * limit.
 */
#pragma once

#include "base/shared.h"
#include "loop/loop.h"
#include "model/broker_options.h"
#include "model/event_patterns.h"

struct cacher;
struct metrics;

/* Since the start. */
struct cacher_stats {
    uint64_t gets, found, sets, dels, cleans;
    uint64_t expired; /* entries whose time was over */
    uint64_t evicted; /* entries that had to make room */
};

/* Now. */
struct cacher_usage {
    size_t entries, bytes; /* ended entries count until they are found or swept out */
};

struct cacher_ops {
    const char *name;
    bool is_refreshed; /* lock.staleTime of an action counts */
    struct cacher *(*create)(struct loop *loop, const struct cacher_options *options);
    void (*free)(struct cacher *c);
    /* A new reference, or NULL. */
    struct shared *(*get)(struct cacher *c, struct bytes key);
    /* Copies both. ttl_ms 0: no end. What is larger than the whole cache may be is not kept. */
    void (*set)(struct cacher *c, struct bytes key, struct bytes value, uint64_t ttl_ms);
    void (*del)(struct cacher *c, struct bytes key);
    void (*clean)(struct cacher *c, const struct event_pattern *pattern); /* NULL: everything */
    /* As get, but it is no use: nothing is renewed. *out_left_ms 0: no end. */
    struct shared *(*look)(struct cacher *c, struct bytes key, uint64_t *out_left_ms);
    struct cacher_usage (*usage)(const struct cacher *c);
};

/* First member of each implementation; base and options are filled in by cacher_new. */
struct cacher {
    const struct cacher_ops *ops;
    const struct cacher_options *options; /* borrowed */
    struct cacher_stats stats;
    struct metrics *metrics; /* borrowed; NULL: none are kept */
};

extern const struct cacher_ops cacher_memory_ops;
extern const struct cacher_ops cacher_memory_lru_ops;

/* By name, without regard to case; "true" is Memory. NULL: unknown. */
const struct cacher_ops *cacher_find(struct bytes name);
/* options->type is known (cacher_find); options is borrowed for the cacher's life. */
struct cacher *cacher_new(struct loop *loop, const struct cacher_options *options);
void cacher_free(struct cacher *c); /* NULL passes */
/* From now on moleculer.cacher.* is counted in these (borrowed; NULL passes). A hit is what counts
 * as found: what is there but over does not, unlike in the original. */
void cacher_measure(struct cacher *c, struct metrics *metrics);
/* For implementations: the time of an entry was over. */
void cacher_count_expired(struct cacher *c);

/* A new reference to the value, or NULL. */
struct shared *cacher_get(struct cacher *c, struct bytes key);
/* ttl_s: the action's; NULL: that of the options. 0 and less: no end. */
void cacher_set(struct cacher *c, struct bytes key, struct bytes value, const double *ttl_s);
void cacher_del(struct cacher *c, struct bytes key);
/* All keys that match as event names do (model/event_match.h); BYTES_NONE: all there are. */
void cacher_clean(struct cacher *c, struct bytes pattern);
/* The same for any of several patterns. */
void cacher_clean_patterns(struct cacher *c, const struct event_patterns *patterns);
/* The same, compiled for this once. match: slice: a text, or an array whose texts count. */
void cacher_clean_matching(struct cacher *c, struct bytes match);

/* --- for who looks at it from outside: counted nowhere --- */
/* A new reference, or NULL; *out_left_ms: how long it stays, 0: no end. */
struct shared *cacher_look(struct cacher *c, struct bytes key, uint64_t *out_left_ms);
struct cacher_usage cacher_usage(const struct cacher *c);
