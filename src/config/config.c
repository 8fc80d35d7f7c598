/* SPDX-License-Identifier: MIT */
/* Reads the options of config.def from the environment and makes the broker's options of them. */
#include "config/config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/config_env.h"
#include "json/json.h"

enum config_kind { KIND_TEXT, KIND_NUMBER, KIND_BOOL };

struct option {
    enum config_kind kind;
    size_t offset;
    const char *path, *initial, *about;
};

static const struct option options[] = {
#define CONFIG(kind, field, path, initial, about)                                                  \
    {KIND_##kind, offsetof(struct config, field), path, initial, about},
#include "config/config.def"
#undef CONFIG
};

enum { N_OPTIONS = sizeof(options) / sizeof(options[0]), HOST_BYTES = 256, CACHER_ENTRIES = 1000 };

static const double CACHE_LIMIT_MAX = 1e15;

/* --- values --- */

/* As the original coerces texts: true only for exactly "true". */
static bool to_bool(struct bytes text, bool *out)
{
    if (bytes_eq_nocase(text, BYTES("true")) || bytes_eq_nocase(text, BYTES("false"))) {
        *out = bytes_eq(text, BYTES("true"));
        return true;
    }
    return false;
}

static bool set_value(struct config *c, const struct option *o, struct bytes text)
{
    void *field = (char *)c + o->offset;

    switch (o->kind) {
    case KIND_TEXT:
        *(struct bytes *)field = arena_copy(&c->arena, text);
        return true;
    case KIND_NUMBER:
        return config_env_number(text, field);
    case KIND_BOOL:
        return to_bool(text, field);
    }
    return false;
}

static int read_option(struct config *c, const struct option *o, char *const *environment,
                       char *error_text, size_t error_room)
{
    char name[128];
    struct bytes value;

    config_env_name(o->path, name, sizeof(name));
    (void)set_value(c, o, bytes_cstr(o->initial));
    value = config_env_get(environment, name);
    if (value.n == 0 || set_value(c, o, value)) {
        return 0;
    }
    (void)snprintf(error_text, error_room, "%s must be a %s, not '%.*s'.", name,
                   o->kind == KIND_BOOL ? "boolean (true or false)" : "number", BYTES_ARG(value));
    return ERR_INVALID;
}

/* --- what $node.options shows --- */

static bool is_secret_url(struct bytes text)
{
    return bytes_find(text, '@') < text.n;
}

/* "nats://user:pass@host" without what stands before the '@'. */
static void write_masked(struct json_writer *w, struct bytes url, struct arena *arena)
{
    struct bytes out = BYTES("");

    while (url.n) {
        size_t end = bytes_find(url, ',');
        struct bytes one = bytes_of(url.p, end);
        size_t at = bytes_find(one, '@');
        size_t colon = bytes_find(one, ':');
        struct bytes scheme =
            at < one.n && colon + 3 <= at ? bytes_of(one.p, colon + 3) : BYTES("");

        out = arena_format(arena, "%.*s%s%.*s%s%.*s", BYTES_ARG(out), out.n ? "," : "",
                           BYTES_ARG(scheme), at < one.n ? "***" : "",
                           BYTES_ARG(at < one.n ? bytes_from(one, at) : one));
        url = bytes_from(url, end < url.n ? end + 1 : end);
    }
    json_text(w, out);
}

static void write_text(struct bytes text, const char *path, struct json_writer *w,
                       struct arena *arena)
{
    if (text.n == 0 && strcmp(path, "namespace") != 0) {
        json_raw(w, BYTES("null"));
    } else if (is_secret_url(text)) {
        write_masked(w, text, arena);
    } else {
        json_text(w, text);
    }
}

static void write_value(const struct config *c, const struct option *o, struct json_writer *w,
                        struct arena *arena)
{
    const void *field = (const char *)c + o->offset;

    switch (o->kind) {
    case KIND_TEXT:
        write_text(*(const struct bytes *)field, o->path, w, arena);
        break;
    case KIND_NUMBER:
        json_number(w, *(const double *)field);
        break;
    case KIND_BOOL:
        json_bool(w, *(const bool *)field);
        break;
    }
}

/* "body.limit" -> "bodyLimit": below its object an option is one member. */
static struct bytes member_name(struct bytes path, struct arena *arena)
{
    char *p = arena_alloc(arena, path.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < path.n; i++) {
        bool is_word_start = path.p[i] == '.' && i + 1 < path.n;

        i += is_word_start ? 1 : 0;
        p[n++] = (char)(is_word_start ? bytes_upper_char(path.p[i]) : path.p[i]);
    }
    return bytes_of(p, n);
}

/* Paths with a dot are members of an object; those of one object stand together in the list. */
static struct bytes public_options(const struct config *c, struct arena *arena)
{
    struct buf out;
    struct json_writer w = json_writer(&out);
    struct bytes group = BYTES_NONE;
    struct bytes kept;

    buf_init(&out, BUF_NO_LIMIT);
    json_begin_object(&w);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        struct bytes path = bytes_cstr(options[i].path);
        size_t dot = bytes_find(path, '.');
        struct bytes own = dot < path.n ? bytes_of(path.p, dot) : BYTES_NONE;

        if (bytes_is_set(group) && !bytes_eq(group, own)) {
            json_end_object(&w);
        }
        if (bytes_is_set(own) && !bytes_eq(group, own)) {
            json_key(&w, own);
            json_begin_object(&w);
        }
        group = own;
        json_key(&w, member_name(dot < path.n ? bytes_from(path, dot + 1) : path, arena));
        write_value(c, &options[i], &w, arena);
    }
    if (bytes_is_set(group)) {
        json_end_object(&w);
    }
    json_end_object(&w);
    kept = arena_copy(arena, buf_bytes(&out));
    buf_fini(&out);
    return kept;
}

/* --- the broker's options --- */

static void set_node_id(struct config *c)
{
    char host[HOST_BYTES] = "";

    if (c->node_id.n) {
        return;
    }
    (void)gethostname(host, sizeof(host) - 1);
    for (char *p = host; *p; p++) {
        *p = bytes_lower_char(*p);
    }
    c->node_id = arena_format(&c->arena, "%s-%ld", host, (long)getpid());
}

static unsigned to_unsigned(double value)
{
    return value > 0 && value < 4e9 ? (unsigned)value : 0;
}

/* As the original: options alone mean Memory; CACHER=false is none. */
static struct bytes cacher_type(struct config *c)
{
    struct bytes type = json_string(json_get(c->cacher_options, BYTES("type")), &c->arena);

    if (c->cacher.n) {
        type = c->cacher;
    } else if (!type.n) {
        type = bytes_is_set(c->cacher_options) ? BYTES("Memory") : BYTES_NONE;
    }
    return bytes_eq_nocase(type, BYTES("false")) ? BYTES_NONE : type;
}

static double cacher_number(struct bytes given, struct bytes name, double initial)
{
    double value;

    return json_double(json_get(given, name), &value) ? value : initial;
}

static bool has_cache_limit(const struct config *c)
{
    return c->cache_limit_bytes >= 1 && c->cache_limit_bytes <= CACHE_LIMIT_MAX;
}

static struct cacher_options make_cacher_options(struct config *c)
{
    struct bytes given = json_get(c->cacher_options, BYTES("options"));

    return (struct cacher_options){
        .type = cacher_type(c),
        .ttl_s = cacher_number(given, BYTES("ttl"), 0),
        .max_params_length = to_unsigned(cacher_number(given, BYTES("maxParamsLength"), 0)),
        .max_entries = to_unsigned(cacher_number(given, BYTES("max"), CACHER_ENTRIES)),
        .limit_bytes = has_cache_limit(c) ? (size_t)c->cache_limit_bytes : 0,
    };
}

static void make_broker_options(struct config *c)
{
    struct broker_options *b = &c->broker;

    *b = (struct broker_options){
        .namespace_ = c->namespace_,
        .node_id = c->node_id,
        .metadata = BYTES("{}"),
        .transporter = c->transporter.n ? c->transporter : BYTES_NONE,
        .transporter_options = c->transporter_options,
        .serializer = c->serializer,
        .strategy = c->strategy,
        .retry = {c->retry_enabled, c->retry_retries, c->retry_delay_ms, c->retry_max_delay_ms,
                  c->retry_factor},
        .breaker = {c->breaker_enabled, c->breaker_threshold, c->breaker_window_s,
                    c->breaker_min_requests, c->breaker_half_open_ms},
        .bulkhead = {c->bulkhead_enabled, c->bulkhead_concurrency, c->bulkhead_max_queue},
        .cacher = make_cacher_options(c),
        .request_timeout_ms = c->request_timeout_ms,
        .max_call_level = (int)to_unsigned(c->max_call_level),
        .heartbeat_interval_s = c->heartbeat_interval_s,
        .heartbeat_timeout_s = c->heartbeat_timeout_s,
        .prefer_local = c->prefer_local,
        .disable_balancer = c->disable_balancer,
        .disable_version_check = c->disable_version_check,
        .clean_offline_nodes_timeout_s = 600,
        .dependency_interval_ms = c->dependency_interval_ms,
        .dependency_timeout_ms = c->dependency_timeout_ms,
        .max_queue_size = to_unsigned(c->max_queue_size),
        .info_debounce_ms = to_unsigned(c->info_debounce_ms),
        .stop_delay_ms = to_unsigned(c->stop_delay_ms),
        .is_tracking = c->tracking_enabled,
        .shutdown_timeout_ms = to_unsigned(c->shutdown_timeout_ms),
        .max_running = to_unsigned(c->max_running),
    };
    b->public_options = public_options(c, &c->arena);
}

static const char *fault_of(struct config *c)
{
    enum log_level level;

    if (!log_level_parse(c->log_level, &level)) {
        return "LOGLEVEL must be fatal, error, warn, info, debug or trace.";
    }
    if (bytes_eq(c->protocol, BYTES("4"))) {
        c->broker.protocol = PROTOCOL_4;
    } else if (bytes_eq(c->protocol, BYTES("5"))) {
        c->broker.protocol = PROTOCOL_5;
    } else if (!bytes_eq_nocase(c->protocol, BYTES("auto"))) {
        return "PROTOCOLVERSION must be 4, 5 or auto.";
    }
    if (!(c->port >= 0 && c->port <= UINT16_MAX)) {
        return "SIDECAR_PORT must be from 0 to 65535.";
    }
    if (!(c->body_limit_bytes >= 1 && c->body_limit_bytes <= 1 << 30)) {
        return "SIDECAR_BODY_LIMIT must be from 1 to 1073741824 bytes.";
    }
    if (!(c->app_timeout_ms >= 1)) {
        return "SIDECAR_APP_TIMEOUT must be at least 1 millisecond.";
    }
    if (!(c->app_connections >= 1 && c->app_connections <= UINT16_MAX)) {
        return "SIDECAR_APP_CONNECTIONS must be from 1 to 65535.";
    }
    if (!has_cache_limit(c)) {
        return "SIDECAR_CACHE_LIMIT must be from 1 to 1e15 bytes.";
    }
    return NULL;
}

int config_read(struct config *c, char *const *environment, char *error_text, size_t error_room)
{
    const char *fault;
    int err = 0;

    *c = (struct config){0};
    arena_init(&c->arena);
    for (size_t i = 0; i < N_OPTIONS && err == 0; i++) {
        err = read_option(c, &options[i], environment, error_text, error_room);
    }
    if (err) {
        return err;
    }
    set_node_id(c);
    c->transporter_options =
        config_env_object(environment, "MOL_TRANSPORTER__OPTIONS__", &c->arena);
    c->cacher_options = config_env_object(environment, "MOL_CACHER__", &c->arena);
    make_broker_options(c);
    fault = fault_of(c);
    if (fault) {
        (void)snprintf(error_text, error_room, "%s", fault);
        return ERR_INVALID;
    }
    return 0;
}

void config_fini(struct config *c)
{
    arena_fini(&c->arena);
}

void config_print_options(FILE *out)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        char name[128];

        config_env_name(options[i].path, name, sizeof(name));
        (void)fprintf(out, "  %-40s %s%s%s%s\n", name, options[i].about,
                      *options[i].initial ? " [" : "", options[i].initial,
                      *options[i].initial ? "]" : "");
    }
}
