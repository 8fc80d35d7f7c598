/* SPDX-License-Identifier: MIT */
/* The HTTP server of the REST API: requests in, their context, clients that go away. */
#include "api/api.h"

#include "api/api_internal.h"
#include "base/uuid.h"
#include "broker/pipeline.h"

struct arena *api_arena(struct api_request *request)
{
    return &request->http->arena;
}

/* X-Correlation-ID, else X-Request-ID, else a new one. */
static struct bytes request_id_of(struct http_request *http)
{
    struct bytes id = http_headers_get(&http->headers, BYTES("X-Correlation-ID"));
    char *made;

    if (id.n == 0) {
        id = http_headers_get(&http->headers, BYTES("X-Request-ID"));
    }
    if (id.n) {
        return id;
    }
    made = arena_alloc(&http->arena, UUID_TEXT_BYTES);
    uuid_make(made);
    return bytes_of(made, UUID_TEXT_BYTES);
}

static bool wants_body(struct http_server *server, struct http_request *http)
{
    return api_routes_want_body(http->path);
}

static void on_request(struct http_server *server, struct http_request *http)
{
    struct api_request *request = arena_new(&http->arena, struct api_request);

    request->api = http_server_owner(server);
    request->http = http;
    request->request_id = request_id_of(http);
    request->body = BYTES("{}");
    api_params_init(request);
    http->owner = request;
    api_routes_run(request);
}

/* Nobody waits for the answer: the call is given up, and with it the request to the app. */
static void on_abandon(struct http_server *server, struct http_request *http)
{
    struct api_request *request = http->owner;
    struct context *ctx = request->ctx;

    if (request->mcall) {
        api_mcall_abandon(request->mcall);
    } else if (request->is_removing) {
        api_registry_abandon(request);
    } else if (ctx) {
        pipeline_abandon(ctx, mol_error_about_action(&ctx->arena, MOL_ERROR_REQUEST_REJECTED,
                                                     ctx->name, ctx->node_id));
    }
}

static void on_refuse(struct http_server *server, unsigned status, const char *text,
                      struct buf *out)
{
    if (status == 417) { /* has no body, as in the original */
        return;
    }
    api_reply_error_json(
        &(struct api_error){
            .name = "BadRequestError",
            .message = bytes_cstr(text),
            .code = status,
            .type = BYTES("BAD_REQUEST"),
        },
        out);
}

static const struct http_server_events server_events = {
    .wants_body = wants_body,
    .on_request = on_request,
    .on_abandon = on_abandon,
    .on_refuse = on_refuse,
};

int api_new(struct loop *loop, const struct api_options *options, struct broker *broker,
            struct external *external, struct api **out)
{
    struct api *api = mem_new(struct api);
    struct http_server_options server_options = {
        .host = options->host,
        .port = options->port,
        .body_limit_bytes = options->body_limit_bytes,
    };
    int err;

    api->loop = loop;
    api->broker = broker;
    api->external = external;
    api->log = (struct logger){broker_log_sink(broker), "sidecar"};
    err = http_server_open(loop, &server_options, &server_events, api, &api->server);
    if (err) {
        mem_free(api);
        return err;
    }
    *out = api;
    return 0;
}

unsigned api_port(const struct api *api)
{
    return http_server_port(api->server);
}

static void on_drained(struct http_server *server)
{
    struct api *api = http_server_owner(server);

    api->drained(api->drained_owner);
}

void api_drain(struct api *api, void (*done)(void *owner), void *owner)
{
    api->drained = done;
    api->drained_owner = owner;
    http_server_drain(api->server, on_drained);
}

void api_free(struct api *api)
{
    if (api) {
        http_server_close(api->server);
        mem_free(api);
    }
}
