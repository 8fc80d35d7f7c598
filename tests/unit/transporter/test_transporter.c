/* SPDX-License-Identifier: MIT */
/* Topic texts, and the base object that copies its environment. */
#include "transporter/transporter.h"

#include "support/check.h"

static const struct topic balanced_event = {.type = PACKET_EVENT,
                                            .balanced = true,
                                            .name = BYTES_INIT("user.created"),
                                            .group = BYTES_INIT("mail")};

static void test_names_topics_as_the_protocol_says(void **state)
{
    static const struct {
        struct topic topic;
        const char *text;
    } table[] = {
        {{.type = PACKET_INFO}, "MOL-dev.INFO"},
        {{.type = PACKET_HEARTBEAT}, "MOL-dev.HEARTBEAT"},
        {{.type = PACKET_DISCONNECT}, "MOL-dev.DISCONNECT"},
        {{.type = PACKET_DISCOVER, .node_id = BYTES_INIT("a")}, "MOL-dev.DISCOVER.a"},
        {{.type = PACKET_REQUEST, .node_id = BYTES_INIT("node-1")}, "MOL-dev.REQ.node-1"},
        {{.type = PACKET_RESPONSE, .node_id = BYTES_INIT("a.b")}, "MOL-dev.RES.a.b"},
        {{.type = PACKET_EVENT, .node_id = BYTES_INIT("a")}, "MOL-dev.EVENT.a"},
        {{.type = PACKET_PONG, .node_id = BYTES_INIT("a")}, "MOL-dev.PONG.a"},
        {{.type = PACKET_REQUEST, .balanced = true, .name = BYTES_INIT("math.add")},
         "MOL-dev.REQB.math.add"},
    };
    struct transporter_env env = {.prefix = BYTES("MOL-dev"), .node_id = BYTES("own")};
    struct transporter t;
    char room[TRANSPORTER_TOPIC_MAX];
    struct bytes text;

    transporter_init(&t, &transporter_memory_ops, &env);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_true(transporter_topic_text(&t, &table[i].topic, room, sizeof(room), &text));
        assert_bytes_eq(text, bytes_cstr(table[i].text));
    }
    assert_true(transporter_topic_text(&t, &balanced_event, room, sizeof(room), &text));
    assert_bytes(text, "MOL-dev.EVENTB.mail.user.created");
    transporter_fini(&t);
}

static void test_a_topic_that_does_not_fit_is_refused(void **state)
{
    struct transporter_env env = {.prefix = BYTES("MOL"), .node_id = BYTES("own")};
    struct transporter t;
    char room[64];
    struct bytes text, whole;

    transporter_init(&t, &transporter_memory_ops, &env);
    assert_true(transporter_topic_text(&t, &balanced_event, room, sizeof(room), &whole));
    for (size_t n = 0; n < whole.n; n++) {
        assert_false(transporter_topic_text(&t, &balanced_event, room, n, &text));
    }
    assert_true(transporter_topic_text(&t, &balanced_event, room, whole.n, &text));
    transporter_fini(&t);
}

static void test_copies_the_texts_of_its_environment(void **state)
{
    char prefix[] = "MOL", node_id[] = "node";
    struct transporter_env env = {.prefix = bytes_of(prefix, 3), .node_id = bytes_of(node_id, 4)};
    struct transporter t;

    transporter_init(&t, &transporter_memory_ops, &env);
    memset(prefix, 'x', 3);
    memset(node_id, 'x', 4);
    assert_bytes(t.env.prefix, "MOL");
    assert_bytes(t.env.node_id, "node");
    transporter_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_topics_as_the_protocol_says),
        cmocka_unit_test(test_a_topic_that_does_not_fit_is_refused),
        cmocka_unit_test(test_copies_the_texts_of_its_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
