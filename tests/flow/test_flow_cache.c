/* SPDX-License-Identifier: MIT */
/* Cached actions between nodes, on the virtual clock. */
#include "support/check.h"

#include "cacher/cacher.h"
#include "flow/flow.h"

/* What the service does, and what it saw. */
static struct {
    unsigned n_calls, n_events;
    bool fails, holds, is_silent;
    struct flow_held held;
} work;

/* Answers how often it has run. */
static void give_answer(struct context *ctx)
{
    if (work.fails) {
        ctx->error =
            mol_error_new(&ctx->arena, MOL_ERROR_CLIENT, BYTES("no"), 400, BYTES("NO"), BYTES_NONE);
    } else if (!work.is_silent) {
        ctx->result = arena_format(&ctx->arena, "{\"n\":%u}", work.n_calls);
    }
    pipeline_finish(ctx);
}

static void run_work(struct context *ctx)
{
    if (ctx->kind == CONTEXT_LOCAL_EVENT) {
        work.n_events++;
        pipeline_finish(ctx);
        return;
    }
    work.n_calls++;
    if (work.holds) {
        flow_hold(&work.held, ctx);
        return;
    }
    give_answer(ctx);
}

static void finish_held(unsigned i)
{
    give_answer(flow_held_take(&work.held, i));
}

#define WORK(cache)                                                                                \
    "{'name':'w','fullName':'w','settings':{},'metadata':{},'actions':{'w.do':{'cache':" cache     \
    ",'rawName':'do','name':'w.do'}},'events':{'cache.clean.w':{'cleanCache':'w.**',"              \
    "'name':'cache.clean.w'},'cache.clean.some':{'cleanCache':['x.**','w.do:id|1'],"               \
    "'name':'cache.clean.some'},'cache.clean.all':{'cleanCache':true,'name':'cache.clean.all'}}}"

/* a calls, b serves and caches. */
static void pair_prepare(struct flow_pair *p)
{
    memset(&work, 0, sizeof(work));
    flow_pair_init(p, PROTOCOL_5, PROTOCOL_5);
    p->b.options.cacher = (struct cacher_options){
        .type = BYTES("Memory"), .max_entries = 1000, .limit_bytes = 1 << 20};
}

static void pair_start(struct flow_pair *p, const char *published)
{
    pair_prepare(p);
    flow_pair_start(p, published, run_work);
}

static const struct broker_call call_do = {
    .action = BYTES_INIT("w.do"), .params = BYTES_INIT("{}"), .retries = -1};

/* Which run of the handler answered a call from node n; 0: an error. */
static int ask_with(struct flow_pair *p, struct flow_node *n, const struct broker_call *given)
{
    struct broker_call call = *given;
    struct flow_outcome o;
    int answer = 0;

    call.action = BYTES("w.do");
    call.retries = -1;
    flow_call(&p->f, n, &call, &o, 5000);
    assert_true(o.is_done);
    if (o.result) {
        assert_int_equal(sscanf(o.result, "{\"n\":%d}", &answer), 1);
    }
    flow_outcome_fini(&o);
    return answer;
}

static int ask(struct flow_pair *p, const char *params)
{
    return ask_with(p, &p->a, &(struct broker_call){.params = flow_json(params)});
}

static void a_hit_runs_nothing(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("true"));
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    assert_int_equal(ask(&p, "{'id':2}"), 2);
    assert_int_equal(ask(&p, "{'id':'1'}"), 3);
    assert_int_equal(ask_with(&p, &p.b, &(struct broker_call){.params = flow_json("{'id':1}")}),
                     1); /* local callers, too */
    assert_int_equal(work.n_calls, 3);
    assert_int_equal(broker_cacher(p.b.broker)->stats.found, 2);
    flow_pair_stop(&p);
}

static void nothing_is_kept_without_a_cacher(void **state)
{
    struct flow_pair p;

    pair_prepare(&p);
    p.b.options.cacher.type = BYTES_NONE;
    flow_pair_start(&p, WORK("true"), run_work);
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    assert_int_equal(ask(&p, "{'id':1}"), 2);
    assert_null(broker_cacher(p.b.broker));
    flow_pair_stop(&p);
}

static void only_actions_that_say_so_are_cached(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("{'enabled':false,'ttl':5}"));
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    assert_int_equal(ask(&p, "{'id':1}"), 2);
    flow_pair_stop(&p);
}

static void results_end_with_their_ttl(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("{'ttl':2}"));
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    loop_advance(p.f.loop, 1900);
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    loop_advance(p.f.loop, 200);
    assert_int_equal(ask(&p, "{'id':1}"), 2);
    flow_pair_stop(&p);
}

static void keys_choose_what_counts(void **state)
{
    struct flow_pair p;
    struct broker_call other = {.params = flow_json("{'id':1}"),
                                .meta = flow_json("{'user':{'id':8}}"),
                                .headers = flow_json("{'tenant':'t'}")};
    struct broker_call call = other;

    pair_start(&p, WORK("{'keys':['id','#user.id','@tenant']}"));
    call.meta = flow_json("{'user':{'id':7}}");
    assert_int_equal(ask_with(&p, &p.a, &call), 1);
    call.params = flow_json("{'x':5,'id':1}");
    assert_int_equal(ask_with(&p, &p.a, &call), 1);
    assert_int_equal(ask_with(&p, &p.a, &other), 2);
    call.headers = flow_json("{'tenant':'u'}");
    assert_int_equal(ask_with(&p, &p.a, &call), 3);
    call.headers = BYTES_NONE;
    assert_int_equal(ask_with(&p, &p.a, &call), 4);
    flow_pair_stop(&p);
}

static void meta_bypasses(void **state)
{
    struct flow_pair p;
    struct broker_call call = {.params = flow_json("{'id':1}")};

    pair_start(&p, WORK("true"));
    assert_int_equal(ask_with(&p, &p.a, &call), 1);
    call.meta = flow_json("{'$cache':false}");
    assert_int_equal(ask_with(&p, &p.a, &call), 2);
    call.meta = flow_json("{'$cache':0}"); /* exactly false */
    assert_int_equal(ask_with(&p, &p.a, &call), 1);
    flow_pair_stop(&p);
}

static void a_condition_decides(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("{'enabled':{'param':'fresh','equals':false},'keys':['id']}"));
    assert_int_equal(ask(&p, "{'id':1,'fresh':false}"), 1);
    assert_int_equal(ask(&p, "{'id':1,'fresh':false}"), 1);
    assert_int_equal(ask(&p, "{'id':1,'fresh':true}"), 2);
    assert_int_equal(ask(&p, "{'id':1}"), 3);
    flow_pair_stop(&p);
}

static void errors_and_nothing_are_not_kept(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("{'lock':true}"));
    work.fails = true;
    assert_int_equal(ask(&p, "{}"), 0);
    assert_int_equal(ask(&p, "{}"), 0);
    work.fails = false;
    work.is_silent = true;
    assert_int_equal(ask(&p, "{}"), 0);
    assert_int_equal(ask(&p, "{}"), 0);
    assert_int_equal(work.n_calls, 4);
    work.is_silent = false;
    assert_int_equal(ask(&p, "{}"), 5);
    assert_int_equal(ask(&p, "{}"), 5);
    flow_pair_stop(&p);
}

static void results_stay_when_a_service_comes_anew(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("true"));
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    flow_node_serve(&p.b, WORK("{'keys':['id']}"), run_work);
    loop_advance(p.f.loop, 2000);
    assert_int_equal(ask(&p, "{'id':1}"), 2); /* the new rule makes other keys */
    flow_node_serve(&p.b, WORK("true"), run_work);
    loop_advance(p.f.loop, 2000);
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    flow_pair_stop(&p);
}

/* --- locks --- */

static void calls_wait_for_the_first_of_them(void **state)
{
    struct flow_pair p;
    struct flow_outcome o[4];
    struct broker_call other = {.action = BYTES("w.do"), .params = BYTES("[1]"), .retries = -1};

    pair_start(&p, WORK("{'lock':true}"));
    work.holds = true;
    for (int i = 0; i < 3; i++) {
        (void)flow_call_start(&p.a, &call_do, &o[i]);
    }
    (void)flow_call_start(&p.a, &other, &o[3]);
    loop_advance(p.f.loop, 50);
    assert_int_equal(work.n_calls, 2);
    work.n_calls = 7;
    finish_held(0);
    loop_advance(p.f.loop, 50);
    for (int i = 0; i < 3; i++) {
        assert_true(o[i].is_done);
        assert_string_equal(o[i].result, "{\"n\":7}");
    }
    assert_false(o[3].is_done);
    finish_held(1);
    loop_advance(p.f.loop, 50);
    assert_int_equal(work.n_calls, 7);
    for (int i = 0; i < 4; i++) {
        flow_outcome_fini(&o[i]);
    }
    flow_pair_stop(&p);
}

static void without_a_lock_they_do_not(void **state)
{
    struct flow_pair p;
    struct flow_outcome o[2];

    pair_start(&p, WORK("true"));
    work.holds = true;
    (void)flow_call_start(&p.a, &call_do, &o[0]);
    (void)flow_call_start(&p.a, &call_do, &o[1]);
    loop_advance(p.f.loop, 50);
    assert_int_equal(work.n_calls, 2);
    finish_held(0);
    finish_held(1);
    loop_advance(p.f.loop, 50);
    flow_outcome_fini(&o[0]);
    flow_outcome_fini(&o[1]);
    flow_pair_stop(&p);
}

static void an_error_passes_the_lock_on(void **state)
{
    struct flow_pair p;
    struct flow_outcome o[3];

    pair_start(&p, WORK("{'lock':true}"));
    work.holds = true;
    for (int i = 0; i < 3; i++) {
        (void)flow_call_start(&p.a, &call_do, &o[i]);
    }
    loop_advance(p.f.loop, 50);
    work.fails = true;
    finish_held(0);
    loop_advance(p.f.loop, 50);
    assert_int_equal(o[0].code, 400);
    assert_false(o[1].is_done);
    assert_int_equal(work.n_calls, 2);
    work.fails = false;
    finish_held(1);
    loop_advance(p.f.loop, 50);
    assert_string_equal(o[1].result, "{\"n\":2}");
    assert_string_equal(o[2].result, "{\"n\":2}");
    for (int i = 0; i < 3; i++) {
        flow_outcome_fini(&o[i]);
    }
    flow_pair_stop(&p);
}

static void who_gives_up_waits_no_more(void **state)
{
    struct flow_pair p;
    struct flow_outcome o[3];
    struct broker_call hurried = call_do;

    pair_start(&p, WORK("{'lock':true}"));
    work.holds = true;
    hurried.has_timeout = true;
    hurried.timeout_ms = 50;
    (void)flow_call_start(&p.b, &hurried, &o[0]); /* has the lock, and loses it by its time-out */
    (void)flow_call_start(&p.b, &hurried, &o[1]); /* waits, too long */
    (void)flow_call_start(&p.b, &call_do, &o[2]);
    loop_advance(p.f.loop, 60);
    assert_int_equal(o[0].code, 504);
    assert_int_equal(o[1].code, 504);
    assert_int_equal(work.n_calls, 2);
    finish_held(1);
    loop_advance(p.f.loop, 10);
    assert_string_equal(o[2].result, "{\"n\":2}");
    for (int i = 0; i < 3; i++) {
        flow_outcome_fini(&o[i]);
    }
    flow_pair_stop(&p);
}

static void a_lock_outlives_who_waited(void **state)
{
    struct flow_pair p;
    struct flow_outcome o[2];
    struct broker_call hurried = call_do;

    pair_start(&p, WORK("{'lock':true}"));
    work.holds = true;
    hurried.has_timeout = true;
    hurried.timeout_ms = 50;
    (void)flow_call_start(&p.b, &call_do, &o[0]);
    (void)flow_call_start(&p.b, &hurried, &o[1]);
    loop_advance(p.f.loop, 60);
    assert_int_equal(o[1].code, 504);
    finish_held(0);
    work.holds = false;
    assert_int_equal(ask(&p, "{}"), 1);
    flow_outcome_fini(&o[0]);
    flow_outcome_fini(&o[1]);
    flow_pair_stop(&p);
}

/* --- staleTime --- */

#define STALE WORK("{'ttl':10,'lock':{'staleTime':4}}")

/* Something is kept, and ends soon. */
static void stale_start(struct flow_pair *p)
{
    pair_start(p, STALE);
    assert_int_equal(ask(p, "{}"), 1);
    loop_advance(p->f.loop, 7000);
}

static void what_ends_soon_is_fetched_behind_its_use(void **state)
{
    struct flow_pair p;

    pair_start(&p, STALE);
    assert_int_equal(ask(&p, "{}"), 1);
    loop_advance(p.f.loop, 5000);
    assert_int_equal(ask(&p, "{}"), 1);
    assert_int_equal(work.n_calls, 1); /* 4 s and more are left */
    loop_advance(p.f.loop, 2000);
    assert_int_equal(ask(&p, "{}"), 1);
    assert_int_equal(work.n_calls, 2);
    assert_int_equal(ask(&p, "{}"), 2);
    loop_advance(p.f.loop, 5000); /* its time began anew */
    assert_int_equal(ask(&p, "{}"), 2);
    assert_int_equal(work.n_calls, 2);
    loop_advance(p.f.loop, 20000);
    assert_int_equal(ask(&p, "{}"), 3); /* too late */
    assert_int_equal(work.n_calls, 3);
    flow_pair_stop(&p);
}

static void what_is_fetched_already_is_not_fetched_again(void **state)
{
    struct flow_outcome o[3];
    struct flow_pair p;

    stale_start(&p);
    work.holds = true;
    assert_int_equal(ask(&p, "{}"), 1); /* not held up by the run behind it */
    assert_int_equal(ask(&p, "{}"), 1);
    assert_int_equal(work.n_calls, 2);
    loop_advance(p.f.loop, 4000); /* over */
    for (int i = 0; i < 3; i++) {
        (void)flow_call_start(&p.a, &call_do, &o[i]);
        loop_advance(p.f.loop, 50);
        assert_false(o[i].is_done); /* waits for what is being fetched */
    }
    assert_int_equal(work.n_calls, 2);
    finish_held(0);
    loop_advance(p.f.loop, 50);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(o[i].result, "{\"n\":2}");
        flow_outcome_fini(&o[i]);
    }
    assert_int_equal(work.n_calls, 2);
    flow_pair_stop(&p);
}

static void a_fetch_that_fails_forgets_what_was_kept(void **state)
{
    struct flow_pair p;

    for (int is_silent = 0; is_silent < 2; is_silent++) {
        stale_start(&p);
        work.fails = !is_silent;
        work.is_silent = is_silent;
        assert_int_equal(ask(&p, "{}"), 1);
        assert_int_equal(work.n_calls, 2);
        work.fails = work.is_silent = false;
        assert_int_equal(ask(&p, "{}"), 3);
        flow_pair_stop(&p);
    }
}

static void only_a_lock_of_memory_has_it(void **state)
{
    static const char *const other[] = {
        WORK("{'ttl':10,'lock':{'enabled':false,'staleTime':4}}"),
        WORK("{'ttl':10,'lock':{'staleTime':0}}"),
        WORK("{'ttl':10,'lock':true}"),
        WORK("{'lock':{'staleTime':4}}"), /* never ends */
        STALE,
    };
    enum { N_OTHER = sizeof(other) / sizeof(other[0]) };

    for (int i = 0; i < N_OTHER; i++) {
        struct flow_pair p;

        pair_prepare(&p);
        p.b.options.cacher.type = i == N_OTHER - 1 ? BYTES("MemoryLRU") : BYTES("Memory");
        flow_pair_start(&p, other[i], run_work);
        assert_int_equal(ask(&p, "{}"), 1);
        loop_advance(p.f.loop, 7000);
        assert_int_equal(ask(&p, "{}"), 1);
        assert_int_equal(work.n_calls, 1);
        flow_pair_stop(&p);
    }
}

static void what_is_fetched_belongs_to_nobody(void **state)
{
    struct flow_pair p;
    struct broker_call call = {.params = BYTES("{}"),
                               .meta = BYTES("{\"user\":5}"),
                               .has_timeout = true,
                               .timeout_ms = 500};
    struct context *ctx;

    stale_start(&p);
    work.holds = true;
    assert_int_equal(ask_with(&p, &p.a, &call), 1);
    ctx = work.held.contexts[0];
    assert_true(bytes_eq(ctx->meta, BYTES("{\"user\":5}")));
    assert_true(bytes_eq(ctx->node_id, BYTES("a")));
    assert_true(context_remaining_ms(ctx) < 0);
    flow_node_stop(&p.f, &p.a);
    loop_advance(p.f.loop, 1000);
    assert_ptr_equal(work.held.contexts[0], ctx);
    work.holds = false;
    finish_held(0);
    assert_int_equal(ask_with(&p, &p.b, &(struct broker_call){.params = BYTES("{}")}), 2);
    flow_pair_stop(&p);
}

static void a_limit_and_the_end_keep_from_fetching(void **state)
{
    struct flow_pair p;

    stale_start(&p);
    p.b.options.max_running = 1;
    assert_int_equal(ask(&p, "{}"), 1);
    assert_int_equal(work.n_calls, 1);
    p.b.options.max_running = 2;
    work.holds = true;
    assert_int_equal(ask(&p, "{}"), 1);
    assert_int_equal(work.n_calls, 2);
    flow_pair_stop(&p);
    assert_null(work.held.contexts[0]); /* given up */
}

/* --- cleaning, limits --- */

static void emit(struct flow_pair *p, const char *event)
{
    broker_emit(p->a.broker, &(struct broker_event){.event = bytes_cstr(event)}, NULL, NULL);
    loop_advance(p->f.loop, 50);
}

static void events_clean(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("true"));
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    assert_int_equal(ask(&p, "{'id':2}"), 2);
    emit(&p, "cache.clean.some");
    assert_int_equal(ask(&p, "{'id':1}"), 3);
    assert_int_equal(ask(&p, "{'id':2}"), 2);
    emit(&p, "cache.clean.w");
    assert_int_equal(ask(&p, "{'id':1}"), 4);
    assert_int_equal(ask(&p, "{'id':2}"), 5);
    emit(&p, "cache.clean.all");
    assert_int_equal(ask(&p, "{'id':2}"), 6);
    assert_int_equal(work.n_events, 3);
    flow_pair_stop(&p);
}

static void a_new_definition_cleans_as_it_says(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("true"));
    emit(&p, "cache.clean.w");
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    flow_node_serve(&p.b,
                    "{'name':'w','fullName':'w','settings':{},'metadata':{},'actions':{'w.do':"
                    "{'cache':true,'rawName':'do','name':'w.do'}},'events':{'cache.clean.w':"
                    "{'cleanCache':'v.**','name':'cache.clean.w'}}}",
                    run_work);
    loop_advance(p.f.loop, 1000);
    emit(&p, "cache.clean.w");
    assert_int_equal(work.n_events, 2);
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    flow_node_serve(&p.b, WORK("true"), run_work);
    loop_advance(p.f.loop, 1000);
    emit(&p, "cache.clean.w");
    assert_int_equal(ask(&p, "{'id':1}"), 2);
    flow_pair_stop(&p);
}

static void a_new_connection_cleans(void **state)
{
    struct flow_pair p;

    pair_start(&p, WORK("true"));
    assert_int_equal(ask(&p, "{}"), 1);
    flow_node_cut(&p.b, true);
    loop_advance(p.f.loop, 1000);
    flow_node_cut(&p.b, false);
    loop_advance(p.f.loop, 10000);
    assert_int_equal(ask_with(&p, &p.b, &(struct broker_call){.params = BYTES("{}")}), 2);
    flow_pair_stop(&p);
}

static void the_lru_keeps_what_is_used(void **state)
{
    struct flow_pair p;

    pair_prepare(&p);
    p.b.options.cacher.type = BYTES("MemoryLRU");
    p.b.options.cacher.max_entries = 2;
    flow_pair_start(&p, WORK("true"), run_work);
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    assert_int_equal(ask(&p, "{'id':2}"), 2);
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    assert_int_equal(ask(&p, "{'id':3}"), 3);
    assert_int_equal(ask(&p, "{'id':1}"), 1);
    assert_int_equal(ask(&p, "{'id':2}"), 4);
    flow_pair_stop(&p);
}

static void what_never_fits_is_just_not_kept(void **state)
{
    struct flow_pair p;

    pair_prepare(&p);
    p.b.options.cacher.limit_bytes = 10;
    flow_pair_start(&p, WORK("{'lock':true}"), run_work);
    assert_int_equal(ask(&p, "{'id':'a key that is longer than all'}"), 1);
    assert_int_equal(ask(&p, "{'id':'a key that is longer than all'}"), 2);
    flow_pair_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hit_runs_nothing),
        cmocka_unit_test(nothing_is_kept_without_a_cacher),
        cmocka_unit_test(only_actions_that_say_so_are_cached),
        cmocka_unit_test(results_end_with_their_ttl),
        cmocka_unit_test(keys_choose_what_counts),
        cmocka_unit_test(meta_bypasses),
        cmocka_unit_test(a_condition_decides),
        cmocka_unit_test(errors_and_nothing_are_not_kept),
        cmocka_unit_test(results_stay_when_a_service_comes_anew),
        cmocka_unit_test(calls_wait_for_the_first_of_them),
        cmocka_unit_test(without_a_lock_they_do_not),
        cmocka_unit_test(an_error_passes_the_lock_on),
        cmocka_unit_test(who_gives_up_waits_no_more),
        cmocka_unit_test(a_lock_outlives_who_waited),
        cmocka_unit_test(what_ends_soon_is_fetched_behind_its_use),
        cmocka_unit_test(what_is_fetched_already_is_not_fetched_again),
        cmocka_unit_test(a_fetch_that_fails_forgets_what_was_kept),
        cmocka_unit_test(only_a_lock_of_memory_has_it),
        cmocka_unit_test(what_is_fetched_belongs_to_nobody),
        cmocka_unit_test(a_limit_and_the_end_keep_from_fetching),
        cmocka_unit_test(events_clean),
        cmocka_unit_test(a_new_definition_cleans_as_it_says),
        cmocka_unit_test(a_new_connection_cleans),
        cmocka_unit_test(the_lru_keeps_what_is_used),
        cmocka_unit_test(what_never_fits_is_just_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
