/* SPDX-License-Identifier: MIT */
/* HEARTBEAT packets. */
#include "packet/packet.h"

#include "support/check.h"

static struct bytes cpu_of(struct bytes slice)
{
    struct packet_heartbeat p;

    assert_int_equal(packet_heartbeat_decode(slice, &p), 0);
    return p.cpu;
}

static void test_decode(void **state)
{
    struct packet_heartbeat p;

    (void)state;
    assert_bytes(cpu_of(BYTES("{\"cpu\":12}")), "12");
    assert_bytes(cpu_of(BYTES("{\"cpu\":0.5,\"seq\":1}")), "0.5");
    assert_bytes(cpu_of(BYTES("{\"cpu\":null}")), "null");
    assert_bytes(cpu_of(BYTES("{\"cpu\":\"12\"}")), "null");
    assert_bytes(cpu_of(BYTES("{}")), "null");
    assert_int_equal(packet_heartbeat_decode(BYTES("[]"), &p), ERR_TYPE);
    assert_int_equal(packet_heartbeat_decode(BYTES("12"), &p), ERR_TYPE);
}

static void check_encoded(struct bytes cpu, struct bytes want)
{
    const struct packet_sender from = {PROTOCOL_4, BYTES("n")};
    const struct packet_heartbeat p = {cpu};
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    packet_heartbeat_encode(&out, &from, &p);
    assert_bytes_eq(buf_bytes(&out), want);
    buf_fini(&out);
}

static void test_encode(void **state)
{
    (void)state;
    check_encoded(BYTES("3"), BYTES("{\"cpu\":3,\"ver\":\"4\",\"sender\":\"n\"}"));
    check_encoded(BYTES_NONE, BYTES("{\"cpu\":null,\"ver\":\"4\",\"sender\":\"n\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_encode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
