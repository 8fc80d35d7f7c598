/* SPDX-License-Identifier: MIT */
/* Any of the available ones, uniformly. */
#include "base/mem.h"
#include "base/uuid.h"
#include "registry/strategy.h"

static struct strategy *create(void)
{
    struct strategy *s = mem_new(struct strategy);

    s->ops = &strategy_random_ops;
    return s;
}

static void destroy(struct strategy *s)
{
    mem_free(s);
}

static struct endpoint *choose(struct strategy *s, struct endpoint *const *candidates, unsigned n,
                               struct context *ctx)
{
    return candidates[uuid_random_below(n)];
}

const struct strategy_ops strategy_random_ops = {
    .name = "Random",
    .create = create,
    .free = destroy,
    .choose = choose,
};
