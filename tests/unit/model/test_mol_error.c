/* SPDX-License-Identifier: MIT */
/* Moleculer errors: made here, rebuilt from what a peer sent, written for a peer. */
#include "model/mol_error.h"

#include "support/check.h"
#include "support/json_same.h"
#include "support/scratch.h"

static struct bytes wire_of(void **state, const struct mol_error *error)
{
    struct scratch *f = *state;
    struct json_writer w = json_writer(&f->out);
    struct bytes slice;

    buf_clear(&f->out);
    mol_error_to_wire(&w, error, BYTES("own"));
    assert_int_equal(json_scan(buf_bytes(&f->out), 0, &slice, NULL), 0);
    return slice;
}

static struct mol_error *from_wire(void **state, const char *error)
{
    struct scratch *f = *state;

    return mol_error_from_wire(&f->arena, bytes_cstr(error), BYTES("peer"));
}

/* --- making --- */

static void test_classes(void **state)
{
    struct scratch *f = *state;

#define MOL_ERROR(id, class_name, class_code, class_type, class_retryable)                         \
    {                                                                                              \
        const struct mol_error *e =                                                                \
            mol_error_new(&f->arena, MOL_ERROR_##id, BYTES("m"), 0, BYTES_NONE, BYTES_NONE);       \
                                                                                                   \
        assert_true(json_string_eq(e->name, BYTES(class_name)));                                   \
        assert_bytes(e->message, "\"m\"");                                                         \
        assert_int_equal(mol_error_code(e), class_code);                                           \
        assert_true(sizeof(class_type) == 1 ? !bytes_is_set(e->type)                               \
                                            : json_string_eq(e->type, BYTES(class_type)));         \
        assert_int_equal(mol_error_is_retryable(e), class_retryable);                              \
        assert_none(e->data);                                                                      \
        assert_none(e->node_id);                                                                   \
        assert_none(e->stack);                                                                     \
    }
#include "model/mol_error.def"
#undef MOL_ERROR
}

static void test_own_values(void **state)
{
    struct scratch *f = *state;
    char data[] = "{\"x\":1}";
    struct mol_error *e = mol_error_new(&f->arena, MOL_ERROR_CLIENT, BYTES("say \"no\"\n"), 404,
                                        BYTES("T\"Y"), bytes_cstr(data));

    data[1] = '!'; /* the error has its own copy */
    assert_bytes(e->message, "\"say \\\"no\\\"\\n\"");
    assert_bytes(e->code, "404");
    assert_bytes(e->type, "\"T\\\"Y\"");
    assert_bytes(e->data, "{\"x\":1}");
    assert_bytes(mol_error_text(e, &f->arena), "say \"no\"\n");
}

static void check_about(void **state, enum mol_error_kind kind, struct bytes with_node,
                        struct bytes without_node)
{
    struct scratch *f = *state;
    struct mol_error *e = mol_error_about_action(&f->arena, kind, BYTES("a.b"), BYTES("n-1"));

    assert_bytes_eq(mol_error_text(e, &f->arena), with_node);
    assert_bytes(e->data, "{\"action\":\"a.b\",\"nodeID\":\"n-1\"}");
    e = mol_error_about_action(&f->arena, kind, BYTES("a.b"), BYTES_NONE);
    assert_bytes_eq(mol_error_text(e, &f->arena), without_node);
    assert_bytes(e->data, "{\"action\":\"a.b\"}");
}

static void test_about_action(void **state)
{
    check_about(state, MOL_ERROR_SERVICE_NOT_FOUND,
                BYTES("Service 'a.b' is not found on 'n-1' node."),
                BYTES("Service 'a.b' is not found."));
    check_about(state, MOL_ERROR_SERVICE_NOT_AVAILABLE,
                BYTES("Service 'a.b' is not available on 'n-1' node."),
                BYTES("Service 'a.b' is not available."));
    check_about(state, MOL_ERROR_REQUEST_TIMEOUT,
                BYTES("Request is timed out when call 'a.b' action on 'n-1' node."),
                BYTES("Request is timed out when call 'a.b' action on 'undefined' node."));
    check_about(state, MOL_ERROR_REQUEST_SKIPPED,
                BYTES("Calling 'a.b' is skipped because timeout reached on 'n-1' node."),
                BYTES("Calling 'a.b' is skipped because timeout reached on 'undefined' node."));
    check_about(state, MOL_ERROR_REQUEST_REJECTED,
                BYTES("Request is rejected when call 'a.b' action on 'n-1' node."),
                BYTES("Request is rejected when call 'a.b' action on 'undefined' node."));
    check_about(state, MOL_ERROR_QUEUE_IS_FULL,
                BYTES("Queue is full. Request 'a.b' action on 'n-1' node is rejected."),
                BYTES("Queue is full. Request 'a.b' action on 'undefined' node is rejected."));
}

static void test_odd_names_are_quoted(void **state)
{
    struct scratch *f = *state;
    struct mol_error *e = mol_error_about_action(&f->arena, MOL_ERROR_SERVICE_NOT_FOUND,
                                                 BYTES("a\"%s\\"), BYTES("\xff\n"));

    assert_bytes(e->data, "{\"action\":\"a\\\"%s\\\\\",\"nodeID\":\"\xef\xbf\xbd\\n\"}");
    assert_bytes(mol_error_text(e, &f->arena),
                 "Service 'a\"%s\\' is not found on '\xef\xbf\xbd\n' node.");
}

static void test_from_data(void **state)
{
    struct scratch *f = *state;
    struct mol_error *e =
        mol_error_from_data(&f->arena, MOL_ERROR_QUEUE_IS_FULL,
                            BYTES("{\"action\":\"a\",\"nodeID\":\"n\",\"size\":3,\"limit\":3}"));

    assert_bytes(e->message, "\"Queue is full. Request 'a' action on 'n' node is rejected.\"");
    assert_bytes(e->data, "{\"action\":\"a\",\"nodeID\":\"n\",\"size\":3,\"limit\":3}");
    e = mol_error_from_data(&f->arena, MOL_ERROR_PROTOCOL_VERSION_MISMATCH, BYTES("{}"));
    assert_bytes(e->message, "\"Protocol version mismatch.\"");
}

static void test_max_call_level(void **state)
{
    struct scratch *f = *state;

    assert_json_same(
        wire_of(state, mol_error_max_call_level(&f->arena, 10, BYTES("n"))),
        BYTES(
            "{\"name\":\"MaxCallLevelError\",\"message\":\"Request level is reached the limit (10) "
            "on 'n' node.\",\"nodeID\":\"own\",\"code\":500,\"type\":\"MAX_CALL_LEVEL\","
            "\"retryable\":false,\"stack\":\"MaxCallLevelError: Request level is reached the limit "
            "(10) on 'n' node.\",\"data\":{\"nodeID\":\"n\",\"level\":10}}"));
}

static void test_broker_disconnected(void **state)
{
    struct scratch *f = *state;

    assert_bytes(
        wire_of(state, mol_error_broker_disconnected(&f->arena)),
        "{\"name\":\"BrokerDisconnectedError\",\"message\":\"The broker's transporter has "
        "disconnected. Please try again when a connection is reestablished.\",\"nodeID\":"
        "\"own\",\"code\":502,\"type\":\"BAD_GATEWAY\",\"retryable\":true,\"stack\":\"\"}");
}

/* --- from the wire --- */

static void test_rebuilt_with_given_values(void **state)
{
    struct mol_error *e =
        from_wire(state, "{\"name\":\"MoleculerClientError\",\"message\":\"m\","
                         "\"code\":409,\"type\":\"T\",\"data\":{\"a\":1},"
                         "\"retryable\":true,\"nodeID\":\"third\",\"stack\":\"s\"}");

    assert_bytes(e->name, "\"MoleculerClientError\"");
    assert_bytes(e->message, "\"m\"");
    assert_bytes(e->code, "409");
    assert_bytes(e->type, "\"T\"");
    assert_bytes(e->data, "{\"a\":1}");
    assert_bytes(e->retryable, "true");
    assert_bytes(e->node_id, "\"third\"");
    assert_bytes(e->stack, "\"s\"");
}

static void test_rebuilt_defaults(void **state)
{
    struct mol_error *e = from_wire(state, "{\"name\":\"MoleculerClientError\",\"code\":0}");

    assert_bytes(e->message, "\"\"");
    assert_bytes(e->code, "400");
    assert_none(e->type);
    assert_none(e->data);
    assert_none(e->retryable);
    assert_bytes(e->node_id, "\"peer\"");
    assert_none(e->stack);
    assert_bytes(from_wire(state, "{\"name\":\"MoleculerError\",\"code\":null}")->code, "500");
    assert_bytes(from_wire(state, "{\"name\":\"MoleculerError\",\"code\":\"\"}")->code, "500");
    assert_bytes(from_wire(state, "{\"name\":\"MoleculerError\",\"code\":\"E\"}")->code, "\"E\"");
    assert_bytes(from_wire(state, "{\"name\":\"MoleculerError\",\"type\":null}")->type, "null");
    assert_bytes(from_wire(state, "{\"name\":\"MoleculerError\",\"message\":{}}")->message, "{}");
}

/* A ValidationError is 422 whatever the peer says. */
static void test_rebuilt_validation(void **state)
{
    struct mol_error *e = from_wire(state, "{\"name\":\"ValidationError\",\"message\":\"m\","
                                           "\"code\":400,\"type\":\"MINE\",\"data\":[1]}");

    assert_bytes(e->message, "\"m\"");
    assert_bytes(e->code, "422");
    assert_bytes(e->type, "\"MINE\"");
    assert_bytes(e->data, "[1]");
    e = from_wire(state, "{\"name\":\"ValidationError\",\"type\":\"\"}");
    assert_bytes(e->type, "\"VALIDATION_ERROR\"");
}

static void test_rebuilt_worded(void **state)
{
    struct mol_error *e = from_wire(state, "{\"name\":\"BrokerOptionsError\",\"message\":\"m\","
                                           "\"code\":1,\"type\":\"T\",\"data\":2}");

    assert_bytes(e->message, "\"m\"");
    assert_bytes(e->code, "500");
    assert_bytes(e->type, "\"BROKER_OPTIONS_ERROR\"");
    assert_bytes(e->data, "2");
}

static void test_rebuilt_graceful_stop(void **state)
{
    struct mol_error *e =
        from_wire(state, "{\"name\":\"GracefulStopTimeoutError\",\"message\":\"m\","
                         "\"data\":{\"name\":\"s\"},\"retryable\":false}");

    assert_bytes(e->message, "\"Unable to stop ServiceBroker gracefully.\"");
    assert_bytes(e->code, "500");
    assert_none(e->data);
}

static struct bytes message_of(void **state, const char *name, const char *data)
{
    struct scratch *f = *state;
    struct bytes error = arena_format(&f->arena,
                                      "{\"name\":\"%s\",\"message\":\"lie\",\"code\":1,"
                                      "\"type\":\"T\",\"data\":%s}",
                                      name, data);
    struct mol_error *e = mol_error_from_wire(&f->arena, error, BYTES("peer"));

    assert_int_not_equal(mol_error_code(e), 1);
    assert_false(json_string_eq(e->type, BYTES("T")));
    assert_bytes_eq(e->data, bytes_cstr(data));
    return mol_error_text(e, &f->arena);
}

static void test_message_follows_data(void **state)
{
    assert_bytes(message_of(state, "ServiceNotFoundError", "{\"action\":\"a\",\"nodeID\":\"n\"}"),
                 "Service 'a' is not found on 'n' node.");
    assert_bytes(message_of(state, "ServiceNotFoundError", "{\"service\":\"s\"}"),
                 "Service 's' not found.");
    assert_bytes(message_of(state, "ServiceNotFoundError",
                            "{\"action\":\"a\",\"service\":\"s\",\"version\":2}"),
                 "Service '2.s' not found.");
    assert_bytes(message_of(state, "ServiceNotFoundError", "{\"nodeID\":\"n\"}"), "");
    assert_bytes(message_of(state, "ServiceNotFoundError", "null"), "");
    assert_bytes(
        message_of(state, "ServiceNotAvailableError", "{\"action\":\"a\",\"nodeID\":\"\"}"),
        "Service 'a' is not available.");
    assert_bytes(message_of(state, "MaxCallLevelError", "{\"level\":5.0,\"nodeID\":\"n\"}"),
                 "Request level is reached the limit (5) on 'n' node.");
    assert_bytes(message_of(state, "InvalidPacketDataError", "[]"), "Invalid packet data.");
}

/* What a template of JavaScript makes of values that are no strings. */
static void test_odd_data(void **state)
{
    assert_bytes(message_of(state, "RequestTimeoutError", "{\"action\":null,\"nodeID\":{}}"),
                 "Request is timed out when call 'null' action on '[object Object]' node.");
    assert_bytes(message_of(state, "RequestSkippedError", "{\"action\":true,\"nodeID\":1e21}"),
                 "Calling 'true' is skipped because timeout reached on '1e+21' node.");
    assert_bytes(message_of(state, "RequestRejectedError", "\"text\""),
                 "Request is rejected when call 'undefined' action on 'undefined' node.");
}

static void test_no_data(void **state)
{
    struct mol_error *e = from_wire(state, "{\"name\":\"ServiceNotFoundError\",\"message\":\"m\"}");

    assert_bytes(e->message, "\"\"");
    assert_bytes(e->data, "{}");
    e = from_wire(state, "{\"name\":\"RequestTimeoutError\"}");
    assert_none(e->data);
}

static void test_generic(void **state)
{
    struct mol_error *e = from_wire(state, "{\"name\":\"MyError\",\"message\":\"m\",\"code\":\"E\","
                                           "\"type\":1,\"data\":false,\"retryable\":true}");

    assert_bytes(e->name, "\"MyError\"");
    assert_bytes(e->message, "\"m\"");
    assert_bytes(e->code, "\"E\"");
    assert_int_equal(mol_error_code(e), 0);
    assert_bytes(e->type, "1");
    assert_bytes(e->data, "false");
    assert_true(mol_error_is_retryable(e));
    assert_bytes(e->node_id, "\"peer\"");
    e = from_wire(state, "{\"message\":{},\"nodeID\":\"\",\"stack\":\"\"}");
    assert_bytes(e->name, "\"Error\"");
    assert_bytes(e->message, "\"[object Object]\"");
    assert_none(e->code);
    assert_bytes(e->node_id, "\"peer\"");
    assert_none(e->stack);
    assert_bytes(from_wire(state, "{\"name\":7,\"message\":5.0}")->message, "\"5\"");
    /* Not rebuilt as its class: it keeps what the peer said. */
    assert_bytes(from_wire(state, "{\"name\":\"BrokerDisconnectedError\",\"code\":7}")->code, "7");
}

static void test_no_object(void **state)
{
    static const char *const values[] = {"null", "true", "0", "\"boom\"", "[1]"};
    struct scratch *f = *state;
    struct mol_error *e;

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        e = from_wire(state, values[i]);
        assert_bytes(e->name, "\"InvalidPacketDataError\"");
        assert_bytes_eq(e->data, bytes_cstr(values[i]));
        assert_bytes(e->node_id, "\"peer\"");
        assert_false(mol_error_is_retryable(e));
    }
    e = mol_error_from_wire(&f->arena, BYTES_NONE, BYTES("peer"));
    assert_bytes(e->name, "\"InvalidPacketDataError\"");
    assert_none(e->data);
}

/* The packet may go away; the error stays. */
static void test_owns_its_memory(void **state)
{
    struct scratch *f = *state;
    char wire[] = "{\"name\":\"E\",\"message\":\"m\",\"data\":{\"a\":1}}";
    struct mol_error *e = mol_error_from_wire(&f->arena, bytes_cstr(wire), BYTES("p"));

    memset(wire, '!', sizeof(wire) - 1);
    assert_bytes(e->name, "\"E\"");
    assert_bytes(e->data, "{\"a\":1}");
}

/* --- to the wire --- */

static void test_wire_order(void **state)
{
    assert_bytes(
        wire_of(state, from_wire(state, "{\"stack\":\"E: m\\n    at x\",\"data\":null,"
                                        "\"retryable\":false,\"type\":\"T\",\"code\":1,"
                                        "\"nodeID\":\"n\",\"message\":\"m\",\"name\":\"E\"}")),
        "{\"name\":\"E\",\"message\":\"m\",\"nodeID\":\"n\",\"code\":1,\"type\":\"T\","
        "\"retryable\":false,\"stack\":\"E: m\\n    at x\",\"data\":null}");
}

static void test_wire_leaves_out_what_is_missing(void **state)
{
    struct scratch *f = *state;
    struct mol_error plain = {.name = BYTES("\"E\""), .message = BYTES("\"a\\\"b\"")};

    assert_bytes(wire_of(state, &plain),
                 "{\"name\":\"E\",\"message\":\"a\\\"b\",\"nodeID\":\"own\","
                 "\"stack\":\"E: a\\\"b\"}");
    plain.message = BYTES("{\"a\":\"\\\"\"}");
    assert_bytes(wire_of(state, &plain), "{\"name\":\"E\",\"message\":{\"a\":\"\\\"\"},\"nodeID\":"
                                         "\"own\",\"stack\":\"E: [object Object]\"}");
    assert_bytes(mol_error_text(&plain, &f->arena), "{\"a\":\"\\\"\"}");
}

/* --- using --- */

static void test_copy(void **state)
{
    struct scratch *f = *state;
    struct arena first;
    struct mol_error *e, *copy;

    arena_init(&first);
    e = mol_error_from_wire(&first,
                            BYTES("{\"name\":\"E\",\"message\":\"m\",\"code\":1,\"type\":\"T\","
                                  "\"data\":[],\"stack\":\"s\",\"retryable\":true}"),
                            BYTES("p"));
    copy = mol_error_copy(&f->arena, e);
    arena_fini(&first);
    assert_bytes(wire_of(state, copy),
                 "{\"name\":\"E\",\"message\":\"m\",\"nodeID\":\"p\",\"code\":1,\"type\":\"T\","
                 "\"retryable\":true,\"stack\":\"s\",\"data\":[]}");
    copy = mol_error_copy(&f->arena, &(struct mol_error){.name = BYTES("\"E\"")});
    assert_none(copy->data);
    assert_none(copy->retryable);
}

static int code_of(const char *code)
{
    return mol_error_code(&(struct mol_error){.code = bytes_cstr(code)});
}

static void test_code(void **state)
{
    (void)state;
    assert_int_equal(code_of("404"), 404);
    assert_int_equal(code_of("-5"), -5);
    assert_int_equal(code_of("5e2"), 500);
    assert_int_equal(code_of("4.5"), 0);
    assert_int_equal(code_of("\"404\""), 0);
    assert_int_equal(code_of("4294967296"), 0);
    assert_int_equal(code_of("1e400"), 0);
    assert_int_equal(code_of(NULL), 0);
}

static void test_retryable(void **state)
{
    (void)state;
    assert_true(mol_error_is_retryable(&(struct mol_error){.retryable = BYTES("true")}));
    assert_true(mol_error_is_retryable(&(struct mol_error){.retryable = BYTES("1")}));
    assert_false(mol_error_is_retryable(&(struct mol_error){.retryable = BYTES("false")}));
    assert_false(mol_error_is_retryable(&(struct mol_error){.retryable = BYTES("null")}));
    assert_false(mol_error_is_retryable(&(struct mol_error){.retryable = BYTES_NONE}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_classes),
        scratch_test(test_own_values),
        scratch_test(test_about_action),
        scratch_test(test_odd_names_are_quoted),
        scratch_test(test_from_data),
        scratch_test(test_max_call_level),
        scratch_test(test_broker_disconnected),
        scratch_test(test_rebuilt_with_given_values),
        scratch_test(test_rebuilt_defaults),
        scratch_test(test_rebuilt_validation),
        scratch_test(test_rebuilt_worded),
        scratch_test(test_rebuilt_graceful_stop),
        scratch_test(test_message_follows_data),
        scratch_test(test_odd_data),
        scratch_test(test_no_data),
        scratch_test(test_generic),
        scratch_test(test_no_object),
        scratch_test(test_owns_its_memory),
        scratch_test(test_wire_order),
        scratch_test(test_wire_leaves_out_what_is_missing),
        scratch_test(test_copy),
        scratch_test(test_code),
        scratch_test(test_retryable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
