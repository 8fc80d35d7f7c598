/* SPDX-License-Identifier: MIT */
/* Questions that any stage of the pipeline asks of a context. */
#include "model/context.h"

double context_remaining_ms(const struct context *ctx)
{
    double left;

    if (ctx->timeout_ms <= 0) {
        return -1;
    }
    left = ctx->timeout_ms - (double)(loop_now_ms(ctx->loop) - ctx->started_ms);
    return left > 0 ? left : 0;
}

void context_merge_meta(struct context *ctx, struct bytes meta)
{
    struct bytes merged;

    if (!json_is_object(meta)) {
        return;
    }
    merged = json_merge(ctx->meta, meta, &ctx->arena);
    if (merged.p == meta.p) {
        merged = arena_copy(&ctx->arena, merged);
    }
    ctx->meta = merged;
}

void context_set_response_headers(struct context *ctx, struct bytes headers)
{
    bool is_set = json_is_object(headers) && json_count(headers) > 0;

    ctx->response_headers = is_set ? arena_copy(&ctx->arena, headers) : BYTES_NONE;
}
