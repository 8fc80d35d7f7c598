/* SPDX-License-Identifier: MIT */
/*
 * Runs a hook or a fallback: POSTs to the app what an action's handler gets, with the result or the
 * error so far, and takes over what it answers (docs/services.md).
 */
#include "external/external_internal.h"

static const char *const kind_names[LOCAL_STEP_KINDS] = {
    [LOCAL_STEP_BEFORE] = "before",
    [LOCAL_STEP_AFTER] = "after",
    [LOCAL_STEP_ERROR] = "error",
    [LOCAL_STEP_FALLBACK] = "fallback",
};

/* The request and what it is for. */
struct step_request {
    struct external_request base;
    enum local_step_kind kind;
};

/* The handler has run: nobody may take it for an action that has not. */
static struct mol_error *after_not_asked(struct context *ctx, const char *reason)
{
    return mol_error_new(&ctx->arena, MOL_ERROR_MOLECULER,
                         arena_format(&ctx->arena, "The after hook of '%.*s' cannot be asked: %s",
                                      BYTES_ARG(ctx->name), reason),
                         502, BYTES("SIDECAR_HOOK_UNREACHABLE"), BYTES_NONE);
}

/* A hook that stands beside an error must not hide it by failing itself. */
static void not_reached(struct external_request *request, int err, enum local_step_kind kind)
{
    struct context *ctx = request->ctx;
    const char *reason = *request->http.error_text ? request->http.error_text : err_text(err);

    if (!ctx->error && kind == LOCAL_STEP_AFTER && err != ERR_TIMEOUT) {
        ctx->result = BYTES_NONE;
        ctx->error = after_not_asked(ctx, reason);
        return;
    }
    if (!ctx->error) {
        ctx->result = BYTES_NONE;
        external_answer_failed(request, err);
        return;
    }
    log_warn(&request->external->log, "The %s of '%.*s' cannot be asked at '%.*s': %s",
             kind == LOCAL_STEP_FALLBACK ? "fallback" : "error hook", BYTES_ARG(ctx->name),
             BYTES_ARG(request->http.url), reason);
}

static void on_answered(struct external_request *base, int err,
                        const struct http_response *response)
{
    struct step_request *request = container_of(base, struct step_request, base);

    if (err) {
        not_reached(base, err, request->kind);
    } else {
        external_answer_read_step(base->ctx, response, request->kind);
    }
}

static void add_outcome(struct json_writer *w, const struct context *ctx)
{
    if (ctx->error) {
        json_key(w, BYTES("error"));
        mol_error_to_json(w, ctx->error);
    } else {
        json_member(w, BYTES("response"), ctx->result);
    }
}

/* The call's time may be over when its fallback is asked: that gets as much again. */
static double time_for(const struct context *ctx, enum local_step_kind kind)
{
    if (kind != LOCAL_STEP_FALLBACK) {
        return context_remaining_ms(ctx);
    }
    return ctx->timeout_ms > 0 ? ctx->timeout_ms : -1;
}

bool external_step_ask(struct external *x, struct bytes url, struct context *ctx,
                       const struct local_step *local)
{
    struct step_request *request = arena_new(&ctx->arena, struct step_request);
    struct json_writer w = json_writer(&request->base.body);

    external_request_init(&request->base, x, ctx);
    request->kind = local->kind;
    request->base.left_ms = time_for(ctx, local->kind);
    request->base.answered = on_answered;
    request->base.finished = local->finished;
    json_begin_object(&w);
    json_member_text(&w, BYTES("action"), ctx->name);
    json_member_text(&w, BYTES("hook"), bytes_cstr(kind_names[local->kind]));
    external_request_add_params(&request->base, &w);
    external_request_add_options(&request->base, &w);
    if (local->kind != LOCAL_STEP_BEFORE) {
        add_outcome(&w, ctx);
    }
    json_end_object(&w);
    return external_request_send(&request->base, url);
}

bool external_step_run(struct external *x, const struct external_handler *h, struct context *ctx,
                       const struct local_step *local)
{
    const struct external_step *step = &h->steps[local->kind][local->index];

    if (bytes_is_set(step->url)) {
        return external_step_ask(x, step->url, ctx, local);
    }
    ctx->error = NULL;
    ctx->result = arena_copy(&ctx->arena, step->value);
    return false;
}
