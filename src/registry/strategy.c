/* SPDX-License-Identifier: MIT */
/* The strategies by name, and what several of them need. */
#include "registry/strategy.h"

#include <math.h>

#include "base/uuid.h"
#include "json/json.h"

const struct strategy_ops *strategy_find(struct bytes name)
{
    static const struct strategy_ops *const all[] = {
        &strategy_round_robin_ops, &strategy_random_ops, &strategy_cpu_usage_ops,
        &strategy_latency_ops,     &strategy_shard_ops,
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (bytes_eq_nocase(name, bytes_cstr(all[i]->name))) {
            return all[i];
        }
    }
    return NULL;
}

double strategy_number(struct bytes options, struct bytes name, double initial)
{
    double value;

    return json_double(json_get(options, name), &value) && isfinite(value) ? value : initial;
}

struct endpoint *strategy_any(struct endpoint *const *candidates, unsigned n)
{
    return candidates[uuid_random_below(n)];
}

struct endpoint *strategy_sample(const struct strategy_sampling *sampling,
                                 struct endpoint *const *candidates, unsigned n,
                                 strategy_measure_fn *measure, void *owner)
{
    double count = sampling->count > 0 && sampling->count < n ? sampling->count : n;
    struct endpoint *lowest = NULL;
    double lowest_value = 0;

    for (unsigned i = 0; i < count; i++) {
        struct endpoint *e = count < n ? strategy_any(candidates, n) : candidates[i];
        double value = measure(e, owner);

        if (value < sampling->low) {
            return e;
        }
        if (!isnan(value) && (!lowest || value < lowest_value)) {
            lowest = e;
            lowest_value = value;
        }
    }
    return lowest ? lowest : strategy_any(candidates, n);
}
