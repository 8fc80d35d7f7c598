/* SPDX-License-Identifier: MIT */
/* PING and PONG packets. */
#include "packet/packet.h"

#include "support/check.h"

static void check(struct bytes slice, struct bytes want_ping, struct bytes want_pong)
{
    const struct packet_sender from = {PROTOCOL_5, BYTES("n")};
    struct packet_ping p;
    struct arena arena;
    struct buf out;

    arena_init(&arena);
    buf_init(&out, BUF_NO_LIMIT);
    assert_int_equal(packet_ping_decode(slice, &arena, &p), 0);
    packet_ping_encode(&out, &from, &p);
    assert_bytes_eq(buf_bytes(&out), want_ping);
    p.arrived = BYTES("5");
    buf_clear(&out);
    packet_pong_encode(&out, &from, &p);
    assert_bytes_eq(buf_bytes(&out), want_pong);
    buf_fini(&out);
    arena_fini(&arena);
}

static void test_answer(void **state)
{
    (void)state;
    check(
        BYTES("{\"time\":1700000000000,\"id\":\"i\",\"ver\":\"5\",\"sender\":\"m\"}"),
        BYTES("{\"time\":1700000000000,\"id\":\"i\",\"ver\":\"5\",\"sender\":\"n\"}"),
        BYTES(
            "{\"time\":1700000000000,\"id\":\"i\",\"arrived\":5,\"ver\":\"5\",\"sender\":\"n\"}"));
}

static void test_without_id(void **state)
{
    (void)state;
    check(BYTES("{\"time\":1}"), BYTES("{\"time\":1,\"ver\":\"5\",\"sender\":\"n\"}"),
          BYTES("{\"time\":1,\"arrived\":5,\"ver\":\"5\",\"sender\":\"n\"}"));
}

/* Time is the peer's own: it gets back what it sent. */
static void test_time_is_echoed(void **state)
{
    (void)state;
    check(BYTES("{\"time\":\"noon\",\"id\":7}"),
          BYTES("{\"time\":\"noon\",\"ver\":\"5\",\"sender\":\"n\"}"),
          BYTES("{\"time\":\"noon\",\"arrived\":5,\"ver\":\"5\",\"sender\":\"n\"}"));
    check(BYTES("{}"), BYTES("{\"ver\":\"5\",\"sender\":\"n\"}"),
          BYTES("{\"arrived\":5,\"ver\":\"5\",\"sender\":\"n\"}"));
}

static void test_pong(void **state)
{
    struct packet_ping p;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_int_equal(
        packet_ping_decode(BYTES("{\"time\":1,\"id\":\"i\",\"arrived\":2}"), &arena, &p), 0);
    assert_bytes(p.time, "1");
    assert_bytes(p.id, "i");
    assert_bytes(p.arrived, "2");
    assert_int_equal(packet_ping_decode(BYTES("[1]"), &arena, &p), ERR_TYPE);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_without_id),
        cmocka_unit_test(test_time_is_echoed),
        cmocka_unit_test(test_pong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
