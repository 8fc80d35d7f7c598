/* SPDX-License-Identifier: MIT */
/* Actions: one list a name; which definitions count (docs/protocol.md, INFO). */
#include "registry/registry_internal.h"

enum { ACTION_ROOM_BYTES = 512 };

enum action_field { ACTION_NAME, ACTION_VISIBILITY, ACTION_STRATEGY, ACTION_FIELDS };

const struct strategy_ops *registry_action_strategy(const struct registry *r, struct bytes wanted)
{
    char room[ACTION_ROOM_BYTES];
    struct arena arena;
    const struct strategy_ops *ops = NULL;

    if (json_type(wanted) == JSON_STRING) {
        arena_init_in(&arena, room, sizeof(room));
        ops = strategy_find(json_string(wanted, &arena));
        arena_fini(&arena);
    }
    return ops ? ops : r->strategy_ops;
}

static struct endpoint_list *list_of(struct registry *r, struct bytes name, struct bytes strategy)
{
    struct endpoint_list *list = map_get(&r->actions, name);

    if (!list) {
        list = endpoint_list_new(shared_new(name), registry_action_strategy(r, strategy));
        list_append(&r->action_lists, &list->link);
        map_set(&r->actions, list->name->bytes, list);
    }
    return list;
}

/* Private actions, and those whose visibility nobody knows, are nobody's. */
static bool is_offered(const struct registry_sync *sync, struct bytes visibility, bool is_protected)
{
    if (is_protected) {
        return sync->service->node->is_local;
    }
    return json_is_null_or_none(visibility) || json_string_eq(visibility, BYTES("published")) ||
           json_string_eq(visibility, BYTES("public"));
}

static void offer(struct registry_sync *sync, struct bytes key, struct bytes definition)
{
    struct json_field fields[ACTION_FIELDS] = {
        [ACTION_NAME] = {BYTES("name"), BYTES_NONE},
        [ACTION_VISIBILITY] = {BYTES("visibility"), BYTES_NONE},
        [ACTION_STRATEGY] = {BYTES("strategy"), BYTES_NONE},
    };
    char room[ACTION_ROOM_BYTES];
    struct arena arena;
    struct bytes name;
    bool is_protected;

    if (!json_is_object(definition)) {
        return;
    }
    json_get_fields(definition, fields, ACTION_FIELDS);
    is_protected = json_string_eq(fields[ACTION_VISIBILITY].value, BYTES("protected"));
    if (!is_offered(sync, fields[ACTION_VISIBILITY].value, is_protected)) {
        return;
    }
    arena_init_in(&arena, room, sizeof(room));
    name = json_string(fields[ACTION_NAME].value, &arena);
    if (name.n == 0) {
        name = json_string(key, &arena);
    }
    if (name.n > 0) {
        struct endpoint_list *list = list_of(sync->registry, name, fields[ACTION_STRATEGY].value);

        registry_service_offer(sync, list, definition, is_protected);
    }
    arena_fini(&arena);
}

void registry_action_offer_all(struct registry_sync *sync, struct bytes actions)
{
    struct json_iter it = json_iter(actions);
    struct bytes key = BYTES_NONE;
    struct bytes definition;

    if (json_is_object(actions)) {
        while (json_next_member(&it, &key, &definition)) {
            offer(sync, key, definition);
        }
    } else {
        while (json_next_item(&it, &definition)) {
            offer(sync, BYTES_NONE, definition);
        }
    }
}

void registry_action_sweep(struct registry *r)
{
    list_for_each_safe (node, &r->action_lists) {
        struct endpoint_list *list = list_entry(node, struct endpoint_list, link);

        if (list->n_items == 0) {
            map_remove(&r->actions, list->name->bytes);
            endpoint_list_free(list);
        }
    }
}
