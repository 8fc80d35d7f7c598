/* SPDX-License-Identifier: MIT */
/* The cache from outside (docs/api.md, Caching): figures, keys, cleaning. */
#include "api/api_internal.h"
#include "cacher/cacher.h"

enum { MS_PER_S = 1000 };

static const char clean_action[] = "$sidecar.cleanCache";

/* NULL: there is none, and the request has been answered. */
static struct cacher *cacher_of(struct api_request *request)
{
    struct cacher *c = broker_cacher(request->api->broker);

    if (!c) {
        api_reply_error(request, &(struct api_error){
                                     .name = "MoleculerClientError",
                                     .message = BYTES("Cacher feature is disabled"),
                                     .code = 400,
                                     .type = BYTES("CACHER_DISABLED"),
                                 });
    }
    return c;
}

static void reply_ok(struct api_request *request)
{
    api_reply_json(request, 200, BYTES("{\"status\":\"OK\"}"));
}

/* --- figures --- */

static void write_counter(struct json_writer *w, struct bytes name, uint64_t value)
{
    json_key(w, name);
    json_number(w, (double)value);
}

static void write_stats(struct json_writer *w, const struct cacher_stats *stats)
{
    json_key(w, BYTES("counters"));
    json_begin_object(w);
    write_counter(w, BYTES("get"), stats->gets);
    write_counter(w, BYTES("found"), stats->found);
    write_counter(w, BYTES("expired"), stats->expired);
    write_counter(w, BYTES("evicted"), stats->evicted);
    write_counter(w, BYTES("set"), stats->sets);
    write_counter(w, BYTES("del"), stats->dels);
    write_counter(w, BYTES("clean"), stats->cleans);
    json_end_object(w);
}

void api_cache_stats(struct api_request *request)
{
    const struct cacher *c = cacher_of(request);
    struct cacher_usage usage;
    struct buf body;
    struct json_writer w = json_writer(&body);

    if (!c) {
        return;
    }
    usage = cacher_usage(c);
    buf_init(&body, BUF_NO_LIMIT);
    json_begin_object(&w);
    json_member_text(&w, BYTES("type"), bytes_cstr(c->ops->name));
    json_member_int(&w, BYTES("entries"), (int64_t)usage.entries);
    json_member_int(&w, BYTES("bytes"), (int64_t)usage.bytes);
    json_member_int(&w, BYTES("limitBytes"), (int64_t)c->options->limit_bytes);
    write_stats(&w, &c->stats);
    json_end_object(&w);
    api_reply_json(request, 200, buf_bytes(&body));
    buf_fini(&body);
}

/* --- cleaning --- */

static bool refuse(struct api_request *request, struct bytes match, const char *type,
                   struct bytes message)
{
    api_fault_reply(request, &(struct api_fault){
                                 .type = type,
                                 .message = message,
                                 .field = BYTES("match"),
                                 .actual = match,
                                 .action = clean_action,
                             });
    return false;
}

/* A body that is no object names nothing, which must not mean everything. */
static bool check_match(struct api_request *request, struct bytes match)
{
    if (json_type(request->body) == JSON_ARRAY) {
        return refuse(request, request->body, "object", BYTES("The body must be an Object."));
    }
    if (!json_is_null_or_none(match) && json_type(match) != JSON_STRING &&
        !json_is_list_of_strings(match)) {
        return refuse(request, match, "string",
                      BYTES("The 'match' field must be a string or an array of strings."));
    }
    return json_count(match) <= EVENT_PATTERNS_MAX ||
           refuse(request, BYTES_NONE, "arrayMax",
                  BYTES("The 'match' field must contain at most 100 items."));
}

void api_cache_clean(struct api_request *request)
{
    struct cacher *c = cacher_of(request);
    struct bytes match;

    if (!c) {
        return;
    }
    match = json_get(api_params_all(request, BYTES_NONE), BYTES("match"));
    if (!check_match(request, match)) {
        return;
    }
    if (json_is_null_or_none(match)) {
        cacher_clean(c, BYTES_NONE);
    } else {
        cacher_clean_matching(c, match);
    }
    reply_ok(request);
}

/* --- one key --- */

/* The value under the path's key, a new reference; NULL: the request has been answered. */
static struct shared *look(struct api_request *request, struct cacher *c, uint64_t *out_left_ms)
{
    struct shared *value = cacher_look(c, request->name, out_left_ms);

    if (!value) {
        api_reply_error(request, &(struct api_error){
                                     .name = "MoleculerClientError",
                                     .message = BYTES("Cache key not found"),
                                     .code = 404,
                                     .type = BYTES("NOT_FOUND"),
                                     .data = api_params_all(request, BYTES("key")),
                                 });
    }
    return value;
}

void api_cache_get(struct api_request *request)
{
    struct cacher *c = cacher_of(request);
    uint64_t left_ms;
    struct shared *value = c ? look(request, c, &left_ms) : NULL;
    struct buf body;
    struct json_writer w = json_writer(&body);

    if (!value) {
        return;
    }
    buf_init(&body, BUF_NO_LIMIT);
    json_begin_object(&w);
    json_member_text(&w, BYTES("key"), request->name);
    json_member(&w, BYTES("value"), value->bytes);
    json_key(&w, BYTES("ttl"));
    if (left_ms) {
        json_number(&w, (double)left_ms / MS_PER_S);
    } else {
        json_raw(&w, BYTES("null"));
    }
    json_end_object(&w);
    api_reply_json(request, 200, buf_bytes(&body));
    buf_fini(&body);
    shared_unref(value);
}

void api_cache_remove(struct api_request *request)
{
    struct cacher *c = cacher_of(request);
    uint64_t left_ms;
    struct shared *value = c ? look(request, c, &left_ms) : NULL;

    if (value) {
        shared_unref(value);
        cacher_del(c, request->name);
        reply_ok(request);
    }
}
