/* SPDX-License-Identifier: MIT */
/* Hooks and fallbacks around an action, with a service that notes what is asked of it. */
#include "support/check.h"

#include "base/mem.h"
#include "flow/flow.h"
#include "registry/endpoint.h"

/* What a step, or the handler, does when it is asked. */
enum deed {
    PASS,  /* is over at once, changes nothing */
    LATER, /* is over a little later, changes nothing */
    FAIL,  /* sets an error, at once */
    MEND,  /* sets a result in place of an error, a little later */
    HANG   /* until it is cancelled */
};

enum { STEPS_MAX = 4 };

static struct {
    struct local_service base;
    struct local_handler handler;
    enum deed deeds[LOCAL_STEP_KINDS][STEPS_MAX];
    enum deed handler_deed;
    char log[256];
    struct loop_timer timer;
    struct context *ctx;
    enum deed deed;
    void (*finished)(struct context *ctx);
    unsigned n_frees;
} service;

static void note(const char *what)
{
    size_t at = strlen(service.log);

    (void)snprintf(service.log + at, sizeof(service.log) - at, "%s%s", at ? " " : "", what);
}

static void do_deed(struct context *ctx, enum deed deed)
{
    if (deed == FAIL) {
        ctx->result = BYTES_NONE;
        ctx->error = mol_error_new(&ctx->arena, MOL_ERROR_RETRYABLE, BYTES("failed"), 503,
                                   BYTES("FAILED"), BYTES_NONE);
    } else if (deed == MEND) {
        ctx->error = NULL;
        ctx->result = BYTES("\"mended\"");
    }
}

static void on_timer(struct loop_timer *timer)
{
    struct context *ctx = service.ctx;

    ctx->cancel = NULL;
    do_deed(ctx, service.deed);
    service.finished(ctx);
}

static void on_cancel(struct context *ctx)
{
    loop_timer_stop(&service.timer);
    note("cancelled");
}

/* False: it is over already. */
static bool begin(struct context *ctx, enum deed deed, void (*finished)(struct context *ctx))
{
    if (deed == PASS || deed == FAIL) {
        do_deed(ctx, deed);
        return false;
    }
    service.ctx = ctx;
    service.deed = deed;
    service.finished = finished;
    ctx->cancel = on_cancel;
    loop_timer_init(ctx->loop, &service.timer, on_timer);
    if (deed != HANG) {
        loop_timer_start(&service.timer, 10);
    }
    return true;
}

static bool service_step(struct local_service *s, const struct local_handler *h,
                         struct context *ctx, const struct local_step *step)
{
    static const char names[LOCAL_STEP_KINDS] = {'b', 'a', 'e', 'f'};
    char text[8];

    (void)snprintf(text, sizeof(text), "%c%u", names[step->kind], step->index);
    note(text);
    return begin(ctx, service.deeds[step->kind][step->index], step->finished);
}

static void service_call(struct local_service *s, const struct endpoint *e, struct context *ctx)
{
    note("handler");
    ctx->result = BYTES("\"fine\"");
    if (!begin(ctx, service.handler_deed, pipeline_finish)) {
        pipeline_finish(ctx);
    }
}

static const struct local_handler *service_find(struct local_service *s, struct bytes name,
                                                bool is_event)
{
    return &service.handler;
}

static void service_free(struct local_service *s)
{
    shared_unref(s->published);
    service.n_frees++;
}

struct stage {
    struct flow f;
    struct flow_node here, there;
};

/* How many steps of each kind the action has; what they do is set afterwards. */
static void stage_start(struct stage *s, const char *definition, unsigned n_before,
                        unsigned n_after, unsigned n_error)
{
    static const struct local_service_ops ops = {
        .find = service_find, .call = service_call, .step = service_step, .free = service_free};
    char published[512];

    (void)snprintf(published, sizeof(published),
                   "{'name':'w','fullName':'w','settings':{},'metadata':{},'actions':{'w.do':{%s"
                   "'rawName':'do','name':'w.do'}},'events':{}}",
                   definition);
    memset(&service, 0, sizeof(service));
    service.base = (struct local_service){
        .ops = &ops, .refs = 1, .published = shared_new(flow_json(published))};
    service.handler.n_steps[LOCAL_STEP_BEFORE] = n_before;
    service.handler.n_steps[LOCAL_STEP_AFTER] = n_after;
    service.handler.n_steps[LOCAL_STEP_ERROR] = n_error;
    flow_init(&s->f);
    flow_node_init(&s->f, &s->here, "here", PROTOCOL_5);
    flow_node_init(&s->f, &s->there, "there", PROTOCOL_5);
    s->here.options.retry = (struct retry_options){false, 2, 50, 1000, 2};
    s->here.options.breaker = (struct breaker_options){false, 0.5, 60, 4, 10000};
    s->here.options.cacher =
        (struct cacher_options){.type = BYTES("Memory"), .limit_bytes = 1 << 20};
    s->there.options.breaker = s->here.options.breaker;
    flow_node_start(&s->f, &s->here);
    broker_add_service(s->here.broker, &service.base);
    local_service_unref(&service.base);
    flow_node_start(&s->f, &s->there);
    loop_advance(s->f.loop, 2000);
}

static void stage_stop(struct stage *s)
{
    flow_node_stop(&s->f, &s->here);
    flow_node_stop(&s->f, &s->there);
    flow_fini(&s->f);
    assert_int_equal(service.n_frees, 1); /* no step holds on to it */
}

/* Calls; result is what must come, or NULL for an error with code. */
static void call(struct stage *s, struct flow_node *from, const char *result, int code)
{
    struct flow_outcome o;

    service.log[0] = '\0';
    flow_call(&s->f, from, &(struct broker_call){.action = BYTES("w.do"), .retries = -1}, &o, 5000);
    assert_true(o.is_done);
    assert_int_equal(o.code, code);
    if (result) {
        assert_non_null(o.result);
        assert_string_equal(o.result, result);
    }
    flow_outcome_fini(&o);
}

static void hooks_run_around_the_handler(void **state)
{
    static const enum deed deeds[] = {PASS, LATER};
    struct stage s;

    stage_start(&s, "", 2, 2, 1);
    for (size_t i = 0; i < 2; i++) {
        service.deeds[LOCAL_STEP_BEFORE][0] = service.deeds[LOCAL_STEP_AFTER][1] = deeds[i];
        service.deeds[LOCAL_STEP_BEFORE][1] = service.deeds[LOCAL_STEP_AFTER][0] = deeds[1 - i];
        service.handler_deed = deeds[i];
        call(&s, &s.here, "\"fine\"", 0);
        assert_string_equal(service.log, "b0 b1 handler a0 a1");
        call(&s, &s.there, "\"fine\"", 0);
        assert_string_equal(service.log, "b0 b1 handler a0 a1");
    }
    stage_stop(&s);
}

static void a_failing_before_hook_ends_the_way_in(void **state)
{
    struct stage s;

    stage_start(&s, "", 2, 1, 2);
    service.deeds[LOCAL_STEP_BEFORE][0] = FAIL;
    call(&s, &s.here, NULL, 503);
    assert_string_equal(service.log, "b0 e0 e1");
    service.deeds[LOCAL_STEP_ERROR][0] = LATER;
    call(&s, &s.there, NULL, 503);
    assert_string_equal(service.log, "b0 e0 e1");
    service.deeds[LOCAL_STEP_ERROR][0] = MEND;
    call(&s, &s.here, "\"mended\"", 0);
    assert_string_equal(service.log, "b0 e0");
    stage_stop(&s);
}

static void an_error_hook_may_mend(void **state)
{
    struct stage s;

    stage_start(&s, "", 0, 1, 2);
    service.handler_deed = FAIL;
    call(&s, &s.here, NULL, 503);
    assert_string_equal(service.log, "handler e0 e1");
    service.deeds[LOCAL_STEP_ERROR][1] = MEND;
    call(&s, &s.here, "\"mended\"", 0);
    assert_string_equal(service.log, "handler e0 e1");
    service.handler_deed = PASS;
    service.deeds[LOCAL_STEP_AFTER][0] = FAIL;
    call(&s, &s.here, "\"mended\"", 0);
    assert_string_equal(service.log, "handler a0 e0 e1");
    stage_stop(&s);
}

static void a_hook_ends_with_the_time_of_the_call(void **state)
{
    struct stage s;

    stage_start(&s, "'timeout':100,", 1, 1, 1);
    service.deeds[LOCAL_STEP_BEFORE][0] = HANG;
    call(&s, &s.here, NULL, 504);
    assert_string_equal(service.log, "b0 cancelled");
    service.deeds[LOCAL_STEP_BEFORE][0] = PASS;
    service.deeds[LOCAL_STEP_AFTER][0] = HANG;
    call(&s, &s.here, NULL, 504);
    assert_string_equal(service.log, "b0 handler a0 cancelled");
    service.handler_deed = HANG; /* an attempt that is given up has no error hooks */
    call(&s, &s.here, NULL, 504);
    assert_string_equal(service.log, "b0 handler cancelled");
    stage_stop(&s);
}

static void a_retry_runs_the_hooks_again(void **state)
{
    struct stage s;

    stage_start(&s, "'retryPolicy':{'enabled':true},", 1, 0, 1);
    service.handler_deed = FAIL;
    call(&s, &s.here, NULL, 503);
    assert_string_equal(service.log, "b0 handler e0 b0 handler e0 b0 handler e0");
    stage_stop(&s);
}

static void hooks_hold_a_place_in_the_bulkhead(void **state)
{
    struct stage s;

    stage_start(&s, "'bulkhead':{'enabled':true,'concurrency':1},", 1, 1, 0);
    service.deeds[LOCAL_STEP_AFTER][0] = LATER;
    call(&s, &s.here, "\"fine\"", 0);
    call(&s, &s.here, "\"fine\"", 0); /* the first has given it back */
    stage_stop(&s);
}

static void a_hit_of_the_cache_runs_no_hooks(void **state)
{
    struct stage s;

    stage_start(&s, "'cache':true,", 1, 1, 0);
    call(&s, &s.here, "\"fine\"", 0);
    assert_string_equal(service.log, "b0 handler a0");
    call(&s, &s.here, "\"fine\"", 0);
    assert_string_equal(service.log, "");
    stage_stop(&s);
}

/* --- fallbacks --- */

static void a_fallback_takes_the_place_of_an_error(void **state)
{
    struct stage s;

    stage_start(&s, "", 0, 0, 1);
    service.handler.n_steps[LOCAL_STEP_FALLBACK] = 1;
    service.deeds[LOCAL_STEP_FALLBACK][0] = MEND;
    call(&s, &s.here, "\"fine\"", 0);
    assert_string_equal(service.log, "handler");
    service.handler_deed = FAIL;
    call(&s, &s.here, "\"mended\"", 0);
    assert_string_equal(service.log, "handler e0 f0");
    call(&s, &s.there, "\"mended\"", 0);
    assert_string_equal(service.log, "handler e0 f0");
    stage_stop(&s);
}

static void a_fallback_comes_after_the_retries(void **state)
{
    struct stage s;

    stage_start(&s, "'retryPolicy':{'enabled':true},", 0, 0, 0);
    service.handler.n_steps[LOCAL_STEP_FALLBACK] = 1;
    service.deeds[LOCAL_STEP_FALLBACK][0] = MEND;
    service.handler_deed = FAIL;
    call(&s, &s.here, "\"mended\"", 0);
    assert_string_equal(service.log, "handler handler handler f0");
    stage_stop(&s);
}

static void a_fallback_comes_when_the_time_is_up(void **state)
{
    struct stage s;

    stage_start(&s, "'timeout':100,", 0, 0, 0);
    service.handler.n_steps[LOCAL_STEP_FALLBACK] = 1;
    service.deeds[LOCAL_STEP_FALLBACK][0] = MEND;
    service.handler_deed = HANG;
    call(&s, &s.here, "\"mended\"", 0);
    assert_string_equal(service.log, "handler cancelled f0");
    stage_stop(&s);
}

static void a_fallback_that_fails_or_passes_leaves_an_error(void **state)
{
    struct stage s;

    stage_start(&s, "", 0, 0, 0);
    service.handler.n_steps[LOCAL_STEP_FALLBACK] = 1;
    service.handler_deed = FAIL;
    service.deeds[LOCAL_STEP_FALLBACK][0] = LATER;
    call(&s, &s.here, NULL, 503);
    assert_string_equal(service.log, "handler f0");
    stage_stop(&s);
}

static void a_call_may_bring_its_fallback(void **state)
{
    struct stage s;
    struct broker_call with = {
        .action = BYTES("w.do"), .retries = -1, .fallback_response = BYTES("{\"a\":1}")};
    struct flow_outcome o;

    stage_start(&s, "", 0, 0, 0);
    service.handler.n_steps[LOCAL_STEP_FALLBACK] = 1;
    service.handler_deed = FAIL;
    flow_call(&s.f, &s.here, &with, &o, 5000);
    assert_string_equal(o.result, "{\"a\":1}");
    assert_string_equal(service.log, "handler"); /* it stands over the action's */
    flow_outcome_fini(&o);
    service.handler.n_steps[LOCAL_STEP_FALLBACK] = 0;
    flow_call(&s.f, &s.there, &with, &o, 5000);
    assert_string_equal(o.result, "{\"a\":1}");
    flow_outcome_fini(&o);
    with.fallback_response = BYTES("0"); /* counts as none */
    flow_call(&s.f, &s.there, &with, &o, 5000);
    assert_int_equal(o.code, 503);
    flow_outcome_fini(&o);
    stage_stop(&s);
}

static void a_fallback_ends_when_nobody_waits(void **state)
{
    struct stage s;
    struct flow_outcome o;
    struct context *ctx;

    stage_start(&s, "", 0, 0, 0);
    service.handler.n_steps[LOCAL_STEP_FALLBACK] = 1;
    service.handler_deed = FAIL;
    service.deeds[LOCAL_STEP_FALLBACK][0] = HANG;
    ctx =
        flow_call_start(&s.here, &(struct broker_call){.action = BYTES("w.do"), .retries = -1}, &o);
    loop_advance(s.f.loop, 10);
    assert_false(o.is_done);
    pipeline_abandon(ctx, mol_error_about_action(&ctx->arena, MOL_ERROR_REQUEST_REJECTED, ctx->name,
                                                 BYTES("here")));
    assert_true(o.is_done);
    assert_string_equal(service.log, "handler f0 cancelled");
    flow_outcome_fini(&o);
    stage_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hooks_run_around_the_handler),
        cmocka_unit_test(a_failing_before_hook_ends_the_way_in),
        cmocka_unit_test(an_error_hook_may_mend),
        cmocka_unit_test(a_hook_ends_with_the_time_of_the_call),
        cmocka_unit_test(a_retry_runs_the_hooks_again),
        cmocka_unit_test(hooks_hold_a_place_in_the_bulkhead),
        cmocka_unit_test(a_hit_of_the_cache_runs_no_hooks),
        cmocka_unit_test(a_fallback_takes_the_place_of_an_error),
        cmocka_unit_test(a_fallback_comes_after_the_retries),
        cmocka_unit_test(a_fallback_comes_when_the_time_is_up),
        cmocka_unit_test(a_fallback_that_fails_or_passes_leaves_an_error),
        cmocka_unit_test(a_call_may_bring_its_fallback),
        cmocka_unit_test(a_fallback_ends_when_nobody_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
