/* SPDX-License-Identifier: MIT */
/*
 * Lets an action or event of this node run only so often at once (docs/protocol.md, Bulkhead): more
 * calls wait in a row, first come first served, and beyond the row are refused with 429.
 */
#include "broker/broker.h"
#include "metrics/metrics.h"
#include "middleware/middleware.h"
#include "model/policy.h"
#include "registry/endpoint_attachment.h"

/* Gauges; NULL: metrics are off. */
struct bulkhead_gauges {
    struct metric *inflight, *queue_size;
};

struct bulkhead_middleware {
    struct middleware base;
    const struct broker_options *options;
    struct bulkhead_gauges actions, events;
};

/* Of one action or event. */
struct bulkhead {
    struct endpoint_attachment attachment;
    struct bulkhead_options options;
    const struct bulkhead_gauges *gauges;
    unsigned n_running, n_waiting;
    struct list waiting; /* of struct place.link */
    struct loop_defer admit;
};

/* A context's place in it. */
struct place {
    struct bulkhead *bulkhead;
    struct context *ctx;
    struct list link;
    bool is_running;
};

static void set_gauge(const struct bulkhead *b, struct metric *gauge, unsigned value)
{
    const struct endpoint *e = b->attachment.endpoint;
    const struct metric_label labels[] = {metric_text(e->name), metric_text(e->service_name)};

    metric_set(metric_item(gauge, labels), value);
}

static void show(const struct bulkhead *b)
{
    if (b->gauges->inflight) {
        set_gauge(b, b->gauges->inflight, b->n_running);
        set_gauge(b, b->gauges->queue_size, b->n_waiting);
    }
}

static void show_queue(const struct bulkhead *b)
{
    if (b->gauges->queue_size) {
        set_gauge(b, b->gauges->queue_size, b->n_waiting);
    }
}

/* From the loop, not from the call that made room: a row of quick calls must not nest. */
static void on_admit(struct loop_defer *defer)
{
    struct bulkhead *b = container_of(defer, struct bulkhead, admit);

    if (b->n_running < b->options.concurrency && !list_is_empty(&b->waiting)) {
        struct place *next = list_entry(list_pop(&b->waiting), struct place, link);

        b->n_waiting--;
        b->n_running++;
        next->is_running = true;
        show(b);
        if (b->n_waiting > 0) {
            loop_defer_start(next->ctx->loop, &b->admit);
        }
        pipeline_resume(next->ctx, PIPELINE_NEXT);
    }
}

static void bulkhead_init(struct endpoint_attachment *a)
{
    struct bulkhead *b = container_of(a, struct bulkhead, attachment);

    list_init(&b->waiting);
    loop_defer_init(&b->admit, on_admit);
}

static void bulkhead_fini(struct endpoint_attachment *a)
{
    loop_defer_stop(&container_of(a, struct bulkhead, attachment)->admit);
}

static void bulkhead_read(struct endpoint_attachment *a)
{
    struct bulkhead *b = container_of(a, struct bulkhead, attachment);
    const struct bulkhead_middleware *m = a->owner;
    const struct bulkhead_options *o = &m->options->bulkhead;
    struct bytes policy = json_get(a->endpoint->definition, BYTES("bulkhead"));

    b->options = (struct bulkhead_options){
        .is_enabled = policy_bool(policy, BYTES("enabled"), o->is_enabled),
        .concurrency = policy_number(policy, BYTES("concurrency"), o->concurrency),
        .max_queue = policy_number(policy, BYTES("maxQueueSize"), o->max_queue),
    };
}

static struct bulkhead *bulkhead_of(struct bulkhead_middleware *m, struct context *ctx)
{
    static const struct endpoint_attachment_ops ops = {
        .size = sizeof(struct bulkhead),
        .init = bulkhead_init,
        .read = bulkhead_read,
        .fini = bulkhead_fini,
    };
    struct endpoint_attachment *a = endpoint_attachment_of(ctx->endpoint, &ops, m);
    struct bulkhead *b = container_of(a, struct bulkhead, attachment);

    b->gauges = ctx->kind == CONTEXT_LOCAL_EVENT ? &m->events : &m->actions;
    return b;
}

static struct mol_error *queue_is_full(struct context *ctx)
{
    struct buf data;
    struct json_writer w = json_writer(&data);
    struct mol_error *error;

    if (ctx->kind != CONTEXT_LOCAL_EVENT) {
        return mol_error_about_action(&ctx->arena, MOL_ERROR_QUEUE_IS_FULL, ctx->name,
                                      ctx->node_id);
    }
    buf_init(&data, BUF_NO_LIMIT);
    json_begin_object(&w);
    json_member_text(&w, BYTES("event"), ctx->name);
    json_member_text(&w, BYTES("service"), ctx->endpoint->service_name);
    json_member_text(&w, BYTES("nodeID"), ctx->node_id);
    json_end_object(&w);
    error = mol_error_from_data(&ctx->arena, MOL_ERROR_QUEUE_IS_FULL,
                                arena_copy(&ctx->arena, buf_bytes(&data)));
    buf_fini(&data);
    return error;
}

static enum pipeline_step bulkhead_enter(struct middleware *base, struct context *ctx)
{
    struct bulkhead_middleware *m = container_of(base, struct bulkhead_middleware, base);
    struct bulkhead *b = bulkhead_of(m, ctx);
    struct place *place;

    *pipeline_slot(ctx) = NULL;
    if (!b->options.is_enabled) {
        return PIPELINE_NEXT;
    }
    if (b->n_running >= b->options.concurrency && b->options.max_queue > 0 &&
        b->n_waiting >= b->options.max_queue) {
        ctx->error = queue_is_full(ctx);
        return PIPELINE_DONE;
    }
    place = arena_new(&ctx->arena, struct place);
    place->bulkhead = b;
    place->ctx = ctx;
    list_init(&place->link);
    *pipeline_slot(ctx) = place;
    if (b->n_running < b->options.concurrency && b->n_waiting == 0) {
        b->n_running++;
        place->is_running = true;
        show(b);
        return PIPELINE_NEXT;
    }
    list_append(&b->waiting, &place->link);
    b->n_waiting++;
    show_queue(b);
    return PIPELINE_WAIT;
}

static enum pipeline_step bulkhead_leave(struct middleware *m, struct context *ctx)
{
    struct place *place = *pipeline_slot(ctx);

    if (place && place->is_running) {
        place->bulkhead->n_running--;
        show(place->bulkhead);
        if (place->bulkhead->n_waiting > 0) {
            loop_defer_start(ctx->loop, &place->bulkhead->admit);
        }
    }
    return PIPELINE_NEXT;
}

static void bulkhead_cancel(struct middleware *m, struct context *ctx)
{
    struct place *place = *pipeline_slot(ctx);

    list_remove(&place->link);
    place->bulkhead->n_waiting--;
    show_queue(place->bulkhead);
}

static struct middleware *bulkhead_create(struct broker *broker)
{
    struct bulkhead_middleware *m = mem_new(struct bulkhead_middleware);
    struct metrics *metrics = broker_metrics(broker);

    m->actions.inflight = metrics_get(metrics, METRICS_REQUEST_BULKHEAD_INFLIGHT);
    m->actions.queue_size = metrics_get(metrics, METRICS_REQUEST_BULKHEAD_QUEUE_SIZE);
    m->events.inflight = metrics_get(metrics, METRICS_EVENT_BULKHEAD_INFLIGHT);
    m->events.queue_size = metrics_get(metrics, METRICS_EVENT_BULKHEAD_QUEUE_SIZE);
    m->base.ops = &middleware_bulkhead_ops;
    m->options = broker_options(broker);
    return &m->base;
}

static void bulkhead_middleware_free(struct middleware *m)
{
    mem_free(container_of(m, struct bulkhead_middleware, base));
}

const struct middleware_ops middleware_bulkhead_ops = {
    .name = "Bulkhead",
    .kinds = MIDDLEWARE_LOCAL_ACTION | MIDDLEWARE_LOCAL_EVENT,
    .create = bulkhead_create,
    .free = bulkhead_middleware_free,
    .enter = bulkhead_enter,
    .leave = bulkhead_leave,
    .cancel = bulkhead_cancel,
};
