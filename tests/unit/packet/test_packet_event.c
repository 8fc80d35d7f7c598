/* SPDX-License-Identifier: MIT */
/* EVENT packets. */
#include "packet/packet.h"

#include "support/check.h"
#include "support/scratch.h"

static int try_decode(void **state, const char *members, struct packet_event *out)
{
    struct scratch *f = *state;

    return packet_event_decode(arena_format(&f->arena, "{%s}", members), &f->arena, out);
}

static void test_minimum(void **state)
{
    struct packet_event p;

    assert_int_equal(try_decode(state, "\"event\":\"e\"", &p), 0);
    assert_bytes(p.event, "e");
    assert_none(p.id);
    assert_none(p.data);
    assert_none(p.groups);
    assert_false(p.broadcast);
    assert_bytes(p.meta, "{}");
    assert_bytes(p.headers, "{}");
    assert_int_equal(p.level, 0);
    assert_none(p.tracing);
    assert_none(p.parent_id);
    assert_none(p.request_id);
    assert_none(p.caller);
}

static void test_required(void **state)
{
    struct packet_event p;

    assert_int_equal(try_decode(state, "\"id\":\"1\"", &p), ERR_TYPE);
    assert_int_equal(try_decode(state, "\"event\":1", &p), ERR_TYPE);
    assert_int_equal(try_decode(state, "\"event\":null", &p), ERR_TYPE);
}

/* Running the handlers of all groups because a filter cannot be read would be wrong. */
static void test_groups(void **state)
{
    struct packet_event p;

    assert_int_equal(try_decode(state, "\"event\":\"e\",\"groups\":[\"a\",\"a\"]", &p), 0);
    assert_bytes(p.groups, "[\"a\",\"a\"]");
    assert_int_equal(try_decode(state, "\"event\":\"e\",\"groups\":[]", &p), 0);
    assert_bytes(p.groups, "[]");
    assert_int_equal(try_decode(state, "\"event\":\"e\",\"groups\":null", &p), 0);
    assert_none(p.groups);
    assert_int_equal(try_decode(state, "\"event\":\"e\",\"groups\":\"\"", &p), 0);
    assert_none(p.groups);
    assert_int_equal(try_decode(state, "\"event\":\"e\",\"groups\":\"a\"", &p), ERR_TYPE);
    assert_int_equal(try_decode(state, "\"event\":\"e\",\"groups\":{}", &p), ERR_TYPE);
}

static void test_broadcast(void **state)
{
    struct packet_event p;

    assert_int_equal(try_decode(state, "\"event\":\"e\",\"broadcast\":true", &p), 0);
    assert_true(p.broadcast);
    assert_int_equal(try_decode(state, "\"event\":\"e\",\"broadcast\":\"no\"", &p), 0);
    assert_true(p.broadcast); /* truthy is what counts */
}

static void test_encode(void **state)
{
    struct scratch *f = *state;
    struct packet_sender from = {PROTOCOL_4, BYTES("n")};
    struct packet_event p = {.id = BYTES("1"), .event = BYTES("e"), .broadcast = true};

    packet_event_encode(&f->out, &from, &p);
    assert_bytes(buf_bytes(&f->out),
                 "{\"id\":\"1\",\"event\":\"e\",\"data\":null,\"broadcast\":true,\"meta\":{},"
                 "\"tracing\":null,\"parentID\":null,\"requestID\":null,\"caller\":null,"
                 "\"needAck\":null,\"ver\":\"4\",\"sender\":\"n\"}");
    from.version = PROTOCOL_5;
    p = (struct packet_event){.id = BYTES("1"),
                              .event = BYTES("e"),
                              .data = BYTES("{\"x\":1e400}"),
                              .groups = BYTES("[\"g\"]"),
                              .meta = BYTES("{\"m\":1}"),
                              .headers = BYTES("{\"h\":1}"),
                              .level = 3,
                              .tracing = BYTES("false"),
                              .parent_id = BYTES("p"),
                              .request_id = BYTES("r"),
                              .caller = BYTES("c")};
    buf_clear(&f->out);
    packet_event_encode(&f->out, &from, &p);
    assert_bytes(buf_bytes(&f->out),
                 "{\"id\":\"1\",\"event\":\"e\",\"data\":{\"x\":1e400},\"groups\":[\"g\"],"
                 "\"broadcast\":false,\"meta\":{\"m\":1},\"headers\":{\"h\":1},\"level\":3,"
                 "\"tracing\":false,\"parentID\":\"p\",\"requestID\":\"r\",\"caller\":\"c\","
                 "\"needAck\":null,\"ver\":\"5\",\"sender\":\"n\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_minimum),   scratch_test(test_required), scratch_test(test_groups),
        scratch_test(test_broadcast), scratch_test(test_encode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
