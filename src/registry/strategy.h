/* SPDX-License-Identifier: MIT */
/* Balancing strategies: which of several endpoints serves a call. One file each. */
#pragma once

#include "registry/endpoint.h"

struct context;
struct strategy;

struct strategy_ops {
    const char *name; /* "RoundRobin" */
    struct strategy *(*create)(void);
    void (*free)(struct strategy *s);
    /* candidates: at least one, all available, in order of registration. NULL: none fits. */
    struct endpoint *(*choose)(struct strategy *s, struct endpoint *const *candidates, unsigned n,
                               struct context *ctx);
};

/* First member of each implementation. */
struct strategy {
    const struct strategy_ops *ops;
};

extern const struct strategy_ops strategy_round_robin_ops;
extern const struct strategy_ops strategy_random_ops;

/* By name without case; NULL when unknown. */
const struct strategy_ops *strategy_find(struct bytes name);
