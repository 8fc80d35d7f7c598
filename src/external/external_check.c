/* SPDX-License-Identifier: MIT */
/* What is wrong with a schema, noted as it is found. */
#include <math.h>

#include "cacher/cacher_rule.h"
#include "external/external_internal.h"

enum { NAME_BYTES_MAX = 255 };

struct external_fault *external_check_fault(struct external_check *c, enum external_fault_kind kind,
                                            struct bytes path, struct bytes value)
{
    struct external_fault *fault = arena_new(c->arena, struct external_fault);

    fault->kind = kind;
    fault->path = arena_copy(c->arena, path);
    fault->value = value;
    list_append(c->faults, &fault->link);
    return fault;
}

void external_check_refuse(struct external_check *c, struct bytes path, struct bytes value,
                           const char *text)
{
    external_check_fault(c, EXTERNAL_FAULT_SCHEMA, path, value)->text =
        arena_format(c->arena, "'%.*s' %s", BYTES_ARG(path), text);
}

void external_check_warn(struct external_check *c, struct bytes path, const char *text)
{
    json_text(c->warnings, arena_format(c->arena, "'%.*s' %s", BYTES_ARG(path), text));
}

bool external_check_has_control(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

const char *external_check_name_fault(struct bytes text)
{
    if (external_check_has_control(text)) {
        return "has control characters";
    }
    return text.n > NAME_BYTES_MAX ? "is longer than 255 bytes" : NULL;
}

void external_check_name(struct external_check *c, struct bytes path, struct bytes slice,
                         struct bytes text)
{
    const char *fault = external_check_name_fault(text);

    if (fault) {
        external_check_refuse(c, path, slice, fault);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table */
void external_check_members(struct external_check *c, struct bytes path, struct bytes object,
                            const struct external_member *members)
{
    for (const struct external_member *m = members; m->name; m++) {
        struct bytes value = json_get(object, bytes_cstr(m->name));
        struct bytes at = arena_format(c->arena, "%.*s.%s", BYTES_ARG(path), m->name);
        const char *fault = json_is_null_or_none(value) ? NULL : m->fault(value);

        if (fault) {
            external_check_refuse(c, at, value, fault);
        } else if (m->below) {
            external_check_members(c, at, value, m->below);
        }
    }
}

/* "lock.ttl" */
static struct bytes member_at(struct bytes object, struct bytes path)
{
    while (path.n) {
        size_t n = bytes_find(path, '.');

        object = json_get(object, bytes_of(path.p, n));
        path = bytes_from(path, n < path.n ? n + 1 : n);
    }
    return object;
}

void external_check_cache(struct external_check *c, struct bytes path, struct bytes cache)
{
    const char *member;
    const char *fault = cacher_rule_fault(cache, &member);

    if (fault) {
        path = arena_format(c->arena, "%.*s%s%s", BYTES_ARG(path), *member ? "." : "", member);
        external_check_refuse(c, path, member_at(cache, bytes_cstr(member)), fault);
    }
}

const char *external_check_bool_fault(struct bytes slice)
{
    return json_type(slice) == JSON_BOOL ? NULL : "must be a boolean";
}

const char *external_check_number_fault(struct bytes slice)
{
    double number;

    return json_double(slice, &number) && isfinite(number) ? NULL : "must be a number";
}

const char *external_check_amount_fault(struct bytes slice)
{
    double number;

    return json_double(slice, &number) && isfinite(number) && number >= 0
               ? NULL
               : "must be a number, 0 or more";
}

const char *external_check_positive_fault(struct bytes slice)
{
    double number;

    return json_double(slice, &number) && isfinite(number) && number > 0
               ? NULL
               : "must be a number above 0";
}

const char *external_check_string_fault(struct bytes slice)
{
    return json_type(slice) == JSON_STRING ? NULL : "must be a string";
}

const char *external_check_text_name_fault(struct bytes slice)
{
    const char *fault = external_check_string_fault(slice);
    struct arena arena;

    if (fault) {
        return fault;
    }
    arena_init(&arena);
    fault = external_check_name_fault(json_string(slice, &arena));
    arena_fini(&arena);
    return fault;
}

const char *external_check_object_fault(struct bytes slice)
{
    return json_is_object(slice) ? NULL : "must be an object";
}
