/* SPDX-License-Identifier: MIT */
/* ValidationError answers for what a caller got wrong in the endpoint's own parameters. */
#include "api/api_internal.h"

void api_fault_json(struct json_writer *w, const struct api_fault *fault, struct bytes node_id)
{
    json_begin_object(w);
    json_member_text(w, BYTES("type"), bytes_cstr(fault->type));
    json_member_text(w, BYTES("message"), fault->message);
    json_member_text(w, BYTES("field"), fault->field);
    json_member(w, BYTES("actual"), fault->actual);
    json_member_text(w, BYTES("nodeID"), node_id);
    json_member_text(w, BYTES("action"), bytes_cstr(fault->action));
    json_end_object(w);
}

void api_fault_reply_list(struct api_request *request, struct bytes faults)
{
    api_reply_error(request, &(struct api_error){
                                 .name = "ValidationError",
                                 .message = BYTES("Parameters validation error!"),
                                 .code = 422,
                                 .type = BYTES("VALIDATION_ERROR"),
                                 .data = faults,
                             });
}

void api_fault_reply(struct api_request *request, const struct api_fault *fault)
{
    struct buf data;
    struct json_writer w = json_writer(&data);

    buf_init(&data, BUF_NO_LIMIT);
    json_begin_array(&w);
    api_fault_json(&w, fault, broker_options(request->api->broker)->node_id);
    json_end_array(&w);
    api_fault_reply_list(request, buf_bytes(&data));
    buf_fini(&data);
}

bool api_fault_check_name(struct api_request *request, const char *field, const char *action)
{
    if (request->name.n > 0) {
        return true;
    }
    api_fault_reply(
        request,
        &(struct api_fault){
            .type = "stringEmpty",
            .message = arena_format(api_arena(request), "The '%s' field must not be empty.", field),
            .field = bytes_cstr(field),
            .actual = BYTES("\"\""),
            .action = action,
        });
    return false;
}

void api_fault_no_object(struct api_request *request, struct bytes field, struct bytes actual,
                         const char *action)
{
    api_fault_reply(request,
                    &(struct api_fault){
                        .type = "object",
                        .message = arena_format(api_arena(request), "The '%.*s' must be an Object.",
                                                BYTES_ARG(field)),
                        .field = field,
                        .actual = actual,
                        .action = action,
                    });
}

bool api_fault_check_object(struct api_request *request, enum api_member member, const char *action)
{
    struct bytes value = api_params_get(request, member);

    if (json_is_null_or_none(value) || json_is_object(value)) {
        return true;
    }
    api_fault_no_object(request, request->members[member].name, value, action);
    return false;
}
