/* SPDX-License-Identifier: MIT */
/*
 * Runs an event handler at most once in a while: events that come within the time after the last
 * one that ran end without having run (broker.md (c), "throttle").
 */
#include "broker/broker.h"
#include "middleware/middleware.h"
#include "registry/endpoint.h"

/* Of one subscription. */
struct throttle {
    struct endpoint_attachment attachment;
    uint64_t last_ms; /* when one ran; 0: never */
};

static void throttle_free(struct endpoint_attachment *a)
{
    mem_free(container_of(a, struct throttle, attachment));
}

static struct throttle *throttle_of(struct middleware *m, struct endpoint *e)
{
    struct endpoint_attachment *a = endpoint_attached(e, m);
    struct throttle *t;

    if (a) {
        return container_of(a, struct throttle, attachment);
    }
    t = mem_new(struct throttle);
    t->attachment = (struct endpoint_attachment){.owner = m, .free = throttle_free};
    endpoint_attach(e, &t->attachment);
    return t;
}

static enum pipeline_step throttle_enter(struct middleware *m, struct context *ctx)
{
    uint64_t now = loop_now_ms(ctx->loop);
    struct throttle *t;
    double pause_ms;

    if (!json_double(json_get(ctx->endpoint->definition, BYTES("throttle")), &pause_ms) ||
        !(pause_ms > 0)) {
        return PIPELINE_NEXT;
    }
    t = throttle_of(m, ctx->endpoint);
    if (t->last_ms && (double)(now - t->last_ms) < pause_ms) {
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

static void throttle_middleware_free(struct middleware *m)
{
    mem_free(m);
}

const struct middleware_ops middleware_throttle_ops = {
    .name = "Throttle",
    .kinds = MIDDLEWARE_LOCAL_EVENT,
    .create = throttle_create,
    .free = throttle_middleware_free,
    .enter = throttle_enter,
};
