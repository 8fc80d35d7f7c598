/* SPDX-License-Identifier: MIT */
/* POST /v1/call/:action (docs/api.md, Calling): the request's members become a call, its outcome
 * the answer. */
#include "api/api_internal.h"

static const char call_action[] = "$sidecar.callAction";

/* What stands in options stands over the same at the top level. */
static bool read_options(struct api_request *request, struct broker_call *call)
{
    struct bytes options = api_params_get(request, API_OPTIONS);
    struct arena *arena = api_arena(request);
    const char *fault = api_options_read(options, arena, call);

    if (fault) {
        api_fault_no_object(request, arena_format(arena, "options.%s", fault), call->headers,
                            call_action);
        return false;
    }
    if (json_is_null_or_none(json_get(options, BYTES("timeout")))) {
        call->has_timeout =
            api_params_number(api_params_get(request, API_TIMEOUT), arena, &call->timeout_ms);
    }
    if (json_is_null_or_none(json_get(options, BYTES("retries"))) &&
        !api_params_number(api_params_get(request, API_RETRIES), arena, &call->retries)) {
        call->retries = -1;
    }
    return true;
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
    };

    if (!api_fault_check_name(request, "action", call_action) ||
        !api_fault_check_object(request, API_META, call_action) ||
        !api_fault_check_object(request, API_OPTIONS, call_action) ||
        !read_options(request, &call)) {
        return;
    }
    call.params = api_params_get(request, API_PARAMS);
    if (json_is_null_or_none(call.params)) {
        call.params = BYTES("{}");
    }
    call.meta = api_params_get(request, API_META);
    call.parent = api_params_parent(request);
    request->ctx = broker_call(request->api->broker, &call, on_called, request);
}
