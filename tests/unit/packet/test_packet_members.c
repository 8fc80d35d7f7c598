/* SPDX-License-Identifier: MIT */
/*
 * Each packet with each member left out or replaced by a value of every type: only what a packet
 * cannot do without makes it unreadable, everything else has a defined reading.
 */
#include "packet/packet.h"

#include "support/check.h"
#include "support/packet_relay.h"

/* What a value must be, or the packet is refused. Members that are not listed may be anything. */
enum demand {
    DEMAND_TEXT,      /* a string */
    DEMAND_SOME_TEXT, /* a string that is not empty */
    DEMAND_LIST,      /* an array, or a falsy value, or nothing */
};

struct demanded {
    enum packet_type type;
    struct bytes member;
    enum demand demand;
};

static const struct demanded demanded[] = {
    {PACKET_REQUEST, BYTES_INIT("id"), DEMAND_TEXT},
    {PACKET_REQUEST, BYTES_INIT("action"), DEMAND_TEXT},
    {PACKET_RESPONSE, BYTES_INIT("id"), DEMAND_TEXT},
    {PACKET_EVENT, BYTES_INIT("event"), DEMAND_TEXT},
    {PACKET_EVENT, BYTES_INIT("groups"), DEMAND_LIST},
    {PACKET_INFO, BYTES_INIT("services"), DEMAND_LIST},
    {PACKET_DISCOVER, BYTES_INIT("sender"), DEMAND_SOME_TEXT},
    {PACKET_DISCONNECT, BYTES_INIT("sender"), DEMAND_SOME_TEXT},
};

static const struct {
    enum packet_type type;
    struct bytes text;
} packets[] = {
    {PACKET_REQUEST,
     BYTES_INIT(
         "{\"id\":\"1\",\"action\":\"a.b\",\"params\":{\"x\":1},\"meta\":{\"m\":1},"
         "\"headers\":{\"h\":1},\"timeout\":5,\"level\":2,\"tracing\":true,\"parentID\":\"p\","
         "\"requestID\":\"r\",\"caller\":\"c\",\"stream\":true,\"seq\":3,\"ver\":\"5\","
         "\"sender\":\"n\"}")},
    {PACKET_RESPONSE,
     BYTES_INIT(
         "{\"id\":\"1\",\"meta\":{\"m\":1},\"headers\":{\"h\":1},\"success\":false,\"data\":null,"
         "\"error\":{\"name\":\"Error\"},\"stream\":true,\"seq\":3,\"ver\":\"5\","
         "\"sender\":\"n\"}")},
    {PACKET_EVENT,
     BYTES_INIT("{\"id\":\"1\",\"event\":\"e\",\"data\":[],\"groups\":[\"g\"],\"broadcast\":true,"
                "\"meta\":{\"m\":1},\"headers\":{\"h\":1},\"level\":2,\"tracing\":true,"
                "\"parentID\":\"p\",\"requestID\":\"r\",\"caller\":\"c\",\"needAck\":null,"
                "\"ver\":\"5\",\"sender\":\"n\"}")},
    {PACKET_DISCOVER, BYTES_INIT("{\"ver\":\"5\",\"sender\":\"n\"}")},
    {PACKET_DISCONNECT, BYTES_INIT("{\"ver\":\"4\",\"sender\":\"n\"}")},
    {PACKET_INFO,
     BYTES_INIT("{\"services\":[{}],\"ipList\":[\"127.0.0.1\"],\"hostname\":\"h\",\"client\":{},"
                "\"config\":{},\"instanceID\":\"i\",\"metadata\":{},\"seq\":2,\"port\":1,"
                "\"ver\":\"5\",\"sender\":\"n\"}")},
    {PACKET_HEARTBEAT, BYTES_INIT("{\"cpu\":1,\"ver\":\"5\",\"sender\":\"n\"}")},
    {PACKET_PING, BYTES_INIT("{\"time\":1,\"id\":\"1\",\"ver\":\"5\",\"sender\":\"n\"}")},
    {PACKET_PONG,
     BYTES_INIT("{\"time\":1,\"id\":\"1\",\"arrived\":2,\"ver\":\"5\",\"sender\":\"n\"}")},
};

/* The first stands for a member that is left out. */
static const struct bytes values[] = {
    {NULL, 0},          BYTES_INIT("null"),
    BYTES_INIT("true"), BYTES_INIT("false"),
    BYTES_INIT("0"),    BYTES_INIT("-1"),
    BYTES_INIT("1.5"),  BYTES_INIT("1e400"),
    BYTES_INIT("\"\""), BYTES_INIT("\"5\""),
    BYTES_INIT("[]"),   BYTES_INIT("[1]"),
    BYTES_INIT("{}"),   BYTES_INIT("{\"length\":1}"),
};

enum { N_DEMANDED = sizeof(demanded) / sizeof(demanded[0]) };
enum { N_PACKETS = sizeof(packets) / sizeof(packets[0]) };
enum { N_VALUES = sizeof(values) / sizeof(values[0]) };

static bool is_satisfied(enum demand demand, struct bytes value)
{
    switch (demand) {
    case DEMAND_TEXT:
        return json_type(value) == JSON_STRING;
    case DEMAND_SOME_TEXT:
        return json_type(value) == JSON_STRING && value.n > 2;
    case DEMAND_LIST:
        return json_type(value) == JSON_ARRAY || !json_is_truthy(value);
    }
    return false;
}

static int want_result(enum packet_type type, struct bytes member, struct bytes value)
{
    for (size_t i = 0; i < N_DEMANDED; i++) {
        if (demanded[i].type == type && json_string_eq(member, demanded[i].member) &&
            !is_satisfied(demanded[i].demand, value)) {
            return ERR_TYPE;
        }
    }
    return 0;
}

/* The packet with one member replaced; none leaves it out. */
static void alter(struct bytes packet, struct bytes member, struct bytes value, struct buf *out)
{
    struct json_iter it = json_iter(packet);
    struct json_writer w = json_writer(out);
    struct bytes key, old;

    json_begin_object(&w);
    while (json_next_member(&it, &key, &old)) {
        struct bytes name = bytes_of(key.p + 1, key.n - 2);

        json_member(&w, name, bytes_eq(key, member) ? value : old);
    }
    json_end_object(&w);
}

static void check_altered(enum packet_type type, struct bytes packet, struct bytes member,
                          struct bytes value)
{
    static const enum protocol versions[] = {PROTOCOL_4, PROTOCOL_5};
    struct buf altered, out;
    struct arena arena;

    buf_init(&altered, BUF_NO_LIMIT);
    buf_init(&out, BUF_NO_LIMIT);
    arena_init(&arena);
    alter(packet, member, value, &altered);
    for (size_t i = 0; i < 2; i++) {
        const struct packet_sender from = {versions[i], BYTES("n")};
        int err = packet_relay(type, buf_bytes(&altered), &arena, &from, &out);

        if (err != want_result(type, member, value)) {
            fail_msg("%.*s: %s", BYTES_ARG(buf_bytes(&altered)), err_text(err));
        }
    }
    packet_relay_fuzz(type, buf_bytes(&altered));
    arena_fini(&arena);
    buf_fini(&out);
    buf_fini(&altered);
}

static void test_each_member(void **state)
{
    unsigned n = 0;

    (void)state;
    for (size_t i = 0; i < N_PACKETS; i++) {
        struct json_iter it = json_iter(packets[i].text);
        struct bytes key, value;

        while (json_next_member(&it, &key, &value)) {
            for (size_t j = 0; j < N_VALUES; j++) {
                check_altered(packets[i].type, packets[i].text, key, values[j]);
                n++;
            }
        }
    }
    assert_int_equal(n, (15 + 10 + 15 + 2 + 2 + 11 + 3 + 4 + 5) * N_VALUES);
}

/* What is no object is no packet. */
static void test_other_documents(void **state)
{
    const struct packet_sender from = {PROTOCOL_5, BYTES("n")};
    struct arena arena;
    struct buf out;

    (void)state;
    arena_init(&arena);
    buf_init(&out, BUF_NO_LIMIT);
    for (size_t i = 0; i < N_PACKETS; i++) {
        for (size_t j = 0; j < N_VALUES; j++) {
            if (!json_is_object(values[j])) {
                assert_int_equal(packet_relay(packets[i].type, values[j], &arena, &from, &out),
                                 ERR_TYPE);
            }
        }
    }
    assert_int_equal(out.n, 0);
    buf_fini(&out);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_member),
        cmocka_unit_test(test_other_documents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
