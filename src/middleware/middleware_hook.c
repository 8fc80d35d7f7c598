/* SPDX-License-Identifier: MIT */
/*
 * Runs the hooks of own actions: before the handler, after it with its result, and for errors of
 * any of these (docs/protocol.md, Hooks). An error ends the row it arises in and starts the error
 * hooks; one of those that gives a result ends them, and the call succeeds.
 */
#include "broker/broker.h"
#include "middleware/middleware.h"
#include "registry/endpoint.h"

/* A context among its hooks. */
struct hooking {
    enum local_step_kind kind;
    unsigned next;     /* of that kind */
    struct bytes kept; /* the result that lies in the arena */
};

static void on_step(struct context *ctx);

/* It may lie in an answer that is gone when the hook has been asked. */
static void keep_result(struct hooking *h, struct context *ctx)
{
    if (ctx->result.p != h->kept.p) {
        ctx->result = arena_copy(&ctx->arena, ctx->result);
        h->kept = ctx->result;
    }
}

/* WAIT: a hook has begun. NEXT: all of the kinds at hand have run. */
static enum pipeline_step advance(struct hooking *h, struct context *ctx)
{
    for (;;) {
        struct local_step step = {.finished = on_step};

        if (ctx->error && h->kind != LOCAL_STEP_ERROR) {
            h->kind = LOCAL_STEP_ERROR;
            h->next = 0;
        }
        if (h->next == ctx->local_handler->n_steps[h->kind] ||
            (h->kind == LOCAL_STEP_ERROR && !ctx->error)) {
            return PIPELINE_NEXT;
        }
        step.kind = h->kind;
        step.index = h->next++;
        keep_result(h, ctx);
        if (ctx->service->ops->step(ctx->service, ctx->local_handler, ctx, &step)) {
            return PIPELINE_WAIT;
        }
    }
}

/* What the row of hooks that is over means for the pipeline. On the way in an error ends it, and so
 * does one that an error hook has mended. */
static enum pipeline_step step_after(const struct hooking *h, bool is_leaving)
{
    return is_leaving || h->kind == LOCAL_STEP_BEFORE ? PIPELINE_NEXT : PIPELINE_DONE;
}

static void on_step(struct context *ctx)
{
    struct hooking *h = *pipeline_slot(ctx);

    if (advance(h, ctx) != PIPELINE_WAIT) {
        pipeline_resume(ctx, step_after(h, ctx->is_leaving));
    }
}

static bool has_hooks(const struct local_handler *h)
{
    return h && (h->n_steps[LOCAL_STEP_BEFORE] || h->n_steps[LOCAL_STEP_AFTER] ||
                 h->n_steps[LOCAL_STEP_ERROR]);
}

static enum pipeline_step hook_enter(struct middleware *m, struct context *ctx)
{
    struct hooking *h;

    *pipeline_slot(ctx) = NULL;
    broker_context_bind(ctx);
    if (!has_hooks(ctx->local_handler)) {
        return PIPELINE_NEXT;
    }
    h = arena_new(&ctx->arena, struct hooking);
    h->kind = LOCAL_STEP_BEFORE;
    *pipeline_slot(ctx) = h;
    return advance(h, ctx) == PIPELINE_WAIT ? PIPELINE_WAIT : step_after(h, false);
}

static enum pipeline_step hook_leave(struct middleware *m, struct context *ctx)
{
    struct hooking *h = *pipeline_slot(ctx);

    if (!h || ctx->is_aborted) { /* then nobody waits for this attempt any more */
        return PIPELINE_NEXT;
    }
    h->kind = LOCAL_STEP_AFTER;
    h->next = 0;
    return advance(h, ctx) == PIPELINE_WAIT ? PIPELINE_WAIT : step_after(h, true);
}

static void hook_cancel(struct middleware *m, struct context *ctx)
{
    pipeline_cancel_work(ctx);
}

static struct middleware *hook_create(struct broker *broker)
{
    struct middleware *m = mem_new(struct middleware);

    m->ops = &middleware_hook_ops;
    return m;
}

static void hook_free(struct middleware *m)
{
    mem_free(m);
}

const struct middleware_ops middleware_hook_ops = {
    .name = "ActionHook",
    .kinds = MIDDLEWARE_LOCAL_ACTION,
    .create = hook_create,
    .free = hook_free,
    .enter = hook_enter,
    .leave = hook_leave,
    .cancel = hook_cancel,
};
