/* SPDX-License-Identifier: MIT */
/*
 * A service of this node. The registry knows what it publishes; what its actions and events do is
 * behind the table, implemented by external/ (HTTP handlers) and broker/node_service.c ($node).
 */
#pragma once

#include "base/shared.h"

struct context;
struct endpoint;
struct local_service;
struct validation;

/* What a service has beside the handler of an action. */
enum local_step_kind {
    LOCAL_STEP_BEFORE,   /* hooks, in the order in which they run */
    LOCAL_STEP_AFTER,    /* with the result */
    LOCAL_STEP_ERROR,    /* with the error */
    LOCAL_STEP_FALLBACK, /* in place of the error */
    LOCAL_STEP_KINDS
};

/* One of them, to be run. finished: called once, never before the step has begun. */
struct local_step {
    enum local_step_kind kind;
    unsigned index;
    void (*finished)(struct context *ctx);
};

/* An action or event of a service; first member of each implementation, which owns it. */
struct local_handler {
    const struct validation *params; /* borrowed; NULL: anything goes */
    unsigned n_steps[LOCAL_STEP_KINDS];
};

struct local_service_ops {
    /*
     * Its handler of an action or event of this name (as endpoints have it), borrowed as long as
     * the service. NULL: there is nothing beside call and event.
     */
    const struct local_handler *(*find)(struct local_service *s, struct bytes name, bool is_event);
    /*
     * Runs an action: later or at once pipeline_finish(ctx) is called exactly once, with
     * ctx->result or ctx->error set. ctx->cancel may be set to be told when nobody waits any more.
     */
    void (*call)(struct local_service *s, const struct endpoint *e, struct context *ctx);
    /* Runs an event handler; ends with pipeline_finish(ctx) as well. */
    void (*event)(struct local_service *s, const struct endpoint *e, struct context *ctx);
    /*
     * Runs a step of a handler for ctx, which may get other params, meta, result or error by it.
     * True: it has begun, step->finished will follow, and ctx->cancel ends it before. False: it is
     * over. Needed when a handler has steps.
     */
    bool (*step)(struct local_service *s, const struct local_handler *h, struct context *ctx,
                 const struct local_step *step);
    /* The last reference is gone. */
    void (*free)(struct local_service *s);
};

/* First member of each implementation. */
struct local_service {
    const struct local_service_ops *ops;
    unsigned refs;
    /*
     * What INFO shows of it: {name, version?, fullName, settings, metadata, actions, events},
     * private actions left out. One json slice. Owned ref, as hidden; ops->free drops both.
     */
    struct shared *published;
    /*
     * Actions with "protected": true: an object as published's actions. They can be called on this
     * node and are shown nowhere. NULL: none.
     */
    struct shared *hidden;
    double shutdown_timeout_ms; /* setting $shutdownTimeout; 0: as tracking.shutdownTimeout says */
};

struct local_service *local_service_ref(struct local_service *s);
void local_service_unref(struct local_service *s); /* NULL passes */
