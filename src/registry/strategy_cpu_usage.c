/* SPDX-License-Identifier: MIT */
/* The node with the lowest load of some that are looked at; one that is low enough ends the look.
 */
#include "base/mem.h"
#include "registry/registry.h"

struct strategy_cpu_usage {
    struct strategy base;
    struct strategy_sampling sampling;
};

static struct strategy *create(struct registry *r, struct bytes options)
{
    struct strategy_cpu_usage *s = mem_new(struct strategy_cpu_usage);

    s->base.ops = &strategy_cpu_usage_ops;
    s->sampling = (struct strategy_sampling){
        .count = strategy_number(options, BYTES("sampleCount"), 3),
        .low = strategy_number(options, BYTES("lowCpuUsage"), 10),
    };
    return &s->base;
}

static void destroy(struct strategy *base)
{
    mem_free(container_of(base, struct strategy_cpu_usage, base));
}

static double measure(const struct endpoint *e, void *owner)
{
    return e->node->cpu_percent;
}

static struct endpoint *choose(struct strategy *base, struct endpoint *const *candidates,
                               unsigned n, const struct strategy_input *input)
{
    struct strategy_cpu_usage *s = container_of(base, struct strategy_cpu_usage, base);

    return strategy_sample(&s->sampling, candidates, n, measure, NULL);
}

const struct strategy_ops strategy_cpu_usage_ops = {
    .name = "CpuUsage",
    .create = create,
    .free = destroy,
    .choose = choose,
};
