/* SPDX-License-Identifier: MIT */
/* The registry's face: life, the own node, lookups and choices. */
#include "registry/registry.h"

#include <math.h>

#include "base/assert.h"
#include "registry/registry_internal.h"

struct registry *registry_new(struct loop *loop, const struct registry_options *options)
{
    struct registry *r = mem_new(struct registry);

    r->loop = loop;
    r->strategy_ops = options->strategy ? options->strategy : &strategy_round_robin_ops;
    r->prefer_local = options->prefer_local;
    r->started_ms = loop_now_ms(loop);
    list_init(&r->nodes);
    list_init(&r->services);
    list_init(&r->action_lists);
    list_init(&r->event_lists);
    r->wildcard_tail = &r->wildcard_events;
    r->local_node = registry_node_new(r, options->node_id);
    r->local_node->is_local = true;
    r->local_node->seq = 1;
    registry_set_local_info(r, &(struct registry_local_info){0});
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
    map_fini(&r->nodes_by_id);
    map_fini(&r->actions);
    map_fini(&r->events);
    map_fini(&r->literal_events);
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

const struct list *registry_nodes(const struct registry *r)
{
    return &r->nodes;
}

void registry_set_local_info(struct registry *r, const struct registry_local_info *info)
{
    struct registry_node *node = r->local_node;
    const struct {
        struct bytes given, otherwise;
        struct bytes *target;
    } parts[] = {
        {info->ip_list, BYTES("[]"), &node->ip_list},
        {info->hostname, BYTES("\"\""), &node->hostname},
        {info->client, BYTES("{}"), &node->client},
        {info->config, BYTES("{}"), &node->config},
        {info->metadata, BYTES("{}"), &node->metadata},
        {info->port, BYTES("null"), &node->port},
    };
    struct shared *old_text = node->info;
    struct shared *old_instance = node->instance_text;
    const char *at;
    struct buf text;

    buf_init(&text, BUF_NO_LIMIT);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        buf_add(&text, parts[i].given.n ? parts[i].given : parts[i].otherwise);
    }
    node->info = shared_new(buf_bytes(&text));
    node->instance_text = shared_new(info->instance_id);
    at = node->info->bytes.p;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        *parts[i].target = bytes_of(at, parts[i].given.n ? parts[i].given.n : parts[i].otherwise.n);
        at += parts[i].target->n;
    }
    node->instance_id = node->instance_text->bytes;
    r->n_info_bytes += node->info->bytes.n - (old_text ? old_text->bytes.n : 0);
    buf_fini(&text);
    shared_unref(old_text);
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

void registry_add_local_service(struct registry *r, struct local_service *service)
{
    struct registry_service_source source;
    bool changed = false;
    int status =
        registry_service_read(service->published, service->published->bytes,
                              service->hidden ? service->hidden->bytes : BYTES_NONE, &source);

    ASSERT(status == 0);
    (void)registry_service_put(r, r->local_node, registry_find_local_service(r, source.full_name),
                               &source, service, &changed);
    r->is_local_changed = true; /* also when only a definition is another one */
}

bool registry_remove_local_service(struct registry *r, struct bytes full_name)
{
    struct registry_service *s = registry_find_local_service(r, full_name);

    if (!s) {
        return false;
    }
    registry_service_remove(r, s);
    r->is_local_changed = true;
    return true;
}

struct registry_service *registry_find_local_service(struct registry *r, struct bytes full_name)
{
    return registry_service_find(r->local_node, full_name);
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
                                 struct context *ctx)
{
    return endpoint_list_choose(list, r->prefer_local, ctx);
}

struct endpoint *registry_choose_local(struct registry *r, struct endpoint_list *list,
                                       struct context *ctx)
{
    return endpoint_list_choose_local(list, ctx);
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
