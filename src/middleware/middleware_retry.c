/* SPDX-License-Identifier: MIT */
/*
 * Tries failed calls again (docs/protocol.md, Retries): at the caller's node only, for errors that
 * pass the check (default: retryable), with growing delays, each time at an endpoint chosen anew.
 * What is tried again is a fresh call: new id, new time-out, the same request id, parent and meta.
 */
#include <math.h>

#include "broker/broker.h"
#include "metrics/metrics.h"
#include "middleware/middleware.h"
#include "model/policy.h"
#include "registry/endpoint_attachment.h"

struct retry_middleware {
    struct middleware base;
    struct logger log;
    const struct broker_options *options;
    struct metric *attempts; /* NULL: metrics are off */
};

/* While a context waits. */
struct retrying {
    struct loop_timer timer;
    struct context *ctx;
    struct arena_mark mark; /* what the arena held when the first attempt had failed */
};

/* An action's policy. */
struct retry_policy {
    struct endpoint_attachment attachment;
    struct retry_options options;
    struct bytes check; /* slice of the definition, or none */
};

static void policy_read(struct endpoint_attachment *a)
{
    struct retry_policy *p = container_of(a, struct retry_policy, attachment);
    const struct retry_middleware *m = a->owner;
    const struct retry_options *o = &m->options->retry;
    struct bytes policy = json_get(a->endpoint->definition, BYTES("retryPolicy"));

    p->check = json_get(policy, BYTES("check"));
    p->options = (struct retry_options){
        .is_enabled = policy_bool(policy, BYTES("enabled"), o->is_enabled),
        .retries = policy_number(policy, BYTES("retries"), o->retries),
        .delay_ms = policy_number(policy, BYTES("delay"), o->delay_ms),
        .max_delay_ms = policy_number(policy, BYTES("maxDelay"), o->max_delay_ms),
        .factor = policy_number(policy, BYTES("factor"), o->factor),
    };
}

static const struct retry_policy *policy_of(struct retry_middleware *m, struct context *ctx)
{
    static const struct endpoint_attachment_ops ops = {
        .size = sizeof(struct retry_policy),
        .read = policy_read,
    };
    struct endpoint_attachment *a = endpoint_attachment_of(ctx->endpoint, &ops, m);

    return container_of(a, struct retry_policy, attachment);
}

static bool is_worth_it(const struct retry_policy *p, const struct mol_error *error)
{
    return json_is_object(p->check) ? policy_check(p->check, error) : mol_error_is_retryable(error);
}

static uint64_t delay_ms(const struct retry_options *o, unsigned attempt)
{
    double delay = o->delay_ms * pow(o->factor, attempt - 1);

    delay = delay > o->max_delay_ms ? o->max_delay_ms : delay;
    return delay >= 1 ? loop_delay_ms(delay) : 1;
}

static void on_delay_over(struct loop_timer *timer)
{
    struct retrying *r = container_of(timer, struct retrying, timer);

    broker_context_rewind(r->ctx, &r->mark);
    pipeline_resume(r->ctx, PIPELINE_AGAIN);
}

static enum pipeline_step retry_enter(struct middleware *m, struct context *ctx)
{
    *pipeline_slot(ctx) = NULL;
    return PIPELINE_NEXT;
}

static struct retrying *retrying_of(struct context *ctx)
{
    struct retrying *r = *pipeline_slot(ctx);

    if (!r) {
        r = arena_new(&ctx->arena, struct retrying);
        r->ctx = ctx;
        r->mark = arena_mark(&ctx->arena);
        loop_timer_init(ctx->loop, &r->timer, on_delay_over);
        *pipeline_slot(ctx) = r;
    }
    return r;
}

static enum pipeline_step retry_leave(struct middleware *base, struct context *ctx)
{
    struct retry_middleware *m = container_of(base, struct retry_middleware, base);
    const struct retry_policy *policy;
    struct retrying *r;
    double most;

    if (!ctx->error || ctx->from_remote || ctx->is_abandoned) {
        return PIPELINE_NEXT;
    }
    policy = policy_of(m, ctx);
    if (!policy->options.is_enabled || !is_worth_it(policy, ctx->error)) {
        return PIPELINE_NEXT;
    }
    metric_count_action(m->attempts, ctx->endpoint->service_name,
                        ctx->name); /* the last failure, too */
    r = retrying_of(ctx);
    most = ctx->retries >= 0 ? ctx->retries : policy->options.retries;
    if (ctx->n_retries >= most) {
        return PIPELINE_NEXT;
    }
    ctx->n_retries++;
    ctx->is_unsure = ctx->is_unsure || !mol_error_may_repeat(ctx->error, ctx->name);
    log_warn(&m->log, "Retry to call '%.*s' action after %llu ms...", BYTES_ARG(ctx->name),
             (unsigned long long)delay_ms(&policy->options, ctx->n_retries));
    loop_timer_start(&r->timer, delay_ms(&policy->options, ctx->n_retries));
    return PIPELINE_WAIT;
}

static void retry_cancel(struct middleware *m, struct context *ctx)
{
    struct retrying *r = *pipeline_slot(ctx);

    loop_timer_stop(&r->timer);
}

static struct middleware *retry_create(struct broker *broker)
{
    struct retry_middleware *m = mem_new(struct retry_middleware);

    m->base.ops = &middleware_retry_ops;
    m->log = (struct logger){broker_log_sink(broker), "retry"};
    m->options = broker_options(broker);
    m->attempts = metrics_get(broker_metrics(broker), METRICS_REQUEST_RETRY_ATTEMPTS_TOTAL);
    return &m->base;
}

static void retry_free(struct middleware *m)
{
    mem_free(container_of(m, struct retry_middleware, base));
}

const struct middleware_ops middleware_retry_ops = {
    .name = "Retry",
    .kinds = MIDDLEWARE_LOCAL_ACTION | MIDDLEWARE_REMOTE_ACTION,
    .create = retry_create,
    .free = retry_free,
    .enter = retry_enter,
    .leave = retry_leave,
    .cancel = retry_cancel,
};
