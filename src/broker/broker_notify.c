/* SPDX-License-Identifier: MIT */
/*
 * Internal events (docs/protocol.md): what happens to nodes, services and the transporter, told to
 * local subscribers. Payloads are only made when somebody listens.
 */
#include "broker/broker_internal.h"
#include "registry/latency.h"
#include "registry/registry_list.h"

/* Metrics count what nobody listens to, too. */
bool broker_notify_wanted(struct broker *b, struct bytes event)
{
    if (b->metrics) {
        return true;
    }
    for (struct endpoint_list *l = NULL; (l = registry_next_event(b->registry, l, event));) {
        if (l->n_local > 0) {
            return true;
        }
    }
    return false;
}

/* What a peer can bring about as often as it likes must not run without a limit. */
void broker_notify(struct broker *b, struct bytes event, struct bytes payload)
{
    if (broker_is_full(b)) {
        log_debug(&b->log, "Event '%.*s' is dropped: too much runs already.", BYTES_ARG(event));
        return;
    }
    broker_broadcast_local(b, &(struct broker_event){.event = event, .params = payload}, NULL,
                           NULL);
}

static void notify_bool(struct broker *b, struct bytes event, const char *member, bool value)
{
    struct buf payload;

    if (!broker_notify_wanted(b, event)) {
        return;
    }
    buf_init(&payload, BUF_NO_LIMIT);
    buf_add_format(&payload, "{\"%s\":%s}", member, value ? "true" : "false");
    broker_notify(b, event, buf_bytes(&payload));
    buf_fini(&payload);
}

void broker_notify_error(struct broker *b, struct bytes event, const struct mol_error *error,
                         const char *module, const char *type)
{
    struct buf payload;
    struct json_writer w = json_writer(&payload);

    if (!broker_notify_wanted(b, event)) {
        return;
    }
    buf_init(&payload, BUF_NO_LIMIT);
    json_begin_object(&w);
    json_key(&w, BYTES("error"));
    mol_error_to_wire(&w, error, b->options->node_id);
    json_member_text(&w, BYTES("module"), bytes_cstr(module));
    json_member_text(&w, BYTES("type"), bytes_cstr(type));
    json_end_object(&w);
    broker_notify(b, event, buf_bytes(&payload));
    buf_fini(&payload);
}

static void notify_node(struct broker *b, struct bytes event, const struct registry_node *node,
                        struct bytes flag, const bool *value)
{
    struct buf payload;
    struct json_writer w = json_writer(&payload);

    if (!broker_notify_wanted(b, event)) {
        return;
    }
    buf_init(&payload, BUF_NO_LIMIT);
    json_begin_object(&w);
    json_key(&w, BYTES("node"));
    registry_list_node(b->registry, node, &w);
    if (value) {
        json_member_bool(&w, flag, *value);
    }
    json_end_object(&w);
    broker_notify(b, event, buf_bytes(&payload));
    buf_fini(&payload);
}

void broker_notify_started(struct broker *b)
{
    if (!b->has_told_started) {
        b->has_told_started = true;
        broker_notify(b, BYTES("$broker.started"), BYTES_NONE);
    }
}

void broker_notify_transporter_closing(struct broker *b)
{
    notify_bool(b, BYTES("$transporter.disconnected"), "graceFul", true);
}

static void send_ping(void *owner, struct bytes node_id)
{
    struct broker *b = owner;

    transit_send_ping(b->transit, node_id);
}

static void on_ready(void *owner, bool was_reconnect)
{
    struct broker *b = owner;

    log_info(&b->log, "Transporter is connected.");
    if (b->cacher) {
        cacher_clean(b->cacher, BYTES_NONE); /* events that clean it may have been missed */
    }
    latency_start(registry_latency(b->registry), send_ping, b);
    notify_bool(b, BYTES("$transporter.connected"), "wasReconnect", was_reconnect);
    broker_notify_started(b);
    b->events.on_ready(b, was_reconnect);
}

static void on_lost(void *owner, const char *reason)
{
    struct broker *b = owner;

    log_warn(&b->log, "Transporter is disconnected: %s", reason);
    notify_bool(b, BYTES("$transporter.disconnected"), "graceFul", false);
    b->events.on_lost(b, reason);
}

static void on_node_connected(void *owner, struct registry_node *node, bool reconnected)
{
    notify_node(owner, BYTES("$node.connected"), node, BYTES("reconnected"), &reconnected);
}

static void on_node_updated(void *owner, struct registry_node *node)
{
    notify_node(owner, BYTES("$node.updated"), node, BYTES_NONE, NULL);
}

/* Contexts that a gone node asked for have nobody to answer to. */
static void abort_contexts_of(struct broker *b, struct bytes node_id)
{
    struct list asked;

    list_init(&asked);
    list_for_each_safe (link, &b->running) {
        struct context *ctx = list_entry(link, struct context, link);

        if (ctx->from_remote && ctx->kind == CONTEXT_LOCAL_ACTION &&
            bytes_eq(ctx->node_id, node_id)) {
            list_remove(&ctx->link);
            list_append(&asked, &ctx->link);
        }
    }
    while (!list_is_empty(&asked)) {
        struct context *ctx = list_entry(asked.next, struct context, link);

        list_remove(&ctx->link);
        list_append(&b->running, &ctx->link);
        ctx->done = NULL;
        pipeline_abandon(ctx, mol_error_about_action(&ctx->arena, MOL_ERROR_REQUEST_REJECTED,
                                                     ctx->name, node_id));
    }
}

static void on_node_disconnected(void *owner, struct registry_node *node, bool unexpected)
{
    struct broker *b = owner;

    abort_contexts_of(b, node->id->bytes);
    notify_node(b, BYTES("$node.disconnected"), node, BYTES("unexpected"), &unexpected);
}

static void on_services_changed(void *owner, bool local)
{
    broker_notify_services_changed(owner, local);
}

void broker_notify_services_changed(struct broker *b, bool local)
{
    notify_bool(b, BYTES("$services.changed"), "localService", local);
}

static void on_pong(void *owner, const struct packet_envelope *from, struct bytes id,
                    double elapsed_ms, double time_diff_ms)
{
    struct broker *b = owner;
    struct registry_node *node = registry_find_node(b->registry, from->sender);
    struct buf payload;
    struct json_writer w = json_writer(&payload);

    broker_metrics_pong(b, from->sender, elapsed_ms, time_diff_ms);
    if (node) {
        latency_pong(registry_latency(b->registry), node, elapsed_ms);
    }
    if (!broker_notify_wanted(b, BYTES("$node.pong"))) {
        return;
    }
    buf_init(&payload, BUF_NO_LIMIT);
    json_begin_object(&w);
    json_member_text(&w, BYTES("nodeID"), from->sender);
    json_key(&w, BYTES("elapsedTime"));
    json_number(&w, elapsed_ms);
    json_key(&w, BYTES("timeDiff"));
    json_number(&w, time_diff_ms);
    if (bytes_is_set(id)) {
        json_member_text(&w, BYTES("id"), id);
    }
    json_end_object(&w);
    broker_notify(b, BYTES("$node.pong"), buf_bytes(&payload));
    buf_fini(&payload);
}

static void on_conflict(void *owner)
{
    struct broker *b = owner;

    b->events.on_conflict(b);
}

void broker_notify_listen(struct broker *b)
{
    static const struct discoverer_events events = {
        .on_ready = on_ready,
        .on_lost = on_lost,
        .on_node_connected = on_node_connected,
        .on_node_updated = on_node_updated,
        .on_node_disconnected = on_node_disconnected,
        .on_services_changed = on_services_changed,
        .on_pong = on_pong,
        .on_conflict = on_conflict,
    };

    discoverer_listen(b->discoverer, &events, b);
}
