/* SPDX-License-Identifier: MIT */
/* POST /v1/emit/:event and /v1/broadcast/:event (docs/api.md, Events). */
#include "api/api_internal.h"

typedef void event_fn(struct broker *b, const struct broker_event *event,
                      broker_event_done_fn *done, void *owner);

static void on_delivered(struct broker *b, void *owner)
{
    api_reply_empty(owner);
}

/* A text is a list of one; null is all, as [] is; another type is a list that nobody is in. */
static struct bytes read_groups(struct api_request *request)
{
    struct arena *arena = api_arena(request);
    struct bytes groups = json_get(api_params_get(request, API_OPTIONS), BYTES("groups"));

    if (json_is_null_or_none(groups)) {
        groups = api_params_get(request, API_GROUPS);
    }
    if (!json_is_truthy(groups)) {
        return BYTES_NONE;
    }
    return json_type(groups) == JSON_ARRAY ? groups
                                           : arena_format(arena, "[%.*s]", BYTES_ARG(groups));
}

static void refuse_full(struct api_request *request)
{
    struct arena *arena = api_arena(request);
    struct bytes data = arena_format(
        arena, "{\"event\":%.*s,\"nodeID\":%.*s}", BYTES_ARG(json_quote(request->name, arena)),
        BYTES_ARG(json_quote(broker_options(request->api->broker)->node_id, arena)));

    api_reply_mol_error(request, mol_error_from_data(arena, MOL_ERROR_QUEUE_IS_FULL, data));
}

static void run(struct api_request *request, event_fn *send, struct bytes no_params,
                const char *action)
{
    struct broker_event event = {
        .event = request->name,
        .request_id = request->request_id,
        .caller = BYTES("$sidecar"),
    };

    if (!api_fault_check_name(request, "event", action) ||
        !api_fault_check_object(request, API_META, action) ||
        !api_fault_check_object(request, API_OPTIONS, action)) {
        return;
    }
    if (broker_is_full(request->api->broker)) {
        refuse_full(request);
        return;
    }
    event.params = api_params_get(request, API_PARAMS);
    if (json_is_null_or_none(event.params)) {
        event.params = no_params;
    }
    event.meta = api_params_get(request, API_META);
    event.groups = read_groups(request);
    event.headers = json_get(api_params_get(request, API_OPTIONS), BYTES("headers"));
    if (json_is_null_or_none(event.headers)) {
        event.headers = BYTES_NONE;
    } else if (!json_is_object(event.headers)) {
        api_fault_no_object(request, BYTES("options.headers"), event.headers, action);
        return;
    }
    event.parent = api_params_parent(request);
    send(request->api->broker, &event, on_delivered, request);
}

void api_event_emit(struct api_request *request)
{
    run(request, broker_emit, BYTES("{}"), "$sidecar.emitEvent");
}

void api_event_broadcast(struct api_request *request)
{
    run(request, broker_broadcast, BYTES("null"), "$sidecar.broadcastEvent");
}
