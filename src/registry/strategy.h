/* SPDX-License-Identifier: MIT */
/*
 * Balancing strategies: which of several endpoints serves a call or an event. One file each; every
 * list of endpoints has a strategy object of its own.
 */
#pragma once

#include "registry/endpoint.h"

struct registry;
struct strategy;

/* What a choice may depend on: params and meta of the call or event, slices; none: undefined. */
struct strategy_input {
    struct bytes params, meta;
};

struct strategy_ops {
    const char *name; /* "RoundRobin" */
    /*
     * The registry outlives it. options: a slice, borrowed until this returns, which may be any
     * other node's: what is amiss in them has its default, what they size has a limit.
     */
    struct strategy *(*create)(struct registry *r, struct bytes options);
    void (*free)(struct strategy *s);
    /*
     * One of the candidates, which are at least one, all available, all of the one list, in order
     * of registration. input may be NULL.
     */
    struct endpoint *(*choose)(struct strategy *s, struct endpoint *const *candidates, unsigned n,
                               const struct strategy_input *input);
    /* Endpoints of its list came or went. May be NULL. */
    void (*changed)(struct strategy *s);
    /* It is the registry's own: what has to begin before the first choice. May be NULL. */
    void (*prepare)(struct registry *r, struct bytes options);
};

/* First member of each implementation. */
struct strategy {
    const struct strategy_ops *ops;
};

extern const struct strategy_ops strategy_round_robin_ops;
extern const struct strategy_ops strategy_random_ops;
extern const struct strategy_ops strategy_cpu_usage_ops;
extern const struct strategy_ops strategy_latency_ops;
extern const struct strategy_ops strategy_shard_ops;

/* By name without case; NULL when unknown. */
const struct strategy_ops *strategy_find(struct bytes name);

/* --- for implementations --- */
/* A finite number of that name among the options, else initial. */
double strategy_number(struct bytes options, struct bytes name, double initial);
/* Any of them, uniformly. */
struct endpoint *strategy_any(struct endpoint *const *candidates, unsigned n);

struct strategy_sampling {
    double count; /* how many are looked at; 0 and below, or more than there are: all, in order */
    double low;   /* below this is good enough */
};

/* What is compared; NaN: not known. */
typedef double strategy_measure_fn(const struct endpoint *e, void *owner);
/*
 * Looks at some at random, one maybe twice: the first one below low, else the lowest. When none of
 * them is known: any of all.
 */
struct endpoint *strategy_sample(const struct strategy_sampling *sampling,
                                 struct endpoint *const *candidates, unsigned n,
                                 strategy_measure_fn *measure, void *owner);
