/* SPDX-License-Identifier: MIT */
/* The order of the middlewares. */
#include "middleware/middleware.h"

const struct middleware_ops *const *middleware_list(unsigned *out_n)
{
    static const struct middleware_ops *const list[] = {
#define MIDDLEWARE(stem) &middleware_##stem##_ops,
#include "middleware/middleware.def"
#undef MIDDLEWARE
    };

    *out_n = sizeof(list) / sizeof(list[0]);
    return list;
}
