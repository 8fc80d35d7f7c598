/* SPDX-License-Identifier: MIT */
/*
 * INFO packets, one a line, of two nodes in turn, over a local service: whatever they say, lists,
 * choices, counts and listings fit together, and nothing is left when the nodes are gone.
 */
#include "base/assert.h"
#include "fuzz/fuzz.h"
#include "registry/registry_list.h"

static void service_free(struct local_service *s)
{
    shared_unref(s->published);
    mem_free(s);
}

static void add_local_service(struct registry *r)
{
    static const struct local_service_ops ops = {.free = service_free};
    struct local_service *s = mem_new(struct local_service);

    *s = (struct local_service){
        .ops = &ops,
        .refs = 1,
        .published = shared_new(BYTES("{\"name\":\"s\",\"actions\":{\"s.a\":{},\"$x\":{}},"
                                      "\"events\":{\"e\":{},\"e.*\":{\"group\":\"g\"}}}")),
    };
    registry_add_local_service(r, s);
    local_service_unref(s);
}

static unsigned check_list(struct registry *r, struct endpoint_list *list)
{
    struct strategy_input input = {BYTES("{\"id\":{\"a\":[1,\"x\"]}}"), BYTES("{\"id\":0.5}")};
    struct endpoint *chosen = registry_choose(r, list, &input);
    unsigned n_local = 0;

    for (unsigned i = 0; i < list->n_items; i++) {
        const struct endpoint *e = list->items[i];

        ASSERT(e->list == list && e->node && e->node->is_available && e->refs > 0);
        ASSERT(bytes_eq(e->name, list->name->bytes));
        ASSERT(json_is_object(e->definition) && e->service_name.n > 0);
        n_local += e->local != NULL;
    }
    ASSERT(n_local == list->n_local);
    ASSERT((chosen != NULL) == (list->n_items > list->n_unavailable));
    ASSERT(!list->synced);
    return list->n_items;
}

static void check_registry(struct registry *r)
{
    unsigned n_listed = 0;
    unsigned n_owned = 0;

    list_for_each (link, registry_action_lists(r)) {
        n_listed += check_list(r, list_entry(link, struct endpoint_list, link));
    }
    list_for_each (link, registry_event_lists(r)) {
        n_listed += check_list(r, list_entry(link, struct endpoint_list, link));
    }
    list_for_each (node, registry_nodes(r)) {
        list_for_each (link, &list_entry(node, struct registry_node, link)->services) {
            n_owned += list_entry(link, struct registry_service, link)->n_endpoints;
        }
    }
    ASSERT(n_listed == n_owned);
}

static void check_listings(struct registry *r)
{
    static void (*const listings[])(struct registry * r, const struct registry_list_options *o,
                                    struct buf *out) = {
        registry_list_nodes,
        registry_list_services,
        registry_list_actions,
        registry_list_events,
    };
    struct registry_list_options o = {.with_services = true,
                                      .with_actions = true,
                                      .with_events = true,
                                      .grouping = true,
                                      .with_endpoints = true};

    for (size_t i = 0; i < sizeof(listings) / sizeof(listings[0]); i++) {
        struct buf out;
        struct bytes slice;

        buf_init(&out, BUF_NO_LIMIT);
        listings[i](r, &o, &out);
        /* Deeper than a packet may be nested: by the listing itself. */
        ASSERT(json_scan(buf_bytes(&out), JSON_DEPTH_DEFAULT + 8, &slice, NULL) == 0);
        buf_fini(&out);
    }
}

static void leave(struct registry *r, const char *node_id)
{
    struct registry_node *node = registry_find_node(r, bytes_cstr(node_id));

    if (node) {
        (void)registry_node_disconnected(r, node);
        check_registry(r);
        registry_node_remove(r, node);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of((const char *)data, size);
    struct loop *loop = loop_new_virtual(0);
    struct registry_options options = {.node_id = BYTES("me"), .prefer_local = false};
    struct registry *r = registry_new(loop, &options);

    add_local_service(r);
    for (unsigned i = 0; rest.n > 0; i++) {
        struct packet_envelope from = {.version = PROTOCOL_5,
                                       .sender = i % 2 ? BYTES("a") : BYTES("b")};
        struct bytes line = bytes_of(rest.p, bytes_find(rest, '\n'));
        struct registry_node *node;
        struct bytes slice;
        bool changed;

        rest = bytes_from(rest, line.n < rest.n ? line.n + 1 : line.n);
        if (json_scan(line, 0, &slice, NULL) == 0) {
            (void)registry_node_info(r, &from, slice, &node, &changed);
            check_registry(r);
        }
    }
    check_listings(r);
    leave(r, "a");
    leave(r, "b");
    check_registry(r);
    registry_free(r);
    loop_free(loop);
    return 0;
}
