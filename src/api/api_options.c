/* SPDX-License-Identifier: MIT */
/* The options of a call over HTTP (docs/api.md, Calling), of /v1/call and of each call of
 * /v1/mcall. */
#include "api/api_internal.h"

const char *api_options_read(struct bytes options, struct arena *arena, struct broker_call *call)
{
    enum { TIMEOUT, RETRIES, FALLBACK, HEADERS, TRACKING, FIELDS };
    struct json_field fields[FIELDS] = {
        [TIMEOUT] = {BYTES("timeout"), BYTES_NONE},
        [RETRIES] = {BYTES("retries"), BYTES_NONE},
        [FALLBACK] = {BYTES("fallbackResponse"), BYTES_NONE},
        [HEADERS] = {BYTES("headers"), BYTES_NONE},
        [TRACKING] = {BYTES("tracking"), BYTES_NONE},
    };

    json_get_fields(options, fields, FIELDS);
    call->has_timeout = api_params_number(fields[TIMEOUT].value, arena, &call->timeout_ms);
    if (!api_params_number(fields[RETRIES].value, arena, &call->retries)) {
        call->retries = -1;
    }
    call->fallback_response = fields[FALLBACK].value;
    call->is_untracked = bytes_is_set(fields[TRACKING].value) &&
                         json_type(fields[TRACKING].value) != JSON_NULL &&
                         !json_is_truthy(fields[TRACKING].value);
    if (json_is_null_or_none(fields[HEADERS].value)) {
        return NULL;
    }
    call->headers = fields[HEADERS].value;
    return json_is_object(call->headers) ? NULL : "headers";
}
