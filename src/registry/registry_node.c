/* SPDX-License-Identifier: MIT */
/*
 * Nodes: what their INFO says, when it makes their services register anew (protocol.md 3, 4), and
 * how much of it we are willing to keep.
 */
#include <math.h>

#include "base/assert.h"
#include "registry/registry_internal.h"

enum { NODE_ROOM_BYTES = 1024 };

struct registry_node *registry_node_new(struct registry *r, struct bytes id)
{
    struct registry_node *node = mem_new(struct registry_node);

    node->id = shared_new(id);
    node->is_available = true;
    node->last_heartbeat_s = registry_uptime_s(r);
    node->offline_since_s = -1;
    node->cpu = BYTES("null");
    node->cpu_seq = -1;
    list_init(&node->services);
    list_append(&r->nodes, &node->link);
    map_set(&r->nodes_by_id, node->id->bytes, node);
    return node;
}

static bool remove_services(struct registry *r, struct registry_node *node, bool only_unseen)
{
    bool removed = false;

    list_for_each_safe (link, &node->services) {
        struct registry_service *s = list_entry(link, struct registry_service, link);

        if (!only_unseen || !s->is_seen) {
            registry_service_remove(r, s);
            removed = true;
        }
    }
    return removed;
}

void registry_node_free(struct registry *r, struct registry_node *node)
{
    (void)remove_services(r, node, false);
    list_remove(&node->link);
    map_remove(&r->nodes_by_id, node->id->bytes);
    r->n_info_bytes -= node->info ? node->info->bytes.n : 0;
    shared_unref(node->info);
    shared_unref(node->instance_text);
    shared_unref(node->id);
    mem_free(node);
}

/* How much an INFO would make us keep. */
struct node_load {
    size_t n_services, n_actions, n_events;
};

static struct node_load weigh(struct bytes services)
{
    struct node_load load = {0};
    struct json_iter it = json_iter(services);
    struct bytes service;

    while (json_type(services) == JSON_ARRAY && json_next_item(&it, &service)) {
        struct json_field fields[] = {
            {BYTES("actions"), BYTES_NONE},
            {BYTES("events"), BYTES_NONE},
        };

        json_get_fields(service, fields, 2);
        load.n_services++;
        load.n_actions += json_count(fields[0].value);
        load.n_events += json_count(fields[1].value);
    }
    return load;
}

static bool has_room(struct registry *r, const struct registry_node *known, struct bytes packet,
                     struct bytes services)
{
    struct node_load load = weigh(services);
    size_t more = load.n_actions + load.n_events;
    size_t n_endpoints = r->n_endpoints;
    size_t n_info_bytes = r->n_info_bytes;

    if (load.n_services > REGISTRY_MAX_NODE_SERVICES ||
        load.n_actions > REGISTRY_MAX_NODE_ACTIONS || load.n_events > REGISTRY_MAX_NODE_EVENTS) {
        return false;
    }
    if (known) {
        list_for_each (link, &known->services) {
            n_endpoints -= list_entry(link, struct registry_service, link)->n_endpoints;
        }
        n_info_bytes -= known->info ? known->info->bytes.n : 0;
    } else if (r->nodes_by_id.count >= REGISTRY_MAX_NODES) {
        return false;
    }
    if (r->actions.count + r->events.count + more > REGISTRY_MAX_LISTS) {
        registry_action_sweep(r);
        registry_event_sweep(r);
    }
    return r->actions.count + r->events.count + more <= REGISTRY_MAX_LISTS &&
           n_endpoints + more <= REGISTRY_MAX_ENDPOINTS &&
           n_info_bytes + packet.n <= REGISTRY_MAX_INFO_BYTES;
}

/* Fills the map with what is registered and registers what the slice holds on top. */
static bool register_services(struct registry *r, struct registry_node *node, struct bytes services)
{
    struct json_iter it = json_iter(services);
    struct map known;
    struct bytes slice;
    bool changed = false;

    map_init(&known);
    list_for_each (link, &node->services) {
        struct registry_service *s = list_entry(link, struct registry_service, link);

        s->is_seen = false;
        map_set(&known, s->full_name, s);
    }
    while (json_type(services) == JSON_ARRAY && json_next_item(&it, &slice)) {
        struct registry_service_source source;
        struct registry_service *s;

        if (registry_service_read(node->info, slice, BYTES_NONE, &source) != 0) {
            continue;
        }
        /* Out while its name moves from the old text to the new one. */
        s = map_remove(&known, source.full_name);
        s = registry_service_put(r, node, s, &source, NULL, &changed);
        s->is_seen = true;
        map_set(&known, s->full_name, s);
    }
    map_fini(&known);
    return remove_services(r, node, true) || changed;
}

static void keep_text(struct registry *r, struct registry_node *node, struct bytes packet)
{
    struct shared *old = node->info;

    /* The same INFO comes with each DISCOVER: one copy is enough. */
    if (old && bytes_eq(old->bytes, packet)) {
        return;
    }
    r->n_info_bytes -= old ? old->bytes.n : 0;
    r->n_info_bytes += packet.n;
    node->info = shared_new(packet);
    shared_unref(old);
}

/* Returns whether the services have to be registered anew. */
static bool take_info(struct registry_node *node, const struct packet_info *info, bool is_back)
{
    struct shared *old = node->instance_text;
    bool is_other = !old || !bytes_eq(old->bytes, info->instance_id);

    node->ip_list = info->ip_list;
    node->hostname = info->hostname;
    node->client = info->client;
    node->config = info->config;
    node->metadata = info->metadata;
    node->port = info->port;
    if (!is_other && !is_back && info->seq <= node->seq) {
        return false;
    }
    node->seq = info->seq;
    if (is_other) {
        node->instance_text = shared_new(info->instance_id);
        node->instance_id = node->instance_text->bytes;
        shared_unref(old);
    }
    return true;
}

enum registry_change registry_node_info(struct registry *r, struct bytes node_id,
                                        enum protocol version, struct bytes packet,
                                        struct registry_node **out_node, bool *out_services_changed)
{
    struct registry_node *node = registry_find_node(r, node_id);
    enum registry_change change = REGISTRY_NODE_UPDATED;
    char room[NODE_ROOM_BYTES];
    struct arena arena;
    struct packet_info info;
    bool changed = false;
    int status;

    if (node == r->local_node || node_id.n == 0) {
        return REGISTRY_INFO_FAULTY;
    }
    arena_init_in(&arena, room, sizeof(room));
    status = packet_info_decode(packet, &arena, &info);
    if (status != 0 || !has_room(r, node, packet, info.services)) {
        arena_fini(&arena);
        return status != 0 ? REGISTRY_INFO_FAULTY : REGISTRY_INFO_REFUSED;
    }
    if (!node) {
        node = registry_node_new(r, node_id);
        change = REGISTRY_NODE_NEW;
    } else if (!node->is_available) {
        node->is_available = true;
        node->offline_since_s = -1;
        node->last_heartbeat_s = registry_uptime_s(r);
        change = REGISTRY_NODE_RETURNED;
    }
    node->version = version;
    keep_text(r, node, packet);
    status = packet_info_decode(node->info->bytes, &arena, &info);
    ASSERT(status == 0); /* the same text was good before it was copied */
    if (take_info(node, &info, change == REGISTRY_NODE_RETURNED)) {
        changed = register_services(r, node, info.services);
    }
    arena_fini(&arena);
    *out_node = node;
    *out_services_changed = changed;
    return change;
}

static void take_cpu(struct registry_node *node, struct bytes cpu)
{
    double value;
    struct buf text;

    if (!json_double(cpu, &value) || !isfinite(value)) {
        return;
    }
    buf_init(&text, sizeof(node->cpu_text));
    json_add_double(&text, value);
    cpu = buf_bytes(&text);
    if (!text.failed) {
        bool is_other = !bytes_eq(cpu, node->cpu);

        memcpy(node->cpu_text, cpu.p, cpu.n);
        node->cpu = bytes_of(node->cpu_text, cpu.n);
        if (node->cpu_seq < 0) {
            node->cpu_seq = 1;
        } else if (node->is_local && is_other) {
            node->cpu_seq++;
        }
    }
    buf_fini(&text);
}

void registry_node_heartbeat(struct registry *r, struct registry_node *node, struct bytes cpu)
{
    take_cpu(node, cpu);
    if (!node->is_local) {
        node->last_heartbeat_s = registry_uptime_s(r);
    }
}

bool registry_node_disconnected(struct registry *r, struct registry_node *node)
{
    if (!node->is_available || node->is_local) {
        return false;
    }
    node->is_available = false;
    node->offline_since_s = registry_uptime_s(r);
    node->seq++;
    (void)remove_services(r, node, false);
    return true;
}

void registry_node_remove(struct registry *r, struct registry_node *node)
{
    ASSERT(!node->is_local && !node->is_available);
    registry_node_free(r, node);
}
