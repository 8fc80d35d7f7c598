/* SPDX-License-Identifier: MIT */
/* Which node serves, between whole nodes: direct calls, strategies, pings, open breakers. */
#include "support/check.h"

#include "broker/broker_internal.h"
#include "flow/flow.h"
#include "registry/latency.h"

enum { NODES = 3, KEYS = 40, LONG_S = 100000 };

/* What the service does, and who ran it, a letter each: calls and events alike. */
static struct {
    char runs[1024];
    unsigned n_runs;
    char failing; /* the node that fails, with 503; '\0': none */
    unsigned fail_first;
} work;

/* Letters of the nodes whose pongs were heard. */
static char pongs[256];

static void run_work(struct context *ctx)
{
    struct bytes node = broker_options(ctx->broker)->node_id;
    bool fails = work.failing == node.p[0] && work.fail_first > 0;

    assert_true(work.n_runs + 1 < sizeof(work.runs));
    work.runs[work.n_runs++] = node.p[0];
    work.fail_first -= fails ? 1 : 0;
    if (fails) {
        ctx->error = mol_error_new(&ctx->arena, MOL_ERROR_RETRYABLE, BYTES("no"), 503, BYTES("NO"),
                                   BYTES_NONE);
    } else {
        ctx->result = json_quote(node, &ctx->arena);
    }
    pipeline_finish(ctx);
}

static void hear_pong(struct context *ctx)
{
    struct bytes node = json_get(ctx->params, BYTES("nodeID"));

    size_t n = strlen(pongs);

    assert_true(n + 1 < sizeof(pongs));
    pongs[n] = node.p[1];
    pipeline_finish(ctx);
}

static void fail_here(struct context *ctx)
{
    fail();
}

#define WORK(policy)                                                                               \
    "{'name':'w','fullName':'w','settings':{},'metadata':{},'actions':{'w.do':{" policy            \
    "'rawName':'do','name':'w.do'}},'events':{'tick':{" policy "'name':'tick'}}}"

static const char watcher[] = "{'name':'watcher','fullName':'watcher','settings':{},'metadata':{},"
                              "'actions':{},'events':{'$node.pong':{'name':'$node.pong'}}}";

/* a calls; b, c and d serve, of different protocols. */
struct world {
    struct flow f;
    struct flow_node a, others[NODES];
};

static void world_init(struct world *w)
{
    static const char *const ids[NODES] = {"b", "c", "d"};
    static const enum protocol versions[NODES] = {PROTOCOL_5, PROTOCOL_4, PROTOCOL_NONE};

    memset(&work, 0, sizeof(work));
    memset(pongs, 0, sizeof(pongs));
    flow_init(&w->f);
    flow_node_init(&w->f, &w->a, "a", PROTOCOL_NONE);
    w->a.options.retry = (struct retry_options){false, 5, 100, 1000, 2};
    w->a.options.breaker = (struct breaker_options){false, 0.5, 60, 2, 10000};
    for (unsigned i = 0; i < NODES; i++) {
        flow_node_init(&w->f, &w->others[i], ids[i], versions[i]);
    }
}

static void world_serve(struct world *w, const char *published)
{
    for (unsigned i = 0; i < NODES; i++) {
        flow_node_serve(&w->others[i], published, run_work);
    }
    loop_advance(w->f.loop, 3000);
}

/* Loads are what the test says. */
static void silence_heartbeats(struct flow_node *n)
{
    n->options.heartbeat_interval_s = LONG_S;
    n->options.heartbeat_timeout_s = 3 * LONG_S;
}

static void world_start(struct world *w, const char *published)
{
    silence_heartbeats(&w->a);
    for (unsigned i = 0; i < NODES; i++) {
        silence_heartbeats(&w->others[i]);
        flow_node_start(&w->f, &w->others[i]);
    }
    flow_node_start(&w->f, &w->a);
    if (published) {
        world_serve(w, published);
    }
}

static void world_others_stop(struct world *w)
{
    for (unsigned i = 0; i < NODES; i++) {
        if (w->others[i].broker) {
            flow_node_stop(&w->f, &w->others[i]);
        }
    }
    flow_fini(&w->f);
}

static void world_stop(struct world *w)
{
    flow_node_stop(&w->f, &w->a);
    world_others_stop(w);
}

static void call_on(struct world *w, const char *node_id, struct flow_outcome *o)
{
    struct broker_call call = {.action = BYTES("w.do"), .retries = -1};

    call.target_node = node_id ? bytes_cstr(node_id) : BYTES_NONE;
    flow_call(&w->f, &w->a, &call, o, 5000);
    assert_true(o->is_done);
}

/* The letter of the node that served, '!' for a failure. */
static char call_key(struct world *w, unsigned key)
{
    struct broker_call call = {.action = BYTES("w.do"), .retries = -1};
    struct flow_outcome o;
    char params[32], who;

    (void)snprintf(params, sizeof(params), "{\"id\":%u}", key);
    call.params = bytes_cstr(params);
    flow_call(&w->f, &w->a, &call, &o, 5000);
    assert_true(o.is_done);
    who = (char)(o.result ? o.result[1] : '!');
    flow_outcome_fini(&o);
    return who;
}

static char emit(struct world *w, struct bytes params, struct bytes meta)
{
    work.n_runs = 0;
    broker_emit(w->a.broker,
                &(struct broker_event){.event = BYTES("tick"), .params = params, .meta = meta},
                NULL, NULL);
    loop_advance(w->f.loop, 5);
    assert_int_equal(work.n_runs, 1);
    return work.runs[0];
}

static char emit_key(struct world *w, unsigned key)
{
    char params[32];

    (void)snprintf(params, sizeof(params), "{\"id\":%u}", key);
    return emit(w, bytes_cstr(params), BYTES_NONE);
}

/* --- direct calls --- */

static void a_given_node_serves(void **state)
{
    static const char *const ids[] = {"c", "b", "d", "c"};
    struct flow_outcome o;
    struct world w;

    world_init(&w);
    world_start(&w, WORK(""));
    for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        call_on(&w, ids[i], &o);
        assert_int_equal(o.result[1], ids[i][0]);
        flow_outcome_fini(&o);
    }
    call_on(&w, "a", &o); /* known, but not there */
    assert_string_equal(o.error_name, "\"ServiceNotFoundError\"");
    assert_non_null(strstr(o.error_json, "\"Service 'w.do' is not found on 'a' node.\""));
    assert_non_null(strstr(o.error_json, "\"nodeID\":\"a\""));
    flow_outcome_fini(&o);
    call_on(&w, "nobody", &o);
    assert_string_equal(o.error_name, "\"ServiceNotFoundError\"");
    assert_int_equal(o.code, 404);
    flow_outcome_fini(&o);
    flow_node_stop(&w.f, &w.others[1]);
    call_on(&w, "c", &o);
    assert_string_equal(o.error_name, "\"ServiceNotFoundError\"");
    flow_outcome_fini(&o);
    world_stop(&w);
}

static void a_retry_keeps_the_node(void **state)
{
    struct flow_outcome o;
    struct world w;

    world_init(&w);
    w.a.options.retry.is_enabled = true;
    world_start(&w, WORK(""));
    work.failing = 'c';
    work.fail_first = 3;
    call_on(&w, "c", &o);
    assert_string_equal(o.result, "\"c\"");
    flow_outcome_fini(&o);
    work.runs[work.n_runs] = '\0';
    assert_string_equal(work.runs, "cccc");
    world_stop(&w);
}

static void an_open_breaker_refuses_direct_calls(void **state)
{
    struct flow_outcome o;
    struct world w;

    world_init(&w);
    w.a.options.breaker.is_enabled = true;
    world_start(&w, WORK(""));
    work.failing = 'c';
    work.fail_first = 2;
    for (unsigned i = 0; i < 2; i++) {
        call_on(&w, "c", &o);
        assert_int_equal(o.code, 503);
        flow_outcome_fini(&o);
    }
    call_on(&w, "c", &o);
    assert_string_equal(o.error_name, "\"ServiceNotFoundError\"");
    flow_outcome_fini(&o);
    loop_advance(w.f.loop, 10001);
    call_on(&w, "c", &o);
    assert_string_equal(o.result, "\"c\"");
    flow_outcome_fini(&o);
    world_stop(&w);
}

/* --- Shard --- */

static void keys_of_calls_and_events_keep_their_node(void **state)
{
    struct world w;
    char before[KEYS];
    bool seen[NODES] = {false};

    world_init(&w);
    world_start(&w, WORK("'strategy':'Shard','strategyOptions':{'shardKey':'id'},"));
    for (unsigned key = 0; key < KEYS; key++) {
        before[key] = call_key(&w, key);
        seen[before[key] - 'b'] = true;
        assert_int_equal(emit_key(&w, key), before[key]);
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    flow_node_stop(&w.f, &w.others[0]);
    for (unsigned key = 0; key < KEYS; key++) {
        char now = call_key(&w, key);

        assert_true(now == 'c' || now == 'd');
        assert_int_equal(emit_key(&w, key), now);
    }
    w.others[0].is_stopped = false;
    flow_node_start(&w.f, &w.others[0]);
    flow_node_serve(&w.others[0], WORK(""), run_work);
    loop_advance(w.f.loop, 3000);
    for (unsigned key = 0; key < KEYS; key++) {
        assert_int_equal(call_key(&w, key), before[key]);
    }
    world_stop(&w);
}

static void events_may_be_keyed_by_their_meta(void **state)
{
    struct world w;

    world_init(&w);
    world_start(&w, WORK("'strategy':'Shard','strategyOptions':{'shardKey':'#id'},"));
    for (unsigned key = 0; key < KEYS; key++) {
        char meta[32], first;

        (void)snprintf(meta, sizeof(meta), "{\"id\":%u}", key);
        first = emit(&w, BYTES_NONE, bytes_cstr(meta));
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(emit(&w, BYTES("{\"id\":0}"), bytes_cstr(meta)), first);
        }
    }
    world_stop(&w);
}

static void an_open_breaker_is_passed_over(void **state)
{
    struct world w;
    char before[KEYS];
    unsigned of_c = 0;

    world_init(&w);
    w.a.options.strategy = BYTES("Shard");
    w.a.options.strategy_options = flow_json("{'shardKey':'id'}");
    w.a.options.breaker.is_enabled = true;
    world_start(&w, WORK(""));
    for (unsigned key = 0; key < KEYS; key++) {
        before[key] = call_key(&w, key);
        of_c = before[key] == 'c' ? key : of_c;
    }
    loop_advance(w.f.loop, 60001); /* what was counted is forgotten */
    work.failing = 'c';
    work.fail_first = 2;
    assert_int_equal(call_key(&w, of_c), '!');
    assert_int_equal(call_key(&w, of_c), '!');
    for (unsigned key = 0; key < KEYS; key++) {
        char now = call_key(&w, key);

        assert_true(before[key] == 'c' ? now == 'b' || now == 'd' : now == before[key]);
    }
    loop_advance(w.f.loop, 10001);
    for (unsigned key = 0; key < KEYS; key++) {
        assert_int_equal(call_key(&w, key), before[key]);
    }
    world_stop(&w);
}

/* Of several local subscriptions the received event's key chooses one, always the same. */
static void received_events_choose_by_their_key(void **state)
{
    struct world w;

    world_init(&w);
    world_start(&w, NULL);
    flow_node_serve(&w.others[0],
                    "{'name':'x','fullName':'x','settings':{},'metadata':{},'actions':{},'events':{"
                    "'tick':{'name':'tick','group':'g','strategy':'Shard','strategyOptions':"
                    "{'shardKey':'id'}}}}",
                    run_work);
    flow_node_serve(&w.others[0],
                    "{'name':'y','fullName':'y','settings':{},'metadata':{},'actions':{},'events':{"
                    "'tick':{'name':'tick','group':'g'}}}",
                    fail_here);
    loop_advance(w.f.loop, 3000);
    for (unsigned key = 0; key < KEYS; key++) {
        assert_int_equal(emit_key(&w, key), 'b'); /* never y's: one node, its first one */
    }
    world_stop(&w);
}

static void the_own_service_comes_first_only_when_preferred(void **state)
{
    for (unsigned i = 0; i < 2; i++) {
        struct world w;
        unsigned n_own = 0;

        world_init(&w);
        w.a.options.strategy = BYTES("Shard");
        w.a.options.strategy_options = flow_json("{'shardKey':'id'}");
        w.a.options.prefer_local = i == 0;
        world_start(&w, WORK(""));
        flow_node_serve(&w.a, WORK(""), run_work);
        for (unsigned key = 0; key < KEYS; key++) {
            n_own += call_key(&w, key) == 'a';
        }
        assert_true(i == 0 ? n_own == KEYS : n_own > 0 && n_own < KEYS);
        world_stop(&w);
    }
}

/* --- CpuUsage --- */

static void tell_load(struct world *w, unsigned i, const char *cpu)
{
    struct packet_heartbeat heartbeat = {bytes_cstr(cpu)};
    struct transit *t = w->others[i].broker->transit;

    transit_send_heartbeat(t, PROTOCOL_5, &heartbeat);
    transit_send_heartbeat(t, PROTOCOL_4, &heartbeat);
    loop_advance(w->f.loop, 5);
}

static void loads_come_with_heartbeats(void **state)
{
    struct world w;

    world_init(&w);
    w.a.options.strategy = BYTES("CpuUsage");
    world_start(&w, WORK(""));
    tell_load(&w, 0, "70");
    tell_load(&w, 1, "60");
    tell_load(&w, 2, "65.5");
    assert_int_equal(call_key(&w, 0), 'c');
    tell_load(&w, 2, "9");
    assert_int_equal(call_key(&w, 0), 'd');
    tell_load(&w, 1, "5");
    assert_int_equal(call_key(&w, 0), 'c'); /* the first that is low enough */
    tell_load(&w, 0, "null");
    flow_node_stop(&w.f, &w.others[1]);
    assert_int_equal(call_key(&w, 0), 'd');
    world_stop(&w);
}

/* --- Latency --- */

static bool is_known(struct world *w, const char *node_id)
{
    struct registry *r = broker_registry(w->a.broker);
    double ms = latency_of(registry_latency(r), registry_find_node(r, bytes_cstr(node_id)));

    return ms >= 0;
}

static void latencies_are_known_soon_after_the_start(void **state)
{
    struct world w;

    world_init(&w);
    w.a.options.strategy = BYTES("latency");
    world_start(&w, WORK(""));
    assert_true(is_known(&w, "b") && is_known(&w, "c") && is_known(&w, "d"));
    assert_int_equal(call_key(&w, 0), 'b'); /* 0 ms is low enough */
    for (unsigned i = 0; i < NODES; i++) {
        struct registry *r = broker_registry(w.others[i].broker);

        loop_advance(w.f.loop, 30000);
        assert_false(latency_of(registry_latency(r), registry_find_node(r, BYTES("a"))) >= 0);
    }
    world_stop(&w);
}

/* All nodes live on one host here: one of them is pinged in each interval, whoever asks. */
static void one_pinger_serves_all_lists(void **state)
{
    struct world w;

    world_init(&w);
    world_start(&w, NULL);
    flow_node_serve(&w.a, watcher, hear_pong);
    loop_advance(w.f.loop, 60000);
    assert_string_equal(pongs, "");
    flow_node_serve(&w.others[0],
                    WORK("'strategy':'Latency','strategyOptions':{'pingInterval':20},"), run_work);
    loop_advance(w.f.loop, 2000); /* the debounce of INFO */
    assert_non_null(strchr(pongs, 'b'));
    assert_non_null(strchr(pongs, 'c'));
    assert_non_null(strchr(pongs, 'd'));
    assert_int_equal(strlen(pongs), 3);
    flow_node_serve(
        &w.others[1],
        "{'name':'v','fullName':'v','settings':{},'metadata':{},'actions':{'v.x':{'name':'v.x',"
        "'strategy':'Latency'}},'events':{}}",
        run_work);
    loop_advance(w.f.loop, 10000);
    assert_int_equal(strlen(pongs), 3);
    loop_advance(w.f.loop, 10000);
    assert_int_equal(strlen(pongs), 4);
    loop_advance(w.f.loop, 200000);
    assert_int_equal(strlen(pongs), 14);
    world_stop(&w);
}

static void on_stopped(struct broker *b)
{
    ((struct flow_node *)broker_owner(b))->is_stopped = true;
}

static void pings_end_with_the_node(void **state)
{
    struct world w;

    world_init(&w);
    w.a.options.strategy = BYTES("Latency");
    world_start(&w, WORK(""));
    flow_node_serve(&w.a, watcher, hear_pong);
    loop_advance(w.f.loop, 10000);
    assert_true(strlen(pongs) > 0);
    broker_stop(w.a.broker, on_stopped);
    loop_advance(w.f.loop, 5000);
    assert_true(w.a.is_stopped);
    memset(pongs, 0, sizeof(pongs));
    loop_advance(w.f.loop, 60000); /* nothing is there any more that could send one */
    assert_string_equal(pongs, "");
    broker_free(w.a.broker);
    world_others_stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_given_node_serves),
        cmocka_unit_test(a_retry_keeps_the_node),
        cmocka_unit_test(an_open_breaker_refuses_direct_calls),
        cmocka_unit_test(keys_of_calls_and_events_keep_their_node),
        cmocka_unit_test(events_may_be_keyed_by_their_meta),
        cmocka_unit_test(an_open_breaker_is_passed_over),
        cmocka_unit_test(received_events_choose_by_their_key),
        cmocka_unit_test(the_own_service_comes_first_only_when_preferred),
        cmocka_unit_test(loads_come_with_heartbeats),
        cmocka_unit_test(latencies_are_known_soon_after_the_start),
        cmocka_unit_test(one_pinger_serves_all_lists),
        cmocka_unit_test(pings_end_with_the_node),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
