/* SPDX-License-Identifier: MIT */
/* Actions between nodes: our requests to others, and the requests of others to us. */
#include "base/assert.h"
#include "broker/broker_internal.h"

/* --- out: the handler of a remote action --- */

struct remote_call {
    struct transit_request request;
    struct context *ctx;
};

static void on_answer(struct transit_request *request, struct bytes sender,
                      const struct packet_response *response, struct mol_error *error)
{
    struct context *ctx = container_of(request, struct remote_call, request)->ctx;

    if (!response) {
        ctx->error = error;
        pipeline_finish(ctx);
        return;
    }
    context_merge_meta(ctx, response->meta);
    context_set_response_headers(ctx, response->headers);
    if (response->stream) {
        ctx->error = mol_error_new(&ctx->arena, MOL_ERROR_MOLECULER,
                                   BYTES("A streamed answer cannot be passed on."), 500,
                                   BYTES("STREAM_NOT_SUPPORTED"), BYTES_NONE);
    } else if (response->success) {
        ctx->result = response->data;
    } else {
        ctx->error = mol_error_from_wire(&ctx->arena, arena_copy(&ctx->arena, response->error),
                                         arena_copy(&ctx->arena, sender));
    }
    pipeline_finish(ctx);
}

static void cancel_remote_call(struct context *ctx)
{
    struct remote_call *call = ctx->work;

    transit_cancel_request(ctx->broker->transit, &call->request);
}

static void fill_request(const struct context *ctx, struct packet_request *packet,
                         struct buf *timeout)
{
    json_add_double(timeout, ctx->timeout_ms);
    *packet = (struct packet_request){
        .id = ctx->id,
        .action = ctx->name,
        .params = ctx->params,
        .meta = ctx->meta,
        .headers = bytes_is_set(ctx->headers) ? ctx->headers : BYTES("{}"),
        .timeout = buf_bytes(timeout),
        .level = ctx->level,
        .tracing = ctx->tracing,
        .parent_id = ctx->parent_id,
        .request_id = ctx->request_id,
        .caller = ctx->caller,
        .seq = -1,
    };
}

static void send_request(struct context *ctx, struct transit *transit)
{
    struct remote_call *call = arena_new(&ctx->arena, struct remote_call);
    bool balanced = transit_is_balanced(transit) && !bytes_is_set(ctx->target_node);
    struct packet_request packet;
    struct buf timeout;

    buf_init(&timeout, BUF_NO_LIMIT);
    fill_request(ctx, &packet, &timeout);
    call->ctx = ctx;
    call->request = (struct transit_request){
        .id = ctx->id,
        .action = ctx->name,
        .node_id = balanced ? BYTES_NONE : ctx->endpoint->node_id->bytes,
        .arena = &ctx->arena,
        .answered = on_answer,
    };
    list_init(&call->request.link);
    if (transit_send_request(transit, &call->request, &packet, &ctx->error) != 0) {
        pipeline_finish(ctx);
    } else {
        ctx->work = call;
        ctx->cancel = cancel_remote_call;
    }
    buf_fini(&timeout);
}

void broker_remote_call(struct context *ctx)
{
    if (ctx->broker->transit) {
        send_request(ctx, ctx->broker->transit);
    } else { /* we have left the cluster; the last answers are on their way out */
        ctx->error = mol_error_broker_disconnected(&ctx->arena);
        pipeline_finish(ctx);
    }
}

/* --- in: requests of other nodes --- */

static void answer(struct broker *b, const struct packet_envelope *to,
                   const struct packet_response *response)
{
    struct packet_response refused = {.id = response->id, .meta = BYTES("{}"), .seq = -1};
    struct arena arena;
    int err = b->transit ? transit_send_response(b->transit, to, response) : ERR_NOT_CONNECTED;

    if (err != ERR_LIMIT) {
        return;
    }
    /* Too large for the transporter: the caller hears so instead of waiting for its time-out. */
    arena_init(&arena);
    refused.error_out = mol_error_new(&arena, MOL_ERROR_SERVER,
                                      BYTES("The answer is too large for the transporter."), 500,
                                      BYTES("PACKET_TOO_LARGE"), BYTES_NONE);
    err = transit_send_response(b->transit, to, &refused);
    if (err) {
        log_debug(&b->log, "An answer to '%.*s' could not be sent.", BYTES_ARG(to->sender));
    }
    arena_fini(&arena);
}

static void on_request_done(struct context *ctx)
{
    const struct packet_envelope *from = ctx->owner;

    answer(ctx->broker, from,
           &(struct packet_response){
               .id = ctx->id,
               .success = !ctx->error,
               .data = ctx->result,
               .error_out = ctx->error,
               .meta = ctx->meta,
               .headers = bytes_is_set(ctx->response_headers) ? ctx->response_headers : BYTES("{}"),
               .seq = -1,
           });
}

/* The request cannot be dispatched: its meta goes back as it came, headers are null. */
static void answer_undispatched(struct context *ctx, const struct packet_envelope *from,
                                const struct packet_request *request, struct mol_error *error)
{
    answer(ctx->broker, from,
           &(struct packet_response){
               .id = request->id,
               .error_out = error,
               .meta = request->meta,
               .headers = BYTES("null"),
               .seq = -1,
           });
    ctx->done = NULL;
    broker_context_fail(ctx, error);
}

static struct endpoint *choose_local(struct context *ctx, struct mol_error **out_error)
{
    struct broker *b = ctx->broker;
    struct endpoint_list *list = registry_find_action(b->registry, ctx->name);
    bool known = list && list->n_local > 0;
    struct endpoint *e = NULL;

    if (known && b->state < BROKER_DRAINING) {
        e = registry_choose_local(b->registry, list, ctx);
    }
    if (!e) {
        bool stopping = b->state >= BROKER_DRAINING;
        enum mol_error_kind kind =
            known || stopping ? MOL_ERROR_SERVICE_NOT_AVAILABLE : MOL_ERROR_SERVICE_NOT_FOUND;

        *out_error = mol_error_about_action(&ctx->arena, kind, ctx->name, b->options->node_id);
    }
    return e;
}

static void fill_from_request(struct context *ctx, const struct packet_request *request)
{
    double timeout;

    ctx->kind = CONTEXT_LOCAL_ACTION;
    ctx->from_remote = true;
    ctx->id = request->id;
    ctx->name = request->action;
    ctx->params = bytes_is_set(request->params) ? request->params : BYTES("{}");
    ctx->meta = request->meta;
    ctx->headers = request->headers;
    ctx->level = request->level;
    ctx->tracing = request->tracing;
    ctx->parent_id = request->parent_id;
    ctx->request_id = bytes_is_set(request->request_id) ? request->request_id : request->id;
    ctx->caller = request->caller;
    if (json_double(request->timeout, &timeout)) {
        ctx->has_timeout = true;
        ctx->timeout_ms = timeout;
    }
}

/* Packets of a stream beyond the first have been refused with it. */
static bool is_stream_rest(const struct packet_request *request)
{
    return request->seq > 0;
}

static struct mol_error *refuse_request(struct context *ctx, const struct packet_request *request)
{
    const struct broker_options *o = ctx->broker->options;

    if (request->stream) {
        return mol_error_new(&ctx->arena, MOL_ERROR_MOLECULER,
                             BYTES("Streams cannot be passed to this action."), 500,
                             BYTES("STREAM_NOT_SUPPORTED"), BYTES_NONE);
    }
    if (o->max_running && ctx->broker->n_running > o->max_running) {
        return mol_error_about_action(&ctx->arena, MOL_ERROR_QUEUE_IS_FULL, ctx->name, o->node_id);
    }
    return NULL;
}

static void on_request(void *owner, const struct packet_envelope *from, struct bytes packet)
{
    struct broker *b = owner;
    struct context *ctx = broker_context_new(b);
    struct packet_envelope *caller = arena_new(&ctx->arena, struct packet_envelope);
    struct packet_request request;
    struct mol_error *error = NULL;
    struct endpoint *endpoint = NULL;

    if (packet_request_decode(arena_copy(&ctx->arena, packet), &ctx->arena, &request) != 0 ||
        is_stream_rest(&request)) {
        log_debug(&b->log, "A request of '%.*s' is dropped.", BYTES_ARG(from->sender));
        broker_context_fail(ctx, NULL);
        return;
    }
    *caller = (struct packet_envelope){.version = from->version,
                                       .sender = arena_copy(&ctx->arena, from->sender)};
    fill_from_request(ctx, &request);
    ctx->node_id = caller->sender;
    ctx->owner = caller;
    ctx->done = on_request_done;
    error = refuse_request(ctx, &request);
    if (!error) {
        endpoint = choose_local(ctx, &error);
    }
    if (!endpoint) {
        answer_undispatched(ctx, caller, &request, error);
        return;
    }
    broker_context_set_timeout(ctx, endpoint);
    ctx->is_starting = false;
    broker_context_run(ctx, endpoint_ref(endpoint));
}

static void on_event(void *owner, const struct packet_envelope *from, struct bytes packet)
{
    broker_event_received(owner, from, packet);
}

static void on_error(void *owner, const struct mol_error *error, const char *module,
                     const char *type)
{
    char event[32];

    (void)snprintf(event, sizeof(event), "$%s.error", module);
    broker_notify_error(owner, bytes_cstr(event), error, module, type);
}

void broker_remote_listen(struct broker *b)
{
    static const struct transit_call_events events = {
        .on_request = on_request,
        .on_event = on_event,
        .on_error = on_error,
    };

    transit_listen_calls(b->transit, &events, b);
}
