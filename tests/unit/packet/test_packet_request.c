/* SPDX-License-Identifier: MIT */
/* REQ packets. */
#include "packet/packet.h"

#include "packet/packet_field.h"
#include "support/check.h"
#include "support/scratch.h"

static const struct packet_sender node_4 = {PROTOCOL_4, BYTES_INIT("n")};
static const struct packet_sender node_5 = {PROTOCOL_5, BYTES_INIT("n")};

static struct packet_request decode(void **state, struct bytes slice)
{
    struct scratch *f = *state;
    struct packet_request p;

    assert_int_equal(packet_request_decode(slice, &f->arena, &p), 0);
    return p;
}

static struct bytes encode(void **state, const struct packet_sender *from, struct packet_request p)
{
    struct scratch *f = *state;

    buf_clear(&f->out);
    packet_request_encode(&f->out, from, &p);
    assert_false(f->out.failed);
    return buf_bytes(&f->out);
}

static void test_minimum(void **state)
{
    struct scratch *f = *state;
    struct packet_request p = decode(state, BYTES("{\"id\":\"1\",\"action\":\"a\"}"));

    assert_bytes(p.id, "1");
    assert_bytes(p.action, "a");
    assert_none(p.params);
    assert_bytes(p.meta, "{}");
    assert_bytes(p.headers, "{}");
    assert_none(p.timeout);
    assert_int_equal(p.level, 0);
    assert_none(p.tracing);
    assert_none(p.parent_id);
    assert_none(p.request_id);
    assert_none(p.caller);
    assert_false(p.stream);
    assert_false(p.has_stream);
    assert_int_equal(p.seq, -1);
    assert_int_equal(f->arena.used_bytes, 0);
}

static void test_names_are_not_judged(void **state)
{
    assert_bytes(decode(state, BYTES("{\"id\":\"\",\"action\":\"\"}")).action, "");
    assert_bytes(decode(state, BYTES("{\"id\":\"1\",\"action\":\"$node.list\"}")).action,
                 "$node.list");
    assert_bytes(decode(state, BYTES("{\"id\":\"1\",\"action\":\"\\u0061 b\"}")).action, "a b");
    assert_bytes(decode(state, BYTES("{\"id\":\"\\ud83d\",\"action\":\"a\"}")).id, "\xef\xbf\xbd");
}

static void test_required(void **state)
{
    static const struct bytes bad[] = {
        BYTES_INIT("{\"id\":\"1\"}"),
        BYTES_INIT("{\"action\":\"a\"}"),
        BYTES_INIT("{\"id\":1,\"action\":\"a\"}"),
        BYTES_INIT("{\"id\":\"1\",\"action\":null}"),
        BYTES_INIT("[\"id\",\"action\"]"),
        BYTES_INIT("null"),
    };
    struct scratch *f = *state;
    struct packet_request p;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(packet_request_decode(bad[i], &f->arena, &p), ERR_TYPE);
    }
}

static int level_of(void **state, const char *level)
{
    struct scratch *f = *state;

    return decode(state,
                  arena_format(&f->arena, "{\"id\":\"1\",\"action\":\"a\",\"level\":%s}", level))
        .level;
}

static void test_levels(void **state)
{
    assert_int_equal(level_of(state, "1"), 1);
    assert_int_equal(level_of(state, "100"), 100);
    assert_int_equal(level_of(state, "2.9"), 2);
    assert_int_equal(level_of(state, "-1"), 0);
    assert_int_equal(level_of(state, "0.5"), 0);
    assert_int_equal(level_of(state, "\"3\""), 0);
    assert_int_equal(level_of(state, "99999999999999999999"), PACKET_LEVEL_MAX);
    assert_int_equal(level_of(state, "1e400"), PACKET_LEVEL_MAX);
    assert_int_equal(level_of(state, "-1e400"), 0);
}

static struct packet_request member(void **state, const char *text)
{
    struct scratch *f = *state;

    return decode(state, arena_format(&f->arena, "{\"id\":\"1\",\"action\":\"a\",%s}", text));
}

static void test_streams(void **state)
{
    struct packet_request p = member(state, "\"stream\":true,\"seq\":0");

    assert_true(p.stream && p.has_stream);
    assert_int_equal(p.seq, 0);
    p = member(state, "\"stream\":null");
    assert_true(!p.stream && p.has_stream);
    assert_true(member(state, "\"stream\":1").stream);
    assert_false(member(state, "\"stream\":\"\"").stream);
    assert_int_equal(member(state, "\"seq\":9007199254740992").seq, 9007199254740992);
    assert_int_equal(member(state, "\"seq\":-1").seq, -1);
    assert_int_equal(member(state, "\"seq\":-2").seq, -1);
    assert_int_equal(member(state, "\"seq\":1.5").seq, -1);
    assert_int_equal(member(state, "\"seq\":\"1\"").seq, -1);
    assert_int_equal(member(state, "\"seq\":1e400").seq, -1);
}

static void test_timeouts(void **state)
{
    assert_bytes(member(state, "\"timeout\":0").timeout, "0");
    assert_bytes(member(state, "\"timeout\":12.25").timeout, "12.25");
    assert_bytes(member(state, "\"timeout\":null").timeout, "null");
    assert_none(member(state, "\"timeout\":\"5\"").timeout);
    assert_none(member(state, "\"timeout\":{}").timeout);
}

static void test_encode_plain(void **state)
{
    struct packet_request p = {.id = BYTES("1"),
                               .action = BYTES("a.b"),
                               .params = BYTES("[1.0]"),
                               .meta = BYTES("{\"m\":1}"),
                               .timeout = BYTES("5.5"),
                               .level = 2,
                               .tracing = BYTES("true"),
                               .parent_id = BYTES("p"),
                               .request_id = BYTES("r"),
                               .caller = BYTES("v1.c"),
                               .seq = -1};

    assert_bytes(
        encode(state, &node_5, p),
        "{\"id\":\"1\",\"action\":\"a.b\",\"params\":[1.0],\"meta\":{\"m\":1},\"headers\":{},"
        "\"timeout\":5.5,\"level\":2,\"tracing\":true,\"parentID\":\"p\",\"requestID\":\"r\","
        "\"caller\":\"v1.c\",\"stream\":false,\"ver\":\"5\",\"sender\":\"n\"}");
    p = (struct packet_request){
        .id = BYTES("1"), .action = BYTES("a"), .headers = BYTES("{\"h\":1}"), .seq = -1};
    assert_bytes(
        encode(state, &node_4, p),
        "{\"id\":\"1\",\"action\":\"a\",\"meta\":{},\"tracing\":null,\"parentID\":null,"
        "\"requestID\":null,\"caller\":null,\"stream\":false,\"ver\":\"4\",\"sender\":\"n\"}");
}

static struct bytes stream_of(void **state, const struct packet_sender *from,
                              struct packet_request p)
{
    p.id = BYTES("1");
    p.action = BYTES("a");
    return json_get(encode(state, from, p), BYTES("stream"));
}

static void test_encode_stream(void **state)
{
    struct packet_request p = {.stream = true, .seq = 0};

    assert_bytes(stream_of(state, &node_5, p), "true");
    p = (struct packet_request){.params = BYTES("null"), .seq = 3};
    assert_bytes(stream_of(state, &node_4, p), "false");
    p.seq = -1;
    assert_bytes(stream_of(state, &node_5, p), "false");
    assert_bytes(stream_of(state, &node_4, p), "null"); /* as 0.14 does */
    p.params = BYTES("[]");
    assert_bytes(stream_of(state, &node_4, p), "false");
}

static void test_full_buffer(void **state)
{
    struct packet_request p = {.id = BYTES("1"), .action = BYTES("a"), .seq = -1};
    struct buf small;

    (void)state;
    for (size_t max = 0; max < 100; max++) {
        buf_init(&small, max);
        packet_request_encode(&small, &node_5, &p);
        assert_true(small.failed && small.n <= max);
        buf_fini(&small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_minimum),      scratch_test(test_names_are_not_judged),
        scratch_test(test_required),     scratch_test(test_levels),
        scratch_test(test_streams),      scratch_test(test_timeouts),
        scratch_test(test_encode_plain), scratch_test(test_encode_stream),
        scratch_test(test_full_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
