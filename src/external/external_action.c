/* SPDX-License-Identifier: MIT */
/* An action of an app: POST the context, read the answer (http-api.md 5.1). */
#include "external/external_internal.h"

static void on_answered(struct external_request *request, int err,
                        const struct http_response *response)
{
    if (err) {
        external_answer_failed(request, err);
    } else {
        external_answer_read(request->ctx, response);
    }
}

static void add_options(struct json_writer *w, const struct context *ctx)
{
    double left = context_remaining_ms(ctx);

    json_key(w, BYTES("options"));
    json_begin_object(w);
    if (left >= 0) {
        json_key(w, BYTES("timeout"));
        json_number(w, left);
    }
    json_end_object(w);
}

void external_action_run(struct external *x, const struct external_handler *h, struct context *ctx)
{
    struct external_request *request = external_request_new(x, ctx);
    struct json_writer w = json_writer(&request->body);

    request->answered = on_answered;
    json_begin_object(&w);
    json_member_text(&w, BYTES("action"), ctx->name);
    external_request_add_params(request, &w);
    add_options(&w, ctx);
    json_end_object(&w);
    external_request_send(request, h);
}
