/* SPDX-License-Identifier: MIT */
/* The options of a call over HTTP (docs/api.md, Calling), of /v1/call and of each call of
 * /v1/mcall. */
#include "api/api_internal.h"

double api_options_retries(struct bytes slice, struct arena *arena)
{
    double retries;

    if (!api_params_number(slice, arena, &retries)) {
        return -1;
    }
    return retries > 0 ? retries : 0;
}

/* A URL, {url} or {value}, as that of an action; it stands over fallbackResponse. */
static bool read_fallback(struct bytes fallback, struct arena *arena, struct broker_call *call)
{
    struct bytes value = json_get(fallback, BYTES("value"));
    struct bytes url = json_is_object(fallback) ? json_get(fallback, BYTES("url")) : fallback;

    if (json_is_null_or_none(fallback)) {
        return true;
    }
    if (json_is_object(fallback) && json_count(fallback) != 1) {
        return false;
    }
    if (bytes_is_set(value)) {
        call->fallback_response = value;
        call->has_fallback_value = true;
        return true;
    }
    call->fallback_response = BYTES_NONE;
    call->fallback_url = json_string(url, arena);
    return external_is_url(call->fallback_url);
}

/* Null, absent and "" are none. */
static bool read_node(struct bytes value, struct arena *arena, struct broker_call *call)
{
    struct bytes text = json_string(value, arena);

    call->target_node = text.n > 0 ? text : BYTES_NONE;
    return json_is_null_or_none(value) || json_type(value) == JSON_STRING;
}

bool api_options_read(struct bytes options, struct arena *arena, struct broker_call *call,
                      struct api_option_fault *out)
{
    enum { TIMEOUT, RETRIES, RESPONSE, FALLBACK, HEADERS, TRACKING, NODE_ID, FIELDS };
    struct json_field fields[FIELDS] = {
        [TIMEOUT] = {BYTES("timeout"), BYTES_NONE},
        [RETRIES] = {BYTES("retries"), BYTES_NONE},
        [RESPONSE] = {BYTES("fallbackResponse"), BYTES_NONE},
        [FALLBACK] = {BYTES("fallback"), BYTES_NONE},
        [HEADERS] = {BYTES("headers"), BYTES_NONE},
        [TRACKING] = {BYTES("tracking"), BYTES_NONE},
        [NODE_ID] = {BYTES("nodeID"), BYTES_NONE},
    };

    json_get_fields(options, fields, FIELDS);
    call->has_timeout = api_params_number(fields[TIMEOUT].value, arena, &call->timeout_ms);
    call->retries = api_options_retries(fields[RETRIES].value, arena);
    call->fallback_response = fields[RESPONSE].value;
    call->is_untracked = bytes_is_set(fields[TRACKING].value) &&
                         json_type(fields[TRACKING].value) != JSON_NULL &&
                         !json_is_truthy(fields[TRACKING].value);
    if (!read_fallback(fields[FALLBACK].value, arena, call)) {
        *out = (struct api_option_fault){"fallback", "string",
                                         "must be a URL, or an object with a url or a value",
                                         fields[FALLBACK].value};
        return false;
    }
    if (!read_node(fields[NODE_ID].value, arena, call)) {
        *out = (struct api_option_fault){"nodeID", "string", "must be a string",
                                         fields[NODE_ID].value};
        return false;
    }
    if (json_is_null_or_none(fields[HEADERS].value)) {
        return true;
    }
    call->headers = fields[HEADERS].value;
    *out = (struct api_option_fault){"headers", "object", "must be an Object", call->headers};
    return json_is_object(call->headers);
}
