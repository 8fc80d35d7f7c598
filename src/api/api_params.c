/* SPDX-License-Identifier: MIT */
/* The members of a request, from its body and its query (http-api.md 1.7). */
#include "api/api_internal.h"
#include "api/api_query.h"

struct bytes api_params_get(const struct api_request *request, struct bytes name)
{
    struct bytes value = json_get(request->query, name);

    return bytes_is_set(value) ? value : json_get(request->body, name);
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

struct context *api_params_parent(struct api_request *request)
{
    struct bytes id = http_headers_get(&request->http->headers, BYTES("X-Parent-ID"));

    return id.n ? broker_find_context(request->api->broker, id) : NULL;
}
