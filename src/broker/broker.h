/* SPDX-License-Identifier: MIT */
/*
 * The broker: one Moleculer node. Calls actions, emits events, holds the local services, and is
 * found by the other nodes. Everything here is single-threaded, on one loop.
 *
 * Life: broker_new -> services may be added -> broker_start -> on_started -> ... -> broker_stop ->
 * stopped -> broker_free. Calls to local actions work from the beginning, with or without a
 * transporter.
 */
#pragma once

#include "base/log.h"
#include "model/broker_options.h"
#include "model/context.h"
#include "registry/registry.h"

struct broker;
struct cacher;
struct metrics;
struct middleware_ops;

struct broker_events {
    void (*on_ready)(struct broker *b, bool was_reconnect); /* connected and introduced */
    void (*on_lost)(struct broker *b, const char *reason);  /* the transporter is away */
    /* Another node with our nodeID: the process has to end with code 1. */
    void (*on_conflict)(struct broker *b);
    void *owner;
};

/* What a broker is made of; options and sink are borrowed for its life, the rest is copied. */
struct broker_setup {
    const struct broker_options *options;
    struct log_sink *sink;
    struct broker_events events;
    const struct middleware_ops *const *middlewares; /* outermost first */
    unsigned n_middlewares;
};

/* ERR_INVALID for an option that cannot be served; it has been logged. */
int broker_new(struct loop *loop, const struct broker_setup *setup, struct broker **out) MUST_CHECK;
void *broker_owner(const struct broker *b);
void broker_start(struct broker *b);
/* Leaves the registry, waits registry.stopDelay, refuses new requests, waits for running calls (at
 * most tracking.shutdownTimeout), says DISCONNECT, closes the transporter; then done. */
void broker_stop(struct broker *b, void (*done)(struct broker *b));
/* Ends all calls and events that still run, with their dones: before what handlers use goes. */
void broker_give_up(struct broker *b);
void broker_free(struct broker *b); /* after broker_stop's done; or when never started */

/* --- services --- */
enum { BROKER_WAITING_MAX = 1000 };

/* Registers or replaces; takes a reference. */
void broker_add_service(struct broker *b, struct local_service *service);

/* A service that another one needs; with is_alternative it or the one before will do. */
struct broker_dependency {
    struct bytes name; /* full name, text */
    bool is_alternative;
};

struct broker_wait {
    const struct broker_dependency *needed; /* copied */
    size_t n_needed;
    double timeout_ms;  /* 0: as dependencyTimeout says */
    double interval_ms; /* 0: as dependencyInterval says */
};

/*
 * Adds it once all it needs is there, on any node: at once, or when a look at an interval says so
 * (docs/protocol.md, Dependencies). Until then one of its name that runs goes on, and one that
 * waits is forgotten at once. When the time is up before, it is forgotten too; the log and
 * $broker.error tell. Takes a reference. Whoever registers keeps to BROKER_WAITING_MAX.
 */
void broker_start_service(struct broker *b, struct local_service *service,
                          const struct broker_wait *wait);
/* Whether it would be one more that waits, now. */
bool broker_would_wait(const struct broker *b, struct bytes full_name,
                       const struct broker_wait *wait);
/*
 * By full name, running or waiting. With tracking a running one first waits for its contexts, at
 * most $shutdownTimeout; it can be called until then. done (may be NULL) is called later, once it
 * is gone, but not when the broker is freed before. ERR_NOT_FOUND.
 */
typedef void broker_removed_fn(void *owner);
int broker_remove_service(struct broker *b, struct bytes full_name, broker_removed_fn *done,
                          void *owner) MUST_CHECK;
/* Removals of that owner go on, but their done does not come. */
void broker_forget_removal(struct broker *b, const void *owner);
size_t broker_n_waiting(const struct broker *b);
/* Full names of those that wait, as an array. */
void broker_waiting_json(const struct broker *b, struct json_writer *out);

/* --- calls --- */
struct broker_call {
    struct bytes action;            /* text */
    struct bytes params;            /* slice; none: {} */
    struct bytes meta;              /* slice: object or none */
    struct bytes headers;           /* slice: object or none */
    struct bytes request_id;        /* text; none: the new context's id */
    struct bytes parent_id, caller; /* text or none; from the parent when there is one */
    struct bytes target_node;       /* none: balanced */
    bool has_timeout;
    double timeout_ms;
    double retries;                 /* < 0: none given */
    struct bytes fallback_response; /* slice: the result in place of an error, when truthy */
    bool has_fallback_value;        /* it is the result whatever it is */
    struct bytes fallback_url;      /* text: asked for one, see broker_set_caller_service */
    bool is_untracked;              /* nothing waits for it when the node stops (tracking) */
    int level;                      /* of the new context; 0: 1, or the parent's + 1 */
    struct context *parent;         /* a running context of this node, or NULL */
    bool is_late;                   /* its parent's time was up: RequestSkippedError */
};

/*
 * Calls an action. All of call's slices and texts are borrowed until done. done is called exactly
 * once, never before this returns; ctx is freed after it. Give the context up with pipeline_abort.
 */
struct context *broker_call(struct broker *b, const struct broker_call *call, context_done_fn *done,
                            void *owner);

/*
 * For a middleware that ends the way in of a local action: runs the action once more in a context
 * of its own, through the stages behind the one that is being entered. It belongs to nobody: no
 * time-out, no parent, untracked. NULL: too much runs already. Else done is called exactly once,
 * never before this returns; the owner may be set until then.
 */
struct context *broker_call_behind(const struct context *like, context_done_fn *done);

/*
 * Between two attempts, from the loop: frees what was handed out of ctx's arena since the mark, the
 * outcome with it. What is asked for stays, with the meta that the attempt set.
 */
void broker_context_rewind(struct context *ctx, const struct arena_mark *mark);

/*
 * From here on a local action or event of this attempt runs on its service as it is now, whether
 * that is replaced meanwhile or not: rules, hooks and handler are of one version.
 */
void broker_context_bind(struct context *ctx);

/* A running context of this node by its id (nested calls over HTTP), or NULL. */
struct context *broker_find_context(struct broker *b, struct bytes id);
/* The time of a local action is up; its id is remembered for a while, for what it still calls. */
void broker_note_late(struct context *ctx);
bool broker_was_late(const struct broker *b, struct bytes id);

/*
 * Runs the fallbacks that callers bring as URLs: its op step, with no handler (NULL). Borrowed;
 * without one such fallbacks are left out.
 */
void broker_set_caller_service(struct broker *b, struct local_service *s);
struct local_service *broker_caller_service(const struct broker *b);

/* --- events --- */
struct broker_event {
    struct bytes event;         /* text */
    struct bytes params;        /* slice; none: undefined */
    struct bytes meta, headers; /* slices or none */
    struct bytes groups;        /* slice: array of strings; none: all */
    struct bytes request_id, parent_id, caller;
    int level;
    struct context *parent;
};

/*
 * done (may be NULL) runs once all local handlers have ended, never before this returns. Slices are
 * borrowed until this returns.
 */
typedef void broker_event_done_fn(struct broker *b, void *owner);
void broker_emit(struct broker *b, const struct broker_event *event, broker_event_done_fn *done,
                 void *owner);
void broker_broadcast(struct broker *b, const struct broker_event *event,
                      broker_event_done_fn *done, void *owner);
void broker_broadcast_local(struct broker *b, const struct broker_event *event,
                            broker_event_done_fn *done, void *owner);

/* A context on its way in, and out again: who stops waits for it (tracking). */
void broker_track(struct context *ctx);
void broker_untrack(struct context *ctx);

/* Whoever sent this event does not wait for this handler any more (it is put off). */
void broker_event_release(struct context *ctx);

/* --- looking inside --- */
struct registry *broker_registry(struct broker *b);
struct loop *broker_loop(const struct broker *b);
const struct broker_options *broker_options(const struct broker *b);
struct log_sink *broker_log_sink(const struct broker *b);
struct cacher *broker_cacher(struct broker *b);   /* NULL: none is configured */
struct metrics *broker_metrics(struct broker *b); /* NULL: they are off */
bool broker_is_connected(const struct broker *b);
/* Transporter connected (or none configured) and all local services announced. */
bool broker_is_ready(const struct broker *b);
unsigned broker_running(const struct broker *b); /* contexts */
bool broker_is_full(const struct broker *b);     /* no further call or event may run */
