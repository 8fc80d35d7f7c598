/* SPDX-License-Identifier: MIT */
/* Builds registries for tests. */
#include "unit/registry/fixture.h"

#include <stdlib.h>

struct fixture_local {
    struct local_service base;
    struct fixture *fixture;
};

static void free_service(struct local_service *base)
{
    struct fixture_local *s = container_of(base, struct fixture_local, base);

    s->fixture->n_live_services--;
    shared_unref(base->published);
    shared_unref(base->hidden);
    mem_free(s);
}

static void create_as(struct fixture *f, const struct registry_options *options)
{
    f->loop = loop_new_virtual(1000);
    f->registry = registry_new(f->loop, options);
    buf_init(&f->out, BUF_NO_LIMIT);
}

static int create(void **state, bool prefer_local)
{
    struct fixture *f = mem_new(struct fixture);

    create_as(f, &(struct registry_options){.node_id = BYTES("me"), .prefer_local = prefer_local});
    *state = f;
    return 0;
}

struct fixture *fixture_balanced(const char *strategy, const char *options)
{
    struct fixture *f = mem_new(struct fixture);

    buf_init(&f->options, BUF_NO_LIMIT);
    for (const char *p = options; p && *p; p++) {
        buf_add_char(&f->options, (char)(*p == '\'' ? '"' : *p));
    }
    create_as(f, &(struct registry_options){
                     .node_id = BYTES("me"),
                     .strategy = strategy_find(bytes_cstr(strategy)),
                     .strategy_options = options ? buf_bytes(&f->options) : BYTES_NONE,
                 });
    return f;
}

void fixture_balanced_free(struct fixture *f)
{
    void *state = f;

    assert_int_equal(fixture_free(&state), 0);
}

int fixture_new(void **state)
{
    return create(state, true);
}

int fixture_new_without_preference(void **state)
{
    return create(state, false);
}

int fixture_free(void **state)
{
    struct fixture *f = *state;
    unsigned n_live_services;

    registry_free(f->registry);
    n_live_services = f->n_live_services;
    loop_free(f->loop);
    buf_fini(&f->out);
    buf_fini(&f->options);
    mem_free(f);
    return n_live_services == 0 ? 0 : -1;
}

struct local_service *fixture_service(struct fixture *f, const char *published, const char *hidden)
{
    static const struct local_service_ops ops = {.free = free_service};
    struct fixture_local *s = mem_new(struct fixture_local);

    s->fixture = f;
    s->base = (struct local_service){
        .ops = &ops,
        .refs = 1,
        .published = shared_new(bytes_cstr(published)),
        .hidden = hidden ? shared_new(bytes_cstr(hidden)) : NULL,
    };
    f->n_live_services++;
    return &s->base;
}

struct local_service *fixture_add(struct fixture *f, const char *published)
{
    struct local_service *s = fixture_service(f, published, NULL);

    registry_add_local_service(f->registry, s);
    local_service_unref(s);
    return s;
}

enum registry_change fixture_packet(struct fixture *f, const char *node_id, struct bytes packet)
{
    char *exact = malloc(packet.n ? packet.n : 1);
    struct packet_envelope from = {.version = PROTOCOL_5, .sender = bytes_cstr(node_id)};
    struct registry_node *node = NULL;
    enum registry_change change;
    struct bytes slice;

    assert_non_null(exact);
    memcpy(exact, packet.p, packet.n);
    assert_int_equal(json_scan(bytes_of(exact, packet.n), 0, &slice, NULL), 0);
    f->services_changed = false;
    change = registry_node_info(f->registry, &from, slice, &node, &f->services_changed);
    free(exact);
    if (change == REGISTRY_INFO_FAULTY || change == REGISTRY_INFO_REFUSED) {
        assert_null(node);
        assert_false(f->services_changed);
    } else {
        assert_ptr_equal(node, fixture_node(f, node_id));
    }
    return change;
}

enum registry_change fixture_info(struct fixture *f, const char *node_id, int seq,
                                  const char *services)
{
    enum registry_change change;
    struct buf packet;

    buf_init(&packet, BUF_NO_LIMIT);
    buf_add_format(&packet, "{\"services\":%s,\"instanceID\":\"i\",\"seq\":%d}", services, seq);
    change = fixture_packet(f, node_id, buf_bytes(&packet));
    buf_fini(&packet);
    return change;
}

struct registry_node *fixture_node(struct fixture *f, const char *node_id)
{
    return registry_find_node(f->registry, bytes_cstr(node_id));
}

struct endpoint_list *fixture_action(struct fixture *f, const char *name)
{
    return registry_find_action(f->registry, bytes_cstr(name));
}

struct bytes fixture_nodes_of(struct fixture *f, const char *action)
{
    const struct endpoint_list *list = fixture_action(f, action);

    buf_clear(&f->out);
    for (unsigned i = 0; list && i < list->n_items; i++) {
        if (i > 0) {
            buf_add_char(&f->out, ',');
        }
        buf_add(&f->out, list->items[i]->node->id->bytes);
    }
    return f->out.n ? buf_bytes(&f->out) : BYTES("none");
}

struct bytes fixture_chosen(const struct endpoint *e)
{
    return e ? e->node_id->bytes : BYTES("none");
}
