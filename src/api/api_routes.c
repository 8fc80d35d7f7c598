/* SPDX-License-Identifier: MIT */
/* The route table: method, path, handler (docs/api.md). */
#include "api/api_internal.h"
#include "base/utf8.h"
#include "http/http_url.h"

typedef void route_fn(struct api_request *request);

struct route {
    const char *method;
    const char *path; /* a '/' at the end: one more segment follows, the name */
    route_fn *run;
};

static const struct route routes[] = {
    {"POST", "/v1/call/", api_call_action},
    {"POST", "/v1/mcall", api_mcall_run},
    {"POST", "/v1/emit/", api_event_emit},
    {"POST", "/v1/broadcast/", api_event_broadcast},
    {"POST", "/broadcast/", api_event_broadcast},
    {"POST", "/v1/registry/services", api_registry_register},
    {"DELETE", "/v1/registry/services/", api_registry_unregister},
    {"GET", "/v1/registry/nodes", api_registry_nodes},
    {"GET", "/v1/registry/services", api_registry_services},
    {"GET", "/v1/registry/actions", api_registry_actions},
    {"GET", "/v1/registry/events", api_registry_events},
    {"GET", "/health", api_health_live},
    {"GET", "/ready", api_health_ready},
};

/* One or two slashes at the end are ignored. */
static struct bytes cut_slashes(struct bytes path)
{
    for (int i = 0; i < 2; i++) {
        if (path.p && path.n && path.p[path.n - 1] == '/') {
            path.n--;
        }
    }
    return path;
}

/* The fixed part is matched without case. */
static bool path_matches(const struct route *route, struct bytes path, struct bytes *out_name)
{
    struct bytes fixed = bytes_cstr(route->path);
    bool has_name = fixed.n > 0 && fixed.p[fixed.n - 1] == '/';

    if (path.n < fixed.n || !bytes_eq_nocase(bytes_of(path.p, fixed.n), fixed)) {
        return false;
    }
    path = cut_slashes(bytes_from(path, fixed.n));
    *out_name = path;
    return has_name ? path.n > 0 && bytes_find(path, '/') == path.n : path.n == 0;
}

static const struct route *find(const struct http_request *http, struct bytes *out_name)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (bytes_eq(http->method, bytes_cstr(routes[i].method)) &&
            path_matches(&routes[i], http->path, out_name)) {
            return &routes[i];
        }
    }
    return NULL;
}

bool api_routes_want_body(struct bytes path)
{
    static const char *const roots[] = {"/v1/", "/broadcast/"};

    for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
        struct bytes root = bytes_cstr(roots[i]);

        if (path.n >= root.n && bytes_eq_nocase(bytes_of(path.p, root.n), root)) {
            return true;
        }
    }
    return false;
}

static void reply_not_found(struct api_request *request)
{
    api_reply_error(request, &(struct api_error){
                                 .name = "NotFoundError",
                                 .message = BYTES("Not found"),
                                 .code = 404,
                                 .type = BYTES("NOT_FOUND"),
                             });
}

static void reply_bad_name(struct api_request *request, struct bytes raw)
{
    struct arena *arena = api_arena(request);

    api_reply_error(request, &(struct api_error){
                                 .name = "BadRequestError",
                                 .message = BYTES("Bad request"),
                                 .code = 400,
                                 .type = BYTES("UNABLE_DECODE_PARAM"),
                                 .data = arena_format(arena, "{\"param\":%.*s}",
                                                      BYTES_ARG(json_quote(raw, arena))),
                             });
}

/* Reads what every handler may need; false when the request has been answered. */
static bool read_request(struct api_request *request, struct bytes raw_name)
{
    struct arena *arena = api_arena(request);

    api_params_read_query(request);
    if (!bytes_is_set(raw_name) || raw_name.n == 0) {
        return true;
    }
    if (!http_url_decode(raw_name, false, arena, &request->name) || !utf8_is_valid(request->name)) {
        reply_bad_name(request, raw_name);
        return false;
    }
    request->name = bytes_trim(request->name);
    return true;
}

void api_routes_run(struct api_request *request)
{
    struct bytes raw_name = BYTES_NONE;
    const struct route *route = find(request->http, &raw_name);

    if (api_routes_want_body(request->http->path) && !api_body_read(request)) {
        return;
    }
    if (!route) {
        reply_not_found(request);
    } else if (read_request(request, raw_name)) {
        route->run(request);
    }
}
