/* SPDX-License-Identifier: MIT */
/* What a context does by itself: merging meta. */
#include "support/check.h"

#include "model/context.h"

enum { MANY = 10000 };

static void start(struct context *ctx)
{
    memset(ctx, 0, sizeof(*ctx));
    arena_init(&ctx->arena);
    ctx->meta = BYTES("{}");
}

static void end(struct context *ctx)
{
    shared_unref(ctx->meta_text);
    arena_fini(&ctx->arena);
}

static void meta_is_laid_over_meta(void **state)
{
    static struct context ctx;

    start(&ctx);
    context_merge_meta(&ctx, BYTES("{\"a\":1,\"b\":[2.0]}"));
    context_merge_meta(&ctx, BYTES("{\"c\":null,\"a\":\"x\"}"));
    assert_bytes(ctx.meta, "{\"a\":\"x\",\"b\":[2.0],\"c\":null}");
    context_merge_meta(&ctx, BYTES("[1]"));
    context_merge_meta(&ctx, BYTES_NONE);
    assert_bytes(ctx.meta, "{\"a\":\"x\",\"b\":[2.0],\"c\":null}");
    end(&ctx);
}

static void many_merges_take_little_memory(void **state)
{
    static struct context ctx;
    char text[64];

    start(&ctx);
    context_merge_meta(&ctx, BYTES("{\"first\":true}"));
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(text, sizeof(text), "{\"n\":%d}", i);
        context_merge_meta(&ctx, bytes_cstr(text));
    }
    assert_bytes(ctx.meta, "{\"first\":true,\"n\":9999}");
    assert_true(ctx.arena.used_bytes < 4096);
    context_merge_meta(&ctx, BYTES("{}"));
    assert_bytes(ctx.meta, "{\"first\":true,\"n\":9999}");
    end(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meta_is_laid_over_meta),
        cmocka_unit_test(many_merges_take_little_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
