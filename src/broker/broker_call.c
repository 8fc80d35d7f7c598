/* SPDX-License-Identifier: MIT */
/*
 * Calling actions. The way of a call, out and in:
 *
 *   out:  http_server -> api_routes -> api_call -> broker_call -> pipeline -> registry_choose
 *             |- local:  external_action -> http_client -> the app
 *             `- remote: broker_remote_call -> transit_send_request -> packet_request ->
 * transporter answer: transit_receive / http_client -> pipeline_finish -> pipeline unwinds ->
 * api_reply in:   transporter -> transit_receive -> broker_remote (on_request) -> pipeline
 *             -> external_action -> http_client -> ... -> transit_send_response -> transporter
 */
#include "broker/broker_internal.h"

/* The parent's id, level, meta, request id and rest of time go over to the new context. */
static void inherit(struct context *ctx, const struct context *parent)
{
    ctx->has_parent = true;
    ctx->parent_id = arena_copy(&ctx->arena, parent->id);
    ctx->request_id = arena_copy(&ctx->arena, parent->request_id);
    ctx->tracing = arena_copy(&ctx->arena, parent->tracing);
    ctx->caller = arena_copy(&ctx->arena, parent->endpoint->service_name);
    ctx->level = parent->level + 1;
    ctx->meta = arena_copy(&ctx->arena, parent->meta);
}

static struct context *context_for_call(struct broker *b, const struct broker_call *call)
{
    struct context *ctx = broker_context_new(b);

    ctx->kind = CONTEXT_LOCAL_ACTION;
    ctx->name = call->action;
    ctx->params = bytes_is_set(call->params) ? call->params : BYTES("{}");
    ctx->headers = call->headers;
    ctx->target_node = call->target_node;
    ctx->has_timeout = call->has_timeout;
    ctx->timeout_ms = call->timeout_ms;
    ctx->retries = call->retries;
    ctx->fallback_response = call->fallback_response;
    ctx->has_fallback_value = call->has_fallback_value;
    ctx->fallback_url = call->fallback_url;
    ctx->is_untracked = call->is_untracked;
    ctx->node_id = b->options->node_id;
    ctx->request_id = call->request_id;
    ctx->parent_id = call->parent_id;
    ctx->caller = call->caller;
    ctx->level = call->level > 0 ? call->level : 1;
    if (call->parent) {
        inherit(ctx, call->parent);
    }
    context_merge_meta(ctx, call->meta);
    broker_context_identify(ctx);
    return ctx;
}

/* docs/protocol.md, Choosing an endpoint; *out_error is set when there is none. */
struct endpoint *broker_choose_endpoint(struct context *ctx, struct mol_error **out_error)
{
    struct registry *r = ctx->broker->registry;
    struct endpoint_list *list = registry_find_action(r, ctx->name);
    struct strategy_input input = {ctx->params, ctx->meta};
    struct endpoint *e = NULL;

    if (!list) {
        *out_error = mol_error_about_action(&ctx->arena, MOL_ERROR_SERVICE_NOT_FOUND, ctx->name,
                                            ctx->target_node);
        return NULL;
    }
    if (bytes_is_set(ctx->target_node)) {
        e = registry_choose_node(r, list, ctx->target_node);
        if (e) {
            return endpoint_ref(e);
        }
        *out_error = mol_error_about_action(&ctx->arena, MOL_ERROR_SERVICE_NOT_FOUND, ctx->name,
                                            ctx->target_node);
        return NULL;
    }
    e = registry_choose(r, list, &input);
    if (!e) {
        *out_error = mol_error_about_action(&ctx->arena, MOL_ERROR_SERVICE_NOT_AVAILABLE, ctx->name,
                                            BYTES_NONE);
        return NULL;
    }
    return endpoint_ref(e);
}

void broker_context_set_timeout(struct context *ctx, const struct endpoint *endpoint)
{
    if (!ctx->has_timeout) {
        ctx->timeout_ms = endpoint->timeout_ms >= 0 ? endpoint->timeout_ms
                                                    : ctx->broker->options->request_timeout_ms;
    }
    if (!(ctx->timeout_ms > 0)) {
        ctx->timeout_ms = 0;
    }
}

/* A nested call gets the time its parent has left, or less when it says so itself; that stands over
 * the time-out of the action (docs/protocol.md, Timeouts). */
static bool limit_to_parent(struct context *ctx, const struct context *parent)
{
    double left = parent ? context_remaining_ms(parent) : -1;

    if (left < 0) {
        return true;
    }
    if (left <= 0) {
        return false;
    }
    if (!ctx->has_timeout || ctx->timeout_ms <= 0 || ctx->timeout_ms > left) {
        ctx->timeout_ms = left;
        ctx->has_timeout = true;
    }
    return true;
}

static struct mol_error *refusal(struct context *ctx, const struct broker_call *call)
{
    const struct broker_options *o = ctx->broker->options;
    const struct context *parent = call->parent;

    if (call->is_late || !limit_to_parent(ctx, parent)) {
        return mol_error_about_action(&ctx->arena, MOL_ERROR_REQUEST_SKIPPED, ctx->name,
                                      o->node_id);
    }
    if (parent && o->max_call_level > 0 && parent->level >= o->max_call_level) {
        return mol_error_max_call_level(&ctx->arena, parent->level, o->node_id);
    }
    if (o->max_running && ctx->broker->n_running > o->max_running) {
        return mol_error_about_action(&ctx->arena, MOL_ERROR_QUEUE_IS_FULL, ctx->name, o->node_id);
    }
    return NULL;
}

struct context *broker_call_behind(const struct context *like, context_done_fn *done)
{
    struct broker *b = like->broker;
    struct context *ctx;

    if (b->options->max_running && b->n_running >= b->options->max_running) {
        return NULL;
    }
    ctx = broker_context_new(b);
    ctx->kind = CONTEXT_LOCAL_ACTION;
    ctx->name = arena_copy(&ctx->arena, like->name);
    ctx->params = arena_copy(&ctx->arena, like->params);
    ctx->meta = arena_copy(&ctx->arena, like->meta);
    ctx->headers = arena_copy(&ctx->arena, like->headers);
    ctx->tracing = arena_copy(&ctx->arena, like->tracing);
    ctx->request_id = arena_copy(&ctx->arena, like->request_id);
    ctx->parent_id = arena_copy(&ctx->arena, like->parent_id);
    ctx->caller = arena_copy(&ctx->arena, like->caller);
    ctx->node_id = arena_copy(&ctx->arena, like->node_id);
    ctx->level = like->level;
    ctx->is_untracked = true;
    ctx->done = done;
    ctx->outermost = ctx->stage = like->stage + 1;
    broker_context_identify(ctx);
    broker_context_run(ctx, endpoint_ref(like->endpoint));
    ctx->is_starting = false;
    return ctx;
}

struct context *broker_call(struct broker *b, const struct broker_call *call, context_done_fn *done,
                            void *owner)
{
    struct context *ctx = context_for_call(b, call);
    struct mol_error *error = refusal(ctx, call);
    struct endpoint *endpoint = error ? NULL : broker_choose_endpoint(ctx, &error);

    ctx->done = done;
    ctx->owner = owner;
    if (endpoint) {
        broker_context_set_timeout(ctx, endpoint);
        broker_context_run(ctx, endpoint);
    } else {
        broker_context_fail(ctx, error);
    }
    ctx->is_starting = false;
    return ctx;
}
