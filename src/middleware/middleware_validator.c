/* SPDX-License-Identifier: MIT */
/*
 * Checks and sanitises the parameters of local actions and events by their schema
 * (docs/protocol.md, Validation). Missing and null parameters are checked as {}; a handler still
 * sees null as null.
 */
#include "broker/broker.h"
#include "middleware/middleware.h"
#include "registry/endpoint.h"
#include "validation/validation.h"

/* Each entry of the validator, with who called and what. */
static struct bytes extend(const struct context *ctx, struct bytes errors, struct arena *arena)
{
    bool is_event = ctx->kind == CONTEXT_LOCAL_EVENT;
    struct json_iter it = json_iter(errors);
    struct buf out, added;
    struct json_writer w = json_writer(&out);
    struct json_writer who = json_writer(&added);
    struct bytes entry, kept;

    buf_init(&out, BUF_NO_LIMIT);
    buf_init(&added, BUF_NO_LIMIT);
    json_begin_object(&who);
    json_member_text(&who, BYTES("nodeID"), ctx->node_id);
    json_member_text(&who, is_event ? BYTES("event") : BYTES("action"), ctx->name);
    json_end_object(&who);
    json_begin_array(&w);
    while (json_next_item(&it, &entry)) {
        json_raw(&w, json_merge(entry, buf_bytes(&added), arena));
    }
    json_end_array(&w);
    kept = arena_copy(arena, buf_bytes(&out));
    buf_fini(&out);
    buf_fini(&added);
    return kept;
}

static const struct validation *rules_of(struct context *ctx)
{
    broker_context_bind(ctx);
    return ctx->local_handler ? ctx->local_handler->params : NULL;
}

static enum pipeline_step validator_enter(struct middleware *m, struct context *ctx)
{
    const struct validation *rules = rules_of(ctx);
    bool is_missing = json_is_null_or_none(ctx->params);
    struct bytes params, errors;

    if (!rules) {
        return PIPELINE_NEXT;
    }
    validation_run(rules, is_missing ? BYTES("{}") : ctx->params, &ctx->arena, &params, &errors);
    if (bytes_is_set(errors)) {
        ctx->error =
            mol_error_new(&ctx->arena, MOL_ERROR_VALIDATION, BYTES("Parameters validation error!"),
                          0, BYTES_NONE, extend(ctx, errors, &ctx->arena));
        return PIPELINE_DONE;
    }
    if (!is_missing) {
        ctx->params = params;
    }
    return PIPELINE_NEXT;
}

static struct middleware *validator_create(struct broker *broker)
{
    struct middleware *m = mem_new(struct middleware);

    m->ops = &middleware_validator_ops;
    return m;
}

static void validator_free(struct middleware *m)
{
    mem_free(m);
}

const struct middleware_ops middleware_validator_ops = {
    .name = "Validator",
    .kinds = MIDDLEWARE_LOCAL_ACTION | MIDDLEWARE_LOCAL_EVENT,
    .create = validator_create,
    .free = validator_free,
    .enter = validator_enter,
};
