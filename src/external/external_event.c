/* SPDX-License-Identifier: MIT */
/* An event for an app: POST it, log when that fails; nobody else hears of it. */
#include "broker/pipeline.h"
#include "external/external_internal.h"

static void on_answered(struct external_request *request, int err,
                        const struct http_response *response)
{
    struct context *ctx = request->ctx;
    const struct logger *log = &request->external->log;
    const char *text = request->http.error_text;

    if (err) {
        log_error(log, "Event '%.*s' could not be handed to '%.*s': %s", BYTES_ARG(ctx->name),
                  BYTES_ARG(request->http.url), *text ? text : err_text(err));
    } else if (response->status >= 300) {
        log_error(log, "Event '%.*s' was answered with %u by '%.*s'.", BYTES_ARG(ctx->name),
                  response->status, BYTES_ARG(request->http.url));
    }
}

void external_event_run(struct external *x, const struct external_handler *h, struct context *ctx)
{
    struct external_request *request;
    struct json_writer w;

    if (!bytes_is_set(h->url)) { /* it only cleans the cache */
        pipeline_finish(ctx);
        return;
    }
    request = external_request_new(x, ctx);
    w = json_writer(&request->body);
    request->answered = on_answered;
    json_begin_object(&w);
    json_member_text(&w, BYTES("event"), ctx->name);
    json_member_text(&w, BYTES("eventType"), ctx->event_type);
    json_member(&w, BYTES("eventGroups"), ctx->groups);
    external_request_add_params(request, &w);
    json_end_object(&w);
    if (!external_request_send(request, h->url)) {
        pipeline_finish(ctx);
    }
}
