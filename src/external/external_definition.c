/* SPDX-License-Identifier: MIT */
/* Checks the definition of one action or event (docs/api.md, Registering a service). */
#include "cacher/cacher_rule.h"
#include "external/external_internal.h"
#include "model/policy.h"
#include "registry/strategy.h"
#include "validation/validation.h"

static void check_url(struct external_check *c, struct bytes path, struct bytes handler)
{
    struct bytes url = json_string(handler, c->arena);
    enum external_url_kind kind = external_url_kind(url);

    if (external_check_has_control(url)) {
        external_check_refuse(c, path, handler, "has control characters");
    } else if (c->has_base_url) {
        return;
    } else if (kind == EXTERNAL_URL_RELATIVE) {
        external_check_warn(c, path,
                            "is relative and there is no settings.baseUrl: calls will fail");
    } else if (kind == EXTERNAL_URL_FOREIGN) {
        external_check_refuse(c, path, handler, "must be an http, https or unix URL");
    }
}

struct bytes external_definition_handler(struct bytes definition)
{
    return json_is_object(definition) ? json_get(definition, BYTES("handler")) : definition;
}

/* The rules must compile; what is wrong with them the validator says. */
static void check_params(struct external_check *c, struct bytes path, struct bytes params)
{
    struct validation *v = NULL;
    struct buf error;

    if (json_is_null_or_none(params)) {
        return;
    }
    if (!json_is_object(params) && json_type(params) != JSON_ARRAY) {
        external_check_refuse(c, path, params, "must be an object or an array");
        return;
    }
    buf_init(&error, BUF_NO_LIMIT);
    if (validation_compile(params, BYTES_NONE, &v, &error) != 0) {
        external_check_fault(c, EXTERNAL_FAULT_SCHEMA, path, params)->text =
            arena_copy(c->arena, buf_bytes(&error));
    }
    validation_free(v);
    buf_fini(&error);
}

static const char *tracing_fault(struct bytes slice)
{
    return json_type(slice) == JSON_BOOL || json_is_object(slice)
               ? NULL
               : "must be a boolean or an object";
}

static const char *strategy_fault(struct bytes slice)
{
    if (json_type(slice) != JSON_STRING) {
        return "must be a string";
    }
    /* no name has escapes */
    return strategy_find(bytes_of(slice.p + 1, slice.n - 2)) ? NULL : "names no known strategy";
}

static const struct external_member retry_members[] = {
    {"enabled", external_check_bool_fault, NULL},
    {"retries", external_check_amount_fault, NULL},
    {"delay", external_check_amount_fault, NULL},
    {"maxDelay", external_check_amount_fault, NULL},
    {"factor", external_check_positive_fault, NULL},
    {"check", policy_check_fault, NULL},
    {NULL, NULL, NULL},
};

static const struct external_member breaker_members[] = {
    {"enabled", external_check_bool_fault, NULL},
    {"threshold", external_check_amount_fault, NULL},
    {"windowTime", external_check_positive_fault, NULL},
    {"minRequestCount", external_check_amount_fault, NULL},
    {"halfOpenTime", external_check_amount_fault, NULL},
    {"check", policy_check_fault, NULL},
    {NULL, NULL, NULL},
};

static const struct external_member bulkhead_members[] = {
    {"enabled", external_check_bool_fault, NULL},
    {"concurrency", external_check_positive_fault, NULL},
    {"maxQueueSize", external_check_amount_fault, NULL},
    {NULL, NULL, NULL},
};

/* A sampleCount of 0 or below is all; nothing is below a bound of 0; a cache of 0 keeps nothing; a
 * ring of 0 is the whole one. */
static const struct external_member strategy_members[] = {
    {"sampleCount", external_check_number_fault, NULL},
    {"lowCpuUsage", external_check_amount_fault, NULL},
    {"lowLatency", external_check_amount_fault, NULL},
    {"collectCount", external_check_positive_fault, NULL},
    {"pingInterval", external_check_positive_fault, NULL},
    {"shardKey", external_check_string_fault, NULL},
    {"vnodes", external_check_positive_fault, NULL},
    {"ringSize", external_check_amount_fault, NULL},
    {"cacheSize", external_check_amount_fault, NULL},
    {NULL, NULL, NULL},
};

/* Of actions and events alike. */
static const struct external_member common_members[] = {
    {"name", external_check_text_name_fault, NULL},
    {"timeout", external_check_amount_fault, NULL},
    {"bulkhead", external_check_object_fault, bulkhead_members},
    {"strategy", strategy_fault, NULL},
    {"strategyOptions", external_check_object_fault, strategy_members},
    {"tracing", tracing_fault, NULL},
    {NULL, NULL, NULL},
};

static const struct external_member action_members[] = {
    {"retryPolicy", external_check_object_fault, retry_members},
    {"circuitBreaker", external_check_object_fault, breaker_members},
    {"visibility", external_check_string_fault, NULL},
    {NULL, NULL, NULL},
};

static const struct external_member event_members[] = {
    {"group", external_check_text_name_fault, NULL},
    {"debounce", external_check_amount_fault, NULL},
    {"throttle", external_check_amount_fault, NULL},
    {"cleanCache", cacher_rule_clean_fault, NULL},
    {NULL, NULL, NULL},
};

static struct bytes below(const struct external_check *c, struct bytes path, const char *member)
{
    return arena_format(c->arena, "%.*s.%s", BYTES_ARG(path), member);
}

static void refuse_each(struct external_check *c, struct bytes path, struct bytes definition,
                        const char *const *members)
{
    for (; *members; members++) {
        struct bytes value = json_get(definition, bytes_cstr(*members));

        if (!json_is_null_or_none(value)) {
            external_check_refuse(c, below(c, path, *members), value, "is not supported here");
        }
    }
}

/* What needs a function in the original; events have no hooks and nobody to give something else to,
 * and only they clean the cache. */
static void check_unsupported(struct external_check *c, struct bytes path, struct bytes definition,
                              bool is_action)
{
    static const char *const of_actions[] = {"use", "cleanCache", NULL};
    static const char *const of_events[] = {"use", "hooks", "fallback", NULL};

    refuse_each(c, path, definition, is_action ? of_actions : of_events);
}

/* The original takes what it does not know for private, without a word. */
static void warn_of_visibility(struct external_check *c, struct bytes path, struct bytes visibility)
{
    static const char *const known[] = {"published", "public", "protected", "private"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (json_string_eq(visibility, bytes_cstr(known[i]))) {
            return;
        }
    }
    if (json_type(visibility) == JSON_STRING) {
        external_check_warn(c, path, "is unknown: nobody can call the action");
    }
}

static void check_members(struct external_check *c, struct bytes path, struct bytes definition,
                          bool is_action)
{
    check_unsupported(c, path, definition, is_action);
    check_params(c, below(c, path, "params"), json_get(definition, BYTES("params")));
    external_check_cache(c, below(c, path, "cache"), json_get(definition, BYTES("cache")));
    external_check_members(c, path, definition, common_members);
    external_check_members(c, path, definition, is_action ? action_members : event_members);
    if (is_action) {
        warn_of_visibility(c, below(c, path, "visibility"),
                           json_get(definition, BYTES("visibility")));
    }
}

/* An event may do nothing but clean the cache. */
static bool may_lack_handler(struct bytes definition, bool is_action)
{
    return !is_action && !bytes_is_set(json_get(definition, BYTES("handler"))) &&
           json_is_truthy(json_get(definition, BYTES("cleanCache")));
}

void external_definition_check(struct external_check *c, struct bytes kind, struct bytes key,
                               struct bytes definition)
{
    struct bytes name = json_string(key, c->arena);
    struct bytes path = arena_format(c->arena, "%.*s.%.*s", BYTES_ARG(kind), BYTES_ARG(name));
    struct bytes handler = external_definition_handler(definition);
    bool is_action = bytes_eq(kind, BYTES("actions"));

    external_check_name(c, path, key, name);
    if (json_type(handler) != JSON_STRING && !may_lack_handler(definition, is_action)) {
        external_check_fault(c, EXTERNAL_FAULT_HANDLER, path, definition)->text =
            is_action ? BYTES("Invalid action handler") : BYTES("Invalid event handler");
        return;
    }
    if (bytes_is_set(handler)) {
        check_url(c, path, handler);
    }
    if (json_is_object(definition)) {
        check_members(c, path, definition, is_action);
    }
}
