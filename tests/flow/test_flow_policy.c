/* SPDX-License-Identifier: MIT */
/* Retries, circuit breaker and bulkhead between nodes, on the virtual clock. */
#include "support/check.h"

#include "flow/flow.h"
#include "registry/endpoint.h"

enum { IDS_MAX = 16 };

/* What the service does, and what it saw. */
static struct {
    unsigned n_calls, fail_first;
    int code;
    bool is_retryable, holds;
    const char *meta; /* set by each attempt, or NULL */
    char ids[IDS_MAX][40];
    struct flow_held held;
} work;

static void run_work(struct context *ctx)
{
    unsigned n = work.n_calls++;

    (void)snprintf(work.ids[n % IDS_MAX], sizeof(work.ids[0]), "%.*s", BYTES_ARG(ctx->id));
    if (work.holds) {
        flow_hold(&work.held, ctx);
        return;
    }
    if (work.meta) {
        context_merge_meta(ctx, flow_json(work.meta));
    }
    if (n < work.fail_first) {
        ctx->error =
            mol_error_new(&ctx->arena, work.is_retryable ? MOL_ERROR_RETRYABLE : MOL_ERROR_CLIENT,
                          BYTES("no"), work.code, BYTES("NO"), BYTES_NONE);
    } else {
        ctx->result = BYTES("\"fine\"");
    }
    pipeline_finish(ctx);
}

static void finish_held(unsigned i)
{
    struct context *ctx = flow_held_take(&work.held, i);

    ctx->result = BYTES("1");
    pipeline_finish(ctx);
}

#define WORK(policy)                                                                               \
    "{'name':'w','fullName':'w','settings':{},'metadata':{},'actions':{'w.do':{" policy            \
    "'rawName':'do','name':'w.do'}},'events':{}}"

static void pair_start(struct flow_pair *p, const char *published)
{
    memset(&work, 0, sizeof(work));
    work.code = 503;
    work.is_retryable = true;
    flow_pair_init(p, PROTOCOL_5, PROTOCOL_5);
    p->a.options.retry = (struct retry_options){false, 5, 100, 1000, 2};
    p->b.options.retry = p->a.options.retry;
    p->a.options.breaker = (struct breaker_options){false, 0.5, 60, 4, 10000};
    p->b.options.breaker = p->a.options.breaker;
    p->b.options.bulkhead = (struct bulkhead_options){false, 10, 100};
    flow_pair_start(p, published, run_work);
}

static const struct broker_call call_work = {.action = BYTES_INIT("w.do"), .retries = -1};

/* Calls from a; the outcome's code, 0 for success. */
static int call(struct flow_pair *p)
{
    struct flow_outcome o;
    int code;

    flow_call(&p->f, &p->a, &call_work, &o, 5000);
    assert_true(o.is_done);
    code = o.code;
    flow_outcome_fini(&o);
    return code;
}

/* --- retry --- */

static void retryable_errors_are_tried_again(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;

    pair_start(&p, WORK("'retryPolicy':{'enabled':true,'retries':3},"));
    work.fail_first = 2;
    (void)flow_call_start(&p.a, &call_work, &o);
    loop_advance(p.f.loop, 99);
    assert_int_equal(work.n_calls, 1);
    loop_advance(p.f.loop, 2);
    assert_int_equal(work.n_calls, 2);
    loop_advance(p.f.loop, 201);
    assert_true(o.is_done);
    assert_string_equal(o.result, "\"fine\"");
    assert_int_equal(work.n_calls, 3);
    assert_string_not_equal(work.ids[0], work.ids[1]);
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void retries_end(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("'retryPolicy':{'enabled':true,'retries':2,'delay':10},"));
    work.fail_first = 100;
    assert_int_equal(call(&p), 503);
    assert_int_equal(work.n_calls, 3);
    flow_pair_stop(&p);
}

static void nobody_tries_again_for_nobody(void **state)
{
    static const struct broker_call many = {.action = BYTES_INIT("w.do"), .retries = 1e9};
    struct flow_pair p;
    struct flow_outcome o;
    struct context *ctx;

    pair_start(&p, WORK("'retryPolicy':{'enabled':true,'delay':60000,'maxDelay':60000},"));
    work.fail_first = 100;
    ctx = flow_call_start(&p.a, &many, &o);
    pipeline_disown(ctx);
    assert_false(o.is_done);
    loop_advance(p.f.loop, 10); /* it goes to its end */
    assert_true(o.is_done);
    assert_int_equal(o.code, 503);
    flow_outcome_fini(&o);

    ctx = flow_call_start(&p.a, &many, &o);
    loop_advance(p.f.loop, 10);
    assert_int_equal(ctx->state, CONTEXT_WAITING);
    assert_false(o.is_done);
    pipeline_disown(ctx); /* it waits for nothing but the next attempt */
    assert_true(o.is_done);
    assert_int_equal(o.code, 503);
    flow_outcome_fini(&o);
    loop_advance(p.f.loop, 200000);
    assert_int_equal(work.n_calls, 2);
    flow_pair_stop(&p);
}

static void who_waits_on_the_way_in_is_let_in(void **state)
{
    static const struct broker_call once = {.action = BYTES_INIT("w.do"), .retries = -1};
    struct flow_pair p;
    struct flow_outcome o[2];
    struct context *second;

    pair_start(&p, WORK("'bulkhead':{'enabled':true,'concurrency':1},"));
    work.holds = true;
    (void)flow_call_start(&p.b, &once, &o[0]);
    second = flow_call_start(&p.b, &once, &o[1]);
    loop_advance(p.f.loop, 10);
    assert_int_equal(second->state, CONTEXT_WAITING);
    pipeline_disown(second);
    loop_advance(p.f.loop, 10);
    assert_false(o[1].is_done);
    finish_held(0);
    loop_advance(p.f.loop, 10);
    finish_held(1);
    loop_advance(p.f.loop, 10);
    assert_true(o[1].is_done);
    assert_string_equal(o[1].result, "1");
    flow_outcome_fini(&o[0]);
    flow_outcome_fini(&o[1]);
    flow_pair_stop(&p);
}

static void other_errors_are_not_tried_again(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("'retryPolicy':{'enabled':true},"));
    work.fail_first = 100;
    work.is_retryable = false;
    assert_int_equal(call(&p), 503);
    assert_int_equal(work.n_calls, 1);
    flow_pair_stop(&p);
}

static void a_declared_check_decides(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("'retryPolicy':{'enabled':true,'delay':1,'check':{'codes':['409-410']}},"));
    work.fail_first = 1;
    work.is_retryable = false;
    work.code = 409;
    assert_int_equal(call(&p), 0);
    assert_int_equal(work.n_calls, 2);
    work.fail_first = 100;
    work.code = 411;
    assert_int_equal(call(&p), 411);
    assert_int_equal(work.n_calls, 3);
    flow_pair_stop(&p);
}

static void the_called_node_does_not_retry(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK(""));
    p.b.options.retry.is_enabled = true;
    work.fail_first = 100;
    assert_int_equal(call(&p), 503);
    assert_int_equal(work.n_calls, 1);
    flow_pair_stop(&p);
}

static void a_call_given_up_is_not_tried_again(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct context *ctx;

    pair_start(&p, WORK("'retryPolicy':{'enabled':true,'delay':50},"));
    work.fail_first = 100;
    ctx = flow_call_start(&p.a, &call_work, &o);
    loop_advance(p.f.loop, 20); /* waits for its first retry */
    assert_int_equal(work.n_calls, 1);
    pipeline_abandon(ctx, mol_error_about_action(&ctx->arena, MOL_ERROR_REQUEST_REJECTED, ctx->name,
                                                 BYTES("a")));
    assert_true(o.is_done);
    loop_advance(p.f.loop, 1000);
    assert_int_equal(work.n_calls, 1);
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void a_time_out_is_tried_again(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;

    pair_start(&p, WORK("'timeout':100,'retryPolicy':{'enabled':true,'retries':1,'delay':10},"));
    work.holds = true;
    (void)flow_call_start(&p.a, &call_work, &o);
    loop_advance(p.f.loop, 105);
    assert_false(o.is_done);
    loop_advance(p.f.loop, 10);
    assert_int_equal(work.n_calls, 2);
    loop_advance(p.f.loop, 100);
    assert_true(o.is_done);
    assert_int_equal(o.code, 504);
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

/* What the caller's node holds for the call while it waits for its next attempt. */
static size_t held_bytes_after(struct flow_pair *p, const struct context *ctx, unsigned n_calls)
{
    while (work.n_calls < n_calls) {
        loop_advance(p->f.loop, 1);
    }
    assert_int_equal(ctx->state, CONTEXT_WAITING);
    return ctx->arena.used_bytes;
}

enum { MANY = 100000 };

static void check_many_attempts(struct flow_pair *p, struct flow_node *from)
{
    static const struct broker_call many = {.action = BYTES_INIT("w.do"),
                                            .params = BYTES_INIT("{\"of\":\"the caller\"}"),
                                            .meta = BYTES_INIT("{\"mine\":1}"),
                                            .retries = MANY};
    struct flow_outcome o;
    struct context *ctx;
    size_t held;

    work.fail_first = MANY;
    work.meta = "{'theirs':2}";
    ctx = flow_call_start(from, &many, &o);
    held = held_bytes_after(p, ctx, 20); /* from then on meta is merged in place */
    assert_in_range(held, 1, 4096);
    assert_int_equal(held_bytes_after(p, ctx, MANY), held);
    assert_bytes(ctx->params, "{\"of\":\"the caller\"}");
    loop_advance(p->f.loop, 5);
    assert_true(o.is_done);
    assert_int_equal(work.n_calls, MANY + 1);
    assert_string_equal(o.result, "\"fine\"");
    assert_string_equal(o.meta, "{\"mine\":1,\"theirs\":2}");
    flow_outcome_fini(&o);
}

static void attempts_use_the_memory_of_those_before(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("'retryPolicy':{'enabled':true,'delay':0},"));
    check_many_attempts(&p, &p.b);
    flow_pair_stop(&p);
}

static void remote_attempts_use_the_memory_of_those_before(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("'retryPolicy':{'enabled':true,'delay':0},"));
    check_many_attempts(&p, &p.a);
    flow_pair_stop(&p);
}

static void retries_end_when_nobody_offers_it_any_more(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;
    struct context *ctx;
    char id[40];

    pair_start(&p, WORK("'retryPolicy':{'enabled':true,'delay':50},"));
    work.fail_first = 100;
    ctx = flow_call_start(&p.b, &call_work, &o);
    loop_advance(p.f.loop, 60);
    assert_int_equal(work.n_calls, 2);
    (void)snprintf(id, sizeof(id), "%.*s", BYTES_ARG(ctx->id));
    assert_string_equal(id, work.ids[1]);
    assert_ptr_equal(broker_find_context(p.b.broker, bytes_cstr(id)), ctx);
    assert_int_equal(broker_remove_service(p.b.broker, BYTES("w"), NULL, NULL), 0);
    loop_advance(p.f.loop, 500);
    assert_true(o.is_done);
    assert_string_equal(o.error_name, "\"ServiceNotAvailableError\"");
    assert_int_equal(work.n_calls, 2);
    assert_null(broker_find_context(p.b.broker, bytes_cstr(id)));
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

/* --- breaker --- */

static void a_failing_endpoint_is_left_alone_for_a_while(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("'circuitBreaker':{'enabled':true},"));
    work.fail_first = 5;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(call(&p), 503);
    }
    assert_int_equal(call(&p), 404); /* open: not available */
    assert_int_equal(work.n_calls, 4);
    loop_advance(p.f.loop, 10001);
    assert_int_equal(call(&p), 503); /* the probe fails: open again */
    assert_int_equal(call(&p), 404);
    loop_advance(p.f.loop, 10001);
    assert_int_equal(call(&p), 0); /* the probe succeeds: closed */
    assert_int_equal(call(&p), 0);
    flow_pair_stop(&p);
}

static void one_probe_runs_at_a_time(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;

    pair_start(&p, WORK("'circuitBreaker':{'enabled':true,'minRequestCount':1},"));
    work.fail_first = 1;
    assert_int_equal(call(&p), 503);
    loop_advance(p.f.loop, 10001);
    work.holds = true;
    (void)flow_call_start(&p.a, &call_work, &o);
    loop_advance(p.f.loop, 10);
    assert_int_equal(call(&p), 404);
    finish_held(0);
    loop_advance(p.f.loop, 10);
    assert_true(o.is_done);
    flow_outcome_fini(&o);
    work.holds = false;
    assert_int_equal(call(&p), 0);
    flow_pair_stop(&p);
}

static void client_errors_do_not_count(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("'circuitBreaker':{'enabled':true,'minRequestCount':1},"));
    work.fail_first = 100;
    work.code = 422;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(call(&p), 422);
    }
    flow_pair_stop(&p);
}

static void the_window_forgets(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("'circuitBreaker':{'enabled':true},"));
    work.fail_first = 6;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(call(&p), 503);
    }
    loop_advance(p.f.loop, 60001);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(call(&p), 503);
    }
    assert_int_equal(call(&p), 0);
    flow_pair_stop(&p);
}

/* --- bulkhead --- */

static void calls_beyond_the_limit_wait_and_then_are_refused(void **state)
{
    struct flow_pair p;
    struct flow_outcome o[4];

    pair_start(&p, WORK("'bulkhead':{'enabled':true,'concurrency':1,'maxQueueSize':2},"));
    work.holds = true;
    for (int i = 0; i < 4; i++) {
        (void)flow_call_start(&p.a, &call_work, &o[i]);
        loop_advance(p.f.loop, 5);
    }
    assert_int_equal(work.n_calls, 1);
    assert_true(o[3].is_done);
    assert_int_equal(o[3].code, 429);
    for (unsigned i = 0; i < 3; i++) {
        assert_false(o[i].is_done);
        finish_held(i);
        loop_advance(p.f.loop, 5);
        assert_true(o[i].is_done);
    }
    assert_int_equal(work.n_calls, 3);
    for (int i = 0; i < 4; i++) {
        flow_outcome_fini(&o[i]);
    }
    flow_pair_stop(&p);
}

static void a_waiting_call_that_is_given_up_makes_room(void **state)
{
    struct flow_pair p;
    struct flow_outcome o[3];
    struct broker_call hurried = {
        .action = BYTES("w.do"), .retries = -1, .has_timeout = true, .timeout_ms = 50};

    pair_start(&p, WORK("'bulkhead':{'enabled':true,'concurrency':1,'maxQueueSize':1},"));
    work.holds = true;
    (void)flow_call_start(&p.a, &call_work, &o[0]);
    (void)flow_call_start(&p.a, &hurried, &o[1]);
    loop_advance(p.f.loop, 60);
    assert_int_equal(o[1].code, 504);
    (void)flow_call_start(&p.a, &call_work, &o[2]);
    loop_advance(p.f.loop, 5);
    assert_false(o[2].is_done);
    finish_held(0);
    loop_advance(p.f.loop, 5);
    finish_held(1);
    loop_advance(p.f.loop, 5);
    assert_true(o[2].is_done);
    assert_int_equal(work.n_calls, 2);
    for (int i = 0; i < 3; i++) {
        flow_outcome_fini(&o[i]);
    }
    flow_pair_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retryable_errors_are_tried_again),
        cmocka_unit_test(retries_end),
        cmocka_unit_test(nobody_tries_again_for_nobody),
        cmocka_unit_test(who_waits_on_the_way_in_is_let_in),
        cmocka_unit_test(other_errors_are_not_tried_again),
        cmocka_unit_test(a_declared_check_decides),
        cmocka_unit_test(the_called_node_does_not_retry),
        cmocka_unit_test(a_call_given_up_is_not_tried_again),
        cmocka_unit_test(a_time_out_is_tried_again),
        cmocka_unit_test(attempts_use_the_memory_of_those_before),
        cmocka_unit_test(remote_attempts_use_the_memory_of_those_before),
        cmocka_unit_test(retries_end_when_nobody_offers_it_any_more),
        cmocka_unit_test(a_failing_endpoint_is_left_alone_for_a_while),
        cmocka_unit_test(one_probe_runs_at_a_time),
        cmocka_unit_test(client_errors_do_not_count),
        cmocka_unit_test(the_window_forgets),
        cmocka_unit_test(calls_beyond_the_limit_wait_and_then_are_refused),
        cmocka_unit_test(a_waiting_call_that_is_given_up_makes_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
