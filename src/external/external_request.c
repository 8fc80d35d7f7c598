/* SPDX-License-Identifier: MIT */
/*
 * One request to the app: body, headers, deadline, and its end. The request never outlives the
 * context's deadline; when the context is given up, the connection is closed.
 */
#include "base/assert.h"
#include "broker/pipeline.h"
#include "external/external_internal.h"

static void on_done(struct http_client_request *http, int err, const struct http_response *response)
{
    struct external_request *request = container_of(http, struct external_request, http);
    struct context *ctx = request->ctx;

    buf_fini(&request->body);
    if (err == ERR_CANCELED) {
        return; /* the client closes: the daemon ends */
    }
    request->answered(request, err, response);
    request->finished(ctx);
}

static void cancel(struct context *ctx)
{
    struct external_request *request = ctx->work;

    http_client_cancel(&request->http);
    buf_fini(&request->body);
}

void external_request_init(struct external_request *request, struct external *x,
                           struct context *ctx)
{
    request->ctx = ctx;
    request->external = x;
    request->left_ms = context_remaining_ms(ctx);
    request->finished = pipeline_finish;
    buf_init(&request->body, BUF_NO_LIMIT);
}

struct external_request *external_request_new(struct external *x, struct context *ctx)
{
    struct external_request *request = arena_new(&ctx->arena, struct external_request);

    external_request_init(request, x, ctx);
    return request;
}

void external_request_add_params(struct external_request *request, struct json_writer *w)
{
    const struct context *ctx = request->ctx;

    json_member_text(w, BYTES("nodeID"), ctx->node_id);
    json_key(w, BYTES("params"));
    json_raw(w, ctx->params);
    json_member(w, BYTES("meta"), ctx->meta);
    if (json_count(ctx->headers) > 0) {
        json_member(w, BYTES("headers"), ctx->headers);
    }
}

void external_request_add_options(struct external_request *request, struct json_writer *w)
{
    json_key(w, BYTES("options"));
    json_begin_object(w);
    if (request->left_ms >= 0) {
        json_key(w, BYTES("timeout"));
        json_number(w, request->left_ms);
    }
    json_end_object(w);
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

static void add_header(struct buf *out, struct bytes name, struct bytes value)
{
    if (is_header_safe(value)) {
        buf_add(out, name);
        buf_add(out, value);
        buf_add(out, BYTES("\r\n"));
    }
}

static void add_number(struct buf *out, struct bytes name, uint64_t value)
{
    buf_add(out, name);
    buf_add_u64(out, value);
    buf_add(out, BYTES("\r\n"));
}

/* The time left goes as whole milliseconds, never 0; nothing when there is no limit to speak of.
 * Which repetition of the call it is goes from the first on; calls of other nodes do not tell. */
static void add_headers(const struct external_request *request, struct buf *out)
{
    const struct context *ctx = request->ctx;
    double left = request->left_ms;

    add_header(out, BYTES("X-Request-ID: "), ctx->request_id);
    add_header(out, BYTES("X-Context-ID: "), ctx->id);
    if (left >= 0 && left < (double)INT64_MAX) {
        add_number(out, BYTES("X-Timeout-Ms: "), left < 1 ? 1 : (uint64_t)left);
    }
    if (ctx->n_retries > 0) {
        add_number(out, BYTES("X-Retry-Attempt: "), ctx->n_retries);
    }
}

static uint64_t deadline_ms(const struct external_request *request)
{
    double left = request->left_ms;
    double most = request->external->app_timeout_ms;

    /* The timeout middleware ends the call in time; this is the net under it. */
    return loop_delay_ms(left >= 0 && left < most ? left + 1 : most);
}

bool external_request_send(struct external_request *request, struct bytes url)
{
    struct context *ctx = request->ctx;
    size_t n_body = request->body.n;

    add_headers(request, &request->body); /* behind the body, for the room that is there */
    request->http = (struct http_client_request){
        .done = on_done,
        .method = BYTES("POST"),
        .url = url,
        .content_type = BYTES("application/json"),
        .body = bytes_of(request->body.p, n_body),
        .extra_headers = bytes_from(buf_bytes(&request->body), n_body),
        .timeout_ms = deadline_ms(request),
    };
    if (http_client_start(request->external->client, &request->http) != 0) {
        buf_fini(&request->body);
        ctx->error =
            mol_error_new(&ctx->arena, MOL_ERROR_MOLECULER,
                          arena_format(&ctx->arena, "The handler of '%.*s' is no valid URL: '%.*s'",
                                       BYTES_ARG(ctx->name), BYTES_ARG(url)),
                          500, BYTES("INVALID_HANDLER_URL"), BYTES_NONE);
        return false;
    }
    ctx->work = request;
    ctx->cancel = cancel;
    return true;
}
