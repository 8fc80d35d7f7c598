/* SPDX-License-Identifier: MIT */
/* Events within a node and between nodes: groups, wildcards, broadcast, internal events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "flow/flow.h"
#include "registry/endpoint.h"

enum { RECORDS = 64 };

/* What handlers saw, in order: "service pattern event type groups params node". */
static struct {
    char lines[RECORDS][256];
    unsigned n;
} seen;

static void record(struct context *ctx)
{
    const struct endpoint *e = ctx->endpoint;
    struct bytes groups = bytes_is_set(ctx->groups) ? ctx->groups : BYTES("-");
    struct bytes params = bytes_is_set(ctx->params) ? ctx->params : BYTES("undefined");

    assert_true(seen.n < RECORDS);
    (void)snprintf(seen.lines[seen.n++], sizeof(seen.lines[0]),
                   "%.*s %.*s %.*s %.*s %.*s %.*s %.*s", BYTES_ARG(e->service_name),
                   BYTES_ARG(e->name), BYTES_ARG(ctx->name), BYTES_ARG(ctx->event_type),
                   BYTES_ARG(groups), BYTES_ARG(params), BYTES_ARG(ctx->node_id));
    pipeline_finish(ctx);
}

static unsigned count(const char *part)
{
    unsigned n = 0;

    for (unsigned i = 0; i < seen.n; i++) {
        n += strstr(seen.lines[i], part) ? 1 : 0;
    }
    return n;
}

static const char mail[] = "{'name':'mail','fullName':'mail','settings':{},'metadata':{},"
                           "'actions':{},'events':{'user.created':{'name':'user.created'}}}";
static const char audit[] =
    "{'name':'audit','fullName':'audit','settings':{},'metadata':{},'actions':{},"
    "'events':{'user.*':{'name':'user.*'},'order.**':{'name':'order.**','group':'books'}}}";
static const char watcher[] =
    "{'name':'watcher','fullName':'watcher','settings':{},'metadata':{},'actions':{},"
    "'events':{'$services.changed':{'name':'$services.changed'},"
    "'$node.connected':{'name':'$node.connected'},"
    "'$node.disconnected':{'name':'$node.disconnected'}}}";

struct trio {
    struct flow f;
    struct flow_node a, b, c;
};

/* mail on b and c, audit on b, nothing on a. */
static void trio_start(struct trio *t)
{
    flow_init(&t->f);
    flow_node_init(&t->f, &t->a, "a", PROTOCOL_NONE);
    flow_node_init(&t->f, &t->b, "b", PROTOCOL_5);
    flow_node_init(&t->f, &t->c, "c", PROTOCOL_4);
    flow_node_start(&t->f, &t->b);
    flow_node_serve(&t->b, mail, record);
    flow_node_serve(&t->b, audit, record);
    flow_node_start(&t->f, &t->a);
    flow_node_start(&t->f, &t->c);
    flow_node_serve(&t->c, mail, record);
    loop_advance(t->f.loop, 15000);
    seen.n = 0;
}

static void trio_stop(struct trio *t)
{
    flow_node_stop(&t->f, &t->a);
    flow_node_stop(&t->f, &t->b);
    flow_node_stop(&t->f, &t->c);
    flow_fini(&t->f);
}

static bool is_done;

static void on_done(struct broker *b, void *owner)
{
    is_done = true;
}

static void emit(struct trio *t, struct flow_node *n, const struct broker_event *event)
{
    is_done = false;
    broker_emit(n->broker, event, on_done, NULL);
    assert_false(is_done);
    loop_advance(t->f.loop, 10);
    assert_true(is_done);
}

static void an_emit_reaches_one_endpoint_of_each_group(void **state)
{
    struct trio t;
    struct broker_event event = {.event = BYTES("user.created"), .params = BYTES("{\"id\":1}")};

    trio_start(&t);
    for (int i = 0; i < 4; i++) {
        emit(&t, &t.a, &event);
    }
    assert_int_equal(count("mail user.created user.created emit"), 4);
    assert_int_equal(count("audit user.* user.created emit"), 4);
    assert_int_equal(count("{\"id\":1} a"), 8);
    trio_stop(&t);
}

static void groups_limit_an_emit(void **state)
{
    struct trio t;
    struct broker_event event = {.event = BYTES("user.created"), .groups = BYTES("[\"audit\"]")};

    trio_start(&t);
    emit(&t, &t.a, &event);
    assert_int_equal(seen.n, 1);
    assert_string_equal(seen.lines[0], "audit user.* user.created emit [\"audit\"] null a");
    trio_stop(&t);
}

static void a_broadcast_reaches_everybody(void **state)
{
    struct trio t;
    struct broker_event event = {.event = BYTES("user.created"), .params = BYTES("7")};

    trio_start(&t);
    is_done = false;
    broker_broadcast(t.a.broker, &event, on_done, NULL);
    loop_advance(t.f.loop, 10);
    assert_true(is_done);
    assert_int_equal(count("mail user.created user.created broadcast - 7 a"), 2);
    assert_int_equal(count("audit user.* user.created broadcast - 7 a"), 1);
    assert_int_equal(seen.n, 3);
    seen.n = 0;
    broker_broadcast_local(t.b.broker, &event, on_done, NULL);
    loop_advance(t.f.loop, 10);
    assert_int_equal(count("broadcastLocal - 7 b"), 2);
    assert_int_equal(seen.n, 2);
    trio_stop(&t);
}

static void wildcards_match_as_in_the_originals(void **state)
{
    struct trio t;

    trio_start(&t);
    emit(&t, &t.a, &(struct broker_event){.event = BYTES("order.a.b.c")});
    assert_int_equal(count("audit order.** order.a.b.c emit [\"books\"]"), 1);
    emit(&t, &t.a, &(struct broker_event){.event = BYTES("user.a.b")});
    assert_int_equal(seen.n, 1);
    trio_stop(&t);
}

static void nodes_and_services_are_told_locally(void **state)
{
    struct trio t;

    trio_start(&t);
    flow_node_serve(&t.a, watcher, record);
    loop_advance(t.f.loop, 10);
    assert_int_equal(count("broadcastLocal - {\"localService\":true} a"), 1);
    seen.n = 0;
    flow_node_stop(&t.f, &t.c);
    loop_advance(t.f.loop, 100);
    assert_int_equal(count("watcher $node.disconnected"), 1);
    assert_true(count("{\"localService\":false}") >= 1);
    flow_node_init(&t.f, &t.c, "c", PROTOCOL_4);
    flow_node_start(&t.f, &t.c);
    loop_advance(t.f.loop, 15000);
    assert_int_equal(count("watcher $node.connected"), 1);
    trio_stop(&t);
}

static const char paced[] =
    "{'name':'paced','fullName':'paced','settings':{},'metadata':{},'actions':{},"
    "'events':{'late':{'name':'late','debounce':100},'seldom':{'name':'seldom','throttle':100}}}";

/* In what order the watcher heard of a node and of its services. */
static void assert_told(const char *first, const char *second)
{
    unsigned i = 0;

    while (i < seen.n && !strstr(seen.lines[i], first)) {
        i++;
    }
    assert_true(i + 1 < seen.n);
    assert_non_null(strstr(seen.lines[i + 1], second));
}

static void services_change_before_their_node_is_told_of(void **state)
{
    static const char changed[] = "watcher $services.changed $services.changed broadcastLocal - "
                                  "{\"localService\":false}";
    struct trio t;
    struct flow_node d;

    trio_start(&t);
    flow_node_serve(&t.a, watcher, record);
    loop_advance(t.f.loop, 2000);
    seen.n = 0;
    flow_node_init(&t.f, &d, "d", PROTOCOL_5);
    flow_node_start(&t.f, &d);
    loop_advance(t.f.loop, 1);
    assert_told(changed, "watcher $node.connected");
    seen.n = 0;
    flow_node_stop(&t.f, &d);
    assert_told("watcher $node.disconnected", changed);
    trio_stop(&t);
}

static const char ending[] =
    "{'name':'ending','fullName':'ending','settings':{},'metadata':{},'actions':{},"
    "'events':{'$broker.stopped':{'name':'$broker.stopped'},"
    "'$transporter.disconnected':{'name':'$transporter.disconnected'}}}";

static void the_end_of_a_node_is_told_to_its_services(void **state)
{
    struct flow f;
    struct flow_node n;

    flow_init(&f);
    flow_node_init(&f, &n, "a", PROTOCOL_NONE);
    flow_node_start(&f, &n);
    flow_node_serve(&n, ending, record);
    seen.n = 0;
    flow_node_stop(&f, &n);
    assert_int_equal(seen.n, 2);
    assert_non_null(strstr(seen.lines[0], "$transporter.disconnected broadcastLocal - "
                                          "{\"graceFul\":true}"));
    assert_non_null(strstr(seen.lines[1], "$broker.stopped broadcastLocal - undefined"));
    flow_fini(&f);
}

static void a_debounced_handler_runs_once_with_the_last(void **state)
{
    struct trio t;

    trio_start(&t);
    flow_node_serve(&t.a, paced, record);
    seen.n = 0;
    for (int i = 0; i < 5; i++) {
        char params[8];

        (void)snprintf(params, sizeof(params), "%d", i);
        broker_emit(t.a.broker,
                    &(struct broker_event){.event = BYTES("late"), .params = bytes_cstr(params)},
                    NULL, NULL);
        loop_advance(t.f.loop, 50);
    }
    assert_int_equal(seen.n, 0);
    loop_advance(t.f.loop, 60);
    assert_int_equal(seen.n, 1);
    assert_string_equal(seen.lines[0], "paced late late emit - 4 a");
    broker_emit(t.a.broker, &(struct broker_event){.event = BYTES("late")}, NULL, NULL);
    loop_advance(t.f.loop, 101);
    assert_int_equal(seen.n, 2);
    broker_emit(t.a.broker, &(struct broker_event){.event = BYTES("late")}, NULL, NULL);
    trio_stop(&t); /* while one is held */
}

static void a_throttled_handler_drops_what_comes_too_soon(void **state)
{
    struct trio t;

    trio_start(&t);
    flow_node_serve(&t.a, paced, record);
    seen.n = 0;
    for (int i = 0; i < 5; i++) {
        emit(&t, &t.a, &(struct broker_event){.event = BYTES("seldom")});
    }
    assert_int_equal(seen.n, 1);
    loop_advance(t.f.loop, 100);
    emit(&t, &t.a, &(struct broker_event){.event = BYTES("seldom")});
    assert_int_equal(seen.n, 2);
    trio_stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_emit_reaches_one_endpoint_of_each_group),
        cmocka_unit_test(groups_limit_an_emit),
        cmocka_unit_test(a_broadcast_reaches_everybody),
        cmocka_unit_test(wildcards_match_as_in_the_originals),
        cmocka_unit_test(nodes_and_services_are_told_locally),
        cmocka_unit_test(services_change_before_their_node_is_told_of),
        cmocka_unit_test(the_end_of_a_node_is_told_to_its_services),
        cmocka_unit_test(a_debounced_handler_runs_once_with_the_last),
        cmocka_unit_test(a_throttled_handler_drops_what_comes_too_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
