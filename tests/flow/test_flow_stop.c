/* SPDX-License-Identifier: MIT */
/* What outlives what: services that are replaced while they run, nodes that stop while called. */
#include "support/check.h"

#include "broker/broker_internal.h"
#include "flow/flow.h"

static const char slow[] =
    "{'name':'slow','fullName':'slow','settings':{},'metadata':{},'actions':{"
    "'slow.run':{'rawName':'run','name':'slow.run'}},'events':{'slow.event':{'name':'slow.event'}}"
    "}";

/* A service whose handlers run until they are let go. */
struct slow_service {
    struct local_service base;
    struct context *held[8];
    unsigned n_held, n_cancelled;
    bool is_freed;
};

static struct slow_service services[2];

static void on_cancel(struct context *ctx)
{
    ((struct slow_service *)ctx->work)->n_cancelled++;
}

static void hold(struct local_service *s, const struct endpoint *e, struct context *ctx)
{
    struct slow_service *x = container_of(s, struct slow_service, base);

    assert_true(x->n_held < 8);
    x->held[x->n_held++] = ctx;
    ctx->work = x;
    ctx->cancel = on_cancel;
}

static void on_free(struct local_service *s)
{
    struct slow_service *x = container_of(s, struct slow_service, base);

    shared_unref(s->published);
    x->is_freed = true;
}

static struct slow_service *serve(struct flow_node *n, unsigned index)
{
    static const struct local_service_ops ops = {.call = hold, .event = hold, .free = on_free};
    struct slow_service *x = &services[index];

    *x = (struct slow_service){
        .base = {.ops = &ops, .refs = 1, .published = shared_new(flow_json(slow))}};
    broker_add_service(n->broker, &x->base);
    local_service_unref(&x->base);
    return x;
}

static void pair_start(struct flow_pair *p, unsigned max_running)
{
    flow_pair_init(p, PROTOCOL_5, PROTOCOL_5);
    p->b.options.max_running = max_running;
    flow_node_start(&p->f, &p->b);
    flow_node_start(&p->f, &p->a);
}

static void a_replaced_service_lives_until_its_handlers_end(void **state)
{
    struct broker_call call = {.action = BYTES("slow.run")};
    struct slow_service *old, *new;
    struct flow_outcome o;
    struct flow_pair p;

    pair_start(&p, 0);
    old = serve(&p.b, 0);
    (void)flow_call_start(&p.b, &call, &o);
    assert_int_equal(old->n_held, 1);
    new = serve(&p.b, 1);
    loop_advance(p.f.loop, 10);
    assert_false(old->is_freed);
    pipeline_finish(old->held[0]);
    assert_true(o.is_done);
    assert_true(old->is_freed);
    assert_false(new->is_freed);
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
    assert_true(new->is_freed);
}

static void on_stopped(struct broker *b)
{
    ((struct flow_node *)broker_owner(b))->is_stopped = true;
}

static void note_done(struct broker *b, void *owner)
{
    *(bool *)owner = true;
}

/* Stopped, not freed: the REST API still answers while its connections end. */
static void calls_to_others_fail_once_the_node_has_left(void **state)
{
    struct broker_call call = {.action = BYTES("slow.run")};
    struct broker_event event = {.event = BYTES("slow.event")};
    struct flow_outcome o;
    bool is_sent = false;
    struct flow_pair p;

    pair_start(&p, 0);
    (void)serve(&p.b, 0);
    loop_advance(p.f.loop, 2000);
    broker_stop(p.a.broker, on_stopped);
    loop_advance(p.f.loop, 2000);
    assert_true(p.a.is_stopped);
    flow_call(&p.f, &p.a, &call, &o, 100);
    assert_true(o.is_done);
    assert_string_equal(o.error_name, "\"BrokerDisconnectedError\"");
    flow_outcome_fini(&o);
    broker_emit(p.a.broker, &event, note_done, &is_sent);
    broker_broadcast(p.a.broker, &event, NULL, NULL);
    loop_advance(p.f.loop, 100);
    assert_true(is_sent);
    assert_int_equal(services[0].n_held, 0);
    broker_free(p.a.broker);
    flow_node_stop(&p.f, &p.b);
    flow_fini(&p.f);
}

/* Also a call that has failed already, whose done only waits for the next turn. */
static void what_still_runs_is_given_up(void **state)
{
    struct broker_call calls[] = {{.action = BYTES("slow.run")}, {.action = BYTES("no.such")}};
    struct broker_event event = {.event = BYTES("slow.event")};
    struct flow_outcome outcomes[2];
    bool is_sent = false;
    struct flow_pair p;

    pair_start(&p, 0);
    (void)serve(&p.b, 0);
    for (int i = 0; i < 2; i++) {
        (void)flow_call_start(&p.b, &calls[i], &outcomes[i]);
    }
    broker_emit(p.b.broker, &event, note_done, &is_sent);
    assert_int_equal(services[0].n_held, 2);
    broker_give_up(p.b.broker);
    assert_int_equal(services[0].n_cancelled, 2);
    assert_int_equal(broker_running(p.b.broker), 0);
    assert_string_equal(outcomes[0].error_name, "\"RequestRejectedError\"");
    assert_string_equal(outcomes[1].error_name, "\"ServiceNotFoundError\"");
    loop_advance(p.f.loop, 1);
    assert_true(is_sent);
    for (int i = 0; i < 2; i++) {
        flow_outcome_fini(&outcomes[i]);
    }
    flow_pair_stop(&p);
}

static void events_count_as_what_runs(void **state)
{
    struct broker_event event = {.event = BYTES("slow.event")};
    struct flow_pair p;

    pair_start(&p, 3);
    (void)serve(&p.b, 0);
    loop_advance(p.f.loop, 2000);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(broker_is_full(p.b.broker), i >= 3);
        broker_emit(p.a.broker, &event, NULL, NULL);
        loop_advance(p.f.loop, 10);
    }
    assert_int_equal(services[0].n_held, 3);
    flow_pair_stop(&p);
    assert_int_equal(services[0].n_cancelled, 3);
}

static void finish(struct local_service *s, const struct endpoint *e, struct context *ctx)
{
    pipeline_finish(ctx);
}

/* A handler that lives long and calls a lot does not collect the same meta again and again. */
static void nested_calls_cost_their_parent_nothing(void **state)
{
    static const struct local_service_ops ops = {.call = finish, .free = on_free};
    struct broker_call call = {.action = BYTES("slow.run"), .meta = BYTES("{\"a\":1}")};
    struct broker_call nested = {.action = BYTES("quick.run"), .meta = BYTES("{\"b\":2}")};
    struct flow_outcome o, inner;
    struct flow_pair p;
    const char *meta;

    pair_start(&p, 0);
    (void)serve(&p.b, 0);
    services[1] = (struct slow_service){
        .base = {.ops = &ops,
                 .refs = 1,
                 .published = shared_new(flow_json("{'name':'quick','fullName':'quick','actions':{"
                                                   "'quick.run':{'name':'quick.run'}}}"))}};
    broker_add_service(p.b.broker, &services[1].base);
    local_service_unref(&services[1].base);
    nested.parent = flow_call_start(&p.b, &call, &o);
    for (int i = 0; i < 3; i++) {
        meta = nested.parent->meta.p;
        flow_call(&p.f, &p.b, &nested, &inner, 10);
        assert_true(inner.is_done);
        assert_bytes(nested.parent->meta, "{\"a\":1,\"b\":2}");
        assert_int_equal(meta == nested.parent->meta.p, i > 0);
        flow_outcome_fini(&inner);
    }
    pipeline_finish(nested.parent);
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replaced_service_lives_until_its_handlers_end),
        cmocka_unit_test(calls_to_others_fail_once_the_node_has_left),
        cmocka_unit_test(what_still_runs_is_given_up),
        cmocka_unit_test(events_count_as_what_runs),
        cmocka_unit_test(nested_calls_cost_their_parent_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
