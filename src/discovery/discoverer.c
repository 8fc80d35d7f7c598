/* SPDX-License-Identifier: MIT */
/* Introduces this node to the others and keeps their entries in the registry up to date. */
#include "discovery/discoverer.h"

#include "base/assert.h"
#include "discovery/discoverer_internal.h"

/* How long answers to DISCOVER are collected before the first INFO. The originals wait 500 ms;
 * nodes answer in a few, and who answers later is told by itself (tell_newcomer). */
enum { INTRODUCE_MS = 50 };

static void set_state(struct discoverer *d, enum discoverer_state state)
{
    static const unsigned allowed[] = {
        [DISCOVERER_AWAY] = 1 << DISCOVERER_INTRODUCING | 1 << DISCOVERER_WITHDRAWN,
        [DISCOVERER_INTRODUCING] =
            1 << DISCOVERER_READY | 1 << DISCOVERER_AWAY | 1 << DISCOVERER_WITHDRAWN,
        [DISCOVERER_READY] = 1 << DISCOVERER_AWAY | 1 << DISCOVERER_WITHDRAWN,
        [DISCOVERER_WITHDRAWN] = 0,
    };

    ASSERT(allowed[d->state] & 1U << state);
    d->state = state;
}

/* --- telling --- */

static void fill_info(struct discoverer *d, struct packet_info *info, struct buf *services)
{
    const struct registry_node *local = registry_local_node(d->registry);

    if (d->state == DISCOVERER_WITHDRAWN) {
        buf_add(services, BYTES("[]"));
    } else {
        registry_local_services_json(d->registry, services);
    }
    *info = (struct packet_info){
        .services = buf_bytes(services),
        .ip_list = local->ip_list,
        .hostname = local->hostname,
        .client = local->client,
        .config = local->config,
        .metadata = local->metadata,
        .instance_id = local->instance_id,
        .seq = registry_take_local_seq(d->registry),
    };
}

static void send_info_to(struct discoverer *d, struct bytes node_id, enum protocol version)
{
    struct packet_info info;
    struct buf services;

    buf_init(&services, BUF_NO_LIMIT);
    fill_info(d, &info, &services);
    transit_send_info(d->transit, node_id, version, &info);
    buf_fini(&services);
}

/*
 * INFO to everybody: one broadcast where one version is spoken; where both are, each node gets its
 * own in its version, since a broadcast would be a logged mismatch at every other node.
 */
static void send_info_to_all(struct discoverer *d)
{
    enum protocol versions[2];

    d->told_version = PROTOCOL_NONE;
    if (transit_versions(d->transit, versions) < 2) {
        send_info_to(d, BYTES_NONE, versions[0]);
        d->told_version = versions[0];
        return;
    }
    list_for_each (link, registry_nodes(d->registry)) {
        const struct registry_node *node = list_entry(link, struct registry_node, link);

        if (!node->is_local && node->is_available) {
            send_info_to(d, node->id->bytes, node->version);
        }
    }
}

static void announce(struct discoverer *d)
{
    transit_subscribe_balanced(d->transit);
    send_info_to_all(d);
    d->is_announced = true;
}

static void on_info_due(struct loop_timer *timer)
{
    struct discoverer *d = container_of(timer, struct discoverer, info_timer);

    if (d->state == DISCOVERER_READY) {
        announce(d);
    }
}

void discoverer_services_changed(struct discoverer *d)
{
    d->is_announced = false;
    d->events->on_services_changed(d->owner, true);
    if (d->state != DISCOVERER_WITHDRAWN) {
        loop_timer_start(&d->info_timer, d->options->info_debounce_ms);
    }
}

/* --- the connection --- */

static void on_introduced(struct loop_timer *timer)
{
    struct discoverer *d = container_of(timer, struct discoverer, introduce_timer);

    set_state(d, DISCOVERER_READY);
    heartbeat_start(d);
    loop_timer_stop(&d->info_timer);
    announce(d);
    d->events->on_ready(d->owner, d->was_reconnect);
}

/* Nobody is known yet: both versions are asked, unless one is set. */
static void discover_all(struct discoverer *d)
{
    enum protocol versions[2] = {d->options->protocol, PROTOCOL_NONE};
    unsigned n = 1;

    if (d->options->protocol == PROTOCOL_NONE) {
        versions[0] = PROTOCOL_5;
        versions[1] = PROTOCOL_4;
        n = 2;
    }
    for (unsigned i = 0; i < n; i++) {
        transit_send_discover(d->transit, BYTES_NONE, versions[i]);
    }
}

static void on_connected(void *owner, bool was_reconnect)
{
    struct discoverer *d = owner;

    if (d->state == DISCOVERER_WITHDRAWN) {
        return;
    }
    set_state(d, DISCOVERER_INTRODUCING);
    d->was_reconnect = was_reconnect;
    discover_all(d);
    loop_timer_start(&d->introduce_timer, INTRODUCE_MS);
}

static void on_disconnected(void *owner, const char *reason)
{
    struct discoverer *d = owner;

    if (d->state == DISCOVERER_WITHDRAWN) {
        return;
    }
    if (d->state != DISCOVERER_AWAY) {
        set_state(d, DISCOVERER_AWAY);
    }
    loop_timer_stop(&d->introduce_timer);
    heartbeat_stop(d);
    d->events->on_lost(d->owner, reason);
}

/* --- what others say --- */

static void on_discover(void *owner, const struct packet_envelope *from)
{
    struct discoverer *d = owner;

    if (d->state == DISCOVERER_READY) {
        send_info_to(d, from->sender, from->version);
    }
}

/*
 * A node that has asked who we are, but had not told us of itself yet, did not hear what was
 * announced since then, unless that was a broadcast in its version.
 */
static void tell_newcomer(struct discoverer *d, const struct packet_envelope *from)
{
    if (d->state == DISCOVERER_READY && from->version != d->told_version) {
        send_info_to(d, from->sender, from->version);
    }
}

static void on_info(void *owner, const struct packet_envelope *from, struct bytes packet)
{
    struct discoverer *d = owner;
    struct registry_node *node = NULL;
    bool services_changed = false;
    enum registry_change change;

    if (bytes_eq(from->sender, d->options->node_id)) {
        return;
    }
    change = registry_node_info(d->registry, from, packet, &node, &services_changed);
    if (!node) {
        log_warn(&d->log, "INFO of '%.*s' is refused.", BYTES_ARG(from->sender));
        return;
    }
    if (services_changed) {
        d->events->on_services_changed(d->owner, false); /* first, as the originals tell it */
    }
    if (change == REGISTRY_NODE_UPDATED) {
        log_debug(&d->log, "Node '%.*s' updated.", BYTES_ARG(from->sender));
        d->events->on_node_updated(d->owner, node);
    } else {
        bool reconnected = change == REGISTRY_NODE_RETURNED;

        log_info(&d->log, "Node '%.*s' %s.", BYTES_ARG(from->sender),
                 reconnected ? "reconnected" : "connected");
        tell_newcomer(d, from);
        d->events->on_node_connected(d->owner, node, reconnected);
    }
}

static void on_heartbeat(void *owner, const struct packet_envelope *from,
                         const struct packet_heartbeat *heartbeat)
{
    struct discoverer *d = owner;
    struct registry_node *node = registry_find_node(d->registry, from->sender);

    if (node && node->is_available) {
        registry_node_heard(node, from->version);
        registry_node_heartbeat(d->registry, node, heartbeat->cpu);
    } else {
        transit_send_discover(d->transit, from->sender, from->version);
    }
}

void discoverer_node_lost(struct discoverer *d, struct registry_node *node, bool unexpected)
{
    if (!registry_node_disconnected(d->registry, node)) {
        return;
    }
    log_info(&d->log, "Node '%.*s' disconnected%s.", BYTES_ARG(node->id->bytes),
             unexpected ? " unexpectedly" : "");
    d->events->on_node_disconnected(d->owner, node, unexpected);
    d->events->on_services_changed(d->owner, false);
    transit_reject_node(d->transit, node->id->bytes);
}

static void on_disconnect(void *owner, const struct packet_envelope *from)
{
    struct discoverer *d = owner;
    struct registry_node *node = registry_find_node(d->registry, from->sender);

    if (node && !node->is_local) {
        discoverer_node_lost(d, node, false);
    }
}

static void on_pong(void *owner, const struct packet_envelope *from, const struct packet_ping *pong)
{
    struct discoverer *d = owner;
    double now = (double)loop_unix_ms(d->loop);
    double sent, arrived;

    if (json_double(pong->time, &sent) && json_double(pong->arrived, &arrived)) {
        double elapsed = now - sent;

        d->events->on_pong(d->owner, from, pong->id, elapsed, now - arrived - elapsed / 2);
    }
}

static void on_conflict(void *owner)
{
    struct discoverer *d = owner;

    d->events->on_conflict(d->owner);
}

static const struct transit_node_events node_events = {
    .on_connected = on_connected,
    .on_disconnected = on_disconnected,
    .on_discover = on_discover,
    .on_info = on_info,
    .on_heartbeat = on_heartbeat,
    .on_disconnect = on_disconnect,
    .on_pong = on_pong,
    .on_conflict = on_conflict,
};

/* --- life --- */

struct discoverer *discoverer_new(struct loop *loop, const struct broker_options *options,
                                  struct registry *registry, struct transit *transit,
                                  struct log_sink *sink)
{
    struct discoverer *d = mem_new(struct discoverer);

    d->loop = loop;
    d->options = options;
    d->registry = registry;
    d->transit = transit;
    d->log = (struct logger){sink, "registry"};
    loop_timer_init(loop, &d->introduce_timer, on_introduced);
    loop_timer_init(loop, &d->info_timer, on_info_due);
    heartbeat_init(d);
    transit_listen_nodes(transit, &node_events, d);
    return d;
}

void discoverer_listen(struct discoverer *d, const struct discoverer_events *events, void *owner)
{
    d->events = events;
    d->owner = owner;
}

void discoverer_free(struct discoverer *d)
{
    if (!d) {
        return;
    }
    heartbeat_stop(d);
    loop_timer_stop(&d->introduce_timer);
    loop_timer_stop(&d->info_timer);
    mem_free(d);
}

bool discoverer_is_ready(const struct discoverer *d)
{
    return d->state == DISCOVERER_READY;
}

bool discoverer_is_announced(const struct discoverer *d)
{
    return d->is_announced;
}

void discoverer_withdraw(struct discoverer *d)
{
    bool told = d->state == DISCOVERER_READY;

    set_state(d, DISCOVERER_WITHDRAWN);
    loop_timer_stop(&d->introduce_timer);
    loop_timer_stop(&d->info_timer);
    if (told) {
        registry_bump_local_seq(d->registry);
        send_info_to_all(d);
    }
}

void discoverer_leave(struct discoverer *d)
{
    enum protocol versions[2];
    unsigned n = transit_versions(d->transit, versions);

    heartbeat_stop(d);
    for (unsigned i = 0; i < (n ? n : 1); i++) {
        transit_send_disconnect(d->transit, versions[i]);
    }
}
