/* SPDX-License-Identifier: MIT */
/* The order of the middlewares. */
#include "middleware/middleware.h"

const struct middleware_ops *const *middleware_list(unsigned *out_n)
{
    static const struct middleware_ops *const list[] = {
        &middleware_throttle_ops, /* events only, as the next */
        &middleware_debounce_ops, &middleware_error_ops,           &middleware_retry_ops,
        &middleware_timeout_ops,  &middleware_circuit_breaker_ops, &middleware_cacher_ops,
        &middleware_bulkhead_ops, &middleware_validator_ops,
    };

    *out_n = sizeof(list) / sizeof(list[0]);
    return list;
}
