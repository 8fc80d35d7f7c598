/* SPDX-License-Identifier: MIT */
/* Checks the definition of one action or event (http-api.md 2.1, 2.3). */
#include "cacher/cacher_rule.h"
#include "external/external_internal.h"
#include "validation/validation.h"

/* Length of "scheme:" at the start, 0 when there is none. */
static size_t scheme_length(struct bytes url)
{
    for (size_t i = 0; i < url.n; i++) {
        char c = url.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (c == ':') {
            return i > 0 ? i + 1 : 0;
        }
        if (!is_letter && (i == 0 || ((c < '0' || c > '9') && c != '+' && c != '-' && c != '.'))) {
            return 0;
        }
    }
    return 0;
}

static bool is_known_scheme(struct bytes scheme)
{
    return bytes_eq_nocase(scheme, BYTES("http:")) || bytes_eq_nocase(scheme, BYTES("https:")) ||
           bytes_eq_nocase(scheme, BYTES("unix:"));
}

static void check_url(struct external_check *c, struct bytes path, struct bytes handler)
{
    struct bytes url = json_string(handler, c->arena);
    size_t n = scheme_length(url);

    if (external_check_has_control(url)) {
        external_check_refuse(c, path, handler, "has control characters");
    } else if (c->has_base_url) {
        return;
    } else if (n == 0) {
        external_check_warn(c, path,
                            "is relative and there is no settings.baseUrl: calls will fail");
    } else if (!is_known_scheme(bytes_of(url.p, n))) {
        external_check_refuse(c, path, handler, "must be an http, https or unix URL");
    }
}

static struct bytes handler_of(struct bytes definition)
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

static void check_cache(struct external_check *c, struct bytes path, struct bytes definition)
{
    struct bytes cache = json_get(definition, BYTES("cache"));
    struct bytes clean = json_get(definition, BYTES("cleanCache"));
    const char *fault = cacher_rule_fault(cache);

    if (fault) {
        external_check_refuse(c, arena_format(c->arena, "%.*s.cache", BYTES_ARG(path)), cache,
                              fault);
    }
    fault = cacher_rule_clean_fault(clean);
    if (fault) {
        external_check_refuse(c, arena_format(c->arena, "%.*s.cleanCache", BYTES_ARG(path)), clean,
                              fault);
    }
}

/* Members whose values are functions in the original: the forms that JSON can have are checked by
 * the features that serve them; what none serves is refused here. */
static void check_definition_members(struct external_check *c, struct bytes path,
                                     struct bytes definition)
{
    static const char *const unsupported[] = {"hooks", "fallback", "use"};
    struct bytes params = json_get(definition, BYTES("params"));
    struct bytes timeout = json_get(definition, BYTES("timeout"));
    struct bytes name = json_get(definition, BYTES("name"));

    for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++) {
        struct bytes value = json_get(definition, bytes_cstr(unsupported[i]));

        if (!json_is_null_or_none(value)) {
            external_check_refuse(
                c, arena_format(c->arena, "%.*s.%s", BYTES_ARG(path), unsupported[i]), value,
                "is not supported");
        }
    }
    check_params(c, arena_format(c->arena, "%.*s.params", BYTES_ARG(path)), params);
    check_cache(c, path, definition);
    if (!json_is_null_or_none(timeout) && json_type(timeout) != JSON_NUMBER) {
        external_check_refuse(c, arena_format(c->arena, "%.*s.timeout", BYTES_ARG(path)), timeout,
                              "must be a number of milliseconds");
    }
    if (!json_is_null_or_none(name) && json_type(name) != JSON_STRING) {
        external_check_refuse(c, arena_format(c->arena, "%.*s.name", BYTES_ARG(path)), name,
                              "must be a string");
    }
}

void external_definition_check(struct external_check *c, struct bytes kind, struct bytes key,
                               struct bytes definition)
{
    struct bytes name = json_string(key, c->arena);
    struct bytes path = arena_format(c->arena, "%.*s.%.*s", BYTES_ARG(kind), BYTES_ARG(name));
    struct bytes handler = handler_of(definition);

    external_check_name(c, path, key, name);
    if (json_type(handler) != JSON_STRING) {
        external_check_fault(c, EXTERNAL_FAULT_HANDLER, path, definition)->text =
            kind.p[0] == 'a' ? BYTES("Invalid action handler") : BYTES("Invalid event handler");
        return;
    }
    check_url(c, path, handler);
    if (json_is_object(definition)) {
        check_definition_members(c, path, definition);
    }
}
