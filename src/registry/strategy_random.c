/* SPDX-License-Identifier: MIT */
/* Any of the available ones, uniformly. */
#include "base/mem.h"
#include "registry/strategy.h"

static struct strategy *create(struct registry *r, struct bytes options)
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
                               const struct strategy_input *input)
{
    return strategy_any(candidates, n);
}

const struct strategy_ops strategy_random_ops = {
    .name = "Random",
    .create = create,
    .free = destroy,
    .choose = choose,
};
