/* SPDX-License-Identifier: MIT */
/* Calls within a node and between nodes: answers, meta, errors, time-outs, nesting, lost nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/flow.h"
#include "registry/endpoint.h"

static const char math[] =
    "{'name':'math','fullName':'math','settings':{},'metadata':{},'actions':{"
    "'math.echo':{'rawName':'echo','name':'math.echo'},"
    "'math.meta':{'rawName':'meta','name':'math.meta'},"
    "'math.fail':{'rawName':'fail','name':'math.fail'},"
    "'math.never':{'timeout':300,'rawName':'never','name':'math.never'},"
    "'math.info':{'rawName':'info','name':'math.info'}},'events':{}}";

struct seen {
    unsigned n_calls, n_cancelled;
    int level;
    double timeout_ms;
    char caller[64], request_id[64], node_id[64];
};

static struct seen seen;

static void keep(char *to, size_t room, struct bytes text)
{
    size_t n = text.n < room - 1 ? text.n : room - 1;

    memcpy(to, text.p ? text.p : "", n);
    to[n] = '\0';
}

static void on_cancel(struct context *ctx)
{
    seen.n_cancelled++;
}

static void run_math(struct context *ctx)
{
    seen.n_calls++;
    seen.level = ctx->level;
    seen.timeout_ms = ctx->timeout_ms;
    keep(seen.caller, sizeof(seen.caller), ctx->caller);
    keep(seen.request_id, sizeof(seen.request_id), ctx->request_id);
    keep(seen.node_id, sizeof(seen.node_id), ctx->node_id);
    if (bytes_eq(ctx->name, BYTES("math.never"))) {
        ctx->cancel = on_cancel;
        return;
    }
    if (bytes_eq(ctx->name, BYTES("math.meta"))) {
        context_merge_meta(ctx, flow_json("{'b':2}"));
    }
    if (bytes_eq(ctx->name, BYTES("math.fail"))) {
        ctx->error = mol_error_new(&ctx->arena, MOL_ERROR_CLIENT, BYTES("No way"), 409,
                                   BYTES("CONFLICT"), BYTES("{\"x\":1}"));
    } else if (bytes_eq(ctx->name, BYTES("math.info"))) {
        ctx->result = BYTES_NONE;
    } else {
        ctx->result = ctx->params;
    }
    pipeline_finish(ctx);
}

/* "math" is on b. */
static void pair_start(struct flow_pair *p, enum protocol version_a, enum protocol version_b)
{
    seen = (struct seen){0};
    flow_pair_init(p, version_a, version_b);
    flow_pair_start(p, math, run_math);
}

static void local_and_remote_calls_give_the_same(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct broker_call call = {.action = BYTES("math.echo"), .params = BYTES("[1,1.10,1e400]")};
    struct flow_node *callers[] = {&p.b, &p.a};

    pair_start(&p, PROTOCOL_5, PROTOCOL_5);
    for (int i = 0; i < 2; i++) {
        flow_call(&p.f, callers[i], &call, &o, 100);
        assert_true(o.is_done);
        assert_null(o.error_json);
        assert_string_equal(o.result, "[1,1.10,1e400]");
        assert_string_equal(o.meta, "{}");
        assert_string_equal(seen.node_id, i == 0 ? "b" : "a");
        assert_int_equal(seen.level, 1);
        flow_outcome_fini(&o);
    }
    flow_pair_stop(&p);
}

static void meta_goes_both_ways(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct broker_call call = {.action = BYTES("math.meta"), .meta = BYTES("{\"a\":1}")};

    pair_start(&p, PROTOCOL_4, PROTOCOL_4);
    flow_call(&p.f, &p.a, &call, &o, 100);
    assert_string_equal(o.meta, "{\"a\":1,\"b\":2}");
    assert_string_equal(o.result, "{}");
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void undefined_stays_undefined(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct broker_call call = {.action = BYTES("math.info")};

    pair_start(&p, PROTOCOL_NONE, PROTOCOL_NONE);
    flow_call(&p.f, &p.a, &call, &o, 100);
    assert_true(o.is_done);
    assert_null(o.result);
    assert_null(o.error_json);
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void errors_keep_their_members(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct broker_call call = {.action = BYTES("math.fail")};

    pair_start(&p, PROTOCOL_5, PROTOCOL_5);
    flow_call(&p.f, &p.a, &call, &o, 100);
    assert_int_equal(o.code, 409);
    assert_string_equal(o.error_name, "\"MoleculerClientError\"");
    assert_non_null(strstr(o.error_json, "\"message\":\"No way\""));
    assert_non_null(strstr(o.error_json, "\"nodeID\":\"b\""));
    assert_non_null(strstr(o.error_json, "\"type\":\"CONFLICT\""));
    assert_non_null(strstr(o.error_json, "\"data\":{\"x\":1}"));
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void unknown_actions_are_not_found(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct broker_call call = {.action = BYTES("no.such")};
    struct broker_call direct = {.action = BYTES("math.echo"), .target_node = BYTES("nobody")};

    pair_start(&p, PROTOCOL_5, PROTOCOL_5);
    flow_call(&p.f, &p.a, &call, &o, 100);
    assert_string_equal(o.error_name, "\"ServiceNotFoundError\"");
    assert_int_equal(o.code, 404);
    flow_outcome_fini(&o);
    flow_call(&p.f, &p.a, &direct, &o, 100);
    assert_non_null(strstr(o.error_json, "Service 'math.echo' is not found on 'nobody' node."));
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void the_schema_limits_a_call_at_the_caller(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct broker_call call = {.action = BYTES("math.never")};

    pair_start(&p, PROTOCOL_5, PROTOCOL_5);
    (void)flow_call_start(&p.a, &call, &o);
    loop_advance(p.f.loop, 299);
    assert_false(o.is_done);
    loop_advance(p.f.loop, 2);
    assert_true(o.is_done);
    assert_int_equal(o.code, 504);
    assert_non_null(
        strstr(o.error_json, "Request is timed out when call 'math.never' action on 'b'"));
    loop_advance(p.f.loop, 5); /* the callee's own timer comes a little later */
    assert_int_equal(seen.n_cancelled, 1);
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void an_option_stands_over_the_schema(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct broker_call call = {
        .action = BYTES("math.never"), .has_timeout = true, .timeout_ms = 50};

    pair_start(&p, PROTOCOL_5, PROTOCOL_5);
    (void)flow_call_start(&p.a, &call, &o);
    loop_advance(p.f.loop, 51);
    assert_true(o.is_done);
    assert_int_equal(o.code, 504);
    assert_true(seen.timeout_ms > 49 && seen.timeout_ms < 51);
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void requests_to_a_node_that_leaves_are_rejected(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct broker_call call = {.action = BYTES("math.never"), .has_timeout = true, .timeout_ms = 0};

    pair_start(&p, PROTOCOL_5, PROTOCOL_5);
    (void)flow_call_start(&p.a, &call, &o);
    loop_advance(p.f.loop, 1000);
    assert_false(o.is_done);
    flow_node_stop(&p.f, &p.b);
    loop_advance(p.f.loop, 10);
    assert_true(o.is_done);
    assert_int_equal(o.code, 503);
    flow_outcome_fini(&o);
    flow_call(&p.f, &p.a, &(struct broker_call){.action = BYTES("math.echo")}, &o, 100);
    assert_string_equal(o.error_name, "\"ServiceNotAvailableError\"");
    flow_outcome_fini(&o);
    flow_node_stop(&p.f, &p.a);
    flow_fini(&p.f);
}

static void a_call_given_up_cancels_its_handler(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct broker_call call = {.action = BYTES("math.never")};
    struct context *ctx;

    pair_start(&p, PROTOCOL_5, PROTOCOL_5);
    ctx = flow_call_start(&p.b, &call, &o);
    loop_advance(p.f.loop, 10);
    pipeline_abort(ctx, mol_error_about_action(&ctx->arena, MOL_ERROR_REQUEST_REJECTED, ctx->name,
                                               BYTES("b")));
    assert_true(o.is_done);
    assert_int_equal(seen.n_cancelled, 1);
    assert_int_equal(broker_running(p.b.broker), 0);
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

/* --- nesting --- */

static struct flow_node *outer_node;
static struct bytes inner_action;
static bool is_outer_gone;

static void on_outer_gone(struct context *ctx)
{
    is_outer_gone = true;
}

static void on_inner_done(struct context *ctx)
{
    struct context *outer = ctx->owner;

    if (is_outer_gone) {
        return;
    }
    outer->result = arena_copy(&outer->arena, ctx->error ? ctx->error->name : ctx->result);
    pipeline_finish(outer);
}

static void run_outer(struct context *ctx)
{
    struct broker_call call = {
        .action = inner_action, .meta = BYTES("{\"inner\":1}"), .parent = ctx};

    is_outer_gone = false;
    ctx->cancel = on_outer_gone;
    (void)broker_call(outer_node->broker, &call, on_inner_done, ctx);
}

static void nested_calls_inherit_from_their_parent(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct broker_call call = {.action = BYTES("outer.run"),
                               .meta = BYTES("{\"m\":1}"),
                               .request_id = BYTES("rid-1"),
                               .has_timeout = true,
                               .timeout_ms = 400};

    pair_start(&p, PROTOCOL_5, PROTOCOL_5);
    outer_node = &p.a;
    inner_action = BYTES("math.meta");
    flow_node_serve(&p.a,
                    "{'name':'outer','version':1,'fullName':'outer','settings':{},'metadata':{},"
                    "'actions':{'outer.run':{'rawName':'run','name':'outer.run'}},'events':{}}",
                    run_outer);
    flow_call(&p.f, &p.a, &call, &o, 100);
    assert_true(o.is_done);
    assert_string_equal(o.result, "{}");
    assert_int_equal(seen.level, 2);
    assert_string_equal(seen.request_id, "rid-1");
    assert_string_equal(seen.caller, "outer");
    assert_true(seen.timeout_ms > 300 && seen.timeout_ms <= 400);
    assert_string_equal(o.meta, "{\"m\":1,\"inner\":1,\"b\":2}");
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void what_is_left_stands_over_the_schema(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct broker_call call = {
        .action = BYTES("outer.run"), .has_timeout = true, .timeout_ms = 1000};

    pair_start(&p, PROTOCOL_5, PROTOCOL_5);
    outer_node = &p.a;
    inner_action = BYTES("math.never"); /* 300 ms by its schema */
    flow_node_serve(&p.a,
                    "{'name':'outer','fullName':'outer','settings':{},'metadata':{},"
                    "'actions':{'outer.run':{'rawName':'run','name':'outer.run'}},'events':{}}",
                    run_outer);
    (void)flow_call_start(&p.a, &call, &o);
    loop_advance(p.f.loop, 990);
    assert_false(o.is_done);
    assert_true(seen.timeout_ms > 300);
    loop_advance(p.f.loop, 20);
    assert_true(o.is_done);
    assert_string_equal(o.error_name, "\"RequestTimeoutError\"");
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void below_a_call_whose_time_was_up_nothing_is_called(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct broker_call call = {
        .action = BYTES("math.never"), .has_timeout = true, .timeout_ms = 50};
    struct broker_call inner = {.action = BYTES("math.echo")};
    char id[64];

    pair_start(&p, PROTOCOL_5, PROTOCOL_5);
    keep(id, sizeof(id), flow_call_start(&p.b, &call, &o)->id);
    assert_false(broker_was_late(p.b.broker, bytes_cstr(id)));
    loop_advance(p.f.loop, 51);
    assert_int_equal(o.code, 504);
    flow_outcome_fini(&o);
    inner.is_late = broker_was_late(p.b.broker, bytes_cstr(id));
    assert_true(inner.is_late);
    assert_false(broker_was_late(p.b.broker, BYTES("another")));
    flow_call(&p.f, &p.b, &inner, &o, 10);
    assert_string_equal(o.error_name, "\"RequestSkippedError\"");
    assert_int_equal(o.code, 514);
    assert_int_equal(seen.n_calls, 1);
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void too_deep_a_call_is_refused(void **state)
{
    struct flow f;
    struct flow_node n;
    struct flow_outcome o;

    flow_init(&f);
    flow_node_init(&f, &n, "a", PROTOCOL_5);
    n.options.max_call_level = 1;
    flow_node_start(&f, &n);
    outer_node = &n;
    inner_action = BYTES("math.meta");
    flow_node_serve(&n, math, run_math);
    flow_node_serve(&n,
                    "{'name':'outer','fullName':'outer','settings':{},'metadata':{},"
                    "'actions':{'outer.run':{'rawName':'run','name':'outer.run'}},'events':{}}",
                    run_outer);
    flow_call(&f, &n, &(struct broker_call){.action = BYTES("outer.run")}, &o, 100);
    assert_string_equal(o.result, "\"MaxCallLevelError\"");
    flow_outcome_fini(&o);
    flow_node_stop(&f, &n);
    flow_fini(&f);
}

/* --- versions --- */

static void both_versions_live_in_one_cluster(void **state)
{
    struct flow f;
    struct flow_node four, five, both;
    struct flow_outcome o;
    struct broker_call call = {.action = BYTES("math.echo"), .params = BYTES("7")};
    struct broker_call to_both = {.action = BYTES("$node.list"), .target_node = BYTES("both")};

    flow_init(&f);
    flow_node_init(&f, &four, "four", PROTOCOL_4);
    flow_node_init(&f, &five, "five", PROTOCOL_5);
    flow_node_init(&f, &both, "both", PROTOCOL_NONE);
    flow_node_start(&f, &four);
    flow_node_start(&f, &five);
    flow_node_start(&f, &both);
    flow_node_serve(&four, math, run_math);
    flow_node_serve(&five, math, run_math);
    loop_advance(f.loop, 120000); /* many heartbeats: nobody is lost */
    seen.n_calls = 0;
    for (int i = 0; i < 4; i++) {
        flow_call(&f, &both, &call, &o, 100);
        assert_string_equal(o.result, "7");
        flow_outcome_fini(&o);
    }
    assert_int_equal(seen.n_calls, 4);
    flow_call(&f, &four, &to_both, &o, 100);
    assert_non_null(o.result);
    flow_outcome_fini(&o);
    flow_call(&f, &five, &to_both, &o, 100);
    assert_non_null(o.result);
    flow_outcome_fini(&o);
    flow_node_stop(&f, &both);
    loop_advance(f.loop, 10);
    flow_call(&f, &four, &to_both, &o, 100);
    assert_string_equal(o.error_name, "\"ServiceNotFoundError\"");
    flow_outcome_fini(&o);
    flow_node_stop(&f, &four);
    flow_node_stop(&f, &five);
    flow_fini(&f);
}

static void a_taken_node_id_is_told(void **state)
{
    struct flow f;
    struct flow_node first, second;

    flow_init(&f);
    flow_node_init(&f, &first, "same", PROTOCOL_5);
    flow_node_init(&f, &second, "same", PROTOCOL_5);
    flow_node_start(&f, &first);
    flow_node_start(&f, &second);
    assert_true(first.has_conflict);
    flow_node_stop(&f, &first);
    flow_node_stop(&f, &second);
    flow_fini(&f);
}

static void a_silent_node_is_lost_and_comes_back(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct broker_call call = {.action = BYTES("math.echo")};

    pair_start(&p, PROTOCOL_5, PROTOCOL_5);
    p.b.options.heartbeat_interval_s = 10;
    flow_node_cut(&p.b, true);
    loop_advance(p.f.loop, 65000);
    flow_call(&p.f, &p.a, &call, &o, 100);
    assert_string_equal(o.error_name, "\"ServiceNotAvailableError\"");
    flow_outcome_fini(&o);
    flow_node_cut(&p.b, false);
    loop_advance(p.f.loop, 12000);
    flow_call(&p.f, &p.a, &call, &o, 100);
    assert_null(o.error_json);
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_and_remote_calls_give_the_same),
        cmocka_unit_test(meta_goes_both_ways),
        cmocka_unit_test(undefined_stays_undefined),
        cmocka_unit_test(errors_keep_their_members),
        cmocka_unit_test(unknown_actions_are_not_found),
        cmocka_unit_test(the_schema_limits_a_call_at_the_caller),
        cmocka_unit_test(an_option_stands_over_the_schema),
        cmocka_unit_test(requests_to_a_node_that_leaves_are_rejected),
        cmocka_unit_test(a_call_given_up_cancels_its_handler),
        cmocka_unit_test(nested_calls_inherit_from_their_parent),
        cmocka_unit_test(what_is_left_stands_over_the_schema),
        cmocka_unit_test(below_a_call_whose_time_was_up_nothing_is_called),
        cmocka_unit_test(too_deep_a_call_is_refused),
        cmocka_unit_test(both_versions_live_in_one_cluster),
        cmocka_unit_test(a_taken_node_id_is_told),
        cmocka_unit_test(a_silent_node_is_lost_and_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
