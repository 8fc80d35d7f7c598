/* SPDX-License-Identifier: MIT */
/*
 * Ends a call whose time is up with RequestTimeoutError (docs/protocol.md, Timeouts). What still
 * runs further in is cancelled; a late answer meets nobody.
 */
#include "broker/broker.h"
#include "metrics/metrics.h"
#include "middleware/middleware.h"
#include "model/policy.h"

enum { CALLER_FIRST_MS = 2 };

struct timeout_middleware {
    struct middleware base;
    struct logger log;
    struct metric *timeouts; /* NULL: metrics are off */
};

struct running_timeout {
    struct loop_timer timer;
    struct context *ctx;
    struct timeout_middleware *owner;
};

/* As the originals name it: the called node, or at the called node the one that called. */
static struct bytes named_node(const struct context *ctx)
{
    return ctx->kind == CONTEXT_REMOTE_ACTION ? ctx->endpoint->node_id->bytes : ctx->node_id;
}

static void on_time_up(struct loop_timer *timer)
{
    struct running_timeout *t = container_of(timer, struct running_timeout, timer);
    struct context *ctx = t->ctx;

    log_warn(&t->owner->log, "Request '%.*s' is timed out.", BYTES_ARG(ctx->name));
    metric_count_action(t->owner->timeouts, ctx->endpoint->service_name, ctx->name);
    broker_note_late(ctx);
    pipeline_abort(ctx, mol_error_about_action(&ctx->arena, MOL_ERROR_REQUEST_TIMEOUT, ctx->name,
                                               named_node(ctx)));
}

/* A fraction of a millisecond is a whole one; what no timer can hold is for ever. The node that
 * called has its own timer, started before ours: it comes first. */
static void start(struct running_timeout *t, double left_ms)
{
    if (left_ms < (double)INT64_MAX) {
        uint64_t whole = (uint64_t)left_ms;

        whole += (double)whole < left_ms ? 1 : 0;
        loop_timer_start(&t->timer, whole + (t->ctx->from_remote ? CALLER_FIRST_MS : 0));
    }
}

static enum pipeline_step timeout_enter(struct middleware *m, struct context *ctx)
{
    struct running_timeout *t;
    double left = context_remaining_ms(ctx);

    *pipeline_slot(ctx) = NULL;
    if (left < 0) {
        return PIPELINE_NEXT;
    }
    t = arena_new(&ctx->arena, struct running_timeout);
    t->ctx = ctx;
    t->owner = container_of(m, struct timeout_middleware, base);
    loop_timer_init(ctx->loop, &t->timer, on_time_up);
    start(t, left);
    *pipeline_slot(ctx) = t;
    return PIPELINE_NEXT;
}

static enum pipeline_step timeout_leave(struct middleware *m, struct context *ctx)
{
    struct running_timeout *t = *pipeline_slot(ctx);

    if (t) {
        loop_timer_stop(&t->timer);
    }
    return PIPELINE_NEXT;
}

static struct middleware *timeout_create(struct broker *broker)
{
    struct timeout_middleware *m = mem_new(struct timeout_middleware);

    m->base.ops = &middleware_timeout_ops;
    m->log = (struct logger){broker_log_sink(broker), "broker"};
    m->timeouts = metrics_get(broker_metrics(broker), METRICS_REQUEST_TIMEOUT_TOTAL);
    return &m->base;
}

static void timeout_free(struct middleware *m)
{
    mem_free(container_of(m, struct timeout_middleware, base));
}

const struct middleware_ops middleware_timeout_ops = {
    .name = "Timeout",
    .kinds = MIDDLEWARE_LOCAL_ACTION | MIDDLEWARE_REMOTE_ACTION,
    .create = timeout_create,
    .free = timeout_free,
    .enter = timeout_enter,
    .leave = timeout_leave,
};
