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

struct local_service_ops {
    /*
     * Runs an action: later or at once pipeline_finish(ctx) is called exactly once, with
     * ctx->result or ctx->error set. ctx->cancel may be set to be told when nobody waits any more.
     */
    void (*call)(struct local_service *s, const struct endpoint *e, struct context *ctx);
    /* Runs an event handler; ends with pipeline_finish(ctx) as well. */
    void (*event)(struct local_service *s, const struct endpoint *e, struct context *ctx);
    /* The compiled params of an action or event, borrowed; NULL: anything goes. */
    const struct validation *(*params)(struct local_service *s, const struct endpoint *e,
                                       bool is_event);
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
};

struct local_service *local_service_ref(struct local_service *s);
void local_service_unref(struct local_service *s); /* NULL passes */
