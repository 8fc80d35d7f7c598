/* SPDX-License-Identifier: MIT */
/* POST /v1/call/:action (docs/api.md, Calling): the request's members become a call, its outcome
 * the answer. */
#include "api/api_internal.h"

static const char call_action[] = "$sidecar.callAction";

/* In the words of the validator, which says of objects alone no "field". */
static void refuse(struct api_request *request, const struct api_option_fault *fault)
{
    struct arena *arena = api_arena(request);
    const char *field = strcmp(fault->type, "object") == 0 ? "" : "field ";

    api_fault_reply(request, &(struct api_fault){
                                 .type = fault->type,
                                 .message = arena_format(arena, "The 'options.%s' %s%s.",
                                                         fault->name, field, fault->must),
                                 .field = arena_format(arena, "options.%s", fault->name),
                                 .actual = fault->actual,
                                 .action = call_action,
                             });
}

/* What stands in options stands over the same at the top level. */
static bool read_options(struct api_request *request, struct broker_call *call)
{
    struct bytes options = api_params_get(request, API_OPTIONS);
    struct arena *arena = api_arena(request);
    struct api_option_fault fault;

    if (!api_options_read(options, arena, call, &fault)) {
        refuse(request, &fault);
        return false;
    }
    if (json_is_null_or_none(json_get(options, BYTES("timeout")))) {
        call->has_timeout =
            api_params_number(api_params_get(request, API_TIMEOUT), arena, &call->timeout_ms);
    }
    if (json_is_null_or_none(json_get(options, BYTES("retries")))) {
        call->retries = api_options_retries(api_params_get(request, API_RETRIES), arena);
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
    api_params_nest(request, &call);
    request->ctx = broker_call(request->api->broker, &call, on_called, request);
}
