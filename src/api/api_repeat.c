/* SPDX-License-Identifier: MIT */
/*
 * What an answer tells of trying again: how often the sidecar has done so already, and whether the
 * caller may (docs/api.md, Trying again).
 */
#include "api/api_internal.h"

static bool is_safe(const struct context *ctx)
{
    return !ctx->is_unsure && mol_error_may_repeat(ctx->error, ctx->name);
}

void api_repeat_add_headers(struct buf *headers, const struct context *ctx)
{
    if (ctx->n_retries > 0) {
        buf_add_format(headers, "X-Retry-Attempts: %u\r\n", ctx->n_retries);
    }
    if (ctx->error) {
        buf_add(headers,
                is_safe(ctx) ? BYTES("X-Repeat-Safe: yes\r\n") : BYTES("X-Repeat-Safe: no\r\n"));
    }
}
