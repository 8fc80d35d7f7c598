/* SPDX-License-Identifier: MIT */
/*
 * Counts and times calls, at the node that calls and at the one that runs the action, and runs of
 * event handlers (docs/metrics.md). A retry is a call
 * of its own inside the one before, as in the original: both end with what comes of the last.
 */
#include "broker/broker.h"
#include "metrics/metrics.h"
#include "middleware/middleware.h"
#include "registry/endpoint_attachment.h"

enum { SUBJECT_LABELS = 4, ERROR_LABELS = 7, US_PER_MS = 1000, ATTEMPTS_MAX = 100 };

/* Of calls, or of event handlers. */
struct subject {
    struct metric *total, *active, *errors, *time;
};

struct metrics_middleware {
    struct middleware base;
    struct subject requests, events;
    struct metric *levels;
};

/* An attempt of a call, or the run of a handler: the first lies in the context's arena, others on
 * the heap, as the arena forgets what failed. */
struct measured {
    struct measured *before; /* the attempt that failed, or NULL */
    struct shared *service;  /* owned ref: owner of that label; NULL: it lies in the arena */
    unsigned n_before;
    struct metric_label labels[SUBJECT_LABELS];
    struct metric_item *active;
    uint64_t began_us;
};

/* --- labels --- */

/* Of an event: the name of its service without a version, and its group. */
struct event_names {
    struct endpoint_attachment attachment;
    struct arena arena;
    struct bytes service, group; /* texts */
};

static void names_init(struct endpoint_attachment *a)
{
    arena_init(&container_of(a, struct event_names, attachment)->arena);
}

static void names_fini(struct endpoint_attachment *a)
{
    arena_fini(&container_of(a, struct event_names, attachment)->arena);
}

static void names_read(struct endpoint_attachment *a)
{
    struct event_names *n = container_of(a, struct event_names, attachment);
    const struct endpoint *e = a->endpoint;
    struct bytes group = json_get(e->definition, BYTES("group"));
    struct bytes name = json_get(e->local->published->bytes, BYTES("name"));

    arena_fini(&n->arena);
    n->service = arena_copy(&n->arena, json_string(name, &n->arena));
    n->group = arena_copy(&n->arena, json_string(group, &n->arena));
    if (n->group.n == 0) {
        n->group = n->service;
    }
}

static const struct event_names *names_of(struct metrics_middleware *m, struct endpoint *e)
{
    static const struct endpoint_attachment_ops ops = {
        .size = sizeof(struct event_names),
        .init = names_init,
        .read = names_read,
        .fini = names_fini,
    };

    return container_of(endpoint_attachment_of(e, &ops, m), struct event_names, attachment);
}

/* service, action, type, caller. The endpoint may change before the end: what is of it is copied.
 */
static void label_request(struct measured *one, const struct context *ctx)
{
    bool is_remote = ctx->kind == CONTEXT_REMOTE_ACTION;

    one->service = shared_ref(ctx->endpoint->service_text);
    one->labels[0] = metric_text(one->service->bytes);
    one->labels[1] = metric_text(ctx->name);
    one->labels[2] = metric_text(is_remote ? BYTES("remote") : BYTES("local"));
    one->labels[3] = metric_text(ctx->caller);
}

/* service, group, event, caller. */
static void label_event(struct metrics_middleware *m, struct measured *one, struct context *ctx)
{
    const struct event_names *names = names_of(m, ctx->endpoint);

    one->labels[0] = metric_text(arena_copy(&ctx->arena, names->service));
    one->labels[1] = metric_text(arena_copy(&ctx->arena, names->group));
    one->labels[2] = metric_text(ctx->name);
    one->labels[3] = metric_text(ctx->caller);
}

/* --- measuring --- */

static const struct subject *subject_of(const struct metrics_middleware *m,
                                        const struct context *ctx)
{
    return ctx->kind == CONTEXT_LOCAL_EVENT ? &m->events : &m->requests;
}

static void begin(struct metrics_middleware *m, struct context *ctx, struct measured *one)
{
    const struct subject *subject = subject_of(m, ctx);

    if (ctx->kind == CONTEXT_LOCAL_EVENT) {
        label_event(m, one, ctx);
    } else {
        const struct metric_label level = metric_number(ctx->level);

        label_request(one, ctx);
        metric_add(metric_item(m->levels, &level), 1);
    }
    one->active = metric_item(subject->active, one->labels);
    one->began_us = loop_now_us(ctx->loop);
    metric_add(metric_item(subject->total, one->labels), 1);
    metric_add(one->active, 1);
}

static void count_error(const struct subject *subject, const struct measured *one,
                        const struct mol_error *error)
{
    struct metric_label labels[ERROR_LABELS];

    memcpy(labels, one->labels, sizeof(one->labels));
    labels[4] = metric_slice(error->name);
    labels[5] = metric_slice(error->code);
    labels[6] = metric_slice(error->type);
    metric_add(metric_item(subject->errors, labels), 1);
}

static void end(const struct subject *subject, const struct measured *one,
                const struct context *ctx)
{
    uint64_t us = loop_now_us(ctx->loop) - one->began_us;

    metric_observe(metric_item(subject->time, one->labels), (double)us / US_PER_MS);
    metric_add(one->active, -1);
    if (ctx->error) {
        count_error(subject, one, ctx->error);
    }
    shared_unref(one->service);
}

/* --- the stage --- */

static enum pipeline_step metrics_enter(struct middleware *base, struct context *ctx)
{
    struct metrics_middleware *m = container_of(base, struct metrics_middleware, base);
    struct measured *one = arena_new(&ctx->arena, struct measured);

    *pipeline_slot(ctx) = one;
    begin(m, ctx, one);
    return PIPELINE_NEXT;
}

/* Whoever tries very often is not kept count of for ever: then an attempt ends with the next. */
static struct measured *next_attempt(const struct subject *subject, struct context *ctx,
                                     struct measured *last)
{
    struct measured *one;

    if (last->n_before == ATTEMPTS_MAX) {
        end(subject, last, ctx);
        return last;
    }
    one = mem_new(struct measured);
    one->before = last;
    one->n_before = last->n_before + 1;
    return one;
}

static void metrics_again(struct middleware *base, struct context *ctx)
{
    struct metrics_middleware *m = container_of(base, struct metrics_middleware, base);
    struct measured *one = next_attempt(subject_of(m, ctx), ctx, *pipeline_slot(ctx));

    *pipeline_slot(ctx) = one;
    begin(m, ctx, one);
}

static enum pipeline_step metrics_leave(struct middleware *base, struct context *ctx)
{
    struct metrics_middleware *m = container_of(base, struct metrics_middleware, base);
    struct measured *one = *pipeline_slot(ctx);

    while (one) {
        struct measured *before = one->before;

        end(subject_of(m, ctx), one, ctx);
        if (before) { /* the first is the arena's */
            mem_free(one);
        }
        one = before;
    }
    return PIPELINE_NEXT;
}

/* What others count later is listed from the beginning, too. */
static void list_others(struct metrics *all)
{
    static const enum metrics_id ids[] = {
        METRICS_REQUEST_FALLBACK_TOTAL,
        METRICS_EVENT_EMIT_TOTAL,
        METRICS_EVENT_BROADCAST_TOTAL,
        METRICS_EVENT_BROADCAST_LOCAL_TOTAL,
        METRICS_TRANSIT_PUBLISH_TOTAL,
        METRICS_TRANSIT_RECEIVE_TOTAL,
        METRICS_TRANSIT_REQUESTS_ACTIVE,
        METRICS_TRANSIT_STREAMS_SEND_ACTIVE,
        METRICS_TRANSPORTER_PACKETS_SENT_TOTAL,
        METRICS_TRANSPORTER_PACKETS_SENT_BYTES,
        METRICS_TRANSPORTER_PACKETS_RECEIVED_TOTAL,
        METRICS_TRANSPORTER_PACKETS_RECEIVED_BYTES,
    };

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        (void)metrics_get(all, ids[i]);
    }
}

static void get_all(struct metrics_middleware *m, struct metrics *all)
{
    m->requests.total = metrics_get(all, METRICS_REQUEST_TOTAL);
    m->requests.active = metrics_get(all, METRICS_REQUEST_ACTIVE);
    m->requests.errors = metrics_get(all, METRICS_REQUEST_ERROR_TOTAL);
    m->requests.time = metrics_get(all, METRICS_REQUEST_TIME);
    m->levels = metrics_get(all, METRICS_REQUEST_LEVELS);
    m->events.total = metrics_get(all, METRICS_EVENT_RECEIVED_TOTAL);
    m->events.active = metrics_get(all, METRICS_EVENT_RECEIVED_ACTIVE);
    m->events.errors = metrics_get(all, METRICS_EVENT_RECEIVED_ERROR_TOTAL);
    m->events.time = metrics_get(all, METRICS_EVENT_RECEIVED_TIME);
    list_others(all);
}

static struct middleware *metrics_create(struct broker *broker)
{
    struct metrics_middleware *m;

    if (!broker_metrics(broker)) {
        return NULL;
    }
    m = mem_new(struct metrics_middleware);
    m->base.ops = &middleware_metrics_ops;
    get_all(m, broker_metrics(broker));
    return &m->base;
}

static void metrics_middleware_free(struct middleware *m)
{
    mem_free(container_of(m, struct metrics_middleware, base));
}

const struct middleware_ops middleware_metrics_ops = {
    .name = "Metrics",
    .kinds = MIDDLEWARE_LOCAL_ACTION | MIDDLEWARE_REMOTE_ACTION | MIDDLEWARE_LOCAL_EVENT,
    .create = metrics_create,
    .free = metrics_middleware_free,
    .enter = metrics_enter,
    .again = metrics_again,
    .leave = metrics_leave,
};
