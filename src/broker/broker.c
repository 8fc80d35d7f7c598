/* SPDX-License-Identifier: MIT */
/* The broker's life: its parts made in order, started, drained and stopped in reverse. */
#include "broker/broker.h"

#include "base/assert.h"
#include "broker/broker_internal.h"
#include "broker/local_info.h"
#include "broker/node_service.h"
#include "registry/latency.h"
#include "serializer/serializer.h"
#include "transporter/transporter_find.h"

enum { DRAIN_POLL_MS = 20, FAREWELL_MS = 1000 };

static void set_state(struct broker *b, enum broker_state state)
{
    static const unsigned allowed[] = {
        [BROKER_NEW] = 1 << BROKER_STARTED | 1 << BROKER_STOPPED,
        [BROKER_STARTED] = 1 << BROKER_WITHDRAWING,
        [BROKER_WITHDRAWING] = 1 << BROKER_DRAINING,
        [BROKER_DRAINING] = 1 << BROKER_LEAVING,
        [BROKER_LEAVING] = 1 << BROKER_STOPPED,
        [BROKER_STOPPED] = 0,
    };

    ASSERT(allowed[b->state] & 1U << state);
    b->state = state;
}

static int transit_create(struct broker *b)
{
    const struct broker_options *o = b->options;
    const struct serializer_ops *serializer =
        serializer_find(bytes_is_set(o->serializer) ? o->serializer : BYTES("JSON"));
    struct transit_options options = {
        .namespace_ = o->namespace_,
        .node_id = o->node_id,
        .instance_id = bytes_of(b->instance_id, UUID_TEXT_BYTES),
        .transporter = transporter_find(o->transporter, &options.transporter_url),
        .transporter_options = o->transporter_options,
        .serializer = serializer,
        .protocol = o->protocol,
        .disable_version_check = o->disable_version_check,
        .disable_balancer = o->disable_balancer,
        .max_queue_size = o->max_queue_size,
        .metrics = b->metrics,
    };
    int err;

    if (!serializer) {
        log_fatal(&b->log, "Invalid serializer type '%.*s'.", BYTES_ARG(o->serializer));
        return ERR_INVALID;
    }
    if (!options.transporter) {
        log_fatal(&b->log, "Invalid transporter type '%.*s'.", BYTES_ARG(o->transporter));
        return ERR_INVALID;
    }
    if (o->disable_balancer && !options.transporter->has_balancer) {
        log_warn(&b->log, "The %s transporter has no built-in balancer. Use broker's balancer.",
                 options.transporter->name);
    }
    err = transit_new(b->loop, &options, b->registry, b->sink, &b->transit);
    if (err) {
        log_fatal(&b->log, "Unable to create the transporter '%.*s': %s.",
                  BYTES_ARG(o->transporter), err_text(err));
        return err;
    }
    b->discoverer = discoverer_new(b->loop, o, b->registry, b->transit, b->sink);
    broker_notify_listen(b);
    broker_remote_listen(b);
    return 0;
}

static int registry_create(struct broker *b)
{
    const struct broker_options *o = b->options;
    const struct strategy_ops *strategy =
        strategy_find(bytes_is_set(o->strategy) ? o->strategy : BYTES("RoundRobin"));

    if (!strategy) {
        log_fatal(&b->log, "Invalid strategy type '%.*s'.", BYTES_ARG(o->strategy));
        return ERR_INVALID;
    }
    b->registry =
        registry_new(b->loop, &(struct registry_options){.node_id = o->node_id,
                                                         .prefer_local = o->prefer_local,
                                                         .strategy = strategy,
                                                         .strategy_options = o->strategy_options});
    local_info_set(b->registry, bytes_of(b->instance_id, UUID_TEXT_BYTES), o->metadata);
    return 0;
}

static void metrics_create(struct broker *b)
{
    const struct metrics_options *o = &b->options->metrics;

    if (o->is_enabled) {
        b->metrics = metrics_new(b->loop, b->sink, o->max_items);
        log_info(&b->log, "Metrics: Enabled");
    }
}

static int cacher_create(struct broker *b)
{
    const struct cacher_options *o = &b->options->cacher;

    if (!bytes_is_set(o->type)) {
        return 0;
    }
    if (!cacher_find(o->type)) {
        log_fatal(&b->log, "Invalid cacher type '%.*s'.", BYTES_ARG(o->type));
        return ERR_INVALID;
    }
    b->cacher = cacher_new(b->loop, o);
    cacher_measure(b->cacher, b->metrics);
    log_info(&b->log, "Cacher: %s", b->cacher->ops->name);
    return 0;
}

static void middlewares_create(struct broker *b, const struct middleware_ops *const *ops,
                               unsigned n)
{
    ASSERT(n <= BROKER_MIDDLEWARES_MAX);
    for (unsigned i = 0; i < n; i++) {
        struct middleware *m = ops[i]->create(b);

        if (m) {
            b->middlewares[b->n_middlewares++] = m;
            pipeline_add(&b->pipeline, m);
        }
    }
}

int broker_new(struct loop *loop, const struct broker_setup *setup, struct broker **out)
{
    struct broker *b = mem_new(struct broker);
    struct local_service *node_service;
    int err;

    b->loop = loop;
    b->options = setup->options;
    b->sink = setup->sink;
    b->log = (struct logger){setup->sink, "broker"};
    b->events = setup->events;
    list_init(&b->running);
    list_init(&b->spare);
    map_init(&b->waiting);
    list_init(&b->removals);
    map_init(&b->contexts);
    uuid_make(b->instance_id);
    metrics_create(b);
    err = registry_create(b);
    if (err == 0) {
        broker_metrics_init(b);
        err = cacher_create(b);
    }
    if (err == 0 && bytes_is_set(setup->options->transporter)) {
        err = transit_create(b);
    }
    if (err) {
        broker_free(b);
        return err;
    }
    middlewares_create(b, setup->middlewares, setup->n_middlewares);
    node_service = node_service_new(b);
    registry_add_local_service(b->registry, node_service);
    local_service_unref(node_service);
    *out = b;
    return 0;
}

void *broker_owner(const struct broker *b)
{
    return b->events.owner;
}

void broker_start(struct broker *b)
{
    set_state(b, BROKER_STARTED);
    log_info(&b->log, "Namespace: %.*s",
             BYTES_ARG(b->options->namespace_.n ? b->options->namespace_ : BYTES("<not defined>")));
    log_info(&b->log, "Node ID: %.*s", BYTES_ARG(b->options->node_id));
    if (b->transit) {
        discoverer_services_changed(b->discoverer);
        transit_connect(b->transit);
    } else {
        broker_notify_started(b);
    }
}

/* --- stopping --- */

/* Who wants to hear of the end gets a moment for it. */
static void on_farewell_poll(struct loop_timer *timer)
{
    struct broker *b = container_of(timer, struct broker, stop_timer);

    if (b->n_running > 0 && loop_now_ms(b->loop) - b->drain_since_ms < FAREWELL_MS) {
        loop_timer_start(timer, DRAIN_POLL_MS);
    } else {
        b->stopped(b);
    }
}

static void on_transporter_closed(void *owner)
{
    struct broker *b = owner;

    set_state(b, BROKER_STOPPED);
    log_info(&b->log, "ServiceBroker is stopped. Good bye.");
    broker_notify(b, BYTES("$broker.stopped"), BYTES_NONE);
    b->drain_since_ms = loop_now_ms(b->loop);
    loop_timer_init(b->loop, &b->stop_timer, on_farewell_poll);
    on_farewell_poll(&b->stop_timer);
}

static void on_nothing_to_close(struct loop_timer *timer)
{
    on_transporter_closed(container_of(timer, struct broker, stop_timer));
}

static void leave_cluster(struct broker *b)
{
    struct transit *transit = b->transit;

    set_state(b, BROKER_LEAVING);
    if (!transit) {
        loop_timer_init(b->loop, &b->stop_timer, on_nothing_to_close);
        loop_timer_start(&b->stop_timer, 0);
        return;
    }
    broker_notify_transporter_closing(b);
    latency_stop(registry_latency(b->registry));
    discoverer_leave(b->discoverer);
    discoverer_free(b->discoverer);
    b->discoverer = NULL;
    b->transit = NULL;
    transit_close(transit, on_transporter_closed, b);
}

static void abort_running(struct broker *b)
{
    log_warn(&b->log, "%u running context(s) are given up.", b->n_running);
    broker_give_up(b);
}

static void on_drain_poll(struct loop_timer *timer)
{
    struct broker *b = container_of(timer, struct broker, stop_timer);

    if (!broker_is_drained(b, b->drain_since_ms)) {
        loop_timer_start(timer, DRAIN_POLL_MS);
        return;
    }
    if (b->n_running > 0) {
        abort_running(b);
    }
    leave_cluster(b);
}

static void on_stop_delay_over(struct loop_timer *timer)
{
    struct broker *b = container_of(timer, struct broker, stop_timer);

    set_state(b, BROKER_DRAINING);
    b->drain_since_ms = loop_now_ms(b->loop);
    if (b->n_running) {
        log_info(&b->log, "Waiting for %u running context(s)...", b->n_running);
    }
    loop_timer_init(b->loop, timer, on_drain_poll);
    loop_timer_start(timer, 0);
}

void broker_stop(struct broker *b, void (*done)(struct broker *b))
{
    set_state(b, BROKER_WITHDRAWING);
    b->stopped = done;
    broker_waiting_free(b);
    if (b->transit) {
        discoverer_withdraw(b->discoverer);
    }
    loop_timer_init(b->loop, &b->stop_timer, on_stop_delay_over);
    loop_timer_start(&b->stop_timer, b->transit ? b->options->stop_delay_ms : 0);
}

void broker_free(struct broker *b)
{
    if (!b) {
        return;
    }
    broker_waiting_free(b);
    broker_removals_free(b);
    discoverer_free(b->discoverer);
    if (b->transit) {
        transit_close(b->transit, NULL, NULL);
    }
    for (unsigned i = 0; i < b->n_middlewares; i++) {
        b->middlewares[i]->ops->free(b->middlewares[i]);
    }
    cacher_free(b->cacher);
    registry_free(b->registry);
    broker_contexts_free(b);
    metrics_free(b->metrics);
    mem_free(b);
}

/* --- services --- */

void broker_services_changed(struct broker *b)
{
    if (b->discoverer) {
        discoverer_services_changed(b->discoverer);
    } else {
        broker_notify_services_changed(b, true);
    }
}

void broker_add_service(struct broker *b, struct local_service *service)
{
    broker_waiting_replace(b, service);
    registry_add_local_service(b->registry, service);
    broker_services_changed(b);
}

/* --- looking inside --- */

void broker_set_caller_service(struct broker *b, struct local_service *s)
{
    b->caller_service = s;
}

struct local_service *broker_caller_service(const struct broker *b)
{
    return b->caller_service;
}

struct registry *broker_registry(struct broker *b)
{
    return b->registry;
}

struct loop *broker_loop(const struct broker *b)
{
    return b->loop;
}

const struct broker_options *broker_options(const struct broker *b)
{
    return b->options;
}

struct log_sink *broker_log_sink(const struct broker *b)
{
    return b->sink;
}

struct cacher *broker_cacher(struct broker *b)
{
    return b->cacher;
}

struct metrics *broker_metrics(struct broker *b)
{
    return b->metrics;
}

bool broker_is_connected(const struct broker *b)
{
    return b->transit && transit_is_connected(b->transit);
}

bool broker_is_ready(const struct broker *b)
{
    if (b->state != BROKER_STARTED) {
        return false;
    }
    return !b->transit ||
           (discoverer_is_ready(b->discoverer) && discoverer_is_announced(b->discoverer));
}

bool broker_is_full(const struct broker *b)
{
    return b->options->max_running && b->n_running >= b->options->max_running;
}

unsigned broker_running(const struct broker *b)
{
    return b->n_running;
}
