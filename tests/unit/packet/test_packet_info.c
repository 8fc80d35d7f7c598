/* SPDX-License-Identifier: MIT */
/* INFO packets. */
#include "packet/packet.h"

#include "support/check.h"

static struct packet_info decode(struct bytes slice)
{
    struct packet_info p;
    struct arena arena;

    arena_init(&arena);
    assert_int_equal(packet_info_decode(slice, &arena, &p), 0);
    assert_int_equal(arena.used_bytes, 0);
    arena_fini(&arena);
    return p;
}

static void test_defaults(void **state)
{
    struct packet_info p = decode(BYTES("{}"));

    (void)state;
    assert_bytes(p.services, "[]");
    assert_bytes(p.ip_list, "[]");
    assert_none(p.hostname);
    assert_bytes(p.client, "{}");
    assert_bytes(p.config, "{}");
    assert_bytes(p.metadata, "{}");
    assert_bytes(p.instance_id, "");
    assert_int_equal(p.seq, 1);
    assert_none(p.port);
    p = decode(BYTES("{\"services\":null,\"ipList\":null,\"hostname\":null,\"client\":null,"
                     "\"config\":null,\"metadata\":null,\"instanceID\":null,\"port\":null}"));
    assert_bytes(p.services, "[]");
    assert_bytes(p.ip_list, "[]");
    assert_none(p.hostname);
    assert_bytes(p.config, "{}");
    assert_bytes(p.instance_id, "");
    assert_none(p.port);
}

static void test_seq(void **state)
{
    (void)state;
    assert_int_equal(decode(BYTES("{\"seq\":5}")).seq, 5);
    assert_int_equal(decode(BYTES("{\"seq\":0}")).seq, 1);
    assert_int_equal(decode(BYTES("{\"seq\":-3}")).seq, -3);
    assert_int_equal(decode(BYTES("{\"seq\":null}")).seq, 1);
    assert_int_equal(decode(BYTES("{\"seq\":\"9\"}")).seq, 1);
    assert_int_equal(decode(BYTES("{\"seq\":1e400}")).seq, 1);
    assert_int_equal(decode(BYTES("{\"seq\":1700000000000}")).seq, 1700000000000);
}

static void test_unreadable_services(void **state)
{
    struct packet_info p;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_int_equal(packet_info_decode(BYTES("{\"services\":{}}"), &arena, &p), ERR_TYPE);
    assert_int_equal(packet_info_decode(BYTES("{\"services\":\"x\"}"), &arena, &p), ERR_TYPE);
    assert_int_equal(packet_info_decode(BYTES("[]"), &arena, &p), ERR_TYPE);
    assert_int_equal(packet_info_decode(BYTES("null"), &arena, &p), ERR_TYPE);
    arena_fini(&arena);
}

static void test_encode(void **state)
{
    const struct packet_sender from = {PROTOCOL_5, BYTES("n")};
    struct packet_info p = {.services = BYTES("[{}]"),
                            .ip_list = BYTES("[\"127.0.0.1\"]"),
                            .hostname = BYTES("\"h\""),
                            .client = BYTES("{\"type\":\"c\"}"),
                            .metadata = BYTES("{\"m\":1}"),
                            .instance_id = BYTES("i"),
                            .seq = 2,
                            .port = BYTES("1")};
    struct buf out;

    (void)state;
    buf_init(&out, BUF_NO_LIMIT);
    packet_info_encode(&out, &from, &p);
    assert_bytes(
        buf_bytes(&out),
        "{\"services\":[{}],\"ipList\":[\"127.0.0.1\"],\"hostname\":\"h\",\"client\":{\"type\":"
        "\"c\"},\"config\":{},\"instanceID\":\"i\",\"metadata\":{\"m\":1},\"seq\":2,"
        "\"ver\":\"5\",\"sender\":\"n\"}");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_seq),
        cmocka_unit_test(test_unreadable_services),
        cmocka_unit_test(test_encode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
