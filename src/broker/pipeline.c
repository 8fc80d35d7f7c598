/* SPDX-License-Identifier: MIT */
/* Runs contexts through the middlewares, inwards and back. */
#include "broker/pipeline.h"

#include "base/assert.h"
#include "broker/broker_internal.h"

static void leave(struct context *ctx);

static void set_state(struct context *ctx, enum context_state state)
{
    static const unsigned allowed[] = {
        [CONTEXT_ENTERING] = 1 << CONTEXT_WAITING | 1 << CONTEXT_RUNNING | 1 << CONTEXT_LEAVING,
        [CONTEXT_WAITING] = 1 << CONTEXT_ENTERING | 1 << CONTEXT_LEAVING,
        [CONTEXT_RUNNING] = 1 << CONTEXT_LEAVING,
        [CONTEXT_LEAVING] = 1 << CONTEXT_WAITING | 1 << CONTEXT_ENTERING | 1 << CONTEXT_FINISHED,
        [CONTEXT_FINISHED] = 0,
    };

    ASSERT(allowed[ctx->state] & 1U << state);
    ctx->state = state;
}

void pipeline_add(struct pipeline *p, struct middleware *m)
{
    ASSERT(p->n_stages < CONTEXT_STAGES_MAX);
    p->stages[p->n_stages++] = m;
}

static bool serves(const struct middleware *m, const struct context *ctx)
{
    return m->ops->kinds & 1U << ctx->kind;
}

/* The stage at work: the one being entered, or the one being left. */
static unsigned current_stage(const struct context *ctx)
{
    return ctx->is_leaving ? ctx->stage - 1 : ctx->stage;
}

void **pipeline_slot(struct context *ctx)
{
    return &ctx->slots[current_stage(ctx)];
}

static enum pipeline_step enter_stage(struct context *ctx)
{
    struct middleware *m = ctx->pipeline->stages[ctx->stage];

    return m->ops->enter && serves(m, ctx) ? m->ops->enter(m, ctx) : PIPELINE_NEXT;
}

/* NOLINTBEGIN(misc-no-recursion): a context turns round as often as its middlewares say, and each
 * of them bounds that */
static void enter(struct context *ctx)
{
    ctx->is_leaving = false;
    while (ctx->stage < ctx->pipeline->n_stages) {
        enum pipeline_step step = enter_stage(ctx);

        if (step == PIPELINE_WAIT) {
            set_state(ctx, CONTEXT_WAITING);
            return;
        }
        if (step == PIPELINE_DONE) {
            set_state(ctx, CONTEXT_LEAVING);
            leave(ctx);
            return;
        }
        ctx->stage++;
    }
    set_state(ctx, CONTEXT_RUNNING);
    ctx->handler(ctx);
}

/* The stages outside of the one that sends it round hear of it. */
static void tell_outer(struct context *ctx)
{
    unsigned sender = ctx->stage - 1;

    ctx->is_leaving = false;
    for (ctx->stage = ctx->outermost; ctx->stage < sender; ctx->stage++) {
        struct middleware *m = ctx->pipeline->stages[ctx->stage];

        if (m->ops->again && serves(m, ctx)) {
            m->ops->again(m, ctx);
        }
    }
    ctx->stage = sender + 1;
}

/* From the stage that sends it round again inwards, at an endpoint chosen anew. False: there is
 * none any more, and the error says so. */
static bool enter_again(struct context *ctx)
{
    ctx->result = BYTES_NONE;
    ctx->error = NULL;
    ctx->response_headers = BYTES_NONE;
    ctx->is_aborted = false;
    if (!broker_context_choose_again(ctx)) {
        return false;
    }
    tell_outer(ctx);
    set_state(ctx, CONTEXT_ENTERING);
    enter(ctx);
    return true;
}

static enum pipeline_step leave_stage(struct context *ctx)
{
    struct middleware *m = ctx->pipeline->stages[ctx->stage - 1];

    return m->ops->leave && serves(m, ctx) ? m->ops->leave(m, ctx) : PIPELINE_NEXT;
}

static void leave(struct context *ctx)
{
    ctx->is_leaving = true;
    while (ctx->stage > ctx->outermost) {
        enum pipeline_step step = leave_stage(ctx);

        if (step == PIPELINE_WAIT) {
            set_state(ctx, CONTEXT_WAITING);
            return;
        }
        if (step == PIPELINE_AGAIN && enter_again(ctx)) {
            return;
        }
        ctx->stage--;
    }
    set_state(ctx, CONTEXT_FINISHED);
    broker_context_finished(ctx);
}

/* NOLINTEND(misc-no-recursion) */

void pipeline_run(struct context *ctx)
{
    ASSERT(ctx->state == CONTEXT_ENTERING && ctx->stage == ctx->outermost);
    enter(ctx);
}

void pipeline_resume(struct context *ctx, enum pipeline_step step)
{
    ASSERT(ctx->state == CONTEXT_WAITING && step != PIPELINE_WAIT);
    ctx->cancel = NULL; /* of what held it */
    if (step == PIPELINE_AGAIN && enter_again(ctx)) {
        return;
    }
    if (ctx->is_leaving || step == PIPELINE_DONE) {
        ctx->stage -= ctx->is_leaving ? 1 : 0;
        set_state(ctx, CONTEXT_LEAVING);
        leave(ctx);
    } else {
        ctx->stage++;
        set_state(ctx, CONTEXT_ENTERING);
        enter(ctx);
    }
}

void pipeline_finish(struct context *ctx)
{
    set_state(ctx, CONTEXT_LEAVING);
    ctx->cancel = NULL;
    leave(ctx);
}

void pipeline_cancel_work(struct context *ctx)
{
    void (*cancel)(struct context *) = ctx->cancel;

    ASSERT(cancel);
    ctx->cancel = NULL;
    cancel(ctx);
}

static void cancel_holder(struct context *ctx)
{
    if (ctx->state == CONTEXT_RUNNING) {
        pipeline_cancel_work(ctx);
    } else {
        struct middleware *m = ctx->pipeline->stages[current_stage(ctx)];

        m->ops->cancel(m, ctx);
        ctx->stage -= ctx->is_leaving ? 1 : 0;
    }
}

void pipeline_abort(struct context *ctx, struct mol_error *error)
{
    if (ctx->state != CONTEXT_RUNNING && ctx->state != CONTEXT_WAITING) {
        return;
    }
    cancel_holder(ctx);
    ctx->is_aborted = true;
    ctx->result = BYTES_NONE;
    ctx->error = error;
    set_state(ctx, CONTEXT_LEAVING);
    leave(ctx);
}

void pipeline_abandon(struct context *ctx, struct mol_error *error)
{
    ctx->is_abandoned = true;
    pipeline_abort(ctx, error);
}

void pipeline_disown(struct context *ctx)
{
    bool is_delayed = ctx->state == CONTEXT_WAITING && ctx->is_leaving && !ctx->cancel;

    ctx->is_abandoned = true;
    if (is_delayed) {
        cancel_holder(ctx);
        set_state(ctx, CONTEXT_LEAVING);
        leave(ctx);
    }
}
