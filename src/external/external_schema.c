/* SPDX-License-Identifier: MIT */
/*
 * Checks a posted schema completely before anything changes. What needs JavaScript functions is
 * refused with its path, not ignored (docs/api.md, Registering a service).
 */
#include "cacher/cacher_rule.h"
#include "external/external_steps.h"
#include "external/published_schema.h"
#include "validation/validation.h"

enum { NAME_BYTES_MAX = 255 };

struct check {
    struct arena *arena;
    struct list *faults;
    struct json_writer *warnings;
    bool has_base_url;
};

static struct external_fault *add_fault(struct check *c, enum external_fault_kind kind,
                                        struct bytes path, struct bytes value)
{
    struct external_fault *fault = arena_new(c->arena, struct external_fault);

    fault->kind = kind;
    fault->path = arena_copy(c->arena, path);
    fault->value = value;
    list_append(c->faults, &fault->link);
    return fault;
}

static void refuse(struct check *c, struct bytes path, struct bytes value, const char *text)
{
    add_fault(c, EXTERNAL_FAULT_SCHEMA, path, value)->text =
        arena_format(c->arena, "'%.*s' %s", BYTES_ARG(path), text);
}

static void refuse_name(struct check *c, struct bytes value, const char *type, const char *must)
{
    struct external_fault *fault = add_fault(c, EXTERNAL_FAULT_VALUE, BYTES("name"), value);

    fault->type = bytes_cstr(type);
    fault->text = arena_format(c->arena, "The 'name' field %s.", must);
}

bool external_schema_has_control(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

const char *external_schema_name_fault(struct bytes text)
{
    if (external_schema_has_control(text)) {
        return "has control characters";
    }
    return text.n > NAME_BYTES_MAX ? "is longer than 255 bytes" : NULL;
}

static void check_text(struct check *c, struct bytes path, struct bytes slice, struct bytes text)
{
    const char *fault = external_schema_name_fault(text);

    if (fault) {
        refuse(c, path, slice, fault);
    }
}

static void check_name(struct check *c, struct bytes name)
{
    struct bytes text = json_string(name, c->arena);

    if (json_is_null_or_none(name)) {
        refuse_name(c, name, "required", "is required");
    } else if (json_type(name) != JSON_STRING) {
        refuse_name(c, name, "string", "must be a string");
    } else if (text.n == 0) {
        refuse_name(c, name, "stringEmpty", "must not be empty");
    } else if (text.p[0] == '$') {
        refuse(c, BYTES("name"), name, "begins with '$': such names belong to the broker");
    } else {
        check_text(c, BYTES("name"), name, text);
    }
}

static void check_version(struct check *c, struct bytes version)
{
    enum json_type type = json_type(version);

    if (type == JSON_STRING) {
        check_text(c, BYTES("version"), version, json_string(version, c->arena));
    } else if (type != JSON_NUMBER && !json_is_null_or_none(version)) {
        refuse(c, BYTES("version"), version, "must be a number or a string");
    }
}

static void check_object(struct check *c, struct bytes schema, struct bytes name)
{
    struct bytes value = json_get(schema, name);
    struct external_fault *fault;

    if (json_is_null_or_none(value) || json_is_object(value)) {
        return;
    }
    if (json_type(value) == JSON_ARRAY) {
        refuse(c, name, value, "must be an object");
        return;
    }
    fault = add_fault(c, EXTERNAL_FAULT_VALUE, name, value);
    fault->type = BYTES("object");
    fault->text = arena_format(c->arena, "The '%.*s' must be an Object.", BYTES_ARG(name));
}

static void check_settings(struct check *c, struct bytes settings)
{
    struct bytes base_url = json_get(settings, BYTES("baseUrl"));

    if (json_is_null_or_none(base_url)) {
        return;
    }
    if (json_type(base_url) != JSON_STRING) {
        refuse(c, BYTES("settings.baseUrl"), base_url, "must be a string");
        return;
    }
    c->has_base_url = json_string(base_url, c->arena).n > 0;
}

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

static void check_url(struct check *c, struct bytes path, struct bytes handler)
{
    struct bytes url = json_string(handler, c->arena);
    size_t n = scheme_length(url);

    if (external_schema_has_control(url)) {
        refuse(c, path, handler, "has control characters");
    } else if (c->has_base_url) {
        return;
    } else if (n == 0) {
        struct bytes text = arena_format(
            c->arena, "'%.*s' is relative and there is no settings.baseUrl: calls will fail",
            BYTES_ARG(path));

        json_text(c->warnings, text);
    } else if (!is_known_scheme(bytes_of(url.p, n))) {
        refuse(c, path, handler, "must be an http, https or unix URL");
    }
}

static struct bytes handler_of(struct bytes definition)
{
    return json_is_object(definition) ? json_get(definition, BYTES("handler")) : definition;
}

/* The rules must compile; what is wrong with them the validator says. */
static void check_params(struct check *c, struct bytes path, struct bytes params)
{
    struct validation *v = NULL;
    struct buf error;

    if (json_is_null_or_none(params)) {
        return;
    }
    if (!json_is_object(params) && json_type(params) != JSON_ARRAY) {
        refuse(c, path, params, "must be an object or an array");
        return;
    }
    buf_init(&error, BUF_NO_LIMIT);
    if (validation_compile(params, BYTES_NONE, &v, &error) != 0) {
        add_fault(c, EXTERNAL_FAULT_SCHEMA, path, params)->text =
            arena_copy(c->arena, buf_bytes(&error));
    }
    validation_free(v);
    buf_fini(&error);
}

static void check_cache(struct check *c, struct bytes path, struct bytes definition)
{
    struct bytes cache = json_get(definition, BYTES("cache"));
    struct bytes clean = json_get(definition, BYTES("cleanCache"));
    const char *fault = cacher_rule_fault(cache);

    if (fault) {
        refuse(c, arena_format(c->arena, "%.*s.cache", BYTES_ARG(path)), cache, fault);
    }
    fault = cacher_rule_clean_fault(clean);
    if (fault) {
        refuse(c, arena_format(c->arena, "%.*s.cleanCache", BYTES_ARG(path)), clean, fault);
    }
}

/* Members whose values are functions in the original: the forms that JSON can have are checked by
 * the features that serve them; what none serves is refused here. */
static void check_definition_members(struct check *c, struct bytes path, struct bytes definition)
{
    static const char *const unsupported[] = {"use"};
    struct bytes params = json_get(definition, BYTES("params"));
    struct bytes timeout = json_get(definition, BYTES("timeout"));
    struct bytes name = json_get(definition, BYTES("name"));

    for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++) {
        struct bytes value = json_get(definition, bytes_cstr(unsupported[i]));

        if (!json_is_null_or_none(value)) {
            refuse(c, arena_format(c->arena, "%.*s.%s", BYTES_ARG(path), unsupported[i]), value,
                   "is not supported");
        }
    }
    check_params(c, arena_format(c->arena, "%.*s.params", BYTES_ARG(path)), params);
    check_cache(c, path, definition);
    if (!json_is_null_or_none(timeout) && json_type(timeout) != JSON_NUMBER) {
        refuse(c, arena_format(c->arena, "%.*s.timeout", BYTES_ARG(path)), timeout,
               "must be a number of milliseconds");
    }
    if (!json_is_null_or_none(name) && json_type(name) != JSON_STRING) {
        refuse(c, arena_format(c->arena, "%.*s.name", BYTES_ARG(path)), name, "must be a string");
    }
}

/* An event has no hooks and nobody to give something else to. */
static void check_no_steps(struct check *c, struct bytes path, struct bytes definition)
{
    static const char *const members[] = {"hooks", "fallback"};

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct bytes value = json_get(definition, bytes_cstr(members[i]));

        if (!json_is_null_or_none(value)) {
            refuse(c, arena_format(c->arena, "%.*s.%s", BYTES_ARG(path), members[i]), value,
                   "is not supported for events");
        }
    }
}

static void check_definition(struct check *c, struct bytes kind, struct bytes key,
                             struct bytes definition)
{
    struct bytes name = json_string(key, c->arena);
    struct bytes path = arena_format(c->arena, "%.*s.%.*s", BYTES_ARG(kind), BYTES_ARG(name));
    struct bytes handler = handler_of(definition);

    check_text(c, path, key, name);
    if (json_type(handler) != JSON_STRING) {
        add_fault(c, EXTERNAL_FAULT_HANDLER, path, definition)->text =
            kind.p[0] == 'a' ? BYTES("Invalid action handler") : BYTES("Invalid event handler");
        return;
    }
    check_url(c, path, handler);
    if (json_is_object(definition)) {
        check_definition_members(c, path, definition);
    }
    if (kind.p[0] == 'e') {
        check_no_steps(c, path, definition);
    }
}

static void check_definitions(struct check *c, struct bytes schema, struct bytes kind)
{
    struct json_iter it = json_iter(json_get(schema, kind));
    struct bytes key, definition;

    if (!json_is_object(json_get(schema, kind))) {
        return;
    }
    while (json_next_member(&it, &key, &definition)) {
        check_definition(c, kind, key, definition);
    }
}

/* One fault of the service's hooks, and one of each action. */
static void check_steps(struct check *c, struct bytes schema)
{
    struct bytes actions = json_get(schema, BYTES("actions"));
    struct json_iter it = json_iter(json_is_object(actions) ? actions : BYTES_NONE);
    struct external_handler scratch = {0};
    struct external_steps *steps;
    struct external_fault fault;
    struct bytes key, definition;

    if (external_steps_new(schema, c->arena, &fault, &steps) != 0) {
        refuse(c, fault.path, fault.value, fault.text.p);
        external_steps_free(steps);
        return;
    }
    while (json_next_member(&it, &key, &definition)) {
        struct bytes name = json_string(key, c->arena);
        struct external_action action = {
            .raw_name = published_schema_raw_name(key, definition, c->arena),
            .path = arena_format(c->arena, "actions.%.*s", BYTES_ARG(name)),
            .definition = definition,
        };

        if (external_steps_of_action(steps, &action, &scratch) != 0) {
            refuse(c, fault.path, fault.value, fault.text.p);
        }
    }
    external_steps_free(steps);
}

static void check_dependencies(struct check *c, struct bytes schema)
{
    struct broker_wait wait;
    struct external_fault fault;

    if (external_dependencies_read(schema, c->arena, &wait, &fault) != 0) {
        refuse(c, fault.path, fault.value, fault.text.p);
    }
}

static void check_unsupported(struct check *c, struct bytes schema)
{
    static const char *const members[] = {"mixins",  "methods", "created",
                                          "started", "stopped", "merged"};

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct bytes name = bytes_cstr(members[i]);
        struct bytes value = json_get(schema, name);

        if (!json_is_null_or_none(value)) {
            refuse(c, name, value, "needs JavaScript and is not supported");
        }
    }
}

void external_schema_check(struct bytes schema, struct arena *arena, struct list *faults,
                           struct json_writer *warnings)
{
    static const char *const objects[] = {"settings", "metadata", "actions", "events"};
    struct check c = {.arena = arena, .faults = faults, .warnings = warnings};

    check_name(&c, json_get(schema, BYTES("name")));
    check_version(&c, json_get(schema, BYTES("version")));
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        check_object(&c, schema, bytes_cstr(objects[i]));
    }
    check_settings(&c, json_get(schema, BYTES("settings")));
    check_dependencies(&c, schema);
    check_steps(&c, schema);
    check_unsupported(&c, schema);
    check_definitions(&c, schema, BYTES("actions"));
    check_definitions(&c, schema, BYTES("events"));
}
