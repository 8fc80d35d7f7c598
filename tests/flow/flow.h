/* SPDX-License-Identifier: MIT */
/*
 * Whole nodes in one process: brokers over the memory transporter on a virtual clock, with services
 * written in C. What every flow test is built of.
 */
#pragma once

#include "broker/broker.h"
#include "broker/pipeline.h"
#include "loop/loop.h"

struct flow_node {
    struct broker_options
        options; /* set to defaults by flow_node_init, to be changed before start */
    struct broker *broker;
    struct log_sink sink;
    bool is_ready, is_stopped, has_conflict;
    char node_id[32];
};

struct flow {
    struct loop *loop;
};

/* How a service written in C answers; it ends with pipeline_finish, at once or later. */
typedef void flow_handler_fn(struct context *ctx);

/* Contexts that a handler has put aside. */
struct flow_held {
    struct context *contexts[16]; /* NULL: finished, or given up meanwhile */
    unsigned n;
};

/* In place of finishing it; takes ctx->work and ctx->cancel. */
void flow_hold(struct flow_held *h, struct context *ctx);
/* The i-th that was held, to be finished now. */
struct context *flow_held_take(struct flow_held *h, unsigned i);

/* What the last call of flow_call gave; texts are copies, freed by flow_outcome_fini. */
struct flow_outcome {
    bool is_done;
    char *result;     /* json or NULL (undefined) */
    char *error_name; /* json or NULL */
    char *error_json; /* the error as on the wire, or NULL */
    char *meta;
    int code;
};

void flow_init(struct flow *f);
void flow_fini(struct flow *f);

/* Not started yet. version: PROTOCOL_NONE for auto. */
void flow_node_init(struct flow *f, struct flow_node *n, const char *node_id,
                    enum protocol version);
/* What flow_node_start does first; for services that are there before it starts. */
void flow_node_create(struct flow *f, struct flow_node *n);
void flow_node_start(struct flow *f, struct flow_node *n);
/* Stops in order, moving the clock until it is over, and frees. */
void flow_node_stop(struct flow *f, struct flow_node *n);
/* Cuts its link to the bus, or mends it. */
void flow_node_cut(struct flow_node *n, bool is_cut);
/* published: as INFO has it, with ' for ". Every action and event of it runs the handler. */
void flow_node_serve(struct flow_node *n, const char *published, flow_handler_fn *handler);
/* The same once all it waits for is there. */
void flow_node_serve_later(struct flow_node *n, const char *published, flow_handler_fn *handler,
                           const struct broker_wait *wait);

/* Two nodes that know each other once started: usually a calls and b serves. */
struct flow_pair {
    struct flow f;
    struct flow_node a, b;
};

/* Not started yet. */
void flow_pair_init(struct flow_pair *p, enum protocol version_a, enum protocol version_b);
/* b serves what is published. */
void flow_pair_start(struct flow_pair *p, const char *published, flow_handler_fn *handler);
/* Stops those that run, a first, and frees all. */
void flow_pair_stop(struct flow_pair *p);

/* Calls and moves the clock until the answer is there, at most most_ms. */
void flow_call(struct flow *f, struct flow_node *n, const struct broker_call *call,
               struct flow_outcome *out, int64_t most_ms);
struct context *flow_call_start(struct flow_node *n, const struct broker_call *call,
                                struct flow_outcome *out);
void flow_outcome_fini(struct flow_outcome *o);

/* "{'a':1}" -> {"a":1}, in a static ring of buffers. */
struct bytes flow_json(const char *text);
