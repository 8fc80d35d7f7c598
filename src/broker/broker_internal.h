/* SPDX-License-Identifier: MIT */
/* What the files of broker/ share. */
#pragma once

#include "base/map.h"
#include "base/uuid.h"
#include "broker/broker.h"
#include "broker/pipeline.h"
#include "cacher/cacher.h"
#include "discovery/discoverer.h"
#include "metrics/metrics.h"
#include "transit/transit.h"

enum { BROKER_MIDDLEWARES_MAX = CONTEXT_STAGES_MAX, BROKER_LATE_MAX = 256 };

enum broker_state {
    BROKER_NEW,         /* -> STARTED, STOPPED */
    BROKER_STARTED,     /* -> WITHDRAWING */
    BROKER_WITHDRAWING, /* told the others; requests are still served -> DRAINING */
    BROKER_DRAINING,    /* refuses requests, waits for running ones -> LEAVING */
    BROKER_LEAVING,     /* DISCONNECT is on its way -> STOPPED */
    BROKER_STOPPED,
};

struct broker {
    struct loop *loop;                    /* borrowed */
    const struct broker_options *options; /* borrowed */
    struct log_sink *sink;                /* borrowed */
    struct logger log;
    struct broker_events events;
    enum broker_state state;
    char instance_id[UUID_TEXT_BYTES];
    struct metrics *metrics;                                /* owned; NULL: they are off */
    struct registry *registry;                              /* owned */
    struct cacher *cacher;                                  /* owned; NULL: none is configured */
    struct transit *transit;                                /* owned; NULL without a transporter */
    struct discoverer *discoverer;                          /* owned; NULL without a transporter */
    struct middleware *middlewares[BROKER_MIDDLEWARES_MAX]; /* owned, outermost first */
    unsigned n_middlewares;
    struct pipeline pipeline;
    struct list running;  /* of struct context.link */
    struct map waiting;   /* by full name: services not started yet, see broker_waiting.c */
    struct list removals; /* services on their way out, see broker_tracking.c */
    struct local_service *caller_service; /* borrowed, or NULL */
    struct map contexts;                  /* by id: local actions that run */
    unsigned n_running;
    char late[BROKER_LATE_MAX][UUID_TEXT_BYTES]; /* ids of calls whose time was up, a ring */
    unsigned n_late;                             /* ever */
    struct list spare;                           /* contexts kept for reuse */
    unsigned n_spare;
    bool has_told_started; /* $broker.started */
    struct loop_timer stop_timer;
    uint64_t drain_since_ms;
    void (*stopped)(struct broker *b);
};

/* --- broker_context.c --- */
/* Empty but for broker, loop, arena, started_ms; registered as running. */
struct context *broker_context_new(struct broker *b);
/* A new id for it; request_id too when it has none. */
void broker_context_identify(struct context *ctx);
/* Lets broker_find_context find it, while it runs. */
void broker_context_publish(struct context *ctx);
/* The pipeline is through: hands the outcome to ctx->done, then frees. */
void broker_context_finished(struct context *ctx);
void broker_contexts_free(struct broker *b);
/* ctx has ended without having entered its pipeline. */
void broker_context_fail(struct context *ctx, struct mol_error *error);
/* A retry: a new id, a new start of its time, an endpoint chosen anew. False: there is none, and
 * ctx->error says so. */
bool broker_context_choose_again(struct context *ctx);
/* Starts it at its endpoint: kind and handler follow from it. Takes over the reference. */
void broker_context_run(struct context *ctx, struct endpoint *endpoint);

/* --- broker_call.c --- */
/* The endpoint for its action (docs/protocol.md, Choosing an endpoint), a new reference; NULL with
 * *out_error set. */
struct endpoint *broker_choose_endpoint(struct context *ctx, struct mol_error **out_error);
/* Effective timeout of an action call, before a parent's rest is taken into account. */
void broker_context_set_timeout(struct context *ctx, const struct endpoint *endpoint);

/* --- broker_remote.c --- */
void broker_remote_listen(struct broker *b);
/* Handler of CONTEXT_REMOTE_ACTION: REQ out, RES in. */
void broker_remote_call(struct context *ctx);

/* --- broker_event.c --- */
void broker_event_received(struct broker *b, const struct packet_envelope *from,
                           struct bytes packet);

/* --- broker_metrics.c: all do nothing when metrics are off --- */
/* What never changes, and a first refresh. */
void broker_metrics_init(struct broker *b);
/* Before metrics are shown. */
void broker_metrics_refresh(struct broker *b);
/* An event was emitted or broadcast. */
void broker_metrics_count_event(struct broker *b, enum metrics_id id, struct bytes event);

/* A node has answered a ping. */
void broker_metrics_pong(struct broker *b, struct bytes node_id, double elapsed_ms,
                         double time_diff_ms);

/* --- broker_waiting.c --- */
/* Forgets the one of that name that waits; false when there is none. */
bool broker_waiting_remove(struct broker *b, struct bytes full_name);
/* The same for the name of a service that takes its place. */
void broker_waiting_replace(struct broker *b, const struct local_service *service);
void broker_waiting_free(struct broker *b);

/* --- broker.c --- */
void broker_services_changed(struct broker *b);

/* --- broker_tracking.c --- */
/* Whether a node that stops since then has nothing to wait for any more. */
bool broker_is_drained(const struct broker *b, uint64_t since_ms);
void broker_removals_free(struct broker *b);

/* --- broker_notify.c: internal events --- */
void broker_notify_listen(struct broker *b);
void broker_notify_services_changed(struct broker *b, bool local);
void broker_notify_started(struct broker *b); /* once, however often it is called */
void broker_notify_transporter_closing(struct broker *b);
void broker_notify(struct broker *b, struct bytes event, struct bytes payload);
/* error, as the payload of $transit.error and its like. */
void broker_notify_error(struct broker *b, struct bytes event, const struct mol_error *error,
                         const char *module, const char *type);
bool broker_notify_wanted(struct broker *b, struct bytes event);
