/* SPDX-License-Identifier: MIT */
/* One after the other: a counter over what is available at the time. */
#include "base/mem.h"
#include "registry/strategy.h"

struct strategy_round_robin {
    struct strategy base;
    unsigned counter;
};

static struct strategy *create(void)
{
    struct strategy_round_robin *s = mem_new(struct strategy_round_robin);

    s->base.ops = &strategy_round_robin_ops;
    return &s->base;
}

static void destroy(struct strategy *base)
{
    mem_free(container_of(base, struct strategy_round_robin, base));
}

static struct endpoint *choose(struct strategy *base, struct endpoint *const *candidates,
                               unsigned n, struct context *ctx)
{
    struct strategy_round_robin *s = container_of(base, struct strategy_round_robin, base);

    if (s->counter >= n) {
        s->counter = 0;
    }
    return candidates[s->counter++];
}

const struct strategy_ops strategy_round_robin_ops = {
    .name = "RoundRobin",
    .create = create,
    .free = destroy,
    .choose = choose,
};
