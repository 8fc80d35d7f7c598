/* SPDX-License-Identifier: MIT */
/* Who sent a packet, found wherever it stands; DISCOVER and DISCONNECT. */
#include "packet/packet.h"

#include "support/check.h"
#include "support/scratch.h"

static void check(void **state, struct bytes slice, enum protocol version, struct bytes sender)
{
    struct scratch *f = *state;
    struct packet_envelope e;

    assert_int_equal(packet_envelope_decode(slice, &f->arena, &e), 0);
    assert_int_equal(e.version, version);
    assert_bytes_eq(e.version_text, json_get(slice, BYTES("ver")));
    assert_bytes_eq(e.sender, sender);
}

static void check_refused(void **state, struct bytes slice)
{
    struct scratch *f = *state;
    struct packet_envelope e;

    assert_int_equal(packet_envelope_decode(slice, &f->arena, &e), ERR_TYPE);
}

static void test_anywhere(void **state)
{
    struct bytes node = BYTES("n");

    check(state, BYTES("{\"ver\":\"4\",\"sender\":\"n\"}"), PROTOCOL_4, node);
    check(state, BYTES("{\"sender\":\"n\",\"ver\":\"5\"}"), PROTOCOL_5, node);
    check(state, BYTES("{\"a\":1,\"ver\":\"5\",\"sender\":\"n\"}"), PROTOCOL_5, node);
    check(state, BYTES("{\"ver\":\"5\",\"sender\":\"n\",\"a\":\"sender\"}"), PROTOCOL_5, node);
    check(state, BYTES("{\"a\":1,\"ver\" : \"5\" , \"sender\" : \"n\" }"), PROTOCOL_5, node);
    check(state, BYTES("{\"a\":1,\"sender\":\"n\"}"), PROTOCOL_NONE, node);
}

/* What a look at the end must not be taken in by. */
static void test_lookalikes_at_the_end(void **state)
{
    struct bytes node = BYTES("n");

    check(state, BYTES("{\"ver\":\"4\",\"sender\":\"n\",\"a\":\",\\\"ver\\\":\\\"5\\\"\"}"),
          PROTOCOL_4, node);
    check(state,
          BYTES("{\"ver\":\"4\",\"sender\":\"n\",\"a\":{\"b\":1,\"ver\":\"5\",\"sender\":\"m\"}}"),
          PROTOCOL_4, node);
    check(state, BYTES("{\"ver\":\"4\",\"sender\":\"n\",\"a\":[1,\"ver\",\"5\",\"sender\",\"m\"]}"),
          PROTOCOL_4, node);
    check(state, BYTES("{\"a\":\"\\\\\",\"ver\":\"5\",\"sender\":\"n\"}"), PROTOCOL_5, node);
    check(state, BYTES("{\"a\":1,\"ver\":\"5\",\"sender\":\"\\\"n\"}"), PROTOCOL_5, BYTES("\"n"));
    check(state, BYTES("{\"a\":1,\"ver\":\"5\",\"sender\":\"n\\\\\"}"), PROTOCOL_5, BYTES("n\\"));
    check(state, BYTES("{\"a\":1,\"xver\":\"5\",\"sender\":\"n\"}"), PROTOCOL_NONE, node);
    check(state, BYTES("{\"ver\":\"4\",\"xsender\":\"5\",\"sender\":\"n\"}"), PROTOCOL_4, node);
    check(state, BYTES("{\"a\":1,\"ver\":5,\"sender\":\"n\"}"), PROTOCOL_NONE, node);
}

static void test_last_one_counts(void **state)
{
    check(state, BYTES("{\"ver\":\"4\",\"sender\":\"m\",\"ver\":\"5\",\"sender\":\"n\"}"),
          PROTOCOL_5, BYTES("n"));
    check(state, BYTES("{\"ver\":\"5\",\"sender\":\"m\",\"a\":1,\"sender\":\"n\"}"), PROTOCOL_5,
          BYTES("n"));
    check(state, BYTES("{\"ver\":\"5\",\"sender\":\"m\",\"s\\u0065nder\":\"n\"}"), PROTOCOL_5,
          BYTES("n"));
}

static void test_versions(void **state)
{
    struct bytes node = BYTES("n");

    check(state, BYTES("{\"ver\":4,\"sender\":\"n\"}"), PROTOCOL_NONE, node);
    check(state, BYTES("{\"ver\":\"3\",\"sender\":\"n\"}"), PROTOCOL_NONE, node);
    check(state, BYTES("{\"ver\":\"\",\"sender\":\"n\"}"), PROTOCOL_NONE, node);
    check(state, BYTES("{\"ver\":\"45\",\"sender\":\"n\"}"), PROTOCOL_NONE, node);
    check(state, BYTES("{\"ver\":null,\"sender\":\"n\"}"), PROTOCOL_NONE, node);
    check(state, BYTES("{\"ver\":\"\\u0035\",\"sender\":\"n\"}"), PROTOCOL_5, node);
}

static void test_refused(void **state)
{
    check_refused(state, BYTES("{}"));
    check_refused(state, BYTES("{\"ver\":\"5\"}"));
    check_refused(state, BYTES("{\"ver\":\"5\",\"sender\":\"\"}"));
    check_refused(state, BYTES("{\"a\":1,\"ver\":\"5\",\"sender\":\"\"}"));
    check_refused(state, BYTES("{\"ver\":\"5\",\"sender\":null}"));
    check_refused(state, BYTES("{\"ver\":\"5\",\"sender\":1}"));
    check_refused(state, BYTES("[\"a\",\"ver\",\"5\"]"));
    check_refused(state, BYTES("\"sender\""));
    check_refused(state, BYTES("null"));
    check_refused(state, BYTES("0"));
}

static void test_nothing_is_allocated(void **state)
{
    struct scratch *f = *state;

    check(state, BYTES("{\"a\":1,\"ver\":\"5\",\"sender\":\"node-1\"}"), PROTOCOL_5,
          BYTES("node-1"));
    check(state, BYTES("{\"sender\":\"node-1\",\"ver\":\"5\"}"), PROTOCOL_5, BYTES("node-1"));
    assert_int_equal(f->arena.used_bytes, 0);
}

static void test_encode(void **state)
{
    struct scratch *f = *state;
    struct packet_sender from = {PROTOCOL_4, BYTES("no\"de")};

    packet_empty_encode(&f->out, &from);
    assert_bytes(buf_bytes(&f->out), "{\"ver\":\"4\",\"sender\":\"no\\\"de\"}");
    from = (struct packet_sender){PROTOCOL_5, BYTES("n")};
    buf_clear(&f->out);
    packet_empty_encode(&f->out, &from);
    assert_bytes(buf_bytes(&f->out), "{\"ver\":\"5\",\"sender\":\"n\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_anywhere),        scratch_test(test_lookalikes_at_the_end),
        scratch_test(test_last_one_counts), scratch_test(test_versions),
        scratch_test(test_refused),         scratch_test(test_nothing_is_allocated),
        scratch_test(test_encode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
