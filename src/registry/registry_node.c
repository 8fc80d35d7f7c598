/* SPDX-License-Identifier: MIT */
/*
 * Nodes: what their INFO says, when it makes their services register anew (docs/protocol.md, INFO),
 * and how much of it we are willing to keep.
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
    node->cpu_percent = (double)NAN;
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

static void unref_texts(struct registry *r, struct registry_text **texts, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        registry_text_unref(r, texts[i]);
    }
    mem_free(texts);
}

void registry_node_free(struct registry *r, struct registry_node *node)
{
    latency_node_gone(r->latency, node);
    (void)remove_services(r, node, false);
    unref_texts(r, node->published, node->n_published);
    list_remove(&node->link);
    map_remove(&r->nodes_by_id, node->id->bytes);
    r->n_text_bytes -= node->info ? node->info->bytes.n : 0;
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
    size_t n_text_bytes = r->n_text_bytes;

    if (load.n_services > REGISTRY_MAX_NODE_SERVICES ||
        load.n_actions > REGISTRY_MAX_NODE_ACTIONS || load.n_events > REGISTRY_MAX_NODE_EVENTS) {
        return false;
    }
    if (known) {
        list_for_each (link, &known->services) {
            n_endpoints -= list_entry(link, struct registry_service, link)->n_endpoints;
        }
        n_text_bytes -= known->info ? known->info->bytes.n : 0;
    } else if (r->nodes_by_id.count >= REGISTRY_MAX_NODES) {
        return false;
    }
    if (r->actions.count + r->events.count + more > REGISTRY_MAX_LISTS) {
        registry_action_sweep(r);
        registry_event_sweep(r);
    }
    return r->actions.count + r->events.count + more <= REGISTRY_MAX_LISTS &&
           n_endpoints + more <= REGISTRY_MAX_ENDPOINTS &&
           n_text_bytes + packet.n <= REGISTRY_MAX_TEXT_BYTES;
}

static void keep_published(struct registry *r, struct registry_node *node, struct bytes services)
{
    struct registry_text **old = node->published;
    unsigned n_old = node->n_published;
    size_t n = json_type(services) == JSON_ARRAY ? json_count(services) : 0;
    struct json_iter it = json_iter(n ? services : BYTES_NONE);
    struct bytes slice;

    node->published = n ? mem_realloc(NULL, n * sizeof(struct registry_text *)) : NULL;
    node->n_published = 0;
    while (node->n_published < n && json_next_item(&it, &slice)) {
        struct registry_text *source;

        if (registry_text_get(r, slice, BYTES_NONE, &source) == 0) {
            node->published[node->n_published++] = source;
        }
    }
    unref_texts(r, old, n_old);
}

/* Registers what is published; what is not any more goes. */
static bool register_services(struct registry *r, struct registry_node *node)
{
    struct registry_sync sync = {.registry = r};
    struct map known;

    map_init(&known);
    list_for_each (link, &node->services) {
        struct registry_service *s = list_entry(link, struct registry_service, link);

        s->is_seen = false;
        map_set(&known, s->full_name, s);
    }
    for (unsigned i = 0; i < node->n_published; i++) {
        struct registry_text *source = node->published[i];

        /* Out while its name moves from the old text to the new one. */
        sync.service = map_remove(&known, source->full_name->bytes);
        registry_service_put(&sync, node, registry_text_ref(source), NULL);
        sync.service->is_seen = true;
        map_set(&known, sync.service->full_name, sync.service);
    }
    map_fini(&known);
    return remove_services(r, node, true) || sync.changed;
}

/* The packet without its services, which keep_published keeps. */
static void keep_info(struct registry *r, struct registry_node *node, struct bytes packet)
{
    struct shared *old = node->info;
    struct json_iter it = json_iter(packet);
    struct json_writer w;
    struct bytes key, value;
    struct buf text;

    buf_init(&text, BUF_NO_LIMIT);
    w = json_writer(&text);
    json_begin_object(&w);
    while (json_next_member(&it, &key, &value)) {
        bool is_services = json_type(value) == JSON_ARRAY && json_string_eq(key, BYTES("services"));

        json_raw(&w, key);
        buf_add_char(&text, ':');
        w.needs_comma = false;
        json_raw(&w, is_services ? BYTES("[]") : value);
    }
    json_end_object(&w);
    r->n_text_bytes += text.n - (old ? old->bytes.n : 0);
    node->info = shared_new(buf_bytes(&text));
    shared_unref(old);
    buf_fini(&text);
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

/* Known and online, whatever it was before. */
static enum registry_change welcome(struct registry *r, struct registry_node **node,
                                    struct bytes node_id)
{
    if (!*node) {
        *node = registry_node_new(r, node_id);
        return REGISTRY_NODE_NEW;
    }
    if ((*node)->is_available) {
        return REGISTRY_NODE_UPDATED;
    }
    (*node)->is_available = true;
    (*node)->offline_since_s = -1;
    (*node)->last_heartbeat_s = registry_uptime_s(r);
    return REGISTRY_NODE_RETURNED;
}

void registry_node_heard(struct registry_node *node, enum protocol version)
{
    node->speaks_both |= node->version != PROTOCOL_NONE && node->version != version;
}

static void take_version(struct registry_node *node, enum protocol version, bool is_same_run)
{
    if (is_same_run) {
        registry_node_heard(node, version);
    } else {
        node->speaks_both = false;
    }
    node->version = version;
}

enum registry_change registry_node_info(struct registry *r, const struct packet_envelope *from,
                                        struct bytes packet, struct registry_node **out_node,
                                        bool *out_services_changed)
{
    struct registry_node *node = registry_find_node(r, from->sender);
    enum registry_change change = REGISTRY_INFO_FAULTY;
    char room[NODE_ROOM_BYTES];
    struct packet_info whole, kept;
    struct arena arena;
    int status;

    arena_init_in(&arena, room, sizeof(room));
    if (node == r->local_node || from->sender.n == 0 ||
        packet_info_decode(packet, &arena, &whole) != 0) {
        goto done;
    }
    if (!has_room(r, node, packet, whole.services)) {
        change = REGISTRY_INFO_REFUSED;
        goto done;
    }
    change = welcome(r, &node, from->sender);
    take_version(node, from->version,
                 node->instance_text && bytes_eq(node->instance_id, whole.instance_id));
    keep_info(r, node, packet);
    keep_published(r, node, whole.services);
    status = packet_info_decode(node->info->bytes, &arena, &kept);
    ASSERT(status == 0); /* it was good with its services, too */
    *out_services_changed =
        take_info(node, &kept, change == REGISTRY_NODE_RETURNED) && register_services(r, node);
    latency_node_there(r->latency, node);
    *out_node = node;
done:
    arena_fini(&arena);
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
        node->cpu_percent = value;
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
    latency_node_gone(r->latency, node);
    (void)remove_services(r, node, false);
    return true;
}

void registry_node_remove(struct registry *r, struct registry_node *node)
{
    ASSERT(!node->is_local && !node->is_available);
    registry_node_free(r, node);
}
