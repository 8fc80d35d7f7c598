/* SPDX-License-Identifier: MIT */
/*
 * One request to the app: body, headers, deadline, and its end. The request never outlives the
 * context's deadline; when the context is given up, the connection is closed.
 */
#include <inttypes.h>

#include "base/assert.h"
#include "broker/pipeline.h"
#include "external/external_internal.h"

enum { TIMEOUT_HEADER_BYTES = 40, NET_MS = 10 };

static void on_done(struct http_client_request *http, int err, const struct http_response *response)
{
    struct external_request *request = container_of(http, struct external_request, http);
    struct context *ctx = request->ctx;

    buf_fini(&request->body);
    if (err == ERR_CANCELED) {
        return; /* the client closes: the daemon ends */
    }
    request->answered(request, err, response);
    pipeline_finish(ctx);
}

static void cancel(struct context *ctx)
{
    struct external_request *request = ctx->work;

    http_client_cancel(&request->http);
    buf_fini(&request->body);
}

struct external_request *external_request_new(struct external *x, struct context *ctx)
{
    struct external_request *request = arena_new(&ctx->arena, struct external_request);

    request->ctx = ctx;
    request->external = x;
    buf_init(&request->body, BUF_NO_LIMIT);
    return request;
}

void external_request_add_params(struct external_request *request, struct json_writer *w)
{
    const struct context *ctx = request->ctx;

    json_member_text(w, BYTES("nodeID"), ctx->node_id);
    json_key(w, BYTES("params"));
    json_raw(w, ctx->params);
    json_member(w, BYTES("meta"), ctx->meta);
}

/* An id as a header value: what is not printable ASCII is left out. */
static bool is_header_safe(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f) {
            return false;
        }
    }
    return text.n > 0;
}

/* The time left as whole milliseconds, never 0; nothing when there is no limit to speak of. */
static void timeout_header(const struct context *ctx, char out[TIMEOUT_HEADER_BYTES])
{
    double left = context_remaining_ms(ctx);

    *out = '\0';
    if (left >= 0 && left < (double)INT64_MAX) {
        (void)snprintf(out, TIMEOUT_HEADER_BYTES, "X-Timeout-Ms: %" PRIu64 "\r\n",
                       left < 1 ? 1 : (uint64_t)left);
    }
}

static struct bytes context_headers(struct context *ctx)
{
    struct bytes request_id = is_header_safe(ctx->request_id) ? ctx->request_id : BYTES("");
    struct bytes id = is_header_safe(ctx->id) ? ctx->id : BYTES("");
    char timeout[TIMEOUT_HEADER_BYTES];

    timeout_header(ctx, timeout);
    return arena_format(&ctx->arena, "%s%.*s%s%s%.*s%s%s", request_id.n ? "X-Request-ID: " : "",
                        BYTES_ARG(request_id), request_id.n ? "\r\n" : "",
                        id.n ? "X-Context-ID: " : "", BYTES_ARG(id), id.n ? "\r\n" : "", timeout);
}

static uint64_t deadline_ms(const struct external_request *request)
{
    double left = context_remaining_ms(request->ctx);
    double most = request->external->app_timeout_ms;

    /* The timeout middleware ends the call in time, a little later when a node asked; this is the
     * net under it. */
    return loop_delay_ms(left >= 0 && left < most ? left + NET_MS : most);
}

void external_request_send(struct external_request *request, const struct external_handler *h)
{
    struct context *ctx = request->ctx;

    request->http = (struct http_client_request){
        .done = on_done,
        .method = BYTES("POST"),
        .url = h->url,
        .content_type = BYTES("application/json"),
        .body = buf_bytes(&request->body),
        .extra_headers = context_headers(ctx),
        .timeout_ms = deadline_ms(request),
    };
    if (http_client_start(request->external->client, &request->http) != 0) {
        external_request_drop(request);
        ctx->error =
            mol_error_new(&ctx->arena, MOL_ERROR_MOLECULER,
                          arena_format(&ctx->arena, "The handler of '%.*s' is no valid URL: '%.*s'",
                                       BYTES_ARG(ctx->name), BYTES_ARG(h->url)),
                          500, BYTES("INVALID_HANDLER_URL"), BYTES_NONE);
        pipeline_finish(ctx);
        return;
    }
    ctx->work = request;
    ctx->cancel = cancel;
}

void external_request_drop(struct external_request *request)
{
    buf_fini(&request->body);
}
