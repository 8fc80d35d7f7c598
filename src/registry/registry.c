/* SPDX-License-Identifier: MIT */
/* The registry's face: life, the own node, lookups and choices. */
#include "registry/registry.h"

#include <math.h>

#include "base/assert.h"
#include "registry/registry_internal.h"

enum { FORGOTTEN_LISTS_MAX = 20000 };

struct registry *registry_new(struct loop *loop, const struct registry_options *options)
{
    struct registry *r = mem_new(struct registry);

    r->loop = loop;
    r->strategy_ops = options->strategy ? options->strategy : &strategy_round_robin_ops;
    r->strategy_options = options->strategy_options;
    r->prefer_local = options->prefer_local;
    r->started_ms = loop_now_ms(loop);
    r->latency = latency_new(r);
    list_init(&r->nodes);
    list_init(&r->services);
    list_init(&r->action_lists);
    list_init(&r->event_lists);
    r->wildcard_tail = &r->wildcard_events;
    r->local_node = registry_node_new(r, options->node_id);
    r->local_node->is_local = true;
    r->local_node->seq = 1;
    registry_set_local_info(r, &(struct registry_local_info){0});
    if (r->strategy_ops->prepare) {
        r->strategy_ops->prepare(r, r->strategy_options);
    }
    return r;
}

void registry_free(struct registry *r)
{
    if (!r) {
        return;
    }
    list_for_each_safe (link, &r->nodes) {
        registry_node_free(r, list_entry(link, struct registry_node, link));
    }
    registry_action_sweep(r);
    registry_event_sweep(r);
    latency_free(r->latency);
    map_fini(&r->nodes_by_id);
    map_fini(&r->actions);
    map_fini(&r->events);
    map_fini(&r->literal_events);
    map_fini(&r->texts);
    map_fini(&r->local_services);
    mem_free(r);
}

double registry_uptime_s(const struct registry *r)
{
    return round((double)(loop_now_ms(r->loop) - r->started_ms) / 1000);
}

struct registry_node *registry_local_node(struct registry *r)
{
    return r->local_node;
}

struct registry_node *registry_find_node(struct registry *r, struct bytes node_id)
{
    return map_get(&r->nodes_by_id, node_id);
}

struct latency *registry_latency(struct registry *r)
{
    return r->latency;
}

const struct list *registry_nodes(const struct registry *r)
{
    return &r->nodes;
}

void registry_set_local_info(struct registry *r, const struct registry_local_info *info)
{
    struct registry_node *node = r->local_node;
    struct shared *old_info = node->info;
    struct shared *old_instance = node->instance_text;
    struct json_field fields[] = {
        {BYTES("ipList"), info->ip_list.n ? info->ip_list : BYTES("[]")},
        {BYTES("hostname"), info->hostname.n ? info->hostname : BYTES("\"\"")},
        {BYTES("client"), info->client.n ? info->client : BYTES("{}")},
        {BYTES("config"), info->config.n ? info->config : BYTES("{}")},
        {BYTES("metadata"), info->metadata.n ? info->metadata : BYTES("{}")},
        {BYTES("port"), info->port.n ? info->port : BYTES("null")},
    };
    enum { N_FIELDS = sizeof(fields) / sizeof(fields[0]) };
    struct bytes *const targets[N_FIELDS] = {
        &node->ip_list, &node->hostname, &node->client, &node->config, &node->metadata, &node->port,
    };
    struct json_writer w;
    struct buf text;

    buf_init(&text, BUF_NO_LIMIT);
    w = json_writer(&text);
    json_begin_object(&w);
    for (size_t i = 0; i < N_FIELDS; i++) {
        json_member(&w, fields[i].name, fields[i].value);
    }
    json_end_object(&w);
    node->info = shared_new(buf_bytes(&text));
    node->instance_text = shared_new(info->instance_id);
    node->instance_id = node->instance_text->bytes;
    json_get_fields(node->info->bytes, fields, N_FIELDS);
    for (size_t i = 0; i < N_FIELDS; i++) {
        *targets[i] = fields[i].value;
    }
    r->n_text_bytes += node->info->bytes.n - (old_info ? old_info->bytes.n : 0);
    buf_fini(&text);
    shared_unref(old_info);
    shared_unref(old_instance);
}

int64_t registry_take_local_seq(struct registry *r)
{
    if (r->is_local_changed) {
        r->is_local_changed = false;
        r->local_node->seq++;
    }
    return r->local_node->seq;
}

void registry_bump_local_seq(struct registry *r)
{
    r->local_node->seq++;
}

/* Names that came and went are remembered, but not without end. */
static void forget_some(struct registry *r)
{
    size_t n_lists = r->actions.count + r->events.count;

    if (n_lists > FORGOTTEN_LISTS_MAX && n_lists / 4 > r->n_endpoints) {
        registry_action_sweep(r);
        registry_event_sweep(r);
    }
}

void registry_add_local_service(struct registry *r, struct local_service *service)
{
    struct registry_sync sync = {.registry = r};
    struct registry_text *source;
    int status = registry_text_get(r, service->published->bytes,
                                   service->hidden ? service->hidden->bytes : BYTES_NONE, &source);

    ASSERT(status == 0);
    forget_some(r);
    /* Out while its name moves from the old text to the new one. */
    sync.service = map_remove(&r->local_services, source->full_name->bytes);
    registry_service_put(&sync, r->local_node, source, service);
    map_set(&r->local_services, sync.service->full_name, sync.service);
    r->is_local_changed = true; /* also when only a definition is another one */
}

bool registry_remove_local_service(struct registry *r, struct bytes full_name)
{
    struct registry_service *s = registry_find_local_service(r, full_name);

    if (!s) {
        return false;
    }
    map_remove(&r->local_services, full_name);
    registry_service_remove(r, s);
    r->is_local_changed = true;
    return true;
}

struct registry_service *registry_find_local_service(struct registry *r, struct bytes full_name)
{
    return map_get(&r->local_services, full_name);
}

bool registry_has_local_room(struct registry *r, struct local_service *const *services, size_t n)
{
    size_t n_services = r->local_services.count;
    size_t n_endpoints = 0;

    list_for_each (link, &r->local_node->services) {
        n_endpoints += list_entry(link, struct registry_service, link)->n_endpoints;
    }
    for (size_t i = 0; i < n; i++) {
        struct bytes published = services[i]->published->bytes;
        struct registry_service *before;
        struct arena arena;

        arena_init(&arena);
        before = registry_find_local_service(
            r, json_string(json_get(published, BYTES("fullName")), &arena));
        arena_fini(&arena);
        n_services += before ? 0 : 1;
        n_endpoints -= before ? before->n_endpoints : 0;
        n_endpoints += json_count(json_get(published, BYTES("actions"))) +
                       json_count(json_get(published, BYTES("events"))) +
                       (services[i]->hidden ? json_count(services[i]->hidden->bytes) : 0);
    }
    return n_services <= REGISTRY_MAX_NODE_SERVICES && n_endpoints <= REGISTRY_MAX_NODE_ACTIONS;
}

bool registry_has_service(struct registry *r, struct bytes full_name)
{
    list_for_each (link, &r->services) {
        if (bytes_eq(list_entry(link, struct registry_service, registry_link)->full_name,
                     full_name)) {
            return true;
        }
    }
    return false;
}

void registry_local_services_json(struct registry *r, struct buf *out)
{
    struct json_writer w = json_writer(out);

    json_begin_array(&w);
    list_for_each (link, &r->local_node->services) {
        json_raw(&w, list_entry(link, struct registry_service, link)->local->published->bytes);
    }
    json_end_array(&w);
}

struct endpoint_list *registry_find_action(struct registry *r, struct bytes action)
{
    return map_get(&r->actions, action);
}

struct endpoint *registry_choose(struct registry *r, struct endpoint_list *list,
                                 const struct strategy_input *input)
{
    return endpoint_list_choose(list, r->prefer_local, input);
}

struct endpoint *registry_choose_local(struct registry *r, struct endpoint_list *list,
                                       const struct strategy_input *input)
{
    return endpoint_list_choose_local(list, input);
}

struct strategy *registry_strategy_new(struct registry *r)
{
    return r->strategy_ops->create(r, r->strategy_options);
}

struct endpoint *registry_choose_node(struct registry *r, struct endpoint_list *list,
                                      struct bytes node_id)
{
    struct registry_node *node = registry_find_node(r, node_id);

    return node ? endpoint_list_choose_node(list, node) : NULL;
}

struct endpoint_list *registry_next_event(struct registry *r, struct endpoint_list *previous,
                                          struct bytes event)
{
    return registry_event_next(r, previous, event);
}

const struct list *registry_action_lists(const struct registry *r)
{
    return &r->action_lists;
}

const struct list *registry_event_lists(const struct registry *r)
{
    return &r->event_lists;
}
