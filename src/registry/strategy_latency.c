/* SPDX-License-Identifier: MIT */
/* The host that answers soonest of some that are looked at; one that is quick enough ends the
 * look. */
#include "base/mem.h"
#include "registry/latency.h"
#include "registry/registry.h"

struct strategy_latency {
    struct strategy base;
    struct strategy_sampling sampling;
    struct latency *latency; /* borrowed: the registry's */
};

static void prepare(struct registry *r, struct bytes options)
{
    latency_want(registry_latency(r), options);
}

static struct strategy *create(struct registry *r, struct bytes options)
{
    struct strategy_latency *s = mem_new(struct strategy_latency);

    prepare(r, options);
    s->base.ops = &strategy_latency_ops;
    s->latency = registry_latency(r);
    s->sampling = (struct strategy_sampling){
        .count = strategy_number(options, BYTES("sampleCount"), 5),
        .low = strategy_number(options, BYTES("lowLatency"), 10),
    };
    return &s->base;
}

static void destroy(struct strategy *base)
{
    mem_free(container_of(base, struct strategy_latency, base));
}

static double measure(const struct endpoint *e, void *owner)
{
    return latency_of(owner, e->node);
}

static struct endpoint *choose(struct strategy *base, struct endpoint *const *candidates,
                               unsigned n, const struct strategy_input *input)
{
    struct strategy_latency *s = container_of(base, struct strategy_latency, base);

    return strategy_sample(&s->sampling, candidates, n, measure, s->latency);
}

const struct strategy_ops strategy_latency_ops = {
    .name = "Latency",
    .create = create,
    .free = destroy,
    .choose = choose,
    .prepare = prepare,
};
