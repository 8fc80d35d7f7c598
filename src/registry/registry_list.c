/* SPDX-License-Identifier: MIT */
/* Listings of nodes, actions and events, members in the original's order. */
#include "registry/registry_list.h"

#include "registry/registry_internal.h"

void registry_list_definition(struct json_writer *w, struct bytes definition)
{
    struct json_field never[] = {
        {BYTES("handler"), BYTES_NONE},
        {BYTES("remoteHandler"), BYTES_NONE},
        {BYTES("service"), BYTES_NONE},
    };
    struct json_iter it = json_iter(definition);
    struct bytes key, value;

    json_get_fields(definition, never, 3);
    if (never[0].value.n + never[1].value.n + never[2].value.n == 0) {
        json_raw(w, definition);
        return;
    }
    json_begin_object(w);
    while (json_next_member(&it, &key, &value)) {
        if (!json_string_eq(key, never[0].name) && !json_string_eq(key, never[1].name) &&
            !json_string_eq(key, never[2].name)) {
            json_raw(w, key);
            buf_add_char(w->out, ':');
            w->needs_comma = false;
            json_raw(w, value);
        }
    }
    json_end_object(w);
}

/* As INFO has them; of a node that is away: as its last one had them. */
static void add_services(struct json_writer *w, struct registry *r,
                         const struct registry_node *node)
{
    if (node->is_local) {
        registry_local_services_json(r, w->out);
        w->needs_comma = true;
        return;
    }
    json_begin_array(w);
    for (unsigned i = 0; i < node->n_published; i++) {
        json_raw(w, node->published[i]->slice);
    }
    json_end_array(w);
}

/* The last INFO as it came, services in their place. */
static void add_raw_info(struct json_writer *w, struct registry *r,
                         const struct registry_node *node)
{
    struct json_iter it = json_iter(node->info->bytes);
    struct bytes key, value;

    json_begin_object(w);
    while (json_next_member(&it, &key, &value)) {
        json_raw(w, key);
        buf_add_char(w->out, ':');
        w->needs_comma = false;
        if (json_type(value) == JSON_ARRAY && json_string_eq(key, BYTES("services"))) {
            add_services(w, r, node);
        } else {
            json_raw(w, value);
        }
    }
    json_end_object(w);
}

static void add_node_members(struct json_writer *w, struct registry *r,
                             const struct registry_node *node, bool with_services)
{
    json_member_text(w, BYTES("id"), node->id->bytes);
    json_member_text(w, BYTES("instanceID"), node->instance_id);
    json_member_bool(w, BYTES("available"), node->is_available);
    json_member_bool(w, BYTES("local"), node->is_local);
    json_key(w, BYTES("lastHeartbeatTime"));
    json_number(w, node->last_heartbeat_s);
    json_member(w, BYTES("config"), node->config);
    json_member(w, BYTES("client"), node->client);
    json_member(w, BYTES("metadata"), node->metadata);
    json_member(w, BYTES("ipList"), node->ip_list);
    json_member(w, BYTES("port"), node->port);
    json_member(w, BYTES("hostname"), node->hostname);
    json_member(w, BYTES("udpAddress"), BYTES("null"));
    if (with_services) {
        json_key(w, BYTES("services"));
        add_services(w, r, node);
    }
    json_member(w, BYTES("cpu"), node->cpu);
    json_key(w, BYTES("cpuSeq"));
    node->cpu_seq < 0 ? json_raw(w, BYTES("null")) : json_int(w, node->cpu_seq);
    json_member_int(w, BYTES("seq"), node->seq);
    json_key(w, BYTES("offlineSince"));
    node->offline_since_s < 0 ? json_raw(w, BYTES("null")) : json_number(w, node->offline_since_s);
}

void registry_list_node(struct registry *r, const struct registry_node *node, struct json_writer *w)
{
    json_begin_object(w);
    add_node_members(w, r, node, true);
    json_key(w, BYTES("rawInfo"));
    add_raw_info(w, r, node);
    json_end_object(w);
}

void registry_list_nodes(struct registry *r, const struct registry_list_options *o, struct buf *out)
{
    struct json_writer w = json_writer(out);

    json_begin_array(&w);
    list_for_each (link, &r->nodes) {
        const struct registry_node *node = list_entry(link, struct registry_node, link);

        if (node->is_available || !o->only_available) {
            json_begin_object(&w);
            add_node_members(&w, r, node, o->with_services);
            json_end_object(&w);
        }
    }
    json_end_array(&w);
}

static void add_endpoints(struct json_writer *w, const struct endpoint_list *list)
{
    json_key(w, BYTES("endpoints"));
    json_begin_array(w);
    for (unsigned i = 0; i < list->n_items; i++) {
        const struct endpoint *e = list->items[i];

        json_begin_object(w);
        json_member_text(w, BYTES("nodeID"), e->node_id->bytes);
        json_member_bool(w, BYTES("state"), e->is_available);
        json_member_bool(w, BYTES("available"), e->node->is_available);
        json_end_object(w);
    }
    json_end_array(w);
}

static bool is_listed(const struct endpoint_list *list, const struct registry_list_options *o)
{
    if ((o->skip_internal && list->is_internal) || (o->only_local && list->n_local == 0) ||
        (o->only_available && !endpoint_list_has_available(list))) {
        return false;
    }
    /* "protected": true hides an action, unlike the visibility of that name. */
    return list->group_text || list->n_items == 0 ||
           !json_is_true(json_get(list->items[0]->definition, BYTES("protected")));
}

static void add_list(struct json_writer *w, const struct endpoint_list *list, bool with_endpoints)
{
    bool is_event = list->group_text != NULL;

    json_begin_object(w);
    json_member_text(w, BYTES("name"), list->name->bytes);
    if (is_event) {
        json_member_text(w, BYTES("group"), list->group);
    }
    json_member_int(w, BYTES("count"), list->n_items);
    json_member_bool(w, BYTES("hasLocal"), list->n_local > 0);
    json_member_bool(w, BYTES("available"), endpoint_list_has_available(list));
    if (list->n_items > 0) {
        json_key(w, is_event ? BYTES("event") : BYTES("action"));
        registry_list_definition(w, list->items[0]->definition);
        if (with_endpoints) {
            add_endpoints(w, list);
        }
    }
    json_end_object(w);
}

static void add_lists(const struct list *lists, const struct registry_list_options *o,
                      struct buf *out)
{
    struct json_writer w = json_writer(out);

    json_begin_array(&w);
    list_for_each (link, lists) {
        const struct endpoint_list *list = list_entry(link, struct endpoint_list, link);

        if (is_listed(list, o)) {
            add_list(&w, list, o->with_endpoints);
        }
    }
    json_end_array(&w);
}

void registry_list_actions(struct registry *r, const struct registry_list_options *o,
                           struct buf *out)
{
    add_lists(&r->action_lists, o, out);
}

void registry_list_events(struct registry *r, const struct registry_list_options *o,
                          struct buf *out)
{
    add_lists(&r->event_lists, o, out);
}
