/* SPDX-License-Identifier: MIT */
/*
 * Runs an event handler only when no further event has come for a while, with the last one
 * (broker.md (c), "debounce"). The ones before it end without having run; nobody hears a
 * difference.
 */
#include "broker/broker.h"
#include "middleware/middleware.h"
#include "registry/endpoint.h"

/* Of one subscription. */
struct debounce {
    struct endpoint_attachment attachment;
    struct shared *text; /* owned ref: the definition that the delay came from */
    double delay_ms;     /* 0: none */
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

static void debounce_free(struct endpoint_attachment *a)
{
    struct debounce *d = container_of(a, struct debounce, attachment);

    loop_timer_stop(&d->timer);
    shared_unref(d->text);
    mem_free(d);
}

static struct debounce *debounce_of(struct middleware *m, struct context *ctx)
{
    struct endpoint *e = ctx->endpoint;
    struct endpoint_attachment *a = endpoint_attached(e, m);
    struct debounce *d;

    if (a) {
        d = container_of(a, struct debounce, attachment);
    } else {
        d = mem_new(struct debounce);
        d->attachment = (struct endpoint_attachment){.owner = m, .free = debounce_free};
        loop_timer_init(ctx->loop, &d->timer, on_quiet);
        endpoint_attach(e, &d->attachment);
    }
    if (d->text != e->text) {
        shared_unref(d->text);
        d->text = shared_ref(e->text);
        d->delay_ms = 0;
        (void)json_double(json_get(e->definition, BYTES("debounce")), &d->delay_ms);
    }
    return d;
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
    struct middleware *m = mem_new(struct middleware);

    m->ops = &middleware_debounce_ops;
    return m;
}

static void debounce_middleware_free(struct middleware *m)
{
    mem_free(m);
}

const struct middleware_ops middleware_debounce_ops = {
    .name = "Debounce",
    .kinds = MIDDLEWARE_LOCAL_EVENT,
    .create = debounce_create,
    .free = debounce_middleware_free,
    .enter = debounce_enter,
    .cancel = debounce_cancel,
};
