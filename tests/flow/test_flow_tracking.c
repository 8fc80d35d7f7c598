/* SPDX-License-Identifier: MIT */
/* Services and nodes that stop wait for what runs in them, with tracking.enabled. */
#include "support/check.h"

#include "broker/broker_internal.h"
#include "flow/flow.h"

enum { HELD_MAX = 4, OF_THE_NODE = 0 /* $shutdownTimeout */ };

static struct {
    struct context *held[HELD_MAX];
    unsigned n_held, n_cancelled;
} work;

static void on_cancel(struct context *ctx)
{
    work.n_cancelled++;
}

static void hold(struct context *ctx)
{
    assert_true(work.n_held < HELD_MAX);
    work.held[work.n_held++] = ctx;
    ctx->cancel = on_cancel;
}

static void finish(unsigned i)
{
    work.held[i]->result = BYTES("1");
    pipeline_finish(work.held[i]);
}

static void note(void *owner)
{
    *(bool *)owner = true;
}

static const char published[] =
    "{'name':'w','fullName':'w','settings':{},'metadata':{},'actions':{"
    "'w.do':{'rawName':'do','name':'w.do'}},'events':{'w.happened':{'name':'w.happened'}}}";

struct stage {
    struct flow f;
    struct flow_node here, there;
};

static void stage_start(struct stage *s, bool is_tracking)
{
    memset(&work, 0, sizeof(work));
    flow_init(&s->f);
    flow_node_init(&s->f, &s->here, "here", PROTOCOL_5);
    flow_node_init(&s->f, &s->there, "there", PROTOCOL_5);
    s->here.options.is_tracking = is_tracking;
    s->here.options.shutdown_timeout_ms = 1000;
    s->there.options.is_tracking = is_tracking;
    s->there.options.shutdown_timeout_ms = 1000;
    flow_node_start(&s->f, &s->here);
    flow_node_serve(&s->here, published, hold);
    flow_node_start(&s->f, &s->there);
    loop_advance(s->f.loop, 2000);
}

static void stage_stop(struct stage *s)
{
    flow_node_stop(&s->f, &s->there);
    flow_node_stop(&s->f, &s->here);
    flow_fini(&s->f);
}

static const struct broker_call call_w = {.action = BYTES_INIT("w.do")};

static bool is_registered(struct stage *s)
{
    return registry_find_local_service(broker_registry(s->here.broker), BYTES("w")) != NULL;
}

static void a_service_waits_for_its_calls_and_events(void **state)
{
    struct flow_outcome o;
    bool is_gone = false;
    struct stage s;

    stage_start(&s, true);
    (void)flow_call_start(&s.there, &call_w, &o);
    broker_emit(s.there.broker, &(struct broker_event){.event = BYTES("w.happened")}, NULL, NULL);
    loop_advance(s.f.loop, 10);
    assert_int_equal(work.n_held, 2);
    assert_int_equal(broker_remove_service(s.here.broker, BYTES("w"), note, &is_gone), 0);
    loop_advance(s.f.loop, 500);
    assert_true(is_registered(&s));
    finish(0);
    loop_advance(s.f.loop, 200);
    assert_false(is_gone);
    finish(1);
    loop_advance(s.f.loop, 200);
    assert_true(is_gone);
    assert_false(is_registered(&s));
    assert_string_equal(o.result, "1");
    flow_outcome_fini(&o);
    stage_stop(&s);
}

/* A service that is removed while a call of its own node runs in it. */
struct removal {
    struct stage stage;
    struct flow_outcome outcome;
    bool is_gone;
};

static void removal_start(struct removal *r, bool is_tracking, const struct broker_call *call,
                          double shutdown_ms)
{
    struct broker *b;

    r->is_gone = false;
    stage_start(&r->stage, is_tracking);
    b = r->stage.here.broker;
    registry_find_local_service(broker_registry(b), BYTES("w"))->local->shutdown_timeout_ms =
        shutdown_ms;
    (void)flow_call_start(&r->stage.here, call, &r->outcome);
    assert_int_equal(broker_remove_service(b, BYTES("w"), note, &r->is_gone), 0);
}

/* The call ends well, whatever became of the service; then a while passes. */
static void removal_finish(struct removal *r)
{
    finish(0);
    assert_string_equal(r->outcome.result, "1");
    loop_advance(r->stage.f.loop, 200);
}

static void removal_stop(struct removal *r)
{
    flow_outcome_fini(&r->outcome);
    stage_stop(&r->stage);
}

static void a_service_waits_no_longer_than_its_time(void **state)
{
    struct removal r;

    removal_start(&r, true, &call_w, 300);
    loop_advance(r.stage.f.loop, 290);
    assert_false(r.is_gone);
    loop_advance(r.stage.f.loop, 120);
    assert_true(r.is_gone);
    assert_false(is_registered(&r.stage));
    removal_finish(&r); /* what runs on is not cut off */
    removal_stop(&r);
}

static void without_tracking_a_service_goes_at_once(void **state)
{
    struct removal r;

    removal_start(&r, false, &call_w, OF_THE_NODE);
    assert_false(is_registered(&r.stage));
    assert_false(r.is_gone); /* not before the function has returned */
    loop_advance(r.stage.f.loop, 1);
    assert_true(r.is_gone);
    removal_finish(&r);
    removal_stop(&r);
}

static void an_untracked_call_is_not_waited_for(void **state)
{
    struct broker_call call = {.action = BYTES("w.do"), .is_untracked = true};
    struct removal r;

    removal_start(&r, true, &call, OF_THE_NODE);
    loop_advance(r.stage.f.loop, 1);
    assert_true(r.is_gone);
    removal_finish(&r);
    removal_stop(&r);
}

static void one_that_is_replaced_meanwhile_leaves_its_successor_alone(void **state)
{
    struct removal r;

    removal_start(&r, true, &call_w, OF_THE_NODE);
    flow_node_serve(&r.stage.here, published, hold);
    removal_finish(&r);
    assert_true(r.is_gone);
    assert_true(is_registered(&r.stage));
    removal_stop(&r);
}

static void a_forgotten_removal_goes_on(void **state)
{
    struct removal r;

    removal_start(&r, true, &call_w, OF_THE_NODE);
    broker_forget_removal(r.stage.here.broker, &r.is_gone);
    removal_finish(&r);
    assert_false(r.is_gone);
    assert_false(is_registered(&r.stage));
    removal_stop(&r);
}

static void all_who_want_it_gone_wait_for_the_same_end(void **state)
{
    struct flow_outcome o;
    bool are_gone[3] = {false};
    struct stage s;

    stage_start(&s, true);
    (void)flow_call_start(&s.here, &call_w, &o);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(broker_remove_service(s.here.broker, BYTES("w"), note, &are_gone[i]), 0);
        loop_advance(s.f.loop, 300); /* the time of the first counts */
    }
    broker_forget_removal(s.here.broker, &are_gone[1]);
    loop_advance(s.f.loop, 200);
    assert_true(are_gone[0]);
    assert_false(are_gone[1]);
    assert_true(are_gone[2]);
    finish(0);
    flow_outcome_fini(&o);
    stage_stop(&s);
}

static void on_stopped(struct broker *b)
{
    ((struct flow_node *)broker_owner(b))->is_stopped = true;
}

static void end_here(struct stage *s)
{
    broker_free(s->here.broker);
    flow_node_stop(&s->f, &s->there);
    flow_fini(&s->f);
}

static void a_node_waits_for_what_is_tracked(void **state)
{
    struct broker_call untracked = {.action = BYTES("w.do"), .is_untracked = true};
    struct flow_outcome outcomes[2];
    struct stage s;

    stage_start(&s, true);
    (void)flow_call_start(&s.here, &call_w, &outcomes[0]);
    (void)flow_call_start(&s.here, &untracked, &outcomes[1]);
    broker_stop(s.here.broker, on_stopped);
    loop_advance(s.f.loop, 600);
    assert_false(s.here.is_stopped);
    finish(0);
    loop_advance(s.f.loop, 100);
    assert_true(s.here.is_stopped);
    assert_int_equal(work.n_cancelled, 1); /* the other one */
    assert_string_equal(outcomes[0].result, "1");
    assert_string_equal(outcomes[1].error_name, "\"RequestRejectedError\"");
    flow_outcome_fini(&outcomes[0]);
    flow_outcome_fini(&outcomes[1]);
    end_here(&s);
}

static void a_node_waits_for_its_calls_to_others(void **state)
{
    struct flow_outcome o;
    struct stage s;

    stage_start(&s, true);
    (void)flow_call_start(&s.there, &call_w, &o);
    loop_advance(s.f.loop, 10);
    broker_stop(s.there.broker, on_stopped);
    loop_advance(s.f.loop, 600);
    assert_false(s.there.is_stopped);
    finish(0);
    loop_advance(s.f.loop, 100);
    assert_true(s.there.is_stopped);
    assert_string_equal(o.result, "1");
    flow_outcome_fini(&o);
    broker_free(s.there.broker);
    flow_node_stop(&s.f, &s.here);
    flow_fini(&s.f);
}

static void a_node_gives_up_when_the_time_is_up(void **state)
{
    struct flow_outcome o;
    struct stage s;

    stage_start(&s, true);
    (void)flow_call_start(&s.here, &call_w, &o);
    broker_stop(s.here.broker, on_stopped);
    loop_advance(s.f.loop, 1000); /* stopDelay comes before */
    assert_false(s.here.is_stopped);
    loop_advance(s.f.loop, 300);
    assert_true(s.here.is_stopped);
    assert_string_equal(o.error_name, "\"RequestRejectedError\"");
    flow_outcome_fini(&o);
    end_here(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_waits_for_its_calls_and_events),
        cmocka_unit_test(a_service_waits_no_longer_than_its_time),
        cmocka_unit_test(without_tracking_a_service_goes_at_once),
        cmocka_unit_test(an_untracked_call_is_not_waited_for),
        cmocka_unit_test(one_that_is_replaced_meanwhile_leaves_its_successor_alone),
        cmocka_unit_test(a_forgotten_removal_goes_on),
        cmocka_unit_test(all_who_want_it_gone_wait_for_the_same_end),
        cmocka_unit_test(a_node_waits_for_what_is_tracked),
        cmocka_unit_test(a_node_waits_for_its_calls_to_others),
        cmocka_unit_test(a_node_gives_up_when_the_time_is_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
