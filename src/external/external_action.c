/* SPDX-License-Identifier: MIT */
/* An action of an app: POST the context, read the answer (docs/api.md). */
#include "broker/pipeline.h"
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

void external_action_run(struct external *x, const struct external_handler *h, struct context *ctx)
{
    struct external_request *request = external_request_new(x, ctx);
    struct json_writer w = json_writer(&request->body);

    request->answered = on_answered;
    json_begin_object(&w);
    json_member_text(&w, BYTES("action"), ctx->name);
    external_request_add_params(request, &w);
    external_request_add_options(request, &w);
    json_end_object(&w);
    if (!external_request_send(request, h->url)) {
        pipeline_finish(ctx);
    }
}
