/* SPDX-License-Identifier: MIT */
/* The way of a context through its middlewares: in, back, held, turned round, given up. */
#include "support/check.h"

#include "broker/broker_internal.h"
#include "middleware/middleware.h"

/* A middleware that writes down its letter and does as told. */
struct probe {
    struct middleware base;
    char letter;
    enum pipeline_step on_enter, on_leave;
};

struct bench {
    struct loop *loop;
    struct broker_options options;
    struct broker *broker;
    struct pipeline pipeline;
    struct probe probes[3];
    struct context *ctx;
    char trace[64];
    bool is_done, finishes_at_once;
};

static struct bench *bench;

static void note(char c)
{
    size_t n = strlen(bench->trace);

    assert_true(n + 1 < sizeof(bench->trace));
    bench->trace[n] = c;
}

static enum pipeline_step probe_enter(struct middleware *m, struct context *ctx)
{
    struct probe *p = container_of(m, struct probe, base);

    note(p->letter);
    *pipeline_slot(ctx) = p;
    return p->on_enter;
}

static enum pipeline_step probe_leave(struct middleware *m, struct context *ctx)
{
    struct probe *p = container_of(m, struct probe, base);
    enum pipeline_step step = p->on_leave;

    assert_ptr_equal(*pipeline_slot(ctx), p);
    note((char)(p->letter - 'A' + 'a'));
    p->on_leave = PIPELINE_NEXT;
    return step;
}

static void probe_again(struct middleware *m, struct context *ctx)
{
    struct probe *p = container_of(m, struct probe, base);

    assert_ptr_equal(*pipeline_slot(ctx), p);
    note((char)(p->letter - 'A' + '1'));
}

static void probe_cancel(struct middleware *m, struct context *ctx)
{
    note('!');
}

static const struct middleware_ops probe_ops = {
    .name = "Probe",
    .kinds = MIDDLEWARE_LOCAL_ACTION,
    .enter = probe_enter,
    .leave = probe_leave,
    .again = probe_again,
    .cancel = probe_cancel,
};

static void on_cancel(struct context *ctx)
{
    note('x');
}

static void handler(struct context *ctx)
{
    note('*');
    if (bench->finishes_at_once) {
        pipeline_finish(ctx);
    } else {
        ctx->cancel = on_cancel;
    }
}

static void on_done(struct context *ctx)
{
    note(ctx->error ? '-' : '+');
    bench->is_done = true;
}

static void nothing(struct broker *b, bool flag)
{
}

static int set_up(void **state)
{
    struct bench *x = mem_new(struct bench);
    struct broker_setup setup = {.options = &x->options, .events = {.on_ready = nothing}};

    bench = x;
    x->loop = loop_new_virtual(1);
    x->options.node_id = BYTES("n");
    assert_int_equal(broker_new(x->loop, &setup, &x->broker), 0);
    for (int i = 0; i < 3; i++) {
        x->probes[i].base.ops = &probe_ops;
        x->probes[i].letter = (char)('A' + i);
        pipeline_add(&x->pipeline, &x->probes[i].base);
    }
    assert_int_equal(x->pipeline.n_stages, 3);
    x->ctx = broker_context_new(x->broker);
    x->ctx->is_starting = false;
    x->ctx->pipeline = &x->pipeline;
    x->ctx->handler = handler;
    x->ctx->done = on_done;
    broker_context_identify(x->ctx);
    return 0;
}

static int tear_down(void **state)
{
    assert_true(bench->is_done);
    assert_int_equal(broker_running(bench->broker), 0);
    broker_free(bench->broker);
    loop_free(bench->loop);
    mem_free(bench);
    return 0;
}

static struct mol_error *an_error(void)
{
    return mol_error_about_action(&bench->ctx->arena, MOL_ERROR_REQUEST_REJECTED, BYTES("a"),
                                  BYTES_NONE);
}

static void in_and_back(void **state)
{
    bench->finishes_at_once = true;
    pipeline_run(bench->ctx);
    assert_string_equal(bench->trace, "ABC*cba+");
}

static void the_way_in_may_end_early(void **state)
{
    bench->probes[1].on_enter = PIPELINE_DONE;
    pipeline_run(bench->ctx);
    assert_string_equal(bench->trace, "ABa+");
}

static void a_held_context_goes_on_inwards(void **state)
{
    bench->finishes_at_once = true;
    bench->probes[1].on_enter = PIPELINE_WAIT;
    pipeline_run(bench->ctx);
    assert_string_equal(bench->trace, "AB");
    pipeline_resume(bench->ctx, PIPELINE_NEXT);
    assert_string_equal(bench->trace, "ABC*cba+");
}

static void a_held_context_may_turn_round(void **state)
{
    bench->probes[1].on_enter = PIPELINE_WAIT;
    pipeline_run(bench->ctx);
    pipeline_resume(bench->ctx, PIPELINE_DONE);
    assert_string_equal(bench->trace, "ABa+");
}

static void a_context_held_on_its_way_back_goes_on(void **state)
{
    bench->finishes_at_once = true;
    bench->probes[1].on_leave = PIPELINE_WAIT;
    pipeline_run(bench->ctx);
    assert_string_equal(bench->trace, "ABC*cb");
    pipeline_resume(bench->ctx, PIPELINE_NEXT);
    assert_string_equal(bench->trace, "ABC*cba+");
}

static void a_context_may_go_round_again(void **state)
{
    bench->probes[1].on_leave = PIPELINE_AGAIN;
    bench->finishes_at_once = true;
    bench->ctx->name = BYTES("$node.options");
    pipeline_run(bench->ctx);
    assert_string_equal(bench->trace, "ABC*cb1Ccba+"); /* the second time at the real endpoint */
}

static void those_outside_hear_of_each_round(void **state)
{
    bench->probes[2].on_leave = PIPELINE_WAIT;
    bench->finishes_at_once = true;
    bench->ctx->name = BYTES("$node.options");
    pipeline_run(bench->ctx);
    bench->probes[1].on_leave = PIPELINE_AGAIN;
    pipeline_resume(bench->ctx, PIPELINE_AGAIN);
    assert_string_equal(bench->trace, "ABC*c12cb1Ccba+");
}

static void going_round_again_to_nobody_fails(void **state)
{
    bench->probes[1].on_leave = PIPELINE_AGAIN;
    bench->finishes_at_once = true;
    bench->ctx->name = BYTES("no.such");
    pipeline_run(bench->ctx);
    assert_string_equal(bench->trace, "ABC*cba-");
}

static void giving_up_cancels_the_handler_and_leaves_all(void **state)
{
    pipeline_run(bench->ctx);
    assert_string_equal(bench->trace, "ABC*");
    pipeline_abort(bench->ctx, an_error());
    assert_string_equal(bench->trace, "ABC*xcba-");
}

static void giving_up_cancels_who_holds_it(void **state)
{
    bench->probes[1].on_enter = PIPELINE_WAIT;
    pipeline_run(bench->ctx);
    pipeline_abort(bench->ctx, an_error());
    assert_string_equal(bench->trace, "AB!a-");
}

static void giving_up_one_held_on_its_way_back(void **state)
{
    bench->finishes_at_once = true;
    bench->probes[1].on_leave = PIPELINE_WAIT;
    pipeline_run(bench->ctx);
    pipeline_abort(bench->ctx, an_error());
    assert_string_equal(bench->trace, "ABC*cb!a-");
}

#define with_bench(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_bench(in_and_back),
        with_bench(the_way_in_may_end_early),
        with_bench(a_held_context_goes_on_inwards),
        with_bench(a_held_context_may_turn_round),
        with_bench(a_context_held_on_its_way_back_goes_on),
        with_bench(a_context_may_go_round_again),
        with_bench(those_outside_hear_of_each_round),
        with_bench(going_round_again_to_nobody_fails),
        with_bench(giving_up_cancels_the_handler_and_leaves_all),
        with_bench(giving_up_cancels_who_holds_it),
        with_bench(giving_up_one_held_on_its_way_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
