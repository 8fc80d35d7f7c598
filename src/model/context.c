/* SPDX-License-Identifier: MIT */
/* Questions that any stage of the pipeline asks of a context. */
#include "model/context.h"

/* A call that makes any number of others must not collect what each of them set. */
enum { MERGES_IN_ARENA = 8 };

double context_remaining_ms(const struct context *ctx)
{
    double left;

    if (ctx->timeout_ms <= 0) {
        return -1;
    }
    left = ctx->timeout_ms - (double)(loop_now_ms(ctx->loop) - ctx->started_ms);
    return left > 0 ? left : 0;
}

/* The arena keeps what was before, for as long as the context lives. */
static void merge_in_arena(struct context *ctx, struct bytes meta)
{
    struct bytes merged = json_merge(ctx->meta, meta, &ctx->arena);

    ctx->meta = merged.p == meta.p ? arena_copy(&ctx->arena, merged) : merged;
}

static void merge_in_place(struct context *ctx, struct bytes meta)
{
    struct shared *text;
    struct arena scratch;
    struct bytes merged;

    arena_init(&scratch);
    merged = json_merge(ctx->meta, meta, &scratch);
    if (merged.p != ctx->meta.p) {
        text = shared_new(merged);
        shared_unref(ctx->meta_text);
        ctx->meta_text = text;
        ctx->meta = text->bytes;
    }
    arena_fini(&scratch);
}

void context_merge_meta(struct context *ctx, struct bytes meta)
{
    if (!json_is_object(meta)) {
        return;
    }
    if (ctx->n_merges++ < MERGES_IN_ARENA) {
        merge_in_arena(ctx, meta);
    } else {
        merge_in_place(ctx, meta);
    }
}

void context_set_response_headers(struct context *ctx, struct bytes headers)
{
    bool is_set = json_is_object(headers) && json_count(headers) > 0;

    ctx->response_headers = is_set ? arena_copy(&ctx->arena, headers) : BYTES_NONE;
}
