/* SPDX-License-Identifier: MIT */
/*
 * Services: reading what was published, and the diff that registers it. Endpoints that stay keep
 * their object, and with it their breaker and their place in the balancing order; so a service
 * that is replaced is never missing in between.
 */
#include <stdint.h>

#include "model/service_name.h"
#include "registry/registry_internal.h"

enum { SERVICE_ROOM_BYTES = 1024 };

enum service_field {
    SERVICE_NAME,
    SERVICE_FULL_NAME,
    SERVICE_VERSION,
    SERVICE_SETTINGS,
    SERVICE_METADATA,
    SERVICE_ACTIONS,
    SERVICE_EVENTS,
    SERVICE_FIELDS
};

static void get_fields(struct bytes slice, struct json_field fields[SERVICE_FIELDS])
{
    static const char *const names[SERVICE_FIELDS] = {
        [SERVICE_NAME] = "name",         [SERVICE_FULL_NAME] = "fullName",
        [SERVICE_VERSION] = "version",   [SERVICE_SETTINGS] = "settings",
        [SERVICE_METADATA] = "metadata", [SERVICE_ACTIONS] = "actions",
        [SERVICE_EVENTS] = "events",
    };

    for (size_t i = 0; i < SERVICE_FIELDS; i++) {
        fields[i] = (struct json_field){bytes_cstr(names[i]), BYTES_NONE};
    }
    json_get_fields(slice, fields, SERVICE_FIELDS);
}

static struct bytes or_empty_object(struct bytes slice)
{
    return json_is_null_or_none(slice) ? BYTES("{}") : slice;
}

static void set_slices(struct registry_service_source *out, const struct json_field *fields)
{
    enum json_type version = json_type(fields[SERVICE_VERSION].value);

    out->version = version == JSON_NUMBER || version == JSON_STRING ? fields[SERVICE_VERSION].value
                                                                    : BYTES_NONE;
    out->settings = or_empty_object(fields[SERVICE_SETTINGS].value);
    out->metadata = or_empty_object(fields[SERVICE_METADATA].value);
    out->actions = or_empty_object(fields[SERVICE_ACTIONS].value);
    out->events = or_empty_object(fields[SERVICE_EVENTS].value);
}

static bool is_inside(struct bytes part, struct bytes whole)
{
    uintptr_t p = (uintptr_t)part.p;
    uintptr_t from = (uintptr_t)whole.p;

    return p >= from && p + part.n <= from + whole.n;
}

/* What is not in the text, or is escaped there: a text of its own. */
static void copy_with(struct bytes slice, struct bytes hidden, struct registry_service_source *out)
{
    struct json_field fields[SERVICE_FIELDS];
    struct bytes names[] = {out->name, out->full_name};
    struct bytes tail;
    struct buf text;

    buf_init(&text, BUF_NO_LIMIT);
    buf_add(&text, slice);
    buf_add(&text, hidden);
    buf_add(&text, names[0]);
    buf_add(&text, names[1]);
    out->text = shared_new(buf_bytes(&text));
    buf_fini(&text);
    get_fields(bytes_of(out->text->bytes.p, slice.n), fields);
    set_slices(out, fields);
    tail = bytes_from(out->text->bytes, slice.n);
    out->hidden = bytes_of(tail.p, hidden.n);
    tail = bytes_from(tail, hidden.n);
    out->name = bytes_of(tail.p, names[0].n);
    out->full_name = bytes_from(tail, names[0].n);
}

int registry_service_read(struct shared *text, struct bytes slice, struct bytes hidden,
                          struct registry_service_source *out)
{
    struct json_field fields[SERVICE_FIELDS];
    struct registry_service_source source = {0};
    char room[SERVICE_ROOM_BYTES];
    struct arena arena;

    if (!json_is_object(slice)) {
        return ERR_TYPE;
    }
    get_fields(slice, fields);
    arena_init_in(&arena, room, sizeof(room));
    source.name = json_string(fields[SERVICE_NAME].value, &arena);
    if (source.name.n == 0) {
        arena_fini(&arena);
        return ERR_TYPE;
    }
    set_slices(&source, fields);
    source.full_name = json_string(fields[SERVICE_FULL_NAME].value, &arena);
    if (source.full_name.n == 0) {
        source.full_name = service_name_full(source.name, source.version, &arena);
    }
    if (hidden.n == 0 && is_inside(source.name, text->bytes) &&
        is_inside(source.full_name, text->bytes)) {
        source.text = shared_ref(text);
    } else {
        copy_with(slice, hidden, &source);
    }
    arena_fini(&arena);
    *out = source;
    return 0;
}

struct registry_service *registry_service_find(const struct registry_node *node,
                                               struct bytes full_name)
{
    list_for_each (link, &node->services) {
        struct registry_service *s = list_entry(link, struct registry_service, link);

        if (bytes_eq(s->full_name, full_name)) {
            return s;
        }
    }
    return NULL;
}

static void append(struct registry_sync *sync, struct endpoint *e)
{
    struct registry_service *s = sync->service;

    if (s->n_endpoints == sync->cap_endpoints) {
        sync->cap_endpoints = sync->cap_endpoints ? sync->cap_endpoints * 2 : 8;
        s->endpoints = mem_realloc(s->endpoints, sync->cap_endpoints * sizeof(struct endpoint *));
    }
    s->endpoints[s->n_endpoints++] = e;
}

static struct endpoint *add_endpoint(struct registry_sync *sync, struct endpoint_list *list)
{
    struct endpoint *e = mem_new(struct endpoint);

    e->refs = 1;
    e->is_available = true;
    e->node = sync->service->node;
    e->node_id = shared_ref(e->node->id);
    e->name_text = shared_ref(list->name);
    e->name = list->name->bytes;
    e->local = sync->service->local ? local_service_ref(sync->service->local) : NULL;
    endpoint_list_add(list, e);
    endpoint_unref(e); /* the list has it now */
    sync->registry->n_endpoints++;
    sync->changed = true;
    return e;
}

static void describe(struct endpoint *e, const struct registry_sync *sync, struct bytes definition)
{
    struct local_service *old_local = e->local;
    struct shared *old_text = e->text;
    double timeout;

    e->text = shared_ref(sync->service->text);
    e->definition = definition;
    e->service_name = sync->service->full_name;
    e->timeout_ms = -1;
    if (json_double(json_get(definition, BYTES("timeout")), &timeout) && timeout >= 0) {
        e->timeout_ms = timeout;
    }
    if (old_local != sync->service->local) {
        e->local = local_service_ref(sync->service->local);
        local_service_unref(old_local);
    }
    shared_unref(old_text);
}

void registry_service_offer(struct registry_sync *sync, struct endpoint_list *list,
                            struct bytes definition, bool is_protected)
{
    struct endpoint *e = list->synced;

    if (!e) {
        e = add_endpoint(sync, list);
        list->synced = e;
    }
    if (!e->is_seen) {
        e->is_seen = true;
        append(sync, e);
    }
    e->is_protected = is_protected;
    describe(e, sync, definition);
}

static void take_source(struct registry_service *s, const struct registry_service_source *source,
                        struct local_service *local)
{
    s->text = source->text;
    s->name = source->name;
    s->full_name = source->full_name;
    s->version = source->version;
    s->settings = source->settings;
    s->metadata = source->metadata;
    s->actions = source->actions;
    s->events = source->events;
    s->local = local ? local_service_ref(local) : NULL;
}

static void remove_endpoint(struct registry *r, struct endpoint *e)
{
    endpoint_list_remove(e->list, e);
    r->n_endpoints--;
}

/* Offers everything in source; what was there before and is not offered goes. */
static void sync_endpoints(struct registry_sync *sync, struct bytes hidden)
{
    struct registry_service *s = sync->service;
    struct endpoint **before = s->endpoints;
    unsigned n_before = s->n_endpoints;

    s->endpoints = NULL;
    s->n_endpoints = 0;
    for (unsigned i = 0; i < n_before; i++) {
        before[i]->list->synced = before[i];
        before[i]->is_seen = false;
    }
    registry_action_offer_all(sync, s->actions);
    registry_action_offer_all(sync, hidden);
    registry_event_offer_all(sync, s->events);
    for (unsigned i = 0; i < s->n_endpoints; i++) {
        s->endpoints[i]->list->synced = NULL;
    }
    for (unsigned i = 0; i < n_before; i++) {
        before[i]->list->synced = NULL;
        if (!before[i]->is_seen) {
            remove_endpoint(sync->registry, before[i]);
            sync->changed = true;
        }
    }
    mem_free(before);
    if (s->n_endpoints < sync->cap_endpoints && s->n_endpoints > 0) {
        s->endpoints = mem_realloc(s->endpoints, s->n_endpoints * sizeof(struct endpoint *));
    }
}

struct registry_service *registry_service_put(struct registry *r, struct registry_node *node,
                                              struct registry_service *existing,
                                              const struct registry_service_source *source,
                                              struct local_service *local, bool *changed)
{
    struct registry_service *s = existing ? existing : mem_new(struct registry_service);
    struct shared *old_text = s->text;
    struct local_service *old_local = s->local;
    struct registry_sync sync = {.registry = r, .service = s, .changed = !existing};

    if (!existing) {
        s->node = node;
        list_append(&node->services, &s->link);
        list_append(&r->services, &s->registry_link);
    }
    take_source(s, source, local);
    sync_endpoints(&sync, source->hidden);
    shared_unref(old_text);
    local_service_unref(old_local);
    *changed |= sync.changed;
    return s;
}

void registry_service_remove(struct registry *r, struct registry_service *s)
{
    list_remove(&s->link);
    list_remove(&s->registry_link);
    for (unsigned i = 0; i < s->n_endpoints; i++) {
        remove_endpoint(r, s->endpoints[i]);
    }
    mem_free(s->endpoints);
    shared_unref(s->text);
    local_service_unref(s->local);
    mem_free(s);
}
