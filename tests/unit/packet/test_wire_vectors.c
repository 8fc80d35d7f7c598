/* SPDX-License-Identifier: MIT */
/*
 * What real nodes put on the wire (tests/vectors/wire-golden.jsonl): each packet is decoded,
 * compared member by member, and encoded to the very bytes the originals sent.
 */
#include "packet/packet.h"

#include "serializer/serializer.h"
#include "support/check.h"
#include "support/json_same.h"
#include "support/packet_relay.h"
#include "support/vectors.h"

struct fixture {
    struct vectors v;
    struct arena arena;
    struct buf out;
};

static int set_up(void **state)
{
    static struct fixture f;

    vectors_open(&f.v, "wire-golden.jsonl");
    arena_init(&f.arena);
    buf_init(&f.out, BUF_NO_LIMIT);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    buf_fini(&f->out);
    arena_fini(&f->arena);
    vectors_close(&f->v);
    return 0;
}

/* A JSON payload as it stood on the wire. */
static bool is_json(struct fixture *f)
{
    return vectors_is(&f->v, "serializer", "JSON") &&
           !bytes_is_set(vectors_text(&f->v, "encoding")) &&
           bytes_is_set(vectors_text(&f->v, "payload"));
}

static enum protocol row_protocol(struct fixture *f)
{
    return vectors_is(&f->v, "version", "0.15.2") ? PROTOCOL_5 : PROTOCOL_4;
}

static enum packet_type type_of(struct bytes name)
{
    if (bytes_eq(name, BYTES("REQB"))) {
        return PACKET_REQUEST;
    }
    if (bytes_eq(name, BYTES("EVENTB"))) {
        return PACKET_EVENT;
    }
    for (unsigned i = PACKET_EVENT; i < PACKET_TYPE_COUNT; i++) {
        if (bytes_eq(name, bytes_cstr(packet_type_name((enum packet_type)i)))) {
            return (enum packet_type)i;
        }
    }
    return PACKET_UNKNOWN;
}

/* "MOL-bal.REQB.users.hi", "MOL/INFO", "tcp type 2 REQ": the name of the packet is in there. */
static enum packet_type topic_type(struct bytes topic)
{
    if (bytes_starts_with(topic, BYTES("tcp type "))) {
        return type_of(bytes_from(topic, sizeof("tcp type N ") - 1));
    }
    if (bytes_starts_with(topic, BYTES("MOL"))) {
        size_t dot = bytes_find(topic, '.');
        char separator = dot < topic.n ? '.' : '/';
        size_t at = bytes_find(topic, separator);
        struct bytes rest = at < topic.n ? bytes_from(topic, at + 1) : BYTES("");

        return type_of(bytes_of(rest.p, bytes_find(rest, separator)));
    }
    return PACKET_UNKNOWN;
}

static struct bytes parse_payload(struct fixture *f)
{
    struct bytes payload = vectors_text(&f->v, "payload");
    struct bytes slice;

    if (serializer_json_ops.decode(payload, &f->arena, &slice) != 0) {
        fail_msg("line %u: the payload is no JSON", f->v.line);
    }
    assert_bytes_eq(slice, payload);
    return slice;
}

/* --- decoding: the structs against a look at each member --- */

static struct bytes want_text(struct fixture *f, struct bytes slice, const char *name)
{
    return json_string(json_get(slice, bytes_cstr(name)), &f->arena);
}

static struct bytes want_object(struct bytes slice, const char *name)
{
    struct bytes value = json_get(slice, bytes_cstr(name));

    return bytes_is_set(value) ? value : BYTES("{}");
}

static int64_t want_integer(struct bytes slice, const char *name, int64_t otherwise)
{
    int64_t value;

    return json_integer(json_get(slice, bytes_cstr(name)), &value) ? value : otherwise;
}

static void check_request(struct fixture *f, struct bytes slice)
{
    struct packet_request p;

    assert_int_equal(packet_request_decode(slice, &f->arena, &p), 0);
    assert_bytes_eq(p.id, want_text(f, slice, "id"));
    assert_bytes_eq(p.action, want_text(f, slice, "action"));
    assert_bytes_eq(p.params, json_get(slice, BYTES("params")));
    assert_bytes_eq(p.meta, want_object(slice, "meta"));
    assert_bytes_eq(p.headers, want_object(slice, "headers"));
    assert_bytes_eq(p.timeout, json_get(slice, BYTES("timeout")));
    assert_int_equal(p.level, want_integer(slice, "level", 0));
    assert_bytes_eq(p.tracing, json_get(slice, BYTES("tracing")));
    assert_bytes_eq(p.parent_id, want_text(f, slice, "parentID"));
    assert_bytes_eq(p.request_id, want_text(f, slice, "requestID"));
    assert_bytes_eq(p.caller, want_text(f, slice, "caller"));
    assert_int_equal(p.stream, json_is_true(json_get(slice, BYTES("stream"))));
    assert_int_equal(p.has_stream, bytes_is_set(json_get(slice, BYTES("stream"))));
    assert_int_equal(p.seq, want_integer(slice, "seq", -1));
}

static void check_response(struct fixture *f, struct bytes slice)
{
    struct packet_response p;

    assert_int_equal(packet_response_decode(slice, &f->arena, &p), 0);
    assert_bytes_eq(p.id, want_text(f, slice, "id"));
    assert_int_equal(p.success, json_is_true(json_get(slice, BYTES("success"))));
    assert_bytes_eq(p.data, json_get(slice, BYTES("data")));
    assert_bytes_eq(p.error, json_get(slice, BYTES("error")));
    assert_bytes_eq(p.meta, json_get(slice, BYTES("meta")));
    assert_bytes_eq(p.headers, json_get(slice, BYTES("headers")));
    assert_int_equal(p.stream, json_is_true(json_get(slice, BYTES("stream"))));
    assert_int_equal(p.has_stream, bytes_is_set(json_get(slice, BYTES("stream"))));
    assert_int_equal(p.seq, want_integer(slice, "seq", -1));
}

static void check_event(struct fixture *f, struct bytes slice)
{
    struct packet_event p;

    assert_int_equal(packet_event_decode(slice, &f->arena, &p), 0);
    assert_bytes_eq(p.id, want_text(f, slice, "id"));
    assert_bytes_eq(p.event, want_text(f, slice, "event"));
    assert_bytes_eq(p.data, json_get(slice, BYTES("data")));
    assert_bytes_eq(p.groups, json_get(slice, BYTES("groups")));
    assert_int_equal(p.broadcast, json_is_true(json_get(slice, BYTES("broadcast"))));
    assert_bytes_eq(p.meta, want_object(slice, "meta"));
    assert_bytes_eq(p.headers, want_object(slice, "headers"));
    assert_int_equal(p.level, want_integer(slice, "level", 0));
    assert_bytes_eq(p.tracing, json_get(slice, BYTES("tracing")));
    assert_bytes_eq(p.parent_id, want_text(f, slice, "parentID"));
    assert_bytes_eq(p.request_id, want_text(f, slice, "requestID"));
    assert_bytes_eq(p.caller, want_text(f, slice, "caller"));
}

static void check_info(struct fixture *f, struct bytes slice)
{
    struct bytes port = json_get(slice, BYTES("port"));
    struct packet_info p;

    assert_int_equal(packet_info_decode(slice, &f->arena, &p), 0);
    assert_bytes_eq(p.services, json_get(slice, BYTES("services")));
    assert_bytes_eq(p.ip_list, json_get(slice, BYTES("ipList")));
    assert_bytes_eq(p.hostname, json_get(slice, BYTES("hostname")));
    assert_bytes_eq(p.client, json_get(slice, BYTES("client")));
    assert_bytes_eq(p.config, json_get(slice, BYTES("config")));
    assert_bytes_eq(p.metadata, json_get(slice, BYTES("metadata")));
    assert_bytes_eq(p.instance_id, want_text(f, slice, "instanceID"));
    assert_int_equal(p.seq, want_integer(slice, "seq", 0));
    assert_bytes_eq(p.port, json_is_null_or_none(port) ? BYTES_NONE : port);
}

static void check_small(struct fixture *f, enum packet_type type, struct bytes slice)
{
    struct packet_heartbeat heartbeat;
    struct packet_ping ping;

    if (type == PACKET_HEARTBEAT) {
        assert_int_equal(packet_heartbeat_decode(slice, &heartbeat), 0);
        assert_bytes_eq(heartbeat.cpu, json_get(slice, BYTES("cpu")));
    } else if (type == PACKET_PING || type == PACKET_PONG) {
        assert_int_equal(packet_ping_decode(slice, &f->arena, &ping), 0);
        assert_bytes_eq(ping.time, json_get(slice, BYTES("time")));
        assert_bytes_eq(ping.id, want_text(f, slice, "id"));
        assert_bytes_eq(ping.arrived, json_get(slice, BYTES("arrived")));
    } else {
        assert_true(type == PACKET_DISCOVER || type == PACKET_DISCONNECT);
        assert_int_equal(json_count(slice), 2);
    }
}

static void check_decoded(struct fixture *f, enum packet_type type, struct bytes slice)
{
    switch ((int)type) {
    case PACKET_REQUEST:
        check_request(f, slice);
        break;
    case PACKET_RESPONSE:
        check_response(f, slice);
        break;
    case PACKET_EVENT:
        check_event(f, slice);
        break;
    case PACKET_INFO:
        check_info(f, slice);
        break;
    default:
        check_small(f, type, slice);
    }
}

static struct packet_envelope check_envelope(struct fixture *f, struct bytes slice)
{
    bool foreign = vectors_is(&f->v, "case", "raw-request-wrongver") ||
                   vectors_is(&f->v, "case", "raw-request-numver");
    struct packet_envelope envelope;

    assert_int_equal(packet_envelope_decode(slice, &f->arena, &envelope), 0);
    assert_int_equal(envelope.version, foreign ? PROTOCOL_NONE : row_protocol(f));
    assert_bytes_eq(envelope.version_text, json_get(slice, BYTES("ver")));
    assert_bytes_eq(envelope.sender, want_text(f, slice, "sender"));
    return envelope;
}

static void test_decode_all(void **state)
{
    static const unsigned want_counts[PACKET_TYPE_COUNT] = {
        [PACKET_EVENT] = 48,     [PACKET_REQUEST] = 204, [PACKET_RESPONSE] = 174,
        [PACKET_DISCOVER] = 22,  [PACKET_INFO] = 28,     [PACKET_DISCONNECT] = 10,
        [PACKET_HEARTBEAT] = 18, [PACKET_PING] = 16,     [PACKET_PONG] = 16,
    };
    unsigned counts[PACKET_TYPE_COUNT] = {0};
    struct fixture *f = *state;

    while (vectors_next(&f->v)) {
        enum packet_type type = topic_type(vectors_text(&f->v, "topic"));
        struct bytes slice;

        if (!is_json(f) || type == PACKET_UNKNOWN || vectors_is(&f->v, "case", "raw-garbage")) {
            continue;
        }
        slice = parse_payload(f);
        (void)check_envelope(f, slice);
        check_decoded(f, type, slice);
        counts[type]++;
    }
    for (unsigned i = 0; i < PACKET_TYPE_COUNT; i++) {
        assert_int_equal(counts[i], want_counts[i]);
    }
}

/* Records of the Redis and etcd discoverers: INFO and HEARTBEAT with other members around. */
static void test_stored_records(void **state)
{
    struct fixture *f = *state;
    unsigned n_info = 0, n_beat = 0;

    while (vectors_next(&f->v)) {
        struct bytes slice;

        if (!vectors_is(&f->v, "direction", "stored-key") || !is_json(f)) {
            continue;
        }
        slice = parse_payload(f);
        (void)check_envelope(f, slice);
        if (bytes_is_set(json_get(slice, BYTES("services")))) {
            check_info(f, slice);
            n_info++;
        } else {
            check_small(f, PACKET_HEARTBEAT, slice);
            n_beat++;
        }
    }
    assert_int_equal(n_info, 8);
    assert_int_equal(n_beat, 16);
}

static void test_garbage_is_refused(void **state)
{
    struct fixture *f = *state;
    unsigned n = 0;

    while (vectors_next(&f->v)) {
        struct bytes payload = vectors_text(&f->v, "payload");
        struct bytes slice;

        if (vectors_is(&f->v, "case", "raw-garbage") && vectors_is(&f->v, "serializer", "JSON")) {
            assert_int_equal(serializer_json_ops.decode(payload, &f->arena, &slice), ERR_SYNTAX);
            n++;
        }
    }
    assert_int_equal(n, 2);
}

/* --- encoding: what the originals sent --- */

/* 0.14 copies the option of emit, which has no effect anywhere; we send null as 0.15 does. */
static struct bytes without_need_ack(struct fixture *f, struct bytes payload)
{
    static const char option[] = "\"needAck\":true";
    const char *at = memmem(payload.p, payload.n, option, sizeof(option) - 1);
    struct bytes before, after;

    assert_non_null(at);
    before = bytes_of(payload.p, (size_t)(at - payload.p));
    after = bytes_from(payload, before.n + sizeof(option) - 1);
    return arena_format(&f->arena, "%.*s\"needAck\":null%.*s", BYTES_ARG(before), BYTES_ARG(after));
}

static void check_encoded(struct fixture *f, enum packet_type type)
{
    struct bytes slice = parse_payload(f);
    struct packet_envelope envelope = check_envelope(f, slice);
    struct packet_sender from = {envelope.version, envelope.sender};

    if (vectors_is(&f->v, "case", "emit-needAck") && envelope.version == PROTOCOL_4) {
        slice = without_need_ack(f, slice);
    }
    buf_clear(&f->out);
    assert_int_equal(packet_relay(type, slice, &f->arena, &from, &f->out), 0);
    assert_false(f->out.failed);
    assert_json_same(buf_bytes(&f->out), slice);
    /* The originals add the error of a failed stream behind the envelope. */
    if (!vectors_is(&f->v, "case", "stream-response-error")) {
        assert_bytes_eq(buf_bytes(&f->out), slice);
    }
}

/* Packets made by hand come from node-x and lack what the originals always send. */
static bool is_of_an_original(struct fixture *f)
{
    return !bytes_starts_with(vectors_text(&f->v, "direction"), BYTES("node-x->")) &&
           !vectors_is(&f->v, "case", "raw-garbage");
}

static void test_encode_all(void **state)
{
    struct fixture *f = *state;
    unsigned n = 0;

    while (vectors_next(&f->v)) {
        enum packet_type type = topic_type(vectors_text(&f->v, "topic"));

        if (is_json(f) && type != PACKET_UNKNOWN && is_of_an_original(f)) {
            check_encoded(f, type);
            n++;
        }
    }
    assert_int_equal(n, 510);
}

/* --- errors --- */

static bool is_rebuilt_otherwise(struct fixture *f)
{
    return vectors_is(&f->v, "case", "error-GracefulStopTimeoutError") ||
           vectors_is(&f->v, "case", "error-BrokerDisconnectedError");
}

/* A rebuilt error that is passed on is the error that came. */
static void test_errors_written_again(void **state)
{
    struct fixture *f = *state;
    unsigned n = 0;

    while (vectors_next(&f->v)) {
        enum packet_type type = topic_type(vectors_text(&f->v, "topic"));
        struct packet_response p;
        struct packet_sender from;
        struct bytes slice;

        if (!is_json(f) || type != PACKET_RESPONSE || is_rebuilt_otherwise(f)) {
            continue;
        }
        slice = parse_payload(f);
        assert_int_equal(packet_response_decode(slice, &f->arena, &p), 0);
        if (p.success) {
            continue;
        }
        from = (struct packet_sender){row_protocol(f), want_text(f, slice, "sender")};
        p.error_out = mol_error_from_wire(&f->arena, p.error, BYTES("elsewhere"));
        p.error = BYTES_NONE;
        buf_clear(&f->out);
        packet_response_encode(&f->out, &from, &p);
        assert_json_same(buf_bytes(&f->out), slice);
        n++;
    }
    assert_int_equal(n, 64);
}

static void check_outcome(const struct mol_error *error, struct bytes outcome)
{
    assert_json_same(error->name, json_get(outcome, BYTES("name")));
    assert_json_same(error->message, json_get(outcome, BYTES("message")));
    assert_json_same(error->code, json_get(outcome, BYTES("code")));
    assert_json_same(error->type, json_get(outcome, BYTES("type")));
    assert_json_same(error->data, json_get(outcome, BYTES("data")));
    assert_json_same(error->retryable, json_get(outcome, BYTES("retryable")));
    assert_json_same(error->node_id, json_get(outcome, BYTES("nodeID")));
}

/* The failed response of a case of that version over NATS, with its sender; or nothing. */
static struct bytes find_error(struct bytes name, struct bytes version, struct fixture *f,
                               struct bytes *out_sender)
{
    struct vectors *v = &f->v;

    vectors_rewind(v);
    while (vectors_next(v)) {
        struct bytes slice, error;

        if (!json_string_eq(json_get(v->row, BYTES("case")), name) ||
            !json_string_eq(json_get(v->row, BYTES("version")), version) ||
            !vectors_is(v, "transporter", "nats") || !is_json(f) ||
            topic_type(vectors_text(v, "topic")) != PACKET_RESPONSE) {
            continue;
        }
        slice = parse_payload(f);
        error = json_get(slice, BYTES("error"));
        if (bytes_is_set(error)) {
            *out_sender = want_text(f, slice, "sender");
            return error;
        }
    }
    return BYTES_NONE;
}

/* Errors that the caller's own node made have no nodeID; they are made from the same data here. */
static const struct mol_error *make_local(struct fixture *f, struct bytes outcome)
{
    static const struct {
        struct bytes name;
        enum mol_error_kind kind;
    } made[] = {
        {BYTES_INIT("\"ServiceNotFoundError\""), MOL_ERROR_SERVICE_NOT_FOUND},
        {BYTES_INIT("\"RequestTimeoutError\""), MOL_ERROR_REQUEST_TIMEOUT},
        {BYTES_INIT("\"QueueIsFullError\""), MOL_ERROR_QUEUE_IS_FULL},
        {BYTES_INIT("\"MaxCallLevelError\""), MOL_ERROR_MAX_CALL_LEVEL},
    };
    struct bytes name = json_get(outcome, BYTES("name"));

    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        if (bytes_eq(name, made[i].name)) {
            return mol_error_from_data(&f->arena, made[i].kind, json_get(outcome, BYTES("data")));
        }
    }
    fail_msg("no local error %.*s", BYTES_ARG(name));
    return NULL;
}

static void check_outcome_row(struct fixture *f, unsigned *n_remote, unsigned *n_local)
{
    struct bytes name = vectors_text(&f->v, "case");
    struct bytes version = vectors_text(&f->v, "version");
    struct bytes outcome = parse_payload(f);
    struct bytes error, sender;

    if (!bytes_is_set(json_get(outcome, BYTES("name")))) {
        return; /* no error came out */
    }
    if (!bytes_is_set(json_get(outcome, BYTES("nodeID")))) {
        check_outcome(make_local(f, outcome), outcome);
        (*n_local)++;
        return;
    }
    error = find_error(name, version, f, &sender);
    if (!bytes_is_set(error)) {
        fail_msg("no response of %.*s", BYTES_ARG(name));
    }
    check_outcome(mol_error_from_wire(&f->arena, error, sender), outcome);
    (*n_remote)++;
}

static void seek(struct vectors *v, unsigned line)
{
    vectors_rewind(v);
    while (v->line < line) {
        assert_true(vectors_next(v));
    }
}

static void test_outcomes_at_the_caller(void **state)
{
    struct fixture *f = *state;
    unsigned n_remote = 0, n_local = 0;

    while (vectors_next(&f->v)) {
        unsigned line = f->v.line;

        if (vectors_is(&f->v, "direction", "outcome-at-caller") && is_json(f)) {
            check_outcome_row(f, &n_remote, &n_local);
            seek(&f->v, line);
        }
    }
    assert_int_equal(n_remote, 58);
    assert_int_equal(n_local, 8);
}

/* --- values --- */

/* What stands in a packet passes through as it was written. */
static void test_values_pass_unchanged(void **state)
{
    struct fixture *f = *state;
    const struct packet_sender from = {PROTOCOL_5, BYTES("node-1")};
    unsigned n = 0;

    while (vectors_next(&f->v)) {
        struct packet_request sent = {.id = BYTES("1"), .action = BYTES("a"), .seq = -1}, got;
        struct bytes wire, slice;

        if (!vectors_is(&f->v, "case", "vector") || !is_json(f)) {
            continue;
        }
        slice = parse_payload(f);
        assert_int_equal(serializer_json_ops.encode(slice, &f->arena, &wire), 0);
        assert_bytes_eq(wire, slice);
        sent.params = slice;
        buf_clear(&f->out);
        packet_request_encode(&f->out, &from, &sent);
        assert_int_equal(packet_request_decode(buf_bytes(&f->out), &f->arena, &got), 0);
        assert_bytes_eq(got.params, slice);
        n++;
    }
    assert_int_equal(n, 41);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_decode_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stored_records, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_garbage_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_encode_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_errors_written_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_outcomes_at_the_caller, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_values_pass_unchanged, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
