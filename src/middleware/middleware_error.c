/* SPDX-License-Identifier: MIT */
/* The error handler stage: says what failed, and makes sure that an error has a name. */
#include "broker/broker.h"
#include "middleware/middleware.h"

struct error_middleware {
    struct middleware base;
    struct logger log;
};

static enum pipeline_step error_leave(struct middleware *m, struct context *ctx)
{
    const struct logger *log = &container_of(m, struct error_middleware, base)->log;

    if (!ctx->error) {
        return PIPELINE_NEXT;
    }
    if (!bytes_is_set(ctx->error->name)) {
        ctx->error->name = BYTES("\"Error\"");
    }
    if (log_is_on(log, LOG_DEBUG)) {
        struct bytes text = mol_error_text(ctx->error, &ctx->arena);

        log_debug(log, "The '%.*s' request is rejected. requestID: %.*s: %.*s",
                  BYTES_ARG(ctx->name), BYTES_ARG(ctx->request_id), BYTES_ARG(text));
    }
    return PIPELINE_NEXT;
}

static struct middleware *error_create(struct broker *broker)
{
    struct error_middleware *m = mem_new(struct error_middleware);

    m->base.ops = &middleware_error_ops;
    m->log = (struct logger){broker_log_sink(broker), "broker"};
    return &m->base;
}

static void error_free(struct middleware *m)
{
    mem_free(container_of(m, struct error_middleware, base));
}

const struct middleware_ops middleware_error_ops = {
    .name = "ErrorHandler",
    .kinds = MIDDLEWARE_LOCAL_ACTION | MIDDLEWARE_REMOTE_ACTION | MIDDLEWARE_LOCAL_EVENT,
    .create = error_create,
    .free = error_free,
    .leave = error_leave,
};
