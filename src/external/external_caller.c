/* SPDX-License-Identifier: MIT */
/* Fallbacks that callers over HTTP bring as URLs, for actions of any node. */
#include "base/assert.h"
#include "external/external_internal.h"

static bool caller_step(struct local_service *s, const struct local_handler *h, struct context *ctx,
                        const struct local_step *step)
{
    struct external_caller *c = container_of(s, struct external_caller, base);

    return external_step_ask(c->external, ctx->fallback_url, ctx, step);
}

/* It is not on the heap, and is never registered. */
static void caller_free(struct local_service *s)
{
    ASSERT(false);
}

void external_caller_init(struct external_caller *c, struct external *external)
{
    static const struct local_service_ops ops = {.step = caller_step, .free = caller_free};

    c->base = (struct local_service){.ops = &ops, .refs = 1};
    c->external = external;
}
