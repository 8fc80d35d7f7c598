/* SPDX-License-Identifier: MIT */
/* The middlewares. Adding one is its file, and its place in middleware.def. */
#pragma once

#include "broker/pipeline.h"

#define MIDDLEWARE(stem) extern const struct middleware_ops middleware_##stem##_ops;
#include "middleware/middleware.def"
#undef MIDDLEWARE

/* All of them, outermost first; *out_n of them. */
const struct middleware_ops *const *middleware_list(unsigned *out_n);
