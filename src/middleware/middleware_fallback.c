/* SPDX-License-Identifier: MIT */
/*
 * Gives something else in place of an error (docs/protocol.md, Fallback): what the caller handed
 * over with the call, else, at the node of the action, what its definition says. It stands outside
 * retries and time-outs, so it comes when those have done what they could.
 */
#include "broker/broker.h"
#include "metrics/metrics.h"
#include "middleware/middleware.h"
#include "registry/endpoint.h"

struct fallback_middleware {
    struct middleware base;
    struct logger log;
    struct metric *total; /* NULL: metrics are off */
};

static void tell(const struct fallback_middleware *m, struct context *ctx)
{
    struct bytes text = mol_error_text(ctx->error, &ctx->arena);

    log_warn(&m->log,
             "The '%.*s' request is failed. Return fallback response. requestID: %.*s: %.*s",
             BYTES_ARG(ctx->name), BYTES_ARG(ctx->request_id), BYTES_ARG(text));
}

/* While the service is asked, the slot has its reference. */
static void drop_service(struct context *ctx)
{
    local_service_unref(*pipeline_slot(ctx));
    *pipeline_slot(ctx) = NULL;
}

static void on_step(struct context *ctx)
{
    drop_service(ctx);
    pipeline_resume(ctx, PIPELINE_NEXT);
}

/* handler NULL: the caller's own. */
static enum pipeline_step ask(struct context *ctx, struct local_service *s,
                              const struct local_handler *handler)
{
    const struct local_step step = {.kind = LOCAL_STEP_FALLBACK, .finished = on_step};

    *pipeline_slot(ctx) = local_service_ref(s);
    if (s->ops->step(s, handler, ctx, &step)) {
        return PIPELINE_WAIT;
    }
    drop_service(ctx);
    return PIPELINE_NEXT;
}

static bool has_own(const struct endpoint *e)
{
    return e->handler && e->handler->n_steps[LOCAL_STEP_FALLBACK] > 0;
}

static enum pipeline_step fallback_leave(struct middleware *base, struct context *ctx)
{
    const struct fallback_middleware *m = container_of(base, struct fallback_middleware, base);

    if (!ctx->error || ctx->is_abandoned) {
        return PIPELINE_NEXT;
    }
    if (ctx->has_fallback_value || json_is_truthy(ctx->fallback_response)) {
        tell(m, ctx);
        metric_count_action(m->total, BYTES_NONE, ctx->name); /* the caller's: of no service */
        ctx->error = NULL;
        ctx->result = ctx->fallback_response;
        return PIPELINE_NEXT;
    }
    if (bytes_is_set(ctx->fallback_url) && broker_caller_service(ctx->broker)) {
        tell(m, ctx);
        metric_count_action(m->total, BYTES_NONE, ctx->name);
        return ask(ctx, broker_caller_service(ctx->broker), NULL);
    }
    if (has_own(ctx->endpoint)) {
        tell(m, ctx);
        metric_count_action(m->total, ctx->endpoint->service_name, ctx->name);
        return ask(ctx, ctx->endpoint->local, ctx->endpoint->handler);
    }
    return PIPELINE_NEXT;
}

static void fallback_cancel(struct middleware *m, struct context *ctx)
{
    pipeline_cancel_work(ctx);
    drop_service(ctx);
}

static struct middleware *fallback_create(struct broker *broker)
{
    struct fallback_middleware *m = mem_new(struct fallback_middleware);

    m->base.ops = &middleware_fallback_ops;
    m->log = (struct logger){broker_log_sink(broker), "fallback"};
    m->total = metrics_get(broker_metrics(broker), METRICS_REQUEST_FALLBACK_TOTAL);
    return &m->base;
}

static void fallback_free(struct middleware *m)
{
    mem_free(container_of(m, struct fallback_middleware, base));
}

const struct middleware_ops middleware_fallback_ops = {
    .name = "Fallback",
    .kinds = MIDDLEWARE_LOCAL_ACTION | MIDDLEWARE_REMOTE_ACTION,
    .create = fallback_create,
    .free = fallback_free,
    .leave = fallback_leave,
    .cancel = fallback_cancel,
};
