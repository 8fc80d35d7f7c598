/* SPDX-License-Identifier: MIT */
/* The members of a request, from its body and its query. */
#include "api/api_internal.h"
#include "api/api_query.h"

void api_params_init(struct api_request *request)
{
    static const struct bytes names[API_MEMBERS] = {
        [API_PARAMS] = BYTES_INIT("params"),   [API_META] = BYTES_INIT("meta"),
        [API_OPTIONS] = BYTES_INIT("options"), [API_TIMEOUT] = BYTES_INIT("timeout"),
        [API_RETRIES] = BYTES_INIT("retries"), [API_GROUPS] = BYTES_INIT("groups"),
    };

    for (size_t i = 0; i < API_MEMBERS; i++) {
        request->members[i] = (struct json_field){names[i], BYTES_NONE};
    }
}

struct bytes api_params_get(const struct api_request *request, enum api_member member)
{
    struct json_field of_body = request->members[member];
    struct bytes value = json_get(request->query, of_body.name);

    return bytes_is_set(value) ? value : of_body.value;
}

bool api_params_number(struct bytes slice, struct arena *arena, double *out)
{
    struct bytes json;

    if (json_type(slice) == JSON_STRING &&
        json_scan(json_string(slice, arena), 0, &json, NULL) == 0) {
        slice = json;
    }
    return json_double(slice, out);
}

struct bytes api_params_all(struct api_request *request, struct bytes path_name)
{
    struct arena *arena = api_arena(request);
    struct bytes all = json_merge(request->body, request->query, arena);
    struct buf out;
    struct json_writer w = json_writer(&out);

    buf_init(&out, BUF_NO_LIMIT);
    json_begin_object(&w);
    if (bytes_is_set(path_name)) {
        json_member_text(&w, path_name, request->name);
    }
    json_end_object(&w);
    all = json_merge(all, arena_copy(arena, buf_bytes(&out)), arena);
    buf_fini(&out);
    return all;
}

void api_params_read_query(struct api_request *request)
{
    if (request->http->query.n) {
        request->query = api_query_to_json(request->http->query, api_arena(request));
    }
}

static struct bytes parent_id(const struct api_request *request)
{
    return http_headers_get(&request->http->headers, BYTES("X-Parent-ID"));
}

struct context *api_params_parent(struct api_request *request)
{
    struct bytes id = parent_id(request);

    return id.n ? broker_find_context(request->api->broker, id) : NULL;
}

void api_params_nest(struct api_request *request, struct broker_call *call)
{
    struct bytes id = parent_id(request);

    call->parent = api_params_parent(request);
    call->is_late = !call->parent && id.n && broker_was_late(request->api->broker, id);
}
