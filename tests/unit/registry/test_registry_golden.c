/* SPDX-License-Identifier: MIT */
/*
 * Every recorded listing of a cluster of two nodes (tests/vectors/registry-golden.json, Moleculer
 * 0.15.2), built anew from the same schemas and compared member by member, in order.
 */
#include "broker/node_service.h"
#include "external/published_schema.h"
#include "support/file.h"
#include "unit/registry/fixture.h"

struct golden {
    char *text;
    struct bytes schemas, responses; /* slices */
    struct fixture *fixture;
    unsigned n_compared;
};

static struct bytes read_golden(struct golden *g)
{
    struct bytes slice;
    size_t size;

    g->text = file_read("registry-golden.json", &size);
    assert_int_equal(json_scan(bytes_of(g->text, size), 0, &slice, NULL), 0);
    return slice;
}

static void build(struct bytes schema, struct buf *out)
{
    struct buf hidden;

    buf_init(&hidden, BUF_NO_LIMIT);
    assert_int_equal(published_schema_build(schema, out, &hidden), 0);
    assert_int_equal(hidden.n, 0);
    buf_fini(&hidden);
}

static void add_own_services(struct golden *g)
{
    struct json_iter it = json_iter(json_get(g->schemas, BYTES("node-1")));
    struct local_service *node_service = node_service_new(NULL);
    struct bytes schema;

    registry_add_local_service(g->fixture->registry, node_service);
    local_service_unref(node_service);
    while (json_next_item(&it, &schema)) {
        struct buf published;

        buf_init(&published, BUF_NO_LIMIT);
        build(schema, &published);
        buf_add_char(&published, '\0');
        (void)fixture_add(g->fixture, published.p);
        buf_fini(&published);
    }
}

/* services: json array; none: those of the schemas. */
static void send_info(struct golden *g, struct bytes services, int64_t seq)
{
    struct json_iter it = json_iter(json_get(g->schemas, BYTES("node-2")));
    struct local_service *node_service = node_service_new(NULL);
    struct packet_info info = {
        .hostname = BYTES("\"there\""),
        .ip_list = BYTES("[\"192.0.2.2\"]"),
        .client = BYTES("{\"type\":\"nodejs\",\"version\":\"0.15.2\",\"langVersion\":\"v20\"}"),
        .config = BYTES("{}"),
        .metadata = BYTES("{}"),
        .instance_id = BYTES("0d2a"),
        .seq = seq,
    };
    struct packet_sender sender = {PROTOCOL_5, BYTES("node-2")};
    struct bytes schema;
    struct buf text, packet;

    buf_init(&text, BUF_NO_LIMIT);
    buf_init(&packet, BUF_NO_LIMIT);
    buf_add_char(&text, '[');
    buf_add(&text, node_service->published->bytes);
    while (json_next_item(&it, &schema)) {
        buf_add_char(&text, ',');
        build(schema, &text);
    }
    buf_add_char(&text, ']');
    info.services = bytes_is_set(services) ? services : buf_bytes(&text);
    packet_info_encode(&packet, &sender, &info);
    assert_true(fixture_packet(g->fixture, "node-2", buf_bytes(&packet)) <= REGISTRY_NODE_UPDATED);
    buf_fini(&text);
    buf_fini(&packet);
    local_service_unref(node_service);
}

static void start(struct golden *g)
{
    struct registry_options options = {.node_id = BYTES("node-1"), .prefer_local = true};
    struct bytes all = read_golden(g);
    void *state;

    g->schemas = json_get(all, BYTES("schemas"));
    g->responses = json_get(all, BYTES("responses"));
    assert_int_equal(fixture_new(&state), 0);
    g->fixture = state;
    registry_free(g->fixture->registry);
    g->fixture->registry = registry_new(g->fixture->loop, &options);
    registry_set_local_info(
        g->fixture->registry,
        &(struct registry_local_info){
            .ip_list = BYTES("[\"192.0.2.1\"]"),
            .hostname = BYTES("\"here\""),
            .client = BYTES("{\"type\":\"nodejs\",\"version\":\"0.15.2\",\"langVersion\":\"v20\"}"),
            .metadata = BYTES("{\"region\":\"eu\"}"),
            .instance_id = BYTES("0d1a"),
        });
    add_own_services(g);
    send_info(g, BYTES_NONE, 2);
}

static void stop(struct golden *g)
{
    void *state = g->fixture;

    free(g->text);
    assert_int_equal(fixture_free(&state), 0);
}

/* As $node's parameters are converted. */
static bool flag(struct bytes params, const char *name, bool otherwise)
{
    static const char *const on[] = {"true", "1", "\"true\"", "\"1\"", "\"on\""};
    struct bytes value = json_get(params, bytes_cstr(name));

    if (!bytes_is_set(value)) {
        return otherwise;
    }
    for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
        if (bytes_eq(value, bytes_cstr(on[i]))) {
            return true;
        }
    }
    return false;
}

/* False for actions that are no listings. */
static bool list(struct golden *g, struct bytes action, struct bytes params)
{
    struct registry_list_options o = {
        .only_local = flag(params, "onlyLocal", false),
        .skip_internal = flag(params, "skipInternal", false),
        .only_available = flag(params, "onlyAvailable", false),
        .with_services = flag(params, "withServices", false),
        .with_actions = flag(params, "withActions", false),
        .with_events = flag(params, "withEvents", false),
        .grouping = flag(params, "grouping", true),
        .with_endpoints = flag(params, "withEndpoints", false),
    };
    struct registry *r = g->fixture->registry;
    struct buf *out = &g->fixture->out;

    buf_clear(out);
    if (json_string_eq(action, BYTES("$node.list"))) {
        registry_list_nodes(r, &o, out);
    } else if (json_string_eq(action, BYTES("$node.services"))) {
        registry_list_services(r, &o, out);
    } else if (json_string_eq(action, BYTES("$node.actions"))) {
        registry_list_actions(r, &o, out);
    } else if (json_string_eq(action, BYTES("$node.events"))) {
        registry_list_events(r, &o, out);
    } else {
        return false;
    }
    return true;
}

/* "<int>" and the like stand for any number, other "<...>" for any text. */
static bool is_equal_scalar(struct bytes got, struct bytes want)
{
    if (want.n < 3 || memcmp(want.p, "\"<", 2) != 0) {
        return bytes_eq(got, want);
    }
    return want.n >= 6 && memcmp(want.p + want.n - 5, "int>\"", 5) == 0
               ? json_type(got) == JSON_NUMBER
               : json_type(got) == JSON_STRING && got.n > 2;
}

/* Published by the original and not by us: a remote caller takes "fallback" for the name of a
 * function it should have, and says so in place of the error. */
static bool is_private(struct bytes key)
{
    return json_string_eq(key, BYTES("hooks")) || json_string_eq(key, BYTES("fallback"));
}

static bool is_equal(struct bytes got, struct bytes want);

/* NOLINTBEGIN(misc-no-recursion): as deep as the recording */
static bool are_equal_objects(struct bytes got, struct bytes want)
{
    struct json_iter it = json_iter(got);
    struct json_iter want_it = json_iter(want);
    struct bytes key, value, want_key, want_value;

    while (json_next_member(&want_it, &want_key, &want_value)) {
        if (is_private(want_key)) {
            continue;
        }
        if (!json_next_member(&it, &key, &value) || !bytes_eq(key, want_key) ||
            !is_equal(value, want_value)) {
            print_error("member %.*s\n", BYTES_ARG(want_key));
            return false;
        }
    }
    return !json_next_member(&it, &key, &value);
}

static bool are_equal_arrays(struct bytes got, struct bytes want)
{
    struct json_iter it = json_iter(got);
    struct json_iter want_it = json_iter(want);
    struct bytes value, want_value;

    while (json_next_item(&want_it, &want_value)) {
        if (!json_next_item(&it, &value) || !is_equal(value, want_value)) {
            return false;
        }
    }
    return !json_next_item(&it, &value);
}

static bool is_equal(struct bytes got, struct bytes want)
{
    enum json_type type = json_type(want);

    if (type == JSON_OBJECT || type == JSON_ARRAY) {
        return json_type(got) == type &&
               (type == JSON_OBJECT ? are_equal_objects : are_equal_arrays)(got, want);
    }
    return is_equal_scalar(got, want);
}
/* NOLINTEND(misc-no-recursion) */

static void check(struct golden *g, struct bytes response)
{
    struct bytes action = json_get(response, BYTES("action"));
    struct bytes params = json_get(response, BYTES("params"));
    struct bytes want = json_get(response, BYTES("body"));
    struct bytes got;

    if (!bytes_is_set(want) || !list(g, action, params)) {
        return; /* refused parameters; answers that are no listing */
    }
    assert_int_equal(json_scan(buf_bytes(&g->fixture->out), 0, &got, NULL), 0);
    if (!is_equal(got, want)) {
        print_error("%.*s %.*s\ngot  %.*s\nwant %.*s\n", BYTES_ARG(action), BYTES_ARG(params),
                    BYTES_ARG(got), BYTES_ARG(want));
        fail();
    }
    g->n_compared++;
}

static bool is_after_leaving(struct bytes response)
{
    struct arena arena;
    struct bytes note;
    bool is_after;

    arena_init(&arena);
    note = json_string(json_get(response, BYTES("note")), &arena);
    is_after = bytes_starts_with(note, BYTES("after node-2 left"));
    arena_fini(&arena);
    return is_after;
}

static void test_listings(void **state)
{
    struct golden g = {0};
    struct json_iter it;
    struct bytes response;
    bool has_left = false;

    (void)state;
    start(&g);
    it = json_iter(g.responses);
    while (json_next_item(&it, &response)) {
        if (!has_left && is_after_leaving(response)) {
            has_left = true;
            send_info(&g, BYTES("[]"), 3);
            assert_true(
                registry_node_disconnected(g.fixture->registry, fixture_node(g.fixture, "node-2")));
        }
        check(&g, response);
    }
    /* The other 13 are refused parameters, $node.health, $node.options and $node.metrics. */
    assert_int_equal(g.n_compared, 117);
    assert_true(has_left);
    stop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
