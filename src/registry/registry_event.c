/* SPDX-License-Identifier: MIT */
/*
 * Events: one list a pattern and group. Patterns without wildcards are found by name, the others
 * are tried in turn; both ways together give the order of appearance.
 */
#include "model/event_match.h"
#include "registry/registry_internal.h"

enum { EVENT_ROOM_BYTES = 512 };

enum event_field { EVENT_NAME, EVENT_GROUP, EVENT_STRATEGY, EVENT_STRATEGY_OPTIONS, EVENT_FIELDS };

/* Makes registry_event_next find it. */
static void index_list(struct registry *r, struct endpoint_list *list)
{
    if (list->is_literal) {
        struct endpoint_list *last = map_set(&r->literal_events, list->name->bytes, list);

        list->next_alike = last ? last->next_alike : list;
        if (last) {
            last->next_alike = list;
        }
    } else if (list->pattern) {
        list->next_alike = NULL;
        *r->wildcard_tail = list;
        r->wildcard_tail = &list->next_alike;
    }
}

static struct endpoint_list *list_of(struct registry *r, struct bytes name, struct bytes group,
                                     const struct json_field *fields)
{
    struct endpoint_list *list;
    struct buf key;
    size_t group_at;

    /* The length keeps two pairs apart whatever bytes are in them. */
    buf_init(&key, BUF_NO_LIMIT);
    buf_add_u64(&key, name.n);
    buf_add_char(&key, ':');
    buf_add(&key, name);
    group_at = key.n;
    buf_add(&key, group);
    list = map_get(&r->events, buf_bytes(&key));
    if (!list) {
        list = endpoint_list_new(r, shared_new(name),
                                 registry_action_strategy(r, fields[EVENT_STRATEGY].value,
                                                          fields[EVENT_STRATEGY_OPTIONS].value));
        list->group_text = shared_new(buf_bytes(&key));
        list->group = bytes_from(list->group_text->bytes, group_at);
        list->is_literal = bytes_find(name, '*') == name.n && bytes_find(name, '?') == name.n;
        list->pattern = list->is_literal ? NULL : event_pattern_new(name);
        list->order = r->next_order++;
        list_append(&r->event_lists, &list->link);
        map_set(&r->events, list->group_text->bytes, list);
        index_list(r, list);
    }
    buf_fini(&key);
    return list;
}

static void offer(struct registry_sync *sync, struct bytes key, struct bytes definition)
{
    struct json_field fields[EVENT_FIELDS] = {
        [EVENT_NAME] = {BYTES("name"), BYTES_NONE},
        [EVENT_GROUP] = {BYTES("group"), BYTES_NONE},
        [EVENT_STRATEGY] = {BYTES("strategy"), BYTES_NONE},
        [EVENT_STRATEGY_OPTIONS] = {BYTES("strategyOptions"), BYTES_NONE},
    };
    char room[EVENT_ROOM_BYTES];
    struct arena arena;
    struct bytes name, group;

    if (!json_is_object(definition)) {
        return;
    }
    json_get_fields(definition, fields, EVENT_FIELDS);
    arena_init_in(&arena, room, sizeof(room));
    name = json_string(fields[EVENT_NAME].value, &arena);
    name = name.n > 0 ? name : json_string(key, &arena);
    group = json_string(fields[EVENT_GROUP].value, &arena);
    group = group.n > 0 ? group : sync->service->name;
    if (name.n > 0) {
        registry_service_offer(sync, list_of(sync->registry, name, group, fields), definition,
                               false);
    }
    arena_fini(&arena);
}

void registry_event_offer_all(struct registry_sync *sync, struct bytes events)
{
    struct json_iter it = json_iter(events);
    struct bytes key, definition;

    if (json_is_object(events)) {
        while (json_next_member(&it, &key, &definition)) {
            offer(sync, key, definition);
        }
    } else {
        while (json_next_item(&it, &definition)) {
            offer(sync, BYTES_NONE, definition);
        }
    }
}

void registry_event_sweep(struct registry *r)
{
    map_fini(&r->literal_events);
    r->wildcard_events = NULL;
    r->wildcard_tail = &r->wildcard_events;
    list_for_each_safe (node, &r->event_lists) {
        struct endpoint_list *list = list_entry(node, struct endpoint_list, link);

        if (list->n_items == 0) {
            map_remove(&r->events, list->group_text->bytes);
            endpoint_list_free(list);
        } else {
            index_list(r, list);
        }
    }
}

static bool is_after(const struct endpoint_list *list, const struct endpoint_list *previous)
{
    return !previous || list->order > previous->order;
}

static struct endpoint_list *next_literal(const struct registry *r,
                                          const struct endpoint_list *previous, struct bytes event)
{
    struct endpoint_list *last = map_get(&r->literal_events, event);
    struct endpoint_list *list;

    if (!last || !is_after(last, previous)) {
        return NULL;
    }
    list = previous && previous->is_literal ? previous->next_alike : last->next_alike;
    while (!is_after(list, previous)) {
        list = list->next_alike;
    }
    return list;
}

static struct endpoint_list *next_wildcard(const struct registry *r,
                                           const struct endpoint_list *previous, struct bytes event)
{
    struct endpoint_list *list =
        previous && !previous->is_literal ? previous->next_alike : r->wildcard_events;

    /* Patterns that nobody has any more are not tried: a dear one would cost for ever. */
    while (list && (!is_after(list, previous) || list->n_items == 0 ||
                    !event_pattern_test(list->pattern, event))) {
        list = list->next_alike;
    }
    return list;
}

struct endpoint_list *registry_event_next(struct registry *r, struct endpoint_list *previous,
                                          struct bytes event)
{
    struct endpoint_list *literal = next_literal(r, previous, event);
    struct endpoint_list *wildcard = next_wildcard(r, previous, event);

    if (!literal || !wildcard) {
        return literal ? literal : wildcard;
    }
    return literal->order < wildcard->order ? literal : wildcard;
}
