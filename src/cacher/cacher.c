/* SPDX-License-Identifier: MIT */
/* Finds cachers by name, counts what is done with them, hands on. */
#include "cacher/cacher.h"

#include "metrics/metrics.h"
#include "json/json.h"

enum { US_PER_MS = 1000 };

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

/* --- counting --- */

void cacher_measure(struct cacher *c, struct metrics *metrics)
{
    static const enum metrics_id all[] = {
        METRICS_CACHER_GET_TOTAL,     METRICS_CACHER_GET_TIME,    METRICS_CACHER_FOUND_TOTAL,
        METRICS_CACHER_SET_TOTAL,     METRICS_CACHER_SET_TIME,    METRICS_CACHER_DEL_TOTAL,
        METRICS_CACHER_DEL_TIME,      METRICS_CACHER_CLEAN_TOTAL, METRICS_CACHER_CLEAN_TIME,
        METRICS_CACHER_EXPIRED_TOTAL,
    };

    c->metrics = metrics;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        (void)metrics_get(metrics, all[i]);
    }
}

static void count(struct cacher *c, enum metrics_id id)
{
    if (c->metrics) {
        metric_add(metric_item(metrics_get(c->metrics, id), NULL), 1);
    }
}

void cacher_count_expired(struct cacher *c)
{
    c->stats.expired++;
    count(c, METRICS_CACHER_EXPIRED_TOTAL);
}

/* What end_timing gets. */
static uint64_t begin_timing(struct cacher *c, enum metrics_id total)
{
    count(c, total);
    return c->metrics ? loop_now_us(c->metrics->loop) : 0;
}

static void end_timing(struct cacher *c, enum metrics_id time, uint64_t began_us)
{
    if (c->metrics) {
        uint64_t us = loop_now_us(c->metrics->loop) - began_us;

        metric_observe(metric_item(metrics_get(c->metrics, time), NULL), (double)us / US_PER_MS);
    }
}

/* --- handing on --- */

struct shared *cacher_get(struct cacher *c, struct bytes key)
{
    uint64_t began_us = begin_timing(c, METRICS_CACHER_GET_TOTAL);
    struct shared *value = c->ops->get(c, key);

    c->stats.gets++;
    if (value) {
        c->stats.found++;
        count(c, METRICS_CACHER_FOUND_TOTAL);
    }
    end_timing(c, METRICS_CACHER_GET_TIME, began_us);
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
    uint64_t began_us = begin_timing(c, METRICS_CACHER_SET_TOTAL);

    c->stats.sets++;
    c->ops->set(c, key, value, to_ms(ttl_s ? *ttl_s : c->options->ttl_s));
    end_timing(c, METRICS_CACHER_SET_TIME, began_us);
}

void cacher_del(struct cacher *c, struct bytes key)
{
    uint64_t began_us = begin_timing(c, METRICS_CACHER_DEL_TOTAL);

    c->stats.dels++;
    c->ops->del(c, key);
    end_timing(c, METRICS_CACHER_DEL_TIME, began_us);
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
    uint64_t began_us = begin_timing(c, METRICS_CACHER_CLEAN_TOTAL);

    c->stats.cleans++;
    if (bytes_is_set(pattern)) {
        clean_pattern(c, pattern);
    } else {
        c->ops->clean(c, NULL);
    }
    end_timing(c, METRICS_CACHER_CLEAN_TIME, began_us);
}

void cacher_clean_patterns(struct cacher *c, const struct event_patterns *patterns)
{
    uint64_t began_us = begin_timing(c, METRICS_CACHER_CLEAN_TOTAL);

    c->stats.cleans++;
    for (size_t i = 0; i < patterns->n; i++) {
        c->ops->clean(c, patterns->all[i]);
    }
    end_timing(c, METRICS_CACHER_CLEAN_TIME, began_us);
}

void cacher_clean_matching(struct cacher *c, struct bytes match)
{
    struct event_patterns patterns;

    event_patterns_init(&patterns, match);
    cacher_clean_patterns(c, &patterns);
    event_patterns_fini(&patterns);
}

struct shared *cacher_look(struct cacher *c, struct bytes key, uint64_t *out_left_ms)
{
    return c->ops->look(c, key, out_left_ms);
}

struct cacher_usage cacher_usage(const struct cacher *c)
{
    return c->ops->usage(c);
}
