/* SPDX-License-Identifier: MIT */
/*
 * What stands around a handler: a row of middlewares that a context enters from the outside in and
 * leaves from the inside out (docs/protocol.md, Middleware order).
 *
 *     enter 0 -> enter 1 -> ... -> handler -> ... -> leave 1 -> leave 0 -> ctx->done
 *
 * A middleware may end the way in (a cache hit), hold the context for a while (a queue, a delay),
 * change the outcome on the way out, or send the context round again (a retry).
 */
#pragma once

#include "model/context.h"

struct middleware;

enum pipeline_step {
    PIPELINE_NEXT, /* go on, inwards or outwards */
    PIPELINE_DONE, /* entering only: the outcome is set, turn round here */
    PIPELINE_WAIT, /* held; the middleware calls pipeline_resume later, never at once */
    PIPELINE_AGAIN /* leaving only: an endpoint is chosen anew, and from this stage inwards once
                      more; the outcome is dropped */
};

enum middleware_kinds {
    MIDDLEWARE_LOCAL_ACTION = 1 << CONTEXT_LOCAL_ACTION,
    MIDDLEWARE_REMOTE_ACTION = 1 << CONTEXT_REMOTE_ACTION,
    MIDDLEWARE_LOCAL_EVENT = 1 << CONTEXT_LOCAL_EVENT,
};

struct middleware_ops {
    const char *name;
    unsigned kinds;                                      /* middleware_kinds it stands in */
    struct middleware *(*create)(struct broker *broker); /* NULL: not needed with its options */
    void (*free)(struct middleware *m);
    enum pipeline_step (*enter)(struct middleware *m, struct context *ctx); /* NULL: next */
    enum pipeline_step (*leave)(struct middleware *m, struct context *ctx); /* NULL: next */
    /* A stage further in sends the context round again: a fresh call begins, inside this one. NULL:
     * that is no matter. */
    void (*again)(struct middleware *m, struct context *ctx);
    /* The context it holds is given up: forget it, do not resume. Needed with PIPELINE_WAIT. */
    void (*cancel)(struct middleware *m, struct context *ctx);
};

/* First member of each implementation. */
struct middleware {
    const struct middleware_ops *ops;
};

struct pipeline {
    struct middleware *stages[CONTEXT_STAGES_MAX]; /* borrowed, outermost first */
    unsigned n_stages;
};

/* Appends m as the innermost stage. Contexts of kinds that it does not serve pass it by. */
void pipeline_add(struct pipeline *p, struct middleware *m);

/* Where the middleware that is being entered or left keeps its state for this context. */
void **pipeline_slot(struct context *ctx);
/* Enters from ctx->outermost, which is ctx->stage; ctx->pipeline and ctx->handler are set. */
void pipeline_run(struct context *ctx);
/* Goes on with a context that was held, in the direction it had: step as the held function would
 * have returned it (never PIPELINE_WAIT). */
void pipeline_resume(struct context *ctx, enum pipeline_step step);
/* The handler's outcome is set: unwind. At once or later, exactly once a run of the handler. */
void pipeline_finish(struct context *ctx);
/* Ends what runs for the context by its cancel; for a middleware's cancel while a service's step
 * does.
 */
void pipeline_cancel_work(struct context *ctx);
/* The attempt is given up (its time is over): the handler or the holding middleware is cancelled
 * and the context unwinds with this error (in its arena). */
void pipeline_abort(struct context *ctx, struct mol_error *error);
/* The same when nobody waits for the outcome any more: there will be no other attempt. */
void pipeline_abandon(struct context *ctx, struct mol_error *error);
/* Nobody waits any more, but what runs may go to its end: there will be no other attempt, and a
 * context that is held for one ends with the outcome of the last. */
void pipeline_disown(struct context *ctx);
