/* SPDX-License-Identifier: MIT */
/*
 * Takes endpoints that keep failing out of the choice for a while (docs/protocol.md, Circuit
 * breaker). One record for each endpoint, here or on another node; its options are those of its
 * first call.
 *
 * Unlike in the original every counted failure of a probe opens the breaker again, whatever the
 * window has done to the counters meanwhile. As there, a call that ran out of time counts nothing:
 * its answer never came.
 */
#include "broker/broker.h"
#include "metrics/metrics.h"
#include "middleware/middleware.h"
#include "model/policy.h"
#include "registry/endpoint_attachment.h"

enum { FAILURE_CODE = 500, MS_PER_S = 1000 };

enum breaker_state {
    BREAKER_CLOSED,         /* -> OPEN */
    BREAKER_OPEN,           /* no calls -> HALF_OPEN by its timer */
    BREAKER_HALF_OPEN,      /* the next call is a probe -> HALF_OPEN_WAIT */
    BREAKER_HALF_OPEN_WAIT, /* the probe runs -> CLOSED, OPEN, HALF_OPEN by its timer */
};

struct breaker_middleware {
    struct middleware base;
    struct logger log;
    struct broker *broker;
    const struct broker_options *options;
    struct metrics *metrics; /* NULL: they are off */
    struct list breakers;    /* of struct breaker.link */
    struct loop_timer window;
};

struct breaker {
    struct endpoint_attachment attachment;
    struct breaker_middleware *owner;
    struct breaker_options options;
    struct shared *check_text; /* owned ref: owner of check */
    struct bytes check;        /* slice or none */
    enum breaker_state state;
    unsigned count, failures;
    struct loop_timer timer;
    struct list link;
};

/* --- telling --- */

static void tell(const struct breaker *b, struct bytes event, bool with_counts)
{
    const struct endpoint *e = b->attachment.endpoint;
    struct buf payload;
    struct json_writer w = json_writer(&payload);

    log_debug(&b->owner->log, "%.*s: '%.*s' on '%.*s' node", BYTES_ARG(event), BYTES_ARG(e->name),
              BYTES_ARG(e->node_id->bytes));
    buf_init(&payload, BUF_NO_LIMIT);
    json_begin_object(&w);
    json_member_text(&w, BYTES("nodeID"), e->node_id->bytes);
    json_member_text(&w, BYTES("service"), e->service_name);
    json_member_text(&w, BYTES("action"), e->name);
    if (with_counts) {
        json_member_int(&w, BYTES("failures"), b->failures);
        json_member_int(&w, BYTES("count"), b->count);
        json_key(&w, BYTES("rate"));
        json_number(&w, b->count ? (double)b->failures / b->count : 0);
    }
    json_end_object(&w);
    broker_broadcast(b->owner->broker,
                     &(struct broker_event){.event = event, .params = buf_bytes(&payload)}, NULL,
                     NULL);
    buf_fini(&payload);
}

static struct metric_item *item_of(const struct breaker *b, enum metrics_id id)
{
    const struct endpoint *e = b->attachment.endpoint;
    const struct metric_label labels[] = {metric_text(e->node_id->bytes),
                                          metric_text(e->service_name), metric_text(e->name)};

    return metric_item(metrics_get(b->owner->metrics, id), labels);
}

static void set_gauge(const struct breaker *b, enum metrics_id id, double value)
{
    if (b->owner->metrics) {
        metric_set(item_of(b, id), value);
    }
}

/* --- states --- */

static void set_state(struct breaker *b, enum breaker_state state)
{
    b->state = state;
    endpoint_set_available(b->attachment.endpoint,
                           state == BREAKER_CLOSED || state == BREAKER_HALF_OPEN);
}

static void start_timer(struct breaker *b)
{
    uint64_t ms = loop_delay_ms(b->options.half_open_ms);

    loop_timer_start(&b->timer, ms ? ms : 1);
}

static void half_open(struct breaker *b)
{
    set_state(b, BREAKER_HALF_OPEN);
    tell(b, BYTES("$circuit-breaker.half-opened"), false);
    set_gauge(b, METRICS_CIRCUIT_BREAKER_OPENED_ACTIVE, 0);
    set_gauge(b, METRICS_CIRCUIT_BREAKER_HALF_OPENED_ACTIVE, 1);
}

static void on_timer(struct loop_timer *timer)
{
    half_open(container_of(timer, struct breaker, timer));
}

static void trip(struct breaker *b)
{
    if (b->state == BREAKER_OPEN) {
        return;
    }
    set_state(b, BREAKER_OPEN);
    start_timer(b);
    tell(b, BYTES("$circuit-breaker.opened"), true);
    set_gauge(b, METRICS_CIRCUIT_BREAKER_OPENED_ACTIVE, 1);
    if (b->owner->metrics) {
        metric_add(item_of(b, METRICS_CIRCUIT_BREAKER_OPENED_TOTAL), 1);
    }
}

static void close_breaker(struct breaker *b)
{
    loop_timer_stop(&b->timer);
    set_state(b, BREAKER_CLOSED);
    b->count = b->failures = 0;
    tell(b, BYTES("$circuit-breaker.closed"), false);
    set_gauge(b, METRICS_CIRCUIT_BREAKER_OPENED_ACTIVE, 0);
    set_gauge(b, METRICS_CIRCUIT_BREAKER_HALF_OPENED_ACTIVE, 0);
}

static void check_threshold(struct breaker *b)
{
    if (b->count >= b->options.min_requests && b->count > 0 &&
        (double)b->failures / b->count >= b->options.threshold) {
        trip(b);
    }
}

/* --- records --- */

static void breaker_fini(struct endpoint_attachment *a)
{
    struct breaker *b = container_of(a, struct breaker, attachment);

    loop_timer_stop(&b->timer);
    list_remove(&b->link);
    shared_unref(b->check_text);
}

static void on_window_over(struct loop_timer *timer)
{
    struct breaker_middleware *m = container_of(timer, struct breaker_middleware, window);

    list_for_each (link, &m->breakers) {
        struct breaker *b = list_entry(link, struct breaker, link);

        b->count = b->failures = 0;
    }
    if (!list_is_empty(&m->breakers)) {
        loop_timer_start(timer, loop_delay_ms(m->options->breaker.window_s * MS_PER_S));
    }
}

static void read_options(struct breaker *b, const struct endpoint *e)
{
    const struct breaker_options *o = &b->owner->options->breaker;
    struct bytes policy = json_get(e->definition, BYTES("circuitBreaker"));

    b->options = (struct breaker_options){
        .is_enabled = policy_bool(policy, BYTES("enabled"), o->is_enabled),
        .threshold = policy_number(policy, BYTES("threshold"), o->threshold),
        .window_s = o->window_s,
        .min_requests = policy_number(policy, BYTES("minRequestCount"), o->min_requests),
        .half_open_ms = policy_number(policy, BYTES("halfOpenTime"), o->half_open_ms),
    };
    b->check_text = shared_ref(e->text);
    b->check = json_get(policy, BYTES("check"));
}

static void watch(struct breaker_middleware *m, struct breaker *b)
{
    list_append(&m->breakers, &b->link);
    if (!loop_timer_is_running(&m->window) && b->options.window_s > 0) {
        loop_timer_start(&m->window, loop_delay_ms(b->options.window_s * MS_PER_S));
    }
}

static void breaker_init(struct endpoint_attachment *a)
{
    struct breaker *b = container_of(a, struct breaker, attachment);

    b->owner = a->owner;
    list_init(&b->link);
    loop_timer_init(broker_loop(b->owner->broker), &b->timer, on_timer);
    read_options(b, a->endpoint);
    if (b->options.is_enabled) {
        watch(b->owner, b);
    }
}

static struct breaker *breaker_of(struct breaker_middleware *m, struct context *ctx)
{
    static const struct endpoint_attachment_ops ops = {
        .size = sizeof(struct breaker),
        .init = breaker_init,
        .fini = breaker_fini,
    };
    struct endpoint_attachment *a = endpoint_attachment_of(ctx->endpoint, &ops, m);

    return container_of(a, struct breaker, attachment);
}

/* --- calls --- */

static enum pipeline_step breaker_enter(struct middleware *base, struct context *ctx)
{
    struct breaker *b = breaker_of(container_of(base, struct breaker_middleware, base), ctx);

    *pipeline_slot(ctx) = b->options.is_enabled ? b : NULL;
    if (b->options.is_enabled && b->state == BREAKER_HALF_OPEN) {
        set_state(b, BREAKER_HALF_OPEN_WAIT);
        start_timer(b); /* a probe that gets lost must not keep it closed for ever */
    }
    return PIPELINE_NEXT;
}

/* Errors made here or by the called node, of the kind that counts. */
static bool is_failure(const struct breaker *b, struct context *ctx)
{
    const struct mol_error *error = ctx->error;

    if (bytes_is_set(error->node_id) &&
        !json_string_eq(error->node_id, b->attachment.endpoint->node_id->bytes)) {
        return false;
    }
    return json_is_object(b->check) ? policy_check(b->check, error)
                                    : mol_error_code(error) >= FAILURE_CODE;
}

static enum pipeline_step breaker_leave(struct middleware *m, struct context *ctx)
{
    struct breaker *b = *pipeline_slot(ctx);

    if (!b || ctx->is_aborted) {
        return PIPELINE_NEXT;
    }
    if (!ctx->error) {
        b->count++;
        if (b->state == BREAKER_HALF_OPEN_WAIT) {
            close_breaker(b);
        } else {
            check_threshold(b);
        }
    } else if (is_failure(b, ctx)) {
        b->count++;
        b->failures++;
        if (b->state == BREAKER_HALF_OPEN_WAIT) {
            trip(b);
        } else {
            check_threshold(b);
        }
    }
    return PIPELINE_NEXT;
}

static struct middleware *breaker_create(struct broker *broker)
{
    struct breaker_middleware *m = mem_new(struct breaker_middleware);

    m->base.ops = &middleware_circuit_breaker_ops;
    m->log = (struct logger){broker_log_sink(broker), "circuit-breaker"};
    m->broker = broker;
    m->options = broker_options(broker);
    m->metrics = broker_metrics(broker);
    if (m->options->breaker.is_enabled) { /* else they are listed from the first breaker on */
        (void)metrics_get(m->metrics, METRICS_CIRCUIT_BREAKER_OPENED_ACTIVE);
        (void)metrics_get(m->metrics, METRICS_CIRCUIT_BREAKER_OPENED_TOTAL);
        (void)metrics_get(m->metrics, METRICS_CIRCUIT_BREAKER_HALF_OPENED_ACTIVE);
    }
    list_init(&m->breakers);
    loop_timer_init(broker_loop(broker), &m->window, on_window_over);
    return &m->base;
}

static void breaker_middleware_free(struct middleware *m)
{
    struct breaker_middleware *x = container_of(m, struct breaker_middleware, base);

    loop_timer_stop(&x->window);
    list_remove(&x->breakers);
    mem_free(x);
}

const struct middleware_ops middleware_circuit_breaker_ops = {
    .name = "CircuitBreaker",
    .kinds = MIDDLEWARE_LOCAL_ACTION | MIDDLEWARE_REMOTE_ACTION,
    .create = breaker_create,
    .free = breaker_middleware_free,
    .enter = breaker_enter,
    .leave = breaker_leave,
};
