/* SPDX-License-Identifier: MIT */
/*
 * The services that a schema says it needs (docs/api.md, Dependencies): a name, {name, version},
 * where a list of versions are alternatives, or an array of these; and how long and how often it
 * looks.
 */
#include <math.h>

#include "base/map.h"
#include "external/external_internal.h"
#include "model/service_name.h"

enum { NAMES_MAX = 1000 };

struct reader {
    struct arena *arena;
    struct external_fault *fault;
    struct broker_dependency *names; /* room for all that the schema lists */
    size_t n_names;
    struct map seen; /* names without alternatives */
};

static int refuse(const struct reader *r, struct bytes path, struct bytes value, const char *text)
{
    *r->fault = (struct external_fault){
        .kind = EXTERNAL_FAULT_SCHEMA, .path = path, .value = value, .text = bytes_cstr(text)};
    return ERR_TYPE;
}

static struct bytes below(const struct reader *r, struct bytes path, const char *member)
{
    return arena_format(r->arena, "%.*s.%s", BYTES_ARG(path), member);
}

static struct bytes item_of(const struct reader *r, struct bytes path, size_t index)
{
    return arena_format(r->arena, "%.*s[%zu]", BYTES_ARG(path), index);
}

static int read_name(const struct reader *r, struct bytes path, struct bytes slice,
                     struct bytes *out)
{
    const char *fault;

    *out = json_string(slice, r->arena);
    if (!bytes_is_set(*out)) {
        return refuse(r, path, slice, "must be a string");
    }
    if (out->n == 0) {
        return refuse(r, path, slice, "must not be empty");
    }
    fault = external_check_name_fault(*out);
    return fault ? refuse(r, path, slice, fault) : 0;
}

/* Once is enough: what has been named before is not added again. */
static void add_only(struct reader *r, struct bytes name)
{
    if (!map_set(&r->seen, name, r)) {
        r->names[r->n_names++] = (struct broker_dependency){.name = name};
    }
}

static int read_full_name(const struct reader *r, struct bytes path, struct bytes name,
                          struct bytes version, struct bytes *out)
{
    enum json_type type = json_type(version);

    if (type != JSON_STRING && type != JSON_NUMBER && !json_is_null_or_none(version)) {
        return refuse(r, path, version, "must be a number or a string");
    }
    *out = service_name_full(name, version, r->arena);
    return external_check_name_fault(*out)
               ? refuse(r, path, version, external_check_name_fault(*out))
               : 0;
}

static int read_alternatives(struct reader *r, struct bytes path, struct bytes name,
                             struct bytes versions)
{
    struct json_iter it = json_iter(versions);
    struct bytes version, full_name;

    for (size_t i = 0; json_next_item(&it, &version); i++) {
        int err = read_full_name(r, item_of(r, path, i), name, version, &full_name);

        if (err) {
            return err;
        }
        r->names[r->n_names++] =
            (struct broker_dependency){.name = full_name, .is_alternative = i > 0};
    }
    return json_count(versions) ? 0 : refuse(r, path, versions, "must not be empty");
}

static int read_versioned(struct reader *r, struct bytes path, struct bytes item)
{
    struct bytes version = json_get(item, BYTES("version"));
    struct bytes version_path = below(r, path, "version");
    struct bytes name, full_name;
    int err = read_name(r, below(r, path, "name"), json_get(item, BYTES("name")), &name);

    if (err) {
        return err;
    }
    if (json_type(version) == JSON_ARRAY) {
        return read_alternatives(r, version_path, name, version);
    }
    err = read_full_name(r, version_path, name, version, &full_name);
    if (err == 0) {
        add_only(r, full_name);
    }
    return err;
}

static int read_item(struct reader *r, struct bytes path, struct bytes item)
{
    struct bytes name;
    int err;

    if (json_is_object(item)) {
        return read_versioned(r, path, item);
    }
    if (json_type(item) != JSON_STRING) {
        return refuse(r, path, item, "must be a service's name or an object with its name");
    }
    err = read_name(r, path, item, &name);
    if (err == 0) {
        add_only(r, name);
    }
    return err;
}

static int read_list(struct reader *r, struct bytes path, struct bytes list)
{
    struct json_iter it = json_iter(list);
    struct bytes item;
    int err = 0;

    for (size_t i = 0; err == 0 && json_next_item(&it, &item); i++) {
        err = read_item(r, item_of(r, path, i), item);
    }
    return err;
}

/* At least as many as there will be names. */
static size_t count_names(struct bytes dependencies)
{
    struct json_iter it = json_iter(dependencies);
    struct bytes item;
    size_t n = 0;

    if (json_is_object(dependencies)) {
        return 1 + json_count(json_get(dependencies, BYTES("version")));
    }
    if (json_type(dependencies) != JSON_ARRAY) {
        return 1;
    }
    while (json_next_item(&it, &item)) {
        n += 1 + json_count(json_get(item, BYTES("version")));
    }
    return n;
}

static int read_names(struct reader *r, struct bytes dependencies)
{
    struct bytes path = BYTES("dependencies");
    size_t n = count_names(dependencies);

    if (n > NAMES_MAX) {
        (void)refuse(r, path, BYTES_NONE, "has more than 1,000 names");
        return ERR_LIMIT;
    }
    r->names = arena_calloc(r->arena, (n + 1) * sizeof(r->names[0]));
    return json_type(dependencies) == JSON_ARRAY ? read_list(r, path, dependencies)
                                                 : read_item(r, path, dependencies);
}

/* Milliseconds; null is as absent, and 0 stands for the broker's option. */
static int read_setting(const struct reader *r, struct bytes schema, const char *name, double *out)
{
    struct bytes value = json_get(json_get(schema, BYTES("settings")), bytes_cstr(name));

    *out = 0;
    if (json_is_null_or_none(value) || (json_double(value, out) && isfinite(*out) && *out >= 0)) {
        return 0;
    }
    return refuse(r, below(r, BYTES("settings"), name), value, "must be a number of milliseconds");
}

int external_dependencies_read(struct bytes schema, struct arena *arena, struct broker_wait *out,
                               struct external_fault *fault)
{
    struct bytes dependencies = json_get(schema, BYTES("dependencies"));
    struct reader r = {.arena = arena, .fault = fault};
    int err;

    *out = (struct broker_wait){0};
    map_init(&r.seen);
    err = read_setting(&r, schema, "$dependencyTimeout", &out->timeout_ms);
    if (err == 0) {
        err = read_setting(&r, schema, "$dependencyInterval", &out->interval_ms);
    }
    if (err == 0 && !json_is_null_or_none(dependencies)) {
        err = read_names(&r, dependencies);
    }
    map_fini(&r.seen);
    out->needed = r.names;
    out->n_needed = r.n_names;
    return err;
}
