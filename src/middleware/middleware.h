/* SPDX-License-Identifier: MIT */
/*
 * The middlewares, outermost first (broker.md (d), Middleware order). Adding one is its file, a
 * line here, and its place in middleware_list.
 */
#pragma once

#include "broker/pipeline.h"

extern const struct middleware_ops middleware_bulkhead_ops;
extern const struct middleware_ops middleware_cacher_ops;
extern const struct middleware_ops middleware_circuit_breaker_ops;
extern const struct middleware_ops middleware_debounce_ops;
extern const struct middleware_ops middleware_error_ops;
extern const struct middleware_ops middleware_retry_ops;
extern const struct middleware_ops middleware_throttle_ops;
extern const struct middleware_ops middleware_timeout_ops;
extern const struct middleware_ops middleware_validator_ops;

/* All of them, in order; *out_n of them. */
const struct middleware_ops *const *middleware_list(unsigned *out_n);
