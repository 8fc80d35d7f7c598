/* SPDX-License-Identifier: MIT */
/*
 * Answers calls of own actions from the cache, and keeps what their handlers answer
 * (docs/protocol.md, Caching). With a lock, calls of the same key wait for the first of them
 * instead of running the handler, too; a result that ends soon (staleTime) is fetched anew behind a
 * call that is answered with it. Events with "cleanCache" clean the cache before their handler
 * runs.
 */
#include "broker/broker.h"
#include "cacher/cacher.h"
#include "cacher/cacher_rule.h"
#include "middleware/middleware.h"
#include "registry/endpoint_attachment.h"

enum { MS_PER_S = 1000 };

struct cacher_middleware {
    struct middleware base;
    struct cacher *cacher; /* borrowed; NULL: none */
    enum cacher_key_form form;
    struct map locks; /* key -> struct lock, owned */
};

/* An action's rule. */
struct caching {
    struct endpoint_attachment attachment;
    struct cacher_rule rule;
    struct arena arena;
};

/* What an event cleans. */
struct cleaning {
    struct endpoint_attachment attachment;
    bool is_given, is_of_all;
    struct event_patterns patterns;
};

/* A call or a refresh has it, or it is on its way to the next. */
struct lock {
    struct cacher_middleware *m;
    struct loop *loop;
    struct shared *key;  /* owned ref */
    struct list waiting; /* of struct visit.link */
    struct loop_defer pass;
};

/* A call that found nothing, or a refresh. */
struct visit {
    struct context *ctx;
    struct bytes key;
    bool has_ttl;
    double ttl_s;
    struct lock *lock; /* NULL: needs none */
    struct list link;
};

/* --- rules --- */

static void caching_init(struct endpoint_attachment *a)
{
    arena_init(&container_of(a, struct caching, attachment)->arena);
}

static void caching_fini(struct endpoint_attachment *a)
{
    arena_fini(&container_of(a, struct caching, attachment)->arena);
}

static void caching_read(struct endpoint_attachment *a)
{
    struct caching *c = container_of(a, struct caching, attachment);

    arena_fini(&c->arena);
    cacher_rule_read(&c->rule, json_get(a->endpoint->definition, BYTES("cache")), &c->arena);
}

static const struct cacher_rule *rule_of(struct cacher_middleware *m, struct endpoint *e)
{
    static const struct endpoint_attachment_ops ops = {
        .size = sizeof(struct caching),
        .init = caching_init,
        .read = caching_read,
        .fini = caching_fini,
    };

    return &container_of(endpoint_attachment_of(e, &ops, m), struct caching, attachment)->rule;
}

static void cleaning_read(struct endpoint_attachment *a)
{
    struct cleaning *c = container_of(a, struct cleaning, attachment);
    struct bytes match = json_get(a->endpoint->definition, BYTES("cleanCache"));

    c->is_given = json_type(match) == JSON_STRING || json_type(match) == JSON_ARRAY;
    c->is_of_all = json_is_true(match);
    event_patterns_fini(&c->patterns);
    event_patterns_init(&c->patterns, match);
}

static void cleaning_fini(struct endpoint_attachment *a)
{
    event_patterns_fini(&container_of(a, struct cleaning, attachment)->patterns);
}

static const struct cleaning *cleaning_of(struct cacher_middleware *m, struct endpoint *e)
{
    static const struct endpoint_attachment_ops ops = {
        .size = sizeof(struct cleaning),
        .read = cleaning_read,
        .fini = cleaning_fini,
    };

    return container_of(endpoint_attachment_of(e, &ops, m), struct cleaning, attachment);
}

/* --- looking it up --- */

static bool is_bypassed(const struct context *ctx)
{
    struct bytes wish = json_get(ctx->meta, BYTES("$cache"));

    return json_type(wish) == JSON_BOOL && !json_is_true(wish);
}

/* BYTES_NONE: the call is not to be cached. */
static struct bytes key_of(const struct cacher_middleware *m, const struct cacher_rule *rule,
                           struct context *ctx)
{
    const struct cacher_options *o = m->cacher->options;
    struct cacher_key_call call = {
        .action = ctx->name,
        .params = ctx->params,
        .meta = ctx->meta,
        .headers = bytes_is_set(ctx->headers) ? ctx->headers : BYTES("{}"),
    };
    struct cacher_key_options options = {
        .form = m->form,
        .has_keys = rule->has_keys,
        .keys = rule->keys,
        .n_keys = rule->n_keys,
        .max_length = o->max_params_length,
    };
    struct bytes key = BYTES_NONE;
    struct buf text;

    if (is_bypassed(ctx) || !cacher_rule_applies(rule, &call)) {
        return BYTES_NONE;
    }
    buf_init(&text, BUF_NO_LIMIT);
    cacher_key_add(&text, &call, &options);
    if (!text.failed && text.n <= o->limit_bytes) {
        key = arena_copy(&ctx->arena, buf_bytes(&text));
    }
    buf_fini(&text);
    return key;
}

/* Takes the value's reference over. */
static void answer(struct context *ctx, struct shared *value)
{
    if (ctx->held) {
        ctx->result = arena_copy(&ctx->arena, value->bytes);
        shared_unref(value);
    } else {
        ctx->held = value;
        ctx->result = value->bytes;
    }
}

/* --- locks --- */

static void lock_free(struct lock *lock)
{
    map_remove(&lock->m->locks, lock->key->bytes);
    loop_defer_stop(&lock->pass);
    shared_unref(lock->key);
    mem_free(lock);
}

/* The next call gets it from the loop, not from the one that had it: a long row must not nest. */
static void unlock(struct lock *lock)
{
    if (list_is_empty(&lock->waiting)) {
        lock_free(lock);
    } else {
        loop_defer_start(lock->loop, &lock->pass);
    }
}

static void on_pass(struct loop_defer *defer)
{
    struct lock *lock = container_of(defer, struct lock, pass);
    struct list *first = list_pop(&lock->waiting);
    struct visit *next;
    struct shared *value;

    if (!first) {
        lock_free(lock); /* who waited has been given up */
        return;
    }
    next = list_entry(first, struct visit, link);
    value = cacher_get(lock->m->cacher, next->key);
    if (value) {
        answer(next->ctx, value);
        unlock(lock);
        pipeline_resume(next->ctx, PIPELINE_DONE);
    } else {
        next->lock = lock;
        pipeline_resume(next->ctx, PIPELINE_NEXT);
    }
}

/* Nobody has one for that key. */
static struct lock *lock_new(struct cacher_middleware *m, struct loop *loop, struct bytes key)
{
    struct lock *lock = mem_new(struct lock);

    lock->m = m;
    lock->loop = loop;
    lock->key = shared_new(key);
    list_init(&lock->waiting);
    loop_defer_init(&lock->pass, on_pass);
    map_set(&m->locks, lock->key->bytes, lock);
    return lock;
}

static enum pipeline_step acquire(struct cacher_middleware *m, struct visit *visit)
{
    struct lock *lock = map_get(&m->locks, visit->key);

    if (lock) {
        list_append(&lock->waiting, &visit->link);
        return PIPELINE_WAIT;
    }
    visit->lock = lock_new(m, visit->ctx->loop, visit->key);
    return PIPELINE_NEXT;
}

static struct visit *visit_new(struct context *ctx, struct bytes key,
                               const struct cacher_rule *rule)
{
    struct visit *visit = arena_new(&ctx->arena, struct visit);

    *visit = (struct visit){.ctx = ctx, .key = key, .has_ttl = rule->has_ttl, .ttl_s = rule->ttl_s};
    list_init(&visit->link);
    return visit;
}

static void keep(struct cacher_middleware *m, const struct visit *visit)
{
    cacher_set(m->cacher, visit->key, visit->ctx->result, visit->has_ttl ? &visit->ttl_s : NULL);
}

/* --- refreshing what ends soon --- */

static bool is_stale(struct cacher_middleware *m, const struct cacher_rule *rule, struct bytes key)
{
    uint64_t left_ms = 0;

    if (!(rule->stale_s > 0) || !m->cacher->ops->is_refreshed) {
        return false;
    }
    shared_unref(cacher_look(m->cacher, key, &left_ms));
    return left_ms > 0 && (double)left_ms < rule->stale_s * MS_PER_S;
}

static void on_refreshed(struct context *ctx)
{
    struct visit *visit = ctx->owner;
    struct cacher_middleware *m = visit->lock->m;

    if (!ctx->error && bytes_is_set(ctx->result)) {
        keep(m, visit);
    } else {
        cacher_del(m->cacher, visit->key);
    }
    unlock(visit->lock);
}

/* Unless somebody is at it already. */
static void refresh(struct cacher_middleware *m, struct context *ctx, struct bytes key,
                    const struct cacher_rule *rule)
{
    struct context *behind;
    struct visit *visit;
    struct lock *lock;

    if (map_get(&m->locks, key)) {
        return;
    }
    lock = lock_new(m, ctx->loop, key);
    behind = broker_call_behind(ctx, on_refreshed);
    if (!behind) {
        lock_free(lock);
        return;
    }
    visit = visit_new(behind, lock->key->bytes, rule);
    visit->lock = lock;
    behind->owner = visit;
}

/* --- the stage --- */

static void clean(struct cacher_middleware *m, struct context *ctx)
{
    const struct cleaning *c = cleaning_of(m, ctx->endpoint);

    if (c->is_of_all) {
        cacher_clean(m->cacher, BYTES_NONE);
    } else if (c->is_given) {
        cacher_clean_patterns(m->cacher, &c->patterns);
    }
}

static enum pipeline_step cacher_enter(struct middleware *base, struct context *ctx)
{
    struct cacher_middleware *m = container_of(base, struct cacher_middleware, base);
    const struct cacher_rule *rule;
    struct visit *visit;
    struct shared *value;
    struct bytes key;

    *pipeline_slot(ctx) = NULL;
    if (!m->cacher) {
        return PIPELINE_NEXT;
    }
    if (ctx->kind == CONTEXT_LOCAL_EVENT) {
        clean(m, ctx);
        return PIPELINE_NEXT;
    }
    rule = rule_of(m, ctx->endpoint);
    key = rule->is_on ? key_of(m, rule, ctx) : BYTES_NONE;
    if (!bytes_is_set(key)) {
        return PIPELINE_NEXT;
    }
    value = cacher_get(m->cacher, key);
    if (value) {
        if (is_stale(m, rule, key)) {
            refresh(m, ctx, key, rule);
        }
        answer(ctx, value);
        return PIPELINE_DONE;
    }
    visit = visit_new(ctx, key, rule);
    *pipeline_slot(ctx) = visit;
    return rule->is_locking ? acquire(m, visit) : PIPELINE_NEXT;
}

static enum pipeline_step cacher_leave(struct middleware *base, struct context *ctx)
{
    struct cacher_middleware *m = container_of(base, struct cacher_middleware, base);
    struct visit *visit = *pipeline_slot(ctx);

    if (!visit) {
        return PIPELINE_NEXT;
    }
    if (!ctx->error && bytes_is_set(ctx->result)) {
        keep(m, visit);
    }
    if (visit->lock) {
        unlock(visit->lock);
    }
    return PIPELINE_NEXT;
}

static void cacher_cancel(struct middleware *m, struct context *ctx)
{
    struct visit *visit = *pipeline_slot(ctx);

    list_remove(&visit->link);
}

static struct middleware *cacher_create(struct broker *broker)
{
    struct cacher_middleware *m = mem_new(struct cacher_middleware);
    bool is_old = broker_options(broker)->protocol == PROTOCOL_4;

    m->base.ops = &middleware_cacher_ops;
    m->cacher = broker_cacher(broker);
    m->form = is_old ? CACHER_KEY_014 : CACHER_KEY_015;
    map_init(&m->locks);
    return &m->base;
}

static void cacher_middleware_free(struct middleware *base)
{
    struct cacher_middleware *m = container_of(base, struct cacher_middleware, base);

    map_for_each (e, &m->locks) {
        lock_free(e->value);
    }
    map_fini(&m->locks);
    mem_free(m);
}

const struct middleware_ops middleware_cacher_ops = {
    .name = "Cacher",
    .kinds = MIDDLEWARE_LOCAL_ACTION | MIDDLEWARE_LOCAL_EVENT,
    .create = cacher_create,
    .free = cacher_middleware_free,
    .enter = cacher_enter,
    .leave = cacher_leave,
    .cancel = cacher_cancel,
};
