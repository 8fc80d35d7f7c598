/* SPDX-License-Identifier: MIT */
/*
 * Marks what runs, so that a service or a node that stops can wait for it (docs/protocol.md,
 * Tracking). A call that says tracking: false is not waited for.
 */
#include "broker/broker.h"
#include "middleware/middleware.h"

struct tracker_middleware {
    struct middleware base;
    const struct broker_options *options;
};

static enum pipeline_step tracker_enter(struct middleware *base, struct context *ctx)
{
    if (container_of(base, struct tracker_middleware, base)->options->is_tracking &&
        !ctx->is_untracked) {
        broker_track(ctx);
    }
    return PIPELINE_NEXT;
}

static enum pipeline_step tracker_leave(struct middleware *m, struct context *ctx)
{
    if (ctx->is_tracked) {
        broker_untrack(ctx);
    }
    return PIPELINE_NEXT;
}

static struct middleware *tracker_create(struct broker *broker)
{
    struct tracker_middleware *m = mem_new(struct tracker_middleware);

    m->base.ops = &middleware_tracker_ops;
    m->options = broker_options(broker);
    return &m->base;
}

static void tracker_free(struct middleware *m)
{
    mem_free(container_of(m, struct tracker_middleware, base));
}

const struct middleware_ops middleware_tracker_ops = {
    .name = "ContextTracker",
    .kinds = MIDDLEWARE_LOCAL_ACTION | MIDDLEWARE_REMOTE_ACTION | MIDDLEWARE_LOCAL_EVENT,
    .create = tracker_create,
    .free = tracker_free,
    .enter = tracker_enter,
    .leave = tracker_leave,
};
