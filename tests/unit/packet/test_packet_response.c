/* SPDX-License-Identifier: MIT */
/* RES packets. */
#include "packet/packet.h"

#include "support/check.h"
#include "support/scratch.h"

static const struct packet_sender node_4 = {PROTOCOL_4, BYTES_INIT("n")};
static const struct packet_sender node_5 = {PROTOCOL_5, BYTES_INIT("n")};

static struct packet_response decode(void **state, struct bytes slice)
{
    struct scratch *f = *state;
    struct packet_response p;

    assert_int_equal(packet_response_decode(slice, &f->arena, &p), 0);
    return p;
}

static struct bytes encode(void **state, const struct packet_sender *from, struct packet_response p)
{
    struct scratch *f = *state;

    buf_clear(&f->out);
    p.id = BYTES("1");
    packet_response_encode(&f->out, from, &p);
    assert_false(f->out.failed);
    return buf_bytes(&f->out);
}

/* Absent data and null are different results. */
static void test_results(void **state)
{
    struct packet_response p = decode(state, BYTES("{\"id\":\"1\",\"success\":true}"));

    assert_true(p.success);
    assert_none(p.data);
    assert_none(p.meta);
    assert_none(p.headers);
    assert_false(p.has_stream);
    assert_int_equal(p.seq, -1);
    assert_bytes(decode(state, BYTES("{\"id\":\"1\",\"success\":1,\"data\":null}")).data, "null");
    p = decode(state, BYTES("{\"id\":\"1\",\"success\":true,\"error\":{},\"data\":0}"));
    assert_none(p.error);
}

static void test_failures(void **state)
{
    struct packet_response p = decode(state, BYTES("{\"id\":\"1\",\"error\":{\"name\":\"E\"}}"));

    assert_false(p.success);
    assert_bytes(p.error, "{\"name\":\"E\"}");
    assert_none(decode(state, BYTES("{\"id\":\"1\",\"success\":false}")).error);
    assert_bytes(decode(state, BYTES("{\"id\":\"1\",\"success\":null,\"error\":\"x\"}")).error,
                 "\"x\"");
}

static void test_meta_and_headers(void **state)
{
    struct packet_response p = decode(
        state, BYTES("{\"id\":\"1\",\"meta\":{\"a\":1},\"headers\":{\"b\":2},\"success\":true}"));

    assert_bytes(p.meta, "{\"a\":1}");
    assert_bytes(p.headers, "{\"b\":2}");
    p = decode(state, BYTES("{\"id\":\"1\",\"meta\":null,\"headers\":null}"));
    assert_none(p.meta);
    assert_bytes(p.headers, "null");
    p = decode(state, BYTES("{\"id\":\"1\",\"meta\":[],\"headers\":\"\"}"));
    assert_none(p.meta);
    assert_none(p.headers);
}

static void test_streams(void **state)
{
    struct packet_response p = decode(state, BYTES("{\"id\":\"1\",\"stream\":true,\"seq\":7}"));

    assert_true(p.stream && p.has_stream);
    assert_int_equal(p.seq, 7);
    p = decode(state, BYTES("{\"id\":\"1\",\"stream\":false,\"seq\":8}"));
    assert_true(!p.stream && p.has_stream);
    p = decode(state, BYTES("{\"id\":\"1\",\"stream\":null}"));
    assert_true(!p.stream && !p.has_stream);
}

static void test_required(void **state)
{
    struct scratch *f = *state;
    struct packet_response p;

    assert_int_equal(packet_response_decode(BYTES("{\"success\":true}"), &f->arena, &p), ERR_TYPE);
    assert_int_equal(packet_response_decode(BYTES("{\"id\":7}"), &f->arena, &p), ERR_TYPE);
    assert_int_equal(packet_response_decode(BYTES("[]"), &f->arena, &p), ERR_TYPE);
    assert_int_equal(packet_response_decode(BYTES("\"id\""), &f->arena, &p), ERR_TYPE);
}

static void test_encode_result(void **state)
{
    struct packet_response p = {.success = true, .meta = BYTES("{}"), .seq = -1};

    assert_bytes(encode(state, &node_5, p), "{\"id\":\"1\",\"meta\":{},\"headers\":{},\"success\":"
                                            "true,\"ver\":\"5\",\"sender\":\"n\"}");
    p.data = BYTES("null");
    assert_bytes(
        encode(state, &node_4, p),
        "{\"id\":\"1\",\"meta\":{},\"success\":true,\"data\":null,\"ver\":\"4\",\"sender\":\"n\"}");
}

static void test_encode_failure(void **state)
{
    struct scratch *f = *state;
    struct packet_response p = {.headers = BYTES("null"), .seq = -1};

    p.error_out =
        mol_error_about_action(&f->arena, MOL_ERROR_SERVICE_NOT_FOUND, BYTES("a"), BYTES("n"));
    assert_bytes(
        encode(state, &node_5, p),
        "{\"id\":\"1\",\"headers\":null,\"success\":false,\"data\":null,\"error\":{"
        "\"name\":\"ServiceNotFoundError\",\"message\":\"Service 'a' is not found on 'n' node.\","
        "\"nodeID\":\"n\",\"code\":404,\"type\":\"SERVICE_NOT_FOUND\",\"retryable\":true,"
        "\"stack\":\"ServiceNotFoundError: Service 'a' is not found on 'n' node.\","
        "\"data\":{\"action\":\"a\",\"nodeID\":\"n\"}},\"ver\":\"5\",\"sender\":\"n\"}");
}

static void test_encode_stream(void **state)
{
    struct packet_response p = {.success = true,
                                .meta = BYTES("{}"),
                                .data = BYTES("null"),
                                .stream = true,
                                .has_stream = true,
                                .seq = 0};

    assert_bytes(encode(state, &node_4, p),
                 "{\"id\":\"1\",\"meta\":{},\"success\":true,\"data\":null,"
                 "\"stream\":true,\"seq\":0,\"ver\":\"4\",\"sender\":\"n\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_results),          scratch_test(test_failures),
        scratch_test(test_meta_and_headers), scratch_test(test_streams),
        scratch_test(test_required),         scratch_test(test_encode_result),
        scratch_test(test_encode_failure),   scratch_test(test_encode_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
