/* SPDX-License-Identifier: MIT */
/* Nodes: when an INFO counts, heartbeats, going and coming back, limits, hostile INFOs. */
#include "unit/registry/fixture.h"

#define ONE(action)                                                                                \
    "[{\"name\":\"s\",\"fullName\":\"s\",\"actions\":{\"" action "\":{\"name\":\"" action "\"}}}]"

static void test_first_info(void **state)
{
    struct fixture *f = *state;
    struct registry_node *node;

    loop_advance(f->loop, 2600);
    assert_int_equal(
        fixture_packet(f, "n1",
                       BYTES("{\"services\":[],\"ipList\":[\"192.0.2.7\"],\"hostname\":\"h\","
                             "\"client\":{\"type\":\"x\"},\"config\":null,\"metadata\":{\"a\":1},"
                             "\"instanceID\":\"\\u0061b\",\"seq\":7,\"ver\":\"5\"}")),
        REGISTRY_NODE_NEW);
    node = fixture_node(f, "n1");
    assert_true(node->is_available);
    assert_false(node->is_local);
    assert_int_equal(node->version, PROTOCOL_5);
    assert_bytes(node->instance_id, "ab");
    assert_bytes(node->ip_list, "[\"192.0.2.7\"]");
    assert_bytes(node->hostname, "\"h\"");
    assert_bytes(node->client, "{\"type\":\"x\"}");
    assert_bytes(node->config, "{}");
    assert_bytes(node->metadata, "{\"a\":1}");
    assert_bytes(node->cpu, "null");
    assert_int_equal(node->cpu_seq, -1);
    assert_int_equal(node->seq, 7);
    assert_true(node->last_heartbeat_s == 3);
    assert_true(node->offline_since_s < 0);
    assert_false(f->services_changed);
}

static void test_seq_decides(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fixture_info(f, "n1", 3, ONE("s.a")), REGISTRY_NODE_NEW);
    assert_true(f->services_changed);
    assert_int_equal(fixture_info(f, "n1", 3, ONE("s.b")), REGISTRY_NODE_UPDATED);
    assert_false(f->services_changed);
    assert_null(fixture_action(f, "s.b"));
    assert_bytes(fixture_nodes_of(f, "s.a"), "n1");
    assert_int_equal(fixture_info(f, "n1", 2, ONE("s.b")), REGISTRY_NODE_UPDATED);
    assert_null(fixture_action(f, "s.b"));
    assert_int_equal(fixture_node(f, "n1")->seq, 3);
    assert_int_equal(fixture_info(f, "n1", 4, ONE("s.b")), REGISTRY_NODE_UPDATED);
    assert_true(f->services_changed);
    assert_bytes(fixture_nodes_of(f, "s.a"), "none");
    assert_bytes(fixture_nodes_of(f, "s.b"), "n1");
    assert_int_equal(fixture_node(f, "n1")->seq, 4);
}

static void test_other_fields_are_always_taken(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fixture_info(f, "n1", 3, ONE("s.a")), REGISTRY_NODE_NEW);
    assert_int_equal(fixture_packet(f, "n1",
                                    BYTES("{\"services\":[],\"instanceID\":\"i\",\"seq\":3,"
                                          "\"hostname\":\"new\",\"metadata\":{\"b\":2}}")),
                     REGISTRY_NODE_UPDATED);
    assert_bytes(fixture_node(f, "n1")->hostname, "\"new\"");
    assert_bytes(fixture_node(f, "n1")->metadata, "{\"b\":2}");
    assert_bytes(fixture_nodes_of(f, "s.a"), "n1");
    /* The endpoint's text is still the old packet. */
    assert_bytes(fixture_action(f, "s.a")->items[0]->definition, "{\"name\":\"s.a\"}");
}

static void test_new_instance_registers_anew(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fixture_info(f, "n1", 9, ONE("s.a")), REGISTRY_NODE_NEW);
    assert_int_equal(fixture_packet(f, "n1",
                                    BYTES("{\"services\":" ONE("s.b") ",\"instanceID\":\"j\","
                                                                      "\"seq\":1}")),
                     REGISTRY_NODE_UPDATED);
    assert_bytes(fixture_nodes_of(f, "s.a"), "none");
    assert_bytes(fixture_nodes_of(f, "s.b"), "n1");
    assert_int_equal(fixture_node(f, "n1")->seq, 1);
    assert_bytes(fixture_node(f, "n1")->instance_id, "j");
}

static void test_leaving_and_returning(void **state)
{
    struct fixture *f = *state;
    struct registry_node *node;

    assert_int_equal(fixture_info(f, "n1", 5, ONE("s.a")), REGISTRY_NODE_NEW);
    node = fixture_node(f, "n1");
    loop_advance(f->loop, 10000);
    assert_true(registry_node_disconnected(f->registry, node));
    assert_false(registry_node_disconnected(f->registry, node));
    assert_false(node->is_available);
    assert_true(node->offline_since_s == 10);
    assert_int_equal(node->seq, 6);
    assert_bytes(fixture_nodes_of(f, "s.a"), "none");
    assert_false(registry_has_service(f->registry, BYTES("s")));

    loop_advance(f->loop, 5000);
    assert_int_equal(fixture_info(f, "n1", 5, ONE("s.a")), REGISTRY_NODE_RETURNED);
    assert_true(f->services_changed);
    assert_true(node->is_available);
    assert_true(node->offline_since_s < 0);
    assert_true(node->last_heartbeat_s == 15);
    assert_int_equal(node->seq, 5);
    assert_bytes(fixture_nodes_of(f, "s.a"), "n1");
    assert_true(registry_has_service(f->registry, BYTES("s")));
}

static void test_removal(void **state)
{
    struct fixture *f = *state;
    struct endpoint *e;

    assert_int_equal(fixture_info(f, "n1", 5, ONE("s.a")), REGISTRY_NODE_NEW);
    e = endpoint_ref(fixture_action(f, "s.a")->items[0]);
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "n1")));
    registry_node_remove(f->registry, fixture_node(f, "n1"));
    assert_null(fixture_node(f, "n1"));
    /* What a call still holds stays readable. */
    assert_null(e->list);
    assert_null(e->node);
    assert_bytes(e->node_id->bytes, "n1");
    assert_bytes(e->name, "s.a");
    assert_bytes(e->service_name, "s");
    assert_bytes(e->definition, "{\"name\":\"s.a\"}");
    endpoint_set_available(e, false);
    assert_false(e->is_available);
    endpoint_unref(e);
    assert_int_equal(fixture_info(f, "n1", 1, ONE("s.a")), REGISTRY_NODE_NEW);
}

static void test_heartbeat(void **state)
{
    struct fixture *f = *state;
    struct registry_node *node;

    assert_int_equal(fixture_info(f, "n1", 1, "[]"), REGISTRY_NODE_NEW);
    node = fixture_node(f, "n1");
    loop_advance(f->loop, 20000);
    registry_node_heartbeat(f->registry, node, BYTES("12.5"));
    assert_true(node->last_heartbeat_s == 20);
    assert_bytes(node->cpu, "12.5");
    assert_int_equal(node->cpu_seq, 1);
    registry_node_heartbeat(f->registry, node, BYTES("null"));
    registry_node_heartbeat(f->registry, node, BYTES_NONE);
    registry_node_heartbeat(f->registry, node, BYTES("\"x\""));
    registry_node_heartbeat(f->registry, node, BYTES("1e999"));
    assert_bytes(node->cpu, "12.5");
    registry_node_heartbeat(f->registry, node, BYTES("13.0000000000000000000000000000000000000"));
    assert_bytes(node->cpu, "13");
    assert_int_equal(node->cpu_seq, 1);
}

static void test_own_node(void **state)
{
    struct fixture *f = *state;
    struct registry_node *own = registry_local_node(f->registry);

    assert_ptr_equal(fixture_node(f, "me"), own);
    assert_true(own->is_local);
    assert_int_equal(own->seq, 1);
    assert_int_equal(fixture_info(f, "n0", 1, "[]"), REGISTRY_NODE_NEW);
    assert_ptr_equal(list_entry(registry_nodes(f->registry)->next, struct registry_node, link),
                     own);
    /* Nobody else speaks for us. */
    assert_int_equal(fixture_info(f, "me", 99, ONE("s.a")), REGISTRY_INFO_FAULTY);
    assert_int_equal(own->seq, 1);
    assert_false(registry_node_disconnected(f->registry, own));
    assert_true(own->is_available);

    registry_node_heartbeat(f->registry, own, BYTES("4"));
    registry_node_heartbeat(f->registry, own, BYTES("4"));
    assert_int_equal(own->cpu_seq, 1);
    registry_node_heartbeat(f->registry, own, BYTES("5"));
    assert_int_equal(own->cpu_seq, 2);
    assert_bytes(own->cpu, "5");
}

static void test_own_info(void **state)
{
    struct fixture *f = *state;
    struct registry_node *own = registry_local_node(f->registry);
    char ip_list[] = "[\"192.0.2.1\"]";

    registry_set_local_info(f->registry,
                            &(struct registry_local_info){.ip_list = bytes_cstr(ip_list),
                                                          .hostname = BYTES("\"h\""),
                                                          .instance_id = BYTES("id")});
    ip_list[2] = 'x';
    assert_bytes(own->ip_list, "[\"192.0.2.1\"]");
    assert_bytes(own->hostname, "\"h\"");
    assert_bytes(own->client, "{}");
    assert_bytes(own->port, "null");
    assert_bytes(own->instance_id, "id");
}

static void test_own_seq(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(registry_take_local_seq(f->registry), 1);
    (void)fixture_add(f, "{\"name\":\"a\"}");
    (void)fixture_add(f, "{\"name\":\"b\"}");
    assert_int_equal(registry_take_local_seq(f->registry), 2);
    assert_int_equal(registry_take_local_seq(f->registry), 2);
    assert_true(registry_remove_local_service(f->registry, BYTES("a")));
    assert_false(registry_remove_local_service(f->registry, BYTES("a")));
    assert_int_equal(registry_take_local_seq(f->registry), 3);
    registry_bump_local_seq(f->registry);
    assert_int_equal(registry_take_local_seq(f->registry), 4);
}

/* --- hostile --- */

static void test_no_info_at_all(void **state)
{
    static const char *const packets[] = {"null",
                                          "[]",
                                          "\"x\"",
                                          "1",
                                          "{\"services\":{}}",
                                          "{\"services\":\"x\"}",
                                          "{\"services\":1}"};
    struct fixture *f = *state;

    assert_int_equal(fixture_info(f, "n1", 1, ONE("s.a")), REGISTRY_NODE_NEW);
    for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
        assert_int_equal(fixture_packet(f, "n1", bytes_cstr(packets[i])), REGISTRY_INFO_FAULTY);
        assert_int_equal(fixture_packet(f, "n2", bytes_cstr(packets[i])), REGISTRY_INFO_FAULTY);
    }
    assert_int_equal(fixture_info(f, "", 1, "[]"), REGISTRY_INFO_FAULTY);
    assert_null(fixture_node(f, "n2"));
    assert_bytes(fixture_nodes_of(f, "s.a"), "n1");
}

/* services, and the actions and event lists that are known afterwards, in order */
struct hostile_case {
    const char *services, *actions, *events;
};

static const struct hostile_case hostile_cases[] = {
    {"[null,1,\"x\",[],{},true]", "", ""},
    {"[{\"name\":null},{\"name\":1},{\"name\":\"\"},{\"name\":{}}]", "", ""},
    {"[{\"fullName\":\"s\",\"actions\":{\"s.a\":{\"name\":\"s.a\"}}}]", "", ""},
    {"[{\"name\":\"s\",\"actions\":null,\"events\":null}]", "", ""},
    {"[{\"name\":\"s\",\"actions\":1,\"events\":\"x\"}]", "", ""},
    {"[{\"name\":\"s\",\"actions\":\"{}\",\"events\":true}]", "", ""},
    {"[{\"name\":\"s\",\"actions\":{},\"events\":[]}]", "", ""},
    {"[{\"name\":\"s\",\"actions\":[{\"name\":\"s.a\"},{},1,null,{\"name\":5}]}]", "s.a", ""},
    {"[{\"name\":\"s\",\"events\":[{\"name\":\"e\"},{},1,{\"name\":\"\"}]}]", "", "e/s"},
    {"[{\"name\":\"s\",\"actions\":{\"s.a\":null,\"s.b\":1,\"s.c\":\"x\",\"s.d\":[]}}]", "", ""},
    {"[{\"name\":\"s\",\"actions\":{\"s.a\":{}}}]", "s.a", ""},
    {"[{\"name\":\"s\",\"actions\":{\"s.a\":{\"name\":null}}}]", "s.a", ""},
    {"[{\"name\":\"s\",\"actions\":{\"s.a\":{\"name\":7}}}]", "s.a", ""},
    {"[{\"name\":\"s\",\"actions\":{\"key\":{\"name\":\"s.a\"}}}]", "s.a", ""},
    {"[{\"name\":\"s\",\"actions\":{\"\":{}}}]", "", ""},
    {"[{\"name\":\"s\",\"actions\":{\"s.a\":{},\"s.a\":{}}}]", "s.a", ""},
    {"[{\"name\":\"s\",\"actions\":{\"s.a\":{\"visibility\":1}}}]", "", ""},
    {"[{\"name\":\"s\",\"actions\":{\"s.a\":{\"visibility\":\"hidden\"}}}]", "", ""},
    {"[{\"name\":\"s\",\"actions\":{\"s.a\":{\"visibility\":\"private\"}}}]", "", ""},
    {"[{\"name\":\"s\",\"actions\":{\"s.a\":{\"visibility\":\"protected\"}}}]", "", ""},
    {"[{\"name\":\"s\",\"actions\":{\"s.a\":{\"visibility\":null}}}]", "s.a", ""},
    {"[{\"name\":\"s\",\"actions\":{\"s.a\":{\"timeout\":\"x\",\"strategy\":{}}}}]", "s.a", ""},
    {"[{\"name\":\"s\",\"actions\":{\"s.a\":{\"timeout\":-1e400,\"strategy\":\"?\"}}}]", "s.a", ""},
    {"[{\"name\":\"s\",\"events\":{\"e\":{\"group\":5},\"f\":{\"group\":\"\"}}}]", "", "e/s,f/s"},
    {"[{\"name\":\"s\",\"events\":{\"e\":{\"group\":\"g\"},\"k\":{\"name\":\"e\"}}}]", "",
     "e/g,e/s"},
    {"[{\"name\":\"s\",\"events\":{\"[*\":{},\"***\":{},\"?(\":{}}}]", "", "[*/s,***/s,?(/s"},
    {"[{\"name\":\"s\",\"version\":null,\"fullName\":5,\"settings\":1,\"metadata\":[]}]", "", ""},
    {"[{\"name\":\"s\",\"actions\":{\"s.a\":{}}},{\"name\":\"s\",\"actions\":{\"s.b\":{}}}]",
     "s.a,s.b", ""},
    {"[{\"name\":\"\\u0073\",\"actions\":{\"\\u0073.a\":{\"name\":\"s\\u002Ea\"}}}]", "s.a", ""},
    {"[{\"name\":\"s\\u0000t\",\"events\":{\"e\\u0000\":{}}}]", "", "e?/s?t"},
    {"[{\"name\":\"s\\ud800\",\"actions\":{\"\\udfff\":{}}}]", "\xEF\xBF\xBD", ""},
};

static struct bytes names_of(struct fixture *f, const struct list *lists)
{
    buf_clear(&f->out);
    list_for_each (link, lists) {
        const struct endpoint_list *list = list_entry(link, struct endpoint_list, link);

        if (f->out.n) {
            buf_add_char(&f->out, ',');
        }
        buf_add(&f->out, list->name->bytes);
        if (list->group_text) {
            buf_add_char(&f->out, '/');
            buf_add(&f->out, list->group);
        }
    }
    for (size_t i = 0; i < f->out.n; i++) {
        if (f->out.p[i] == '\0') {
            f->out.p[i] = '?';
        }
    }
    return buf_bytes(&f->out);
}

static void test_hostile_services(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(hostile_cases) / sizeof(hostile_cases[0]); i++) {
        const struct hostile_case *c = &hostile_cases[i];
        struct fixture *f;
        void *own_state;

        assert_int_equal(fixture_new(&own_state), 0);
        f = own_state;
        assert_int_equal(fixture_info(f, "n1", 1, c->services), REGISTRY_NODE_NEW);
        assert_bytes_eq(names_of(f, registry_action_lists(f->registry)), bytes_cstr(c->actions));
        assert_bytes_eq(names_of(f, registry_event_lists(f->registry)), bytes_cstr(c->events));
        /* The same again, then without: nothing is counted twice, nothing is left. */
        assert_int_equal(fixture_info(f, "n1", 2, c->services), REGISTRY_NODE_UPDATED);
        assert_bytes_eq(names_of(f, registry_action_lists(f->registry)), bytes_cstr(c->actions));
        assert_int_equal(fixture_info(f, "n1", 3, "[]"), REGISTRY_NODE_UPDATED);
        list_for_each (link, registry_action_lists(f->registry)) {
            assert_int_equal(list_entry(link, struct endpoint_list, link)->n_items, 0);
        }
        list_for_each (link, registry_event_lists(f->registry)) {
            assert_int_equal(list_entry(link, struct endpoint_list, link)->n_items, 0);
        }
        assert_int_equal(fixture_free(&own_state), 0);
    }
}

static void test_same_full_name_twice(void **state)
{
    struct fixture *f = *state;
    const char *services = "[{\"name\":\"s\",\"actions\":{\"s.a\":{}}},{\"name\":\"s\","
                           "\"actions\":{\"s.b\":{}}}]";

    /* One service, and the later one counts. */
    for (int seq = 1; seq < 4; seq++) {
        (void)fixture_info(f, "n1", seq, services);
        assert_bytes(fixture_nodes_of(f, "s.a"), "none");
        assert_bytes(fixture_nodes_of(f, "s.b"), "n1");
        assert_ptr_equal(fixture_node(f, "n1")->services.next,
                         fixture_node(f, "n1")->services.prev);
    }
}

/* --- limits --- */

/* n times text, separated by commas, with the index for "%u". */
static void add_many(struct buf *b, unsigned n, const char *before, const char *after)
{
    for (unsigned i = 0; i < n; i++) {
        buf_add(b, bytes_cstr(i ? "," : ""));
        buf_add(b, bytes_cstr(before));
        buf_add_u64(b, i);
        buf_add(b, bytes_cstr(after));
    }
}

static enum registry_change offer_many(struct fixture *f, const char *member, unsigned n)
{
    struct buf services;
    enum registry_change change;

    buf_init(&services, BUF_NO_LIMIT);
    buf_add_format(&services, "[{\"name\":\"s\",\"%s\":{", member);
    add_many(&services, n, "\"s.", "\":{}");
    buf_add(&services, BYTES("}}]"));
    buf_add_char(&services, '\0');
    change = fixture_info(f, "n1", (int)n, services.p);
    buf_fini(&services);
    return change;
}

static enum registry_change offer_services(struct fixture *f, unsigned n)
{
    struct buf services;
    enum registry_change change;

    buf_init(&services, BUF_NO_LIMIT);
    buf_add_char(&services, '[');
    add_many(&services, n, "{\"name\":\"s", "\"}");
    buf_add_char(&services, ']');
    buf_add_char(&services, '\0');
    change = fixture_info(f, "n1", (int)n, services.p);
    buf_fini(&services);
    return change;
}

static void test_limits_of_a_node(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(offer_services(f, REGISTRY_MAX_NODE_SERVICES + 1), REGISTRY_INFO_REFUSED);
    assert_null(fixture_node(f, "n1"));
    assert_int_equal(offer_many(f, "actions", REGISTRY_MAX_NODE_ACTIONS + 1),
                     REGISTRY_INFO_REFUSED);
    assert_int_equal(offer_many(f, "events", REGISTRY_MAX_NODE_EVENTS + 1), REGISTRY_INFO_REFUSED);
    assert_null(fixture_node(f, "n1"));

    assert_int_equal(offer_services(f, REGISTRY_MAX_NODE_SERVICES), REGISTRY_NODE_NEW);
    assert_true(registry_has_service(f->registry, BYTES("s9999")));
    /* Refused as a whole: what was there stays. */
    assert_int_equal(offer_services(f, REGISTRY_MAX_NODE_SERVICES + 1), REGISTRY_INFO_REFUSED);
    assert_true(registry_has_service(f->registry, BYTES("s9999")));
    assert_false(registry_has_service(f->registry, BYTES("s10000")));
    assert_int_equal(offer_many(f, "actions", REGISTRY_MAX_NODE_ACTIONS), REGISTRY_NODE_UPDATED);
    assert_bytes(fixture_nodes_of(f, "s.99999"), "n1");
}

static void test_limit_of_nodes(void **state)
{
    struct fixture *f = *state;
    char id[16];

    for (unsigned i = 1; i < REGISTRY_MAX_NODES; i++) {
        (void)snprintf(id, sizeof(id), "n%u", i);
        assert_int_equal(fixture_info(f, id, 1, "[]"), REGISTRY_NODE_NEW);
    }
    assert_int_equal(fixture_info(f, "more", 1, "[]"), REGISTRY_INFO_REFUSED);
    assert_int_equal(fixture_info(f, "n1", 2, "[]"), REGISTRY_NODE_UPDATED);
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "n1")));
    registry_node_remove(f->registry, fixture_node(f, "n1"));
    assert_int_equal(fixture_info(f, "more", 1, "[]"), REGISTRY_NODE_NEW);
}

/* Names that come and go do not fill the registry for good. */
static void test_empty_lists_make_room(void **state)
{
    struct fixture *f = *state;
    unsigned at_once = REGISTRY_MAX_NODE_EVENTS;
    const struct endpoint_list *last = NULL;
    unsigned n_groups = 0;
    struct buf services;

    (void)fixture_info(f, "stays", 1, "[{\"name\":\"t\",\"events\":{\"t.*\":{},\"t.x\":{}}}]");
    for (unsigned round = 0; round < REGISTRY_MAX_LISTS / at_once + 2; round++) {
        buf_init(&services, BUF_NO_LIMIT);
        buf_add_format(&services, "[{\"name\":\"s%u\",\"events\":{", round);
        add_many(&services, at_once, "\"e", "\":{}");
        buf_add(&services, BYTES("}}]"));
        buf_add_char(&services, '\0');
        assert_in_range(fixture_info(f, "n1", (int)round + 1, services.p), REGISTRY_NODE_NEW,
                        REGISTRY_NODE_UPDATED);
        buf_fini(&services);
    }
    assert_bytes(registry_next_event(f->registry, NULL, BYTES("t.x"))->name->bytes, "t.*");
    for (struct endpoint_list *l = NULL; (l = registry_next_event(f->registry, l, BYTES("e5")));) {
        last = l;
        n_groups++;
    }
    assert_non_null(last);
    assert_bytes(last->group, "s11");
    assert_in_range(n_groups, 1, REGISTRY_MAX_LISTS / at_once);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_first_info),
        WITH_FIXTURE(test_seq_decides),
        WITH_FIXTURE(test_other_fields_are_always_taken),
        WITH_FIXTURE(test_new_instance_registers_anew),
        WITH_FIXTURE(test_leaving_and_returning),
        WITH_FIXTURE(test_removal),
        WITH_FIXTURE(test_heartbeat),
        WITH_FIXTURE(test_own_node),
        WITH_FIXTURE(test_own_info),
        WITH_FIXTURE(test_own_seq),
        WITH_FIXTURE(test_no_info_at_all),
        cmocka_unit_test(test_hostile_services),
        WITH_FIXTURE(test_same_full_name_twice),
        WITH_FIXTURE(test_limits_of_a_node),
        WITH_FIXTURE(test_limit_of_nodes),
        WITH_FIXTURE(test_empty_lists_make_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
