/* SPDX-License-Identifier: MIT */
/*
 * The state of one call or one event handler run, from where it enters this node to where its
 * outcome leaves. One struct travels the whole pipeline (broker/pipeline.h). Texts are decoded,
 * "slice" members are json slices; everything lives in the arena or, where noted, is borrowed.
 */
#pragma once

#include "base/list.h"
#include "base/shared.h"
#include "loop/loop.h"
#include "model/mol_error.h"
#include "json/json.h"

struct broker;
struct context;
struct endpoint;
struct local_handler;
struct local_service;
struct pipeline;

enum { CONTEXT_ROOM_BYTES = 1536, CONTEXT_STAGES_MAX = 16 };

enum context_kind {
    CONTEXT_LOCAL_ACTION,
    CONTEXT_REMOTE_ACTION,
    CONTEXT_LOCAL_EVENT,
};

enum context_state {
    CONTEXT_ENTERING, /* -> RUNNING, WAITING, LEAVING */
    CONTEXT_WAITING,  /* a middleware holds it -> ENTERING, LEAVING */
    CONTEXT_RUNNING,  /* the handler has it -> LEAVING */
    CONTEXT_LEAVING,  /* unwinding -> WAITING, ENTERING (a retry), FINISHED */
    CONTEXT_FINISHED, /* the outcome stands -> the caller's done */
};

typedef void context_done_fn(struct context *ctx);

struct context {
    /* identity */
    struct bytes id, request_id;
    struct bytes parent_id, caller; /* BYTES_NONE: null */
    struct bytes node_id;           /* the node whose call or event it is */
    int level;
    struct bytes tracing; /* slice or none */
    bool from_remote;     /* came by REQ or EVENT */

    /* what is asked */
    enum context_kind kind;
    struct bytes name;              /* full action name, or the event's name */
    struct bytes event_type;        /* "emit", "broadcast", "broadcastLocal" */
    struct bytes groups;            /* slice (array) or none */
    struct bytes params;            /* slice; none: undefined */
    struct bytes meta;              /* slice: object; grows by what callees set */
    struct bytes headers;           /* slice or none (protocol 5) */
    struct bytes target_node;       /* call option nodeID, or none */
    bool has_timeout;               /* the caller gave one, 0 included */
    double timeout_ms;              /* effective; 0: none */
    double retries;                 /* call option; < 0: none given */
    struct bytes fallback_response; /* call option, slice; counts when it is truthy */
    bool has_fallback_value;        /* it counts whatever it is */
    struct bytes fallback_url;      /* call option, text or none: asked in place of an error */
    uint64_t started_ms;            /* loop time of entry */

    unsigned n_retries; /* attempts after the first, of this node */
    bool is_unsure;     /* an attempt before may have done something that is not to be done twice */
    bool is_untracked;  /* call option tracking: false */

    /* outcome: one of the two; result none and no error: undefined */
    struct bytes result; /* slice; valid until done has returned */
    struct mol_error *error;
    struct bytes response_headers; /* slice: object, or none (protocol 5) */

    /* machinery */
    struct broker *broker;
    struct loop *loop;
    struct endpoint *endpoint;     /* ref */
    struct local_service *service; /* ref or NULL: whose rules, hooks and handler it runs */
    const struct local_handler *local_handler; /* of service, or NULL */
    struct local_service *tracked; /* ref or NULL: the service that waits for it when it stops */
    bool has_parent;               /* parent_id names a context that ran here when this began */
    struct shared *meta_text;      /* owned ref or NULL: owner of meta once that is merged often */
    unsigned n_merges;             /* into meta */
    struct shared *held;           /* owned ref or NULL: text that slices above borrow from */
    const struct pipeline *pipeline;
    enum context_state state;
    unsigned stage;     /* middlewares entered */
    unsigned outermost; /* the first stage that it enters; 0 but behind a cache hit */
    bool is_leaving;    /* which way it goes, or went before it was held */
    bool is_aborted;    /* unwinds because it was given up, not with its handler's outcome */
    bool is_abandoned;  /* nobody waits for it: it is not to be tried again */
    bool is_tracked;    /* who stops waits for it */
    bool is_registered; /* can be found by its id */
    bool is_starting;   /* inside the starting function: done has to wait */
    void (*handler)(struct context *ctx); /* innermost: what the pipeline stands around */
    void *slots[CONTEXT_STAGES_MAX];      /* what each middleware keeps, by stage */
    /* The handler's way to hear that nobody waits any more. It must not finish afterwards. */
    void (*cancel)(struct context *ctx);
    void *work; /* the handler's own */
    context_done_fn *done;
    void *owner;             /* the caller's own */
    struct list link;        /* among the broker's running contexts */
    struct loop_defer defer; /* for a done that has to wait */
    struct arena arena;
    _Alignas(16) char room[CONTEXT_ROOM_BYTES];
};

/* Milliseconds left of the timeout now; < 0: no timeout. Never below 0 otherwise. */
double context_remaining_ms(const struct context *ctx);

/* What the answer has beside result and meta, copied. Anything but an object with members is none.
 */
void context_set_response_headers(struct context *ctx, struct bytes headers);

/* Object.assign(ctx.meta, meta), kept in the arena. Anything but an object changes nothing. */
void context_merge_meta(struct context *ctx, struct bytes meta);
