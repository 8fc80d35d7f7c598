/* SPDX-License-Identifier: MIT */
/*
 * Listing of services, one by one or grouped over the nodes: then the node seen first decides, and
 * actions and events that only later nodes have are added.
 */
#include "registry/registry_internal.h"
#include "registry/registry_list.h"

/* Services of one full name, in order of appearance; alone where nothing is grouped. */
struct service_group {
    struct service_group *next;
    struct service_member *first, **tail;
};

struct service_member {
    struct service_member *next;
    const struct registry_service *service;
};

struct service_groups {
    struct arena arena;
    struct service_group *first, **tail;
};

static bool is_listed(const struct registry_service *s, const struct registry_list_options *o)
{
    return !(o->skip_internal && s->name.p[0] == '$') && !(o->only_local && !s->local) &&
           !(o->only_available && !s->node->is_available);
}

static struct service_group *group_new(struct service_groups *groups)
{
    struct service_group *group = arena_new(&groups->arena, struct service_group);

    group->tail = &group->first;
    *groups->tail = group;
    groups->tail = &group->next;
    return group;
}

static void add_member(struct service_groups *groups, struct service_group *group,
                       const struct registry_service *s)
{
    struct service_member *member = arena_new(&groups->arena, struct service_member);

    member->service = s;
    *group->tail = member;
    group->tail = &member->next;
}

static void gather(const struct registry *r, const struct registry_list_options *o,
                   struct service_groups *groups)
{
    struct map by_name;

    map_init(&by_name);
    arena_init(&groups->arena);
    groups->tail = &groups->first;
    list_for_each (link, &r->services) {
        const struct registry_service *s = list_entry(link, struct registry_service, registry_link);
        struct service_group *group;

        if (!is_listed(s, o)) {
            continue;
        }
        group = o->grouping ? map_get(&by_name, s->full_name) : NULL;
        if (!group) {
            group = group_new(groups);
            map_set(&by_name, s->full_name, group);
        }
        add_member(groups, group, s);
    }
    map_fini(&by_name);
}

static bool is_shown(const struct endpoint *e, bool is_event)
{
    if (is_event) {
        return e->name.p[0] != '$';
    }
    return !json_is_truthy(json_get(e->definition, BYTES("protected")));
}

/* Those that no member before had. */
static void add_new_definitions(struct json_writer *w, const struct registry_service *s,
                                bool is_event, struct map *written)
{
    for (unsigned i = 0; i < s->n_endpoints; i++) {
        struct endpoint *e = s->endpoints[i];

        if ((e->list->group_text != NULL) == is_event && is_shown(e, is_event) &&
            !map_get(written, e->name)) {
            map_set(written, e->name, e);
            json_key(w, e->name);
            registry_list_definition(w, e->definition);
        }
    }
}

static void add_definitions(struct json_writer *w, const struct service_group *group, bool is_event)
{
    struct map written;

    map_init(&written);
    json_key(w, is_event ? BYTES("events") : BYTES("actions"));
    json_begin_object(w);
    for (const struct service_member *m = group->first; m; m = m->next) {
        add_new_definitions(w, m->service, is_event, &written);
    }
    json_end_object(w);
    map_fini(&written);
}

static void add_nodes(struct json_writer *w, const struct service_group *group, bool grouping)
{
    if (!grouping) {
        json_member_text(w, BYTES("nodeID"), group->first->service->node->id->bytes);
        return;
    }
    json_key(w, BYTES("nodes"));
    json_begin_array(w);
    for (const struct service_member *m = group->first; m; m = m->next) {
        json_text(w, m->service->node->id->bytes);
    }
    json_end_array(w);
}

static void add_group(struct json_writer *w, const struct service_group *group,
                      const struct registry_list_options *o)
{
    const struct registry_service *s = group->first->service;

    json_begin_object(w);
    json_member_text(w, BYTES("name"), s->name);
    json_member(w, BYTES("version"), s->version);
    json_member_text(w, BYTES("fullName"), s->full_name);
    json_member(w, BYTES("settings"), s->settings);
    json_member(w, BYTES("metadata"), s->metadata);
    json_member_bool(w, BYTES("local"), s->local != NULL);
    json_member_bool(w, BYTES("available"), s->node->is_available);
    add_nodes(w, group, o->grouping);
    if (o->with_actions) {
        add_definitions(w, group, false);
    }
    if (o->with_events) {
        add_definitions(w, group, true);
    }
    json_end_object(w);
}

void registry_list_services(struct registry *r, const struct registry_list_options *o,
                            struct buf *out)
{
    struct json_writer w = json_writer(out);
    struct service_groups groups = {0};

    gather(r, o, &groups);
    json_begin_array(&w);
    for (const struct service_group *group = groups.first; group; group = group->next) {
        add_group(&w, group, o);
    }
    json_end_array(&w);
    arena_fini(&groups.arena);
}
