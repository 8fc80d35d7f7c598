/* SPDX-License-Identifier: MIT */
/*
 * Services: reading what was published, and the diff that registers it. Endpoints that stay keep
 * their object, and with it their breaker and their place in the balancing order; so a service
 * that is replaced is never missing in between.
 */
#include "registry/registry_internal.h"

static void append(struct registry_sync *sync, struct endpoint *e)
{
    struct registry_service *s = sync->service;

    if (s->n_endpoints == sync->cap_endpoints) {
        sync->cap_endpoints = sync->cap_endpoints ? sync->cap_endpoints * 2 : 8;
        s->endpoints = mem_realloc(s->endpoints, sync->cap_endpoints * sizeof(struct endpoint *));
    }
    s->endpoints[s->n_endpoints++] = e;
}

/* service NULL: it is on another node. */
static void set_local(struct endpoint *e, struct local_service *service, bool is_event)
{
    struct local_service *before = e->local;
    bool has_handlers = service && service->ops->find;

    e->local = service ? local_service_ref(service) : NULL;
    e->handler = has_handlers ? service->ops->find(service, e->name, is_event) : NULL;
    local_service_unref(before);
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
    e->service_text = shared_ref(sync->service->source->full_name);
    e->service_name = e->service_text->bytes;
    set_local(e, sync->service->local, list->group_text != NULL);
    endpoint_list_add(list, e);
    endpoint_unref(e); /* the list has it now */
    sync->registry->n_endpoints++;
    sync->changed = true;
    return e;
}

static void describe(struct endpoint *e, const struct registry_sync *sync, struct bytes definition)
{
    struct shared *old_text = e->text;
    double timeout;

    e->text = shared_ref(sync->service->source->text);
    e->definition = definition;
    e->timeout_ms = -1;
    if (json_double(json_get(definition, BYTES("timeout")), &timeout) && timeout >= 0) {
        e->timeout_ms = timeout;
    }
    if (e->local != sync->service->local) {
        set_local(e, sync->service->local, e->list->group_text != NULL);
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

static void remove_endpoint(struct registry *r, struct endpoint *e)
{
    endpoint_list_remove(e->list, e);
    r->n_endpoints--;
}

/* Offers everything in source; what was there before and is not offered goes. */
static void sync_endpoints(struct registry_sync *sync)
{
    struct registry_service *s = sync->service;
    struct endpoint **before = s->endpoints;
    unsigned n_before = s->n_endpoints;

    s->endpoints = NULL;
    s->n_endpoints = 0;
    sync->cap_endpoints = 0;
    for (unsigned i = 0; i < n_before; i++) {
        before[i]->list->synced = before[i];
        before[i]->is_seen = false;
    }
    registry_action_offer_all(sync, s->actions);
    registry_action_offer_all(sync, s->source->hidden);
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

void registry_service_put(struct registry_sync *sync, struct registry_node *node,
                          struct registry_text *source, struct local_service *local)
{
    struct registry_service *s = sync->service;
    struct registry_text *old_source = s ? s->source : NULL;
    struct local_service *old_local = s ? s->local : NULL;

    if (s && old_source == source && old_local == local) {
        registry_text_unref(sync->registry, source);
        return;
    }
    if (!s) {
        s = sync->service = mem_new(struct registry_service);
        s->node = node;
        list_append(&node->services, &s->link);
        list_append(&sync->registry->services, &s->registry_link);
        sync->changed = true;
    }
    s->source = source;
    s->local = local ? local_service_ref(local) : NULL;
    registry_text_read(source, s);
    sync_endpoints(sync);
    registry_text_unref(sync->registry, old_source);
    local_service_unref(old_local);
}

void registry_service_remove(struct registry *r, struct registry_service *s)
{
    list_remove(&s->link);
    list_remove(&s->registry_link);
    for (unsigned i = 0; i < s->n_endpoints; i++) {
        remove_endpoint(r, s->endpoints[i]);
    }
    mem_free(s->endpoints);
    registry_text_unref(r, s->source);
    local_service_unref(s->local);
    mem_free(s);
}
