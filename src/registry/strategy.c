/* SPDX-License-Identifier: MIT */
/* The strategies by name. */
#include "registry/strategy.h"

const struct strategy_ops *strategy_find(struct bytes name)
{
    static const struct strategy_ops *const all[] = {
        &strategy_round_robin_ops,
        &strategy_random_ops,
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (bytes_eq_nocase(name, bytes_cstr(all[i]->name))) {
            return all[i];
        }
    }
    return NULL;
}
