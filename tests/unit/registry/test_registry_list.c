/* SPDX-License-Identifier: MIT */
/* Listings beyond the recorded ones: what peers send that the originals would not. */
#include "unit/registry/fixture.h"

static struct bytes listed(struct fixture *f,
                           void (*list)(struct registry *r, const struct registry_list_options *o,
                                        struct buf *out),
                           struct registry_list_options o)
{
    struct bytes slice;

    buf_clear(&f->out);
    list(f->registry, &o, &f->out);
    assert_int_equal(json_scan(buf_bytes(&f->out), 0, &slice, NULL), 0);
    return slice;
}

static void test_members_never_shown(void **state)
{
    struct fixture *f = *state;
    struct bytes actions;

    (void)fixture_info(f, "n1", 1,
                       "[{\"name\":\"s\",\"actions\":{\"s.a\":{\"handler\":\"x\",\"b\":1.0,"
                       "\"service\":{},\"c\":\"\\u0041\",\"remoteHandler\":1}}}]");
    actions = listed(f, registry_list_actions, (struct registry_list_options){0});
    assert_bytes(actions, "[{\"name\":\"s.a\",\"count\":1,\"hasLocal\":false,\"available\":true,"
                          "\"action\":{\"b\":1.0,\"c\":\"\\u0041\"}}]");
}

static void test_protected_flag(void **state)
{
    struct fixture *f = *state;
    struct bytes services;

    (void)fixture_info(f, "n1", 1,
                       "[{\"name\":\"s\",\"actions\":{\"s.a\":{\"protected\":true},"
                       "\"s.b\":{\"protected\":false}}}]");
    assert_int_equal(
        json_count(listed(f, registry_list_actions, (struct registry_list_options){0})), 1);
    services = listed(f, registry_list_services,
                      (struct registry_list_options){.with_actions = true, .grouping = true});
    assert_bytes(services, "[{\"name\":\"s\",\"fullName\":\"s\",\"settings\":{},\"metadata\":{},"
                           "\"local\":false,\"available\":true,\"nodes\":[\"n1\"],"
                           "\"actions\":{\"s.b\":{\"protected\":false}}}]");
}

static void test_breaker_state(void **state)
{
    struct fixture *f = *state;
    struct registry_list_options o = {.with_endpoints = true};
    struct bytes actions;

    (void)fixture_info(f, "n1", 1, "[{\"name\":\"s\",\"actions\":{\"s.a\":{}}}]");
    endpoint_set_available(fixture_action(f, "s.a")->items[0], false);
    actions = listed(f, registry_list_actions, o);
    assert_bytes(actions, "[{\"name\":\"s.a\",\"count\":1,\"hasLocal\":false,\"available\":false,"
                          "\"action\":{},\"endpoints\":[{\"nodeID\":\"n1\",\"state\":false,"
                          "\"available\":true}]}]");
    o.only_available = true;
    assert_bytes(listed(f, registry_list_actions, o), "[]");
}

static void test_odd_texts(void **state)
{
    struct fixture *f = *state;
    struct bytes services;

    (void)fixture_info(f, "n\"1\n", 1,
                       "[{\"name\":\"a\\\"b\",\"version\":1.0,\"settings\":\"text\","
                       "\"events\":{\"e\\u0007\":{}}}]");
    services =
        listed(f, registry_list_services, (struct registry_list_options){.with_events = true});
    assert_bytes(services,
                 "[{\"name\":\"a\\\"b\",\"version\":1.0,\"fullName\":\"v1.a\\\"b\","
                 "\"settings\":\"text\",\"metadata\":{},\"local\":false,\"available\":true,"
                 "\"nodeID\":\"n\\\"1\\n\",\"events\":{\"e\\u0007\":{}}}]");
}

static void test_nodes(void **state)
{
    struct fixture *f = *state;
    struct registry_list_options o = {.with_services = true, .only_available = true};

    registry_set_local_info(f->registry, &(struct registry_local_info){
                                             .port = BYTES("4000"), .instance_id = BYTES("me-id")});
    registry_node_heartbeat(f->registry, registry_local_node(f->registry), BYTES("3"));
    (void)fixture_packet(f, "n1",
                         BYTES("{\"services\":null,\"instanceID\":\"i\",\"seq\":2,"
                               "\"port\":5000,\"hostname\":\"h\"}"));
    loop_advance(f->loop, 4000);
    registry_node_heartbeat(f->registry, fixture_node(f, "n1"), BYTES("7"));
    assert_bytes(listed(f, registry_list_nodes, o),
                 "[{\"id\":\"me\",\"instanceID\":\"me-id\",\"available\":true,\"local\":true,"
                 "\"lastHeartbeatTime\":0,\"config\":{},\"client\":{},\"metadata\":{},"
                 "\"ipList\":[],\"port\":4000,\"hostname\":\"\",\"udpAddress\":null,"
                 "\"services\":[],\"cpu\":3,\"cpuSeq\":1,\"seq\":1,\"offlineSince\":null},"
                 "{\"id\":\"n1\",\"instanceID\":\"i\",\"available\":true,\"local\":false,"
                 "\"lastHeartbeatTime\":4,\"config\":{},\"client\":{},\"metadata\":{},"
                 "\"ipList\":[],\"port\":5000,\"hostname\":\"h\",\"udpAddress\":null,"
                 "\"services\":[],\"cpu\":7,\"cpuSeq\":1,\"seq\":2,\"offlineSince\":null}]");
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "n1")));
    assert_int_equal(json_count(listed(f, registry_list_nodes, o)), 1);
    o.only_available = false;
    assert_int_equal(json_count(listed(f, registry_list_nodes, o)), 2);
}

/* As in the events about nodes: the INFO in its own order, services where they stood. */
static void test_one_node(void **state)
{
    struct fixture *f = *state;
    struct json_writer w = json_writer(&f->out);

    (void)fixture_packet(f, "n1",
                         BYTES("{\"ipList\":[],\"services\":[{\"name\":\"s\"},{\"x\":1},"
                               "{\"name\":\"t\"}],\"other\":1.0,\"instanceID\":\"i\"}"));
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "n1")));
    registry_list_node(f->registry, fixture_node(f, "n1"), &w);
    assert_bytes_eq(
        buf_bytes(&f->out),
        BYTES("{\"id\":\"n1\",\"instanceID\":\"i\",\"available\":false,\"local\":false,"
              "\"lastHeartbeatTime\":0,\"config\":{},\"client\":{},\"metadata\":{},"
              "\"ipList\":[],\"udpAddress\":null,\"services\":[{\"name\":\"s\"},"
              "{\"name\":\"t\"}],\"cpu\":null,\"cpuSeq\":null,\"seq\":2,\"offlineSince\":0,"
              "\"rawInfo\":{\"ipList\":[],\"services\":[{\"name\":\"s\"},{\"name\":\"t\"}],"
              "\"other\":1.0,\"instanceID\":\"i\"}}"));
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_members_never_shown),
        WITH_FIXTURE(test_protected_flag),
        WITH_FIXTURE(test_breaker_state),
        WITH_FIXTURE(test_odd_texts),
        WITH_FIXTURE(test_nodes),
        WITH_FIXTURE(test_one_node),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
