/* SPDX-License-Identifier: MIT */
/* What is counted where, between two nodes on the virtual clock. */
#include "support/check.h"

#include "cacher/cacher.h"
#include "flow/flow.h"
#include "flow/flow_metrics.h"

enum { HELD_MAX = 8 };

/* What the service does. */
static struct {
    unsigned n_calls, fail_first;
    int code;
    bool holds;
    struct context *held[HELD_MAX];
    unsigned n_held;
} work;

static void drop_held(struct context *ctx)
{
    for (unsigned i = 0; i < work.n_held; i++) {
        if (work.held[i] == ctx) {
            work.held[i] = NULL;
        }
    }
}

static void run_work(struct context *ctx)
{
    unsigned n = work.n_calls++;

    if (work.holds) {
        assert_true(work.n_held < HELD_MAX);
        work.held[work.n_held++] = ctx;
        ctx->cancel = drop_held;
        return;
    }
    if (n < work.fail_first) {
        ctx->error = mol_error_new(&ctx->arena, MOL_ERROR_RETRYABLE, BYTES("no"), work.code,
                                   BYTES("NO"), BYTES_NONE);
    } else {
        ctx->result = BYTES("1");
    }
    pipeline_finish(ctx);
}

static void finish_held(unsigned i)
{
    struct context *ctx = work.held[i];

    assert_non_null(ctx);
    work.held[i] = NULL;
    ctx->result = BYTES("1");
    pipeline_finish(ctx);
}

#define WORK(options)                                                                              \
    "{'name':'w','version':2,'fullName':'v2.w','settings':{},'metadata':{},'actions':{"            \
    "'v2.w.do':{" options "'rawName':'do','name':'v2.w.do'}},'events':{"                           \
    "'e.*':{" options "'name':'e.*'},'f':{'group':'g','name':'f'}}}"

/* a calls, b serves; both count. */
static void pair_prepare(struct flow_pair *p)
{
    memset(&work, 0, sizeof(work));
    work.code = 503;
    flow_pair_init(p, PROTOCOL_5, PROTOCOL_5);
    p->a.options.metrics = (struct metrics_options){true, 1000};
    p->b.options.metrics = p->a.options.metrics;
    p->a.options.retry = (struct retry_options){false, 5, 100, 1000, 2};
    p->b.options.retry = p->a.options.retry;
    p->a.options.breaker = (struct breaker_options){false, 0.5, 60, 4, 10000};
    p->b.options.breaker = p->a.options.breaker;
    p->b.options.bulkhead = (struct bulkhead_options){false, 10, 100};
}

static void pair_start(struct flow_pair *p, const char *published)
{
    pair_prepare(p);
    flow_pair_start(p, published, run_work);
}

static const struct broker_call call_work = {.action = BYTES_INIT("v2.w.do"), .retries = -1};

static int call_with(struct flow_pair *p, const struct broker_call *call)
{
    struct flow_outcome o;
    int code;

    flow_call(&p->f, &p->a, call, &o, 5000);
    assert_true(o.is_done);
    code = o.code;
    flow_outcome_fini(&o);
    return code;
}

static int call(struct flow_pair *p)
{
    return call_with(p, &call_work);
}

/* --- calls --- */

static void a_remote_call_counts_on_both_nodes(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK(""));
    assert_int_equal(call(&p), 0);
    assert_int_equal(call_with(&p, &(struct broker_call){.action = BYTES("v2.w.do"),
                                                         .retries = -1,
                                                         .caller = BYTES("c"),
                                                         .level = 3}),
                     0);
    assert_figures(&p.a, "request.total",
                   "'v2.w'|'v2.w.do'|'remote'|=1 'v2.w'|'v2.w.do'|'remote'|'c'=1");
    assert_figures(&p.b, "request.total",
                   "'v2.w'|'v2.w.do'|'local'|=1 'v2.w'|'v2.w.do'|'local'|'c'=1");
    assert_figures(&p.b, "request.time",
                   "'v2.w'|'v2.w.do'|'local'|=1 'v2.w'|'v2.w.do'|'local'|'c'=1");
    assert_figures(&p.b, "request.active",
                   "'v2.w'|'v2.w.do'|'local'|=0 'v2.w'|'v2.w.do'|'local'|'c'=0");
    assert_figures(&p.b, "request.levels", "1=1 3=1");
    assert_figures(&p.a, "request.error.total", "");
    assert_figures(&p.a, "request.fallback.total", "");
    flow_pair_stop(&p);
}

static void running_calls_are_active(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;

    pair_start(&p, WORK(""));
    work.holds = true;
    (void)flow_call_start(&p.a, &call_work, &o);
    loop_advance(p.f.loop, 250);
    assert_figures(&p.a, "request.active", "'v2.w'|'v2.w.do'|'remote'|=1");
    assert_figures(&p.b, "request.active", "'v2.w'|'v2.w.do'|'local'|=1");
    assert_figures(&p.b, "request.time", "");
    finish_held(0);
    loop_advance(p.f.loop, 10);
    assert_figures(&p.a, "request.active", "'v2.w'|'v2.w.do'|'remote'|=0");
    assert_figures(&p.b, "request.time", "'v2.w'|'v2.w.do'|'local'|=1");
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void errors_count_with_what_they_are(void **state)
{
    struct flow_pair p;

    const struct broker_call to_nobody = {.action = BYTES("no.such"), .retries = -1};

    pair_start(&p, WORK(""));
    assert_int_equal(call_with(&p, &to_nobody), 404);
    assert_figures(&p.a, "request.error.total", ""); /* it never became a call */
    work.fail_first = 1;
    assert_int_equal(call(&p), 503);
    assert_figures(&p.a, "request.error.total",
                   "'v2.w'|'v2.w.do'|'remote'||'MoleculerRetryableError'|503|'NO'=1");
    assert_figures(&p.b, "request.error.total",
                   "'v2.w'|'v2.w.do'|'local'||'MoleculerRetryableError'|503|'NO'=1");
    flow_pair_stop(&p);
}

/* Each attempt is a call inside the one before; all end with what comes of the last. */
static void attempts_count_as_calls(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;

    pair_start(&p, WORK("'retryPolicy':{'enabled':true,'retries':2,'delay':10},"));
    work.fail_first = 2;
    assert_int_equal(call(&p), 0);
    assert_figures(&p.a, "request.total", "'v2.w'|'v2.w.do'|'remote'|=3");
    assert_figures(&p.a, "request.time", "'v2.w'|'v2.w.do'|'remote'|=3");
    assert_figures(&p.a, "request.levels", "1=3");
    assert_figures(&p.a, "request.error.total", "");
    assert_figures(&p.a, "request.retry.attempts.total", "'v2.w'|'v2.w.do'=2");
    work.n_calls = 0;
    work.fail_first = 9;
    assert_int_equal(call(&p), 503);
    assert_figures(&p.a, "request.error.total",
                   "'v2.w'|'v2.w.do'|'remote'||'MoleculerRetryableError'|503|'NO'=3");
    assert_figures(&p.a, "request.retry.attempts.total", "'v2.w'|'v2.w.do'=5");
    assert_figures(&p.b, "request.retry.attempts.total", "");
    assert_figures(&p.b, "request.total", "'v2.w'|'v2.w.do'|'local'|=6");
    work.n_calls = 0;
    work.fail_first = 1;
    (void)flow_call_start(&p.a, &call_work, &o);
    loop_advance(p.f.loop, 5);
    assert_figures(&p.a, "request.active", "'v2.w'|'v2.w.do'|'remote'|=1");
    work.holds = true;
    loop_advance(p.f.loop, 10);
    assert_figures(&p.a, "request.active", "'v2.w'|'v2.w.do'|'remote'|=2");
    finish_held(0);
    loop_advance(p.f.loop, 5);
    assert_figures(&p.a, "request.active", "'v2.w'|'v2.w.do'|'remote'|=0");
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

/* The arena of the call forgets attempts, and whoever tries for ever is not counted for ever. */
static void many_attempts_are_counted_in_little_memory(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("'retryPolicy':{'enabled':true,'retries':250,'delay':0},"));
    work.fail_first = 1000;
    assert_int_equal(call(&p), 503);
    assert_figures(&p.a, "request.total", "'v2.w'|'v2.w.do'|'remote'|=251");
    assert_figures(&p.a, "request.time", "'v2.w'|'v2.w.do'|'remote'|=251");
    assert_figures(&p.a, "request.active", "'v2.w'|'v2.w.do'|'remote'|=0");
    assert_figures(&p.a, "request.error.total",
                   "'v2.w'|'v2.w.do'|'remote'||'MoleculerRetryableError'|503|'NO'=101");
    flow_pair_stop(&p);
}

static void fallbacks_count(void **state)
{
    struct flow_pair p;
    struct broker_call with = call_work;

    pair_start(&p, WORK(""));
    work.fail_first = 1;
    with.fallback_response = BYTES("1");
    assert_int_equal(call_with(&p, &with), 0);
    assert_figures(&p.a, "request.fallback.total", "|'v2.w.do'=1");
    assert_figures(&p.a, "request.error.total", ""); /* hidden from those outside */
    flow_pair_stop(&p);
}

static void timeouts_count(void **state)
{
    struct flow_pair p;
    struct broker_call hurried = call_work;

    pair_start(&p, WORK(""));
    work.holds = true;
    hurried.has_timeout = true;
    hurried.timeout_ms = 50;
    assert_int_equal(call_with(&p, &hurried), 504);
    loop_advance(p.f.loop, 100);
    assert_figures(&p.a, "request.timeout.total", "'v2.w'|'v2.w.do'=1");
    assert_figures(&p.b, "request.timeout.total", "'v2.w'|'v2.w.do'=1");
    assert_figures(&p.a, "request.error.total",
                   "'v2.w'|'v2.w.do'|'remote'||'RequestTimeoutError'|504|'REQUEST_TIMEOUT'=1");
    assert_figures(&p.a, "transit.orphan.response.total", "=1"); /* b's came too late */
    flow_pair_stop(&p);
}

/* --- policies --- */

static void breakers_show_their_state(void **state)
{
    static const char off[] = "'b'|'v2.w'|'v2.w.do'=0";
    static const char on[] = "'b'|'v2.w'|'v2.w.do'=1";
    struct flow_pair p;

    pair_start(&p, WORK("'circuitBreaker':{'enabled':true},"));
    assert_figures(&p.a, "circuit-breaker.opened.active", "none"); /* not by the node's options */
    work.fail_first = 4;
    for (int i = 0; i < 4; i++) {
        (void)call(&p);
    }
    assert_figures(&p.a, "circuit-breaker.opened.active", on);
    assert_figures(&p.a, "circuit-breaker.opened.total", on);
    loop_advance(p.f.loop, 10000);
    assert_figures(&p.a, "circuit-breaker.opened.active", off);
    assert_figures(&p.a, "circuit-breaker.half-opened.active", on);
    assert_int_equal(call(&p), 0);
    assert_figures(&p.a, "circuit-breaker.half-opened.active", off);
    assert_figures(&p.a, "circuit-breaker.opened.active", off);
    assert_figures(&p.a, "circuit-breaker.opened.total", on);
    flow_pair_stop(&p);
}

static void an_enabled_breaker_is_listed(void **state)
{
    struct flow_pair p;

    pair_prepare(&p);
    p.a.options.breaker.is_enabled = true;
    flow_pair_start(&p, WORK(""), run_work);
    assert_figures(&p.a, "circuit-breaker.opened.total", "");
    flow_pair_stop(&p);
}

static void bulkheads_show_their_queue(void **state)
{
    struct flow_pair p;
    struct flow_outcome o[4];
    struct broker_call hurried = call_work;

    pair_start(&p, WORK("'bulkhead':{'enabled':true,'concurrency':1,'maxQueueSize':2},"));
    work.holds = true;
    hurried.has_timeout = true;
    hurried.timeout_ms = 50;
    (void)flow_call_start(&p.a, &call_work, &o[0]);
    (void)flow_call_start(&p.a, &call_work, &o[1]);
    (void)flow_call_start(&p.a, &hurried, &o[2]);
    (void)flow_call_start(&p.a, &call_work, &o[3]);
    loop_advance(p.f.loop, 10);
    assert_figures(&p.b, "request.bulkhead.inflight", "'v2.w.do'|'v2.w'=1");
    assert_figures(&p.b, "request.bulkhead.queue.size", "'v2.w.do'|'v2.w'=2");
    loop_advance(p.f.loop, 100);
    assert_figures(&p.b, "request.bulkhead.queue.size", "'v2.w.do'|'v2.w'=1"); /* one gave up */
    finish_held(0);
    loop_advance(p.f.loop, 10);
    assert_figures(&p.b, "request.bulkhead.inflight", "'v2.w.do'|'v2.w'=1");
    assert_figures(&p.b, "request.bulkhead.queue.size", "'v2.w.do'|'v2.w'=0");
    finish_held(1);
    loop_advance(p.f.loop, 10);
    assert_figures(&p.b, "request.bulkhead.inflight", "'v2.w.do'|'v2.w'=0");
    assert_figures(&p.a, "request.bulkhead.inflight", "");
    for (int i = 0; i < 4; i++) {
        flow_outcome_fini(&o[i]);
    }
    flow_pair_stop(&p);
}

static void cachers_count_what_they_do(void **state)
{
    struct flow_pair p;

    pair_prepare(&p);
    p.b.options.cacher = (struct cacher_options){.type = BYTES("Memory"), .limit_bytes = 1 << 20};
    flow_pair_start(&p, WORK("'cache':{'ttl':5},"), run_work);
    (void)call(&p);
    (void)call(&p);
    loop_advance(p.f.loop, 6000);
    (void)call(&p);
    assert_figures(&p.b, "cacher.get.total", "=3");
    assert_figures(&p.b, "cacher.get.time", "=3");
    assert_figures(&p.b, "cacher.found.total", "=1");
    assert_figures(&p.b, "cacher.expired.total", "=1");
    assert_figures(&p.b, "cacher.set.total", "=2");
    assert_figures(&p.b, "cacher.set.time", "=2");
    assert_figures(&p.b, "cacher.clean.total", "=1"); /* at the connection */
    assert_figures(&p.b, "cacher.clean.time", "=1");
    cacher_del(broker_cacher(p.b.broker), BYTES("k"));
    assert_figures(&p.b, "cacher.del.total", "=1");
    assert_figures(&p.b, "cacher.del.time", "=1");
    assert_figures(&p.a, "cacher.get.total", "none");
    flow_pair_stop(&p);
}

/* --- events --- */

static void emit(struct flow_pair *p, const char *name)
{
    broker_emit(p->a.broker, &(struct broker_event){.event = bytes_cstr(name)}, NULL, NULL);
    loop_advance(p->f.loop, 10);
}

static void events_count_where_sent_and_where_handled(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("'bulkhead':{'enabled':true},"));
    work.fail_first = 1;
    emit(&p, "e.1");
    emit(&p, "e.1");
    emit(&p, "f");
    broker_broadcast(p.a.broker, &(struct broker_event){.event = BYTES("f"), .caller = BYTES("c")},
                     NULL, NULL);
    loop_advance(p.f.loop, 10);
    assert_figures(&p.a, "event.emit.total", "'e.1'|=2 'f'|=1");
    assert_figures(&p.a, "event.broadcast.total", "'f'|=1");
    assert_non_null(strstr(flow_metrics_items(&p.a, "event.broadcast-local.total"), "'f'|=1"));
    assert_figures(&p.a, "event.received.total", "");
    assert_figures(&p.b, "event.emit.total", "");
    assert_figures(&p.b, "event.received.total",
                   "'w'|'w'|'e.1'|=2 'w'|'g'|'f'|=1 'w'|'g'|'f'|'c'=1");
    assert_figures(&p.b, "event.received.active",
                   "'w'|'w'|'e.1'|=0 'w'|'g'|'f'|=0 'w'|'g'|'f'|'c'=0");
    assert_figures(&p.b, "event.received.time",
                   "'w'|'w'|'e.1'|=2 'w'|'g'|'f'|=1 'w'|'g'|'f'|'c'=1");
    assert_figures(&p.b, "event.received.error.total",
                   "'w'|'w'|'e.1'||'MoleculerRetryableError'|503|'NO'=1");
    assert_figures(&p.b, "event.bulkhead.inflight", "'e.*'|'v2.w'=0");
    assert_figures(&p.b, "request.bulkhead.inflight", "");
    flow_pair_stop(&p);
}

/* As in the original, whether anybody listens or not. */
static void internal_events_count(void **state)
{
    struct flow_pair p;
    const char *text;

    pair_start(&p, WORK(""));
    text = flow_metrics_items(&p.b, "event.broadcast-local.total");
    assert_non_null(strstr(text, "'$node.connected'|=1"));
    assert_non_null(strstr(text, "'$services.changed'|="));
    assert_non_null(strstr(text, "'$transporter.connected'|=1"));
    flow_pair_stop(&p);
}

static void names_of_callers_have_a_limit(void **state)
{
    struct flow_pair p;

    pair_prepare(&p);
    p.a.options.metrics.max_items = 2;
    flow_pair_start(&p, WORK(""), run_work);
    emit(&p, "e.1");
    emit(&p, "e.2");
    emit(&p, "e.3");
    emit(&p, "e.2");
    assert_figures(&p.a, "event.emit.total", "'e.1'|=1 'e.2'|=2");
    assert_figures(&p.b, "event.received.total",
                   "'w'|'w'|'e.1'|=1 'w'|'w'|'e.2'|=2 'w'|'w'|'e.3'|=1");
    flow_pair_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_remote_call_counts_on_both_nodes),
        cmocka_unit_test(running_calls_are_active),
        cmocka_unit_test(errors_count_with_what_they_are),
        cmocka_unit_test(attempts_count_as_calls),
        cmocka_unit_test(many_attempts_are_counted_in_little_memory),
        cmocka_unit_test(fallbacks_count),
        cmocka_unit_test(timeouts_count),
        cmocka_unit_test(breakers_show_their_state),
        cmocka_unit_test(an_enabled_breaker_is_listed),
        cmocka_unit_test(bulkheads_show_their_queue),
        cmocka_unit_test(cachers_count_what_they_do),
        cmocka_unit_test(events_count_where_sent_and_where_handled),
        cmocka_unit_test(internal_events_count),
        cmocka_unit_test(names_of_callers_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
