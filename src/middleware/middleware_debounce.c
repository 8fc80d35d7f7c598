/* SPDX-License-Identifier: MIT */
/*
 * Runs an event handler only when no further event has come for a while, with the last one
 * (docs/protocol.md, Debounce and throttle). The ones before it end without having run; nobody
 * hears a difference.
 */
#include "broker/broker.h"
#include "middleware/middleware.h"
#include "model/policy.h"
#include "registry/endpoint_attachment.h"

struct debounce_middleware {
    struct middleware base;
    struct loop *loop;
};

/* Of one subscription. */
struct debounce {
    struct endpoint_attachment attachment;
    double delay_ms; /* 0: none */
    struct loop_timer timer;
    struct context *last; /* held, or NULL */
};

static void on_quiet(struct loop_timer *timer)
{
    struct debounce *d = container_of(timer, struct debounce, timer);
    struct context *ctx = d->last;

    d->last = NULL;
    pipeline_resume(ctx, PIPELINE_NEXT);
}

static void debounce_init(struct endpoint_attachment *a)
{
    struct debounce *d = container_of(a, struct debounce, attachment);
    struct debounce_middleware *m = a->owner;

    loop_timer_init(m->loop, &d->timer, on_quiet);
}

static void debounce_read(struct endpoint_attachment *a)
{
    struct debounce *d = container_of(a, struct debounce, attachment);

    d->delay_ms = policy_number(a->endpoint->definition, BYTES("debounce"), 0);
}

static void debounce_fini(struct endpoint_attachment *a)
{
    loop_timer_stop(&container_of(a, struct debounce, attachment)->timer);
}

static struct debounce *debounce_of(struct middleware *m, struct context *ctx)
{
    static const struct endpoint_attachment_ops ops = {
        .size = sizeof(struct debounce),
        .init = debounce_init,
        .read = debounce_read,
        .fini = debounce_fini,
    };
    struct endpoint_attachment *a = endpoint_attachment_of(ctx->endpoint, &ops, m);

    return container_of(a, struct debounce, attachment);
}

static enum pipeline_step debounce_enter(struct middleware *m, struct context *ctx)
{
    struct debounce *d = debounce_of(m, ctx);
    struct context *before = d->last;

    *pipeline_slot(ctx) = d;
    if (!(d->delay_ms > 0)) {
        return PIPELINE_NEXT;
    }
    broker_event_release(ctx);
    d->last = ctx;
    loop_timer_start(&d->timer, loop_delay_ms(d->delay_ms));
    if (before) {
        pipeline_resume(before, PIPELINE_DONE);
    }
    return PIPELINE_WAIT;
}

static void debounce_cancel(struct middleware *m, struct context *ctx)
{
    struct debounce *d = *pipeline_slot(ctx);

    loop_timer_stop(&d->timer);
    d->last = NULL;
}

static struct middleware *debounce_create(struct broker *broker)
{
    struct debounce_middleware *m = mem_new(struct debounce_middleware);

    m->base.ops = &middleware_debounce_ops;
    m->loop = broker_loop(broker);
    return &m->base;
}

static void debounce_free(struct middleware *m)
{
    mem_free(container_of(m, struct debounce_middleware, base));
}

const struct middleware_ops middleware_debounce_ops = {
    .name = "Debounce",
    .kinds = MIDDLEWARE_LOCAL_EVENT,
    .create = debounce_create,
    .free = debounce_free,
    .enter = debounce_enter,
    .cancel = debounce_cancel,
};
