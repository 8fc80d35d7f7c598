/* SPDX-License-Identifier: MIT */
/*
 * Checks a posted schema completely before anything changes. What needs JavaScript functions is
 * refused with its path, not ignored (docs/api.md, Registering a service).
 */
#include "external/external_steps.h"
#include "external/published_schema.h"

static void refuse_name(struct external_check *c, struct bytes value, const char *type,
                        const char *must)
{
    struct external_fault *fault =
        external_check_fault(c, EXTERNAL_FAULT_VALUE, BYTES("name"), value);

    fault->type = bytes_cstr(type);
    fault->text = arena_format(c->arena, "The 'name' field %s.", must);
}

static void check_name(struct external_check *c, struct bytes name)
{
    struct bytes text = json_string(name, c->arena);

    if (json_is_null_or_none(name)) {
        refuse_name(c, name, "required", "is required");
    } else if (json_type(name) != JSON_STRING) {
        refuse_name(c, name, "string", "must be a string");
    } else if (text.n == 0) {
        refuse_name(c, name, "stringEmpty", "must not be empty");
    } else if (text.p[0] == '$') {
        external_check_refuse(c, BYTES("name"), name,
                              "begins with '$': such names belong to the broker");
    } else {
        external_check_name(c, BYTES("name"), name, text);
    }
}

static void check_version(struct external_check *c, struct bytes version)
{
    enum json_type type = json_type(version);

    if (type == JSON_STRING) {
        external_check_name(c, BYTES("version"), version, json_string(version, c->arena));
    } else if (type != JSON_NUMBER && !json_is_null_or_none(version)) {
        external_check_refuse(c, BYTES("version"), version, "must be a number or a string");
    }
}

static void check_object(struct external_check *c, struct bytes schema, struct bytes name)
{
    struct bytes value = json_get(schema, name);
    struct external_fault *fault;

    if (json_is_null_or_none(value) || json_is_object(value)) {
        return;
    }
    if (json_type(value) == JSON_ARRAY) {
        external_check_refuse(c, name, value, "must be an object");
        return;
    }
    fault = external_check_fault(c, EXTERNAL_FAULT_VALUE, name, value);
    fault->type = BYTES("object");
    fault->text = arena_format(c->arena, "The '%.*s' must be an Object.", BYTES_ARG(name));
}

/* Names and paths of settings, or lists of names. */
static const char *secure_settings_fault(struct bytes slice)
{
    struct json_iter it = json_iter(slice);
    struct bytes item;

    if (json_type(slice) != JSON_ARRAY) {
        return "must be a list of texts";
    }
    while (json_next_item(&it, &item)) {
        if (json_type(item) != JSON_STRING && !json_is_list_of_strings(item)) {
            return "must be a list of texts, or of lists of texts";
        }
    }
    return NULL;
}

static const struct external_member settings_members[] = {
    {"baseUrl", external_check_string_fault, NULL},
    {"$noVersionPrefix", external_check_bool_fault, NULL},
    {"$noServiceNamePrefix", external_check_bool_fault, NULL},
    {"$secureSettings", secure_settings_fault, NULL},
    {"$shutdownTimeout", external_check_amount_fault, NULL},
    {NULL, NULL, NULL},
};

static void check_settings(struct external_check *c, struct bytes settings)
{
    external_check_members(c, BYTES("settings"), settings, settings_members);
    external_check_cache(c, BYTES("settings.$cache"), json_get(settings, BYTES("$cache")));
    c->has_base_url = json_string(json_get(settings, BYTES("baseUrl")), c->arena).n > 0;
}

static void check_definitions(struct external_check *c, struct bytes schema, struct bytes kind)
{
    struct json_iter it = json_iter(json_get(schema, kind));
    struct bytes key, definition;

    if (!json_is_object(json_get(schema, kind))) {
        return;
    }
    while (json_next_member(&it, &key, &definition)) {
        external_definition_check(c, kind, key, definition);
    }
}

/* One fault of the service's hooks, and one of each action. */
static void check_steps(struct external_check *c, struct bytes schema)
{
    struct bytes actions = json_get(schema, BYTES("actions"));
    struct json_iter it = json_iter(json_is_object(actions) ? actions : BYTES_NONE);
    struct external_handler scratch = {0};
    struct external_steps *steps;
    struct external_fault fault;
    struct bytes key, definition;

    if (external_steps_new(schema, c->arena, &fault, &steps) != 0) {
        external_check_refuse(c, fault.path, fault.value, fault.text.p);
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
            external_check_refuse(c, fault.path, fault.value, fault.text.p);
        }
    }
    external_steps_free(steps);
}

static void check_dependencies(struct external_check *c, struct bytes schema)
{
    struct broker_wait wait;
    struct external_fault fault;

    if (external_dependencies_read(schema, c->arena, &wait, &fault) != 0) {
        external_check_refuse(c, fault.path, fault.value, fault.text.p);
    }
}

static void check_unsupported(struct external_check *c, struct bytes schema)
{
    static const char *const members[] = {"mixins",  "methods", "created",
                                          "started", "stopped", "merged"};

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct bytes name = bytes_cstr(members[i]);
        struct bytes value = json_get(schema, name);

        if (!json_is_null_or_none(value)) {
            external_check_refuse(c, name, value, "needs JavaScript and is not supported");
        }
    }
}

void external_schema_check(struct bytes schema, struct arena *arena, struct list *faults,
                           struct json_writer *warnings)
{
    static const char *const objects[] = {"settings", "metadata", "actions", "events"};
    struct external_check c = {.arena = arena, .faults = faults, .warnings = warnings};

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
