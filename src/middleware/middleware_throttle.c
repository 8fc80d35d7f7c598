/* SPDX-License-Identifier: MIT */
/*
 * Runs an event handler at most once in a while: events that come within the time after the last
 * one that ran end without having run (docs/protocol.md, Debounce and throttle).
 */
#include "broker/broker.h"
#include "middleware/middleware.h"
#include "model/policy.h"
#include "registry/endpoint_attachment.h"

/* Of one subscription. */
struct throttle {
    struct endpoint_attachment attachment;
    double pause_ms;  /* 0: none */
    uint64_t last_ms; /* when one ran; 0: never */
};

static void throttle_read(struct endpoint_attachment *a)
{
    struct throttle *t = container_of(a, struct throttle, attachment);

    t->pause_ms = policy_number(a->endpoint->definition, BYTES("throttle"), 0);
}

static struct throttle *throttle_of(struct middleware *m, struct context *ctx)
{
    static const struct endpoint_attachment_ops ops = {
        .size = sizeof(struct throttle),
        .read = throttle_read,
    };
    struct endpoint_attachment *a = endpoint_attachment_of(ctx->endpoint, &ops, m);

    return container_of(a, struct throttle, attachment);
}

static enum pipeline_step throttle_enter(struct middleware *m, struct context *ctx)
{
    uint64_t now = loop_now_ms(ctx->loop);
    struct throttle *t = throttle_of(m, ctx);

    if (!(t->pause_ms > 0)) {
        return PIPELINE_NEXT;
    }
    if (t->last_ms && (double)(now - t->last_ms) < t->pause_ms) {
        return PIPELINE_DONE;
    }
    t->last_ms = now;
    return PIPELINE_NEXT;
}

static struct middleware *throttle_create(struct broker *broker)
{
    struct middleware *m = mem_new(struct middleware);

    m->ops = &middleware_throttle_ops;
    return m;
}

static void throttle_free(struct middleware *m)
{
    mem_free(m);
}

const struct middleware_ops middleware_throttle_ops = {
    .name = "Throttle",
    .kinds = MIDDLEWARE_LOCAL_EVENT,
    .create = throttle_create,
    .free = throttle_free,
    .enter = throttle_enter,
};
