/* SPDX-License-Identifier: MIT */
/* POST /v1/call/:action (http-api.md 3): the request's members become a call, its outcome the
 * answer. */
#include "api/api_internal.h"

static const char call_action[] = "$sidecar.callAction";

/* A member of options stands over that of the top level. */
static bool read_option(struct api_request *request, enum api_member member, double *out)
{
    struct bytes nested =
        json_get(api_params_get(request, API_OPTIONS), request->members[member].name);

    return api_params_number(json_is_null_or_none(nested) ? api_params_get(request, member)
                                                          : nested,
                             api_arena(request), out);
}

static void on_called(struct context *ctx)
{
    struct api_request *request = ctx->owner;

    request->ctx = NULL;
    api_reply_call(request, ctx);
}

void api_call_action(struct api_request *request)
{
    struct broker_call call = {
        .action = request->name,
        .request_id = request->request_id,
        .caller = BYTES("$sidecar"),
        .retries = -1,
    };

    if (!api_fault_check_name(request, "action", call_action) ||
        !api_fault_check_object(request, API_META, call_action) ||
        !api_fault_check_object(request, API_OPTIONS, call_action)) {
        return;
    }
    call.params = api_params_get(request, API_PARAMS);
    if (json_is_null_or_none(call.params)) {
        call.params = BYTES("{}");
    }
    call.meta = api_params_get(request, API_META);
    call.has_timeout = read_option(request, API_TIMEOUT, &call.timeout_ms);
    if (!read_option(request, API_RETRIES, &call.retries)) {
        call.retries = -1;
    }
    call.parent = api_params_parent(request);
    request->ctx = broker_call(request->api->broker, &call, on_called, request);
}
