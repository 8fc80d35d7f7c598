/* SPDX-License-Identifier: MIT */
/* Definitions as people write them: shorthand texts, $$type, aliases, defaults. */
#include <math.h>

#include "validation/rule.h"

static struct bytes trim(struct bytes text)
{
    return value_convert_trim_end(value_convert_trim_start(text));
}

/* Cuts the text before the next separator off rest. */
static struct bytes next_part(struct bytes *rest, char separator)
{
    size_t n = bytes_find(*rest, separator);
    struct bytes part = bytes_of(rest->p, n);

    *rest = bytes_from(*rest, n < rest->n ? n + 1 : n);
    return trim(part);
}

static struct value *flag_value(struct bytes text, struct arena *arena)
{
    double number = value_convert_text_number(text);

    if (bytes_eq(text, BYTES("true")) || bytes_eq(text, BYTES("false"))) {
        return value_bool(text.n == 4, arena);
    }
    return isnan(number) ? value_string(text, arena) : value_number(number, arena);
}

/* "min:5", "no-convert" or "optional". */
static void add_flag(struct value *schema, struct bytes text, struct arena *arena)
{
    if (bytes_find(text, ':') < text.n) {
        struct bytes name = next_part(&text, ':');

        value_set(schema, name, flag_value(trim(text), arena), arena);
    } else if (bytes_starts_with(text, BYTES("no-"))) {
        value_set(schema, bytes_from(text, 3), value_bool(false, arena), arena);
    } else {
        value_set(schema, text, value_bool(true, arena), arena);
    }
}

/* "string|min:3|optional", "number[]" */
static struct value *parse_shorthand(struct bytes text, struct arena *arena)
{
    struct value *schema = value_object(arena);
    struct bytes type = next_part(&text, '|');

    if (type.n >= 2 && type.p[type.n - 1] == ']' && type.p[type.n - 2] == '[') {
        type.n -= 2;
        value_add(schema, BYTES("type"), value_string(BYTES("array"), arena), arena);
        value_add(schema, BYTES("items"), value_string(type, arena), arena);
    } else {
        value_add(schema, BYTES("type"), value_string(type, arena), arena);
    }
    while (text.n) {
        add_flag(schema, next_part(&text, '|'), arena);
    }
    return schema;
}

static struct value *copy_members(const struct value *object, struct bytes without,
                                  struct arena *arena)
{
    struct value *copy = value_object(arena);

    for (size_t i = 0; i < object->n; i++) {
        if (!bytes_is_set(without) || !bytes_eq(object->members[i].name, without)) {
            value_add(copy, object->members[i].name, object->members[i].value, arena);
        }
    }
    return copy;
}

/* NOLINTNEXTLINE(misc-no-recursion): the scanner has limited the depth */
static void extend_member(struct value *target, struct bytes name, const struct value *theirs,
                          struct arena *arena)
{
    struct value *ours = value_get(target, name);
    bool deep = value_is(theirs, JSON_OBJECT) && theirs->n > 0;

    if (deep && value_is(ours, JSON_OBJECT)) {
        ours = copy_members(ours, BYTES_NONE, arena);
        rule_schema_extend(ours, theirs, arena);
        value_set(target, name, ours, arena);
    } else if (!ours || (deep && !value_is_truthy(ours))) {
        value_set(target, name, value_copy(theirs, arena), arena);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): the scanner has limited the depth */
void rule_schema_extend(struct value *target, const struct value *source, struct arena *arena)
{
    if (value_is(target, JSON_OBJECT) && value_is(source, JSON_OBJECT)) {
        for (size_t i = 0; i < source->n; i++) {
            extend_member(target, source->members[i].name, source->members[i].value, arena);
        }
    }
}

/* {$$type: "object|optional", name: ...}: the other members are the properties. */
static struct value *expand_type(struct value *definition, struct bytes type, struct arena *arena)
{
    struct value *schema = parse_shorthand(type, arena);

    value_set(schema, BYTES("props"), copy_members(definition, BYTES("$$type"), arena), arena);
    return schema;
}

struct value *rule_schema_resolve(struct rule_compiler *c, struct value *definition)
{
    struct value *schema;
    const struct value *type, *alias;

    if (value_is(definition, JSON_STRING)) {
        schema = parse_shorthand(definition->text, c->arena);
    } else if (!value_is(definition, JSON_OBJECT)) {
        return value_object(c->arena);
    } else if (value_is(value_get(definition, BYTES("$$type")), JSON_STRING)) {
        schema = expand_type(definition, value_get(definition, BYTES("$$type"))->text, c->arena);
    } else {
        schema = copy_members(definition, BYTES_NONE, c->arena);
    }
    type = value_get(schema, BYTES("type"));
    alias = value_is(type, JSON_STRING) ? value_get(c->options.aliases, type->text) : NULL;
    if (value_is_truthy(alias)) {
        value_remove(schema, BYTES("type"));
        rule_schema_extend(schema, alias, c->arena);
    }
    return schema;
}
