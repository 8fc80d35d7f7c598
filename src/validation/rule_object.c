/* SPDX-License-Identifier: MIT */
/* The rules "object" and "record". */
#include "base/mem.h"
#include "validation/rule.h"

enum { COMPARISONS_PER_STEP = 64 }; /* names mostly differ in length */

enum strictness { STRICT_NO, STRICT_ERROR, STRICT_REMOVE };

struct property {
    struct bytes name;
    struct rule *rule;
};

struct rule_object {
    struct rule rule;
    const struct value *map; /* all keys of the property map, or NULL */
    struct value *allowed;   /* their text */
    struct property *properties;
    size_t n_properties;
    struct rule_limit min_props, max_props;
    enum strictness strict;
};

/* Members come mostly in the order of the properties: the place to look first. */
static bool is_at(const struct value *object, size_t place, struct bytes name)
{
    return place < object->n && bytes_eq(object->members[place].name, name);
}

static void apply_property(struct rule_run *r, const struct rule_object *o, size_t i,
                           const struct rule_place *at, struct value *v)
{
    const struct property *p = &o->properties[i];
    struct rule_place place = {
        .up = at, .step = RULE_STEP_MEMBER, .name = p->name, .parent = v, .label = p->rule->label};
    struct value *old = is_at(v, i, p->name) ? v->members[i].value : value_get(v, p->name);
    struct value *result = rule_apply(r, p->rule, &place, &place, old);

    if (result != old) {
        value_set(v, p->name, result, r->arena);
        r->changed = true;
    }
}

static void remove_unknown(struct rule_run *r, const struct rule_object *o, struct value *v)
{
    size_t n = 0;

    for (size_t i = 0; i < v->n; i++) {
        if (value_has(o->map, v->members[i].name)) {
            v->members[n++] = v->members[i];
        }
    }
    v->n = n;
    r->changed = true;
}

static void check_strict(struct rule_run *r, const struct rule_object *o,
                         const struct rule_place *at, struct value *v)
{
    struct value *unknown = value_array(r->arena);

    for (size_t i = 0; i < v->n; i++) {
        struct bytes name = v->members[i].name;

        if (!is_at(o->map, i, name) && !value_has(o->map, name)) {
            value_append(unknown, value_string(name, r->arena), r->arena);
        }
    }
    if (unknown->n == 0) {
        return;
    }
    if (o->strict == STRICT_ERROR) {
        rule_fail(
            r, &o->rule, at,
            (struct rule_fault){"objectStrict", o->allowed, rule_list_text(unknown, r->arena)});
    } else if (r->n_errors == r->n_before) {
        remove_unknown(r, o, v);
    }
}

static void check_counts(struct rule_run *r, const struct rule_object *o,
                         const struct rule_place *at, double n)
{
    struct rule_fault fault = {.actual = value_number(n, r->arena)};

    if (o->min_props.set && n < o->min_props.number) {
        fault.type = "objectMinProps";
        rule_fail_limit(r, &o->rule, at, fault, &o->min_props);
    }
    if (o->max_props.set && n > o->max_props.number) {
        fault.type = "objectMaxProps";
        rule_fail_limit(r, &o->rule, at, fault, &o->max_props);
    }
}

static struct value *check_object(struct rule_run *r, const struct rule *rule,
                                  const struct rule_place *at, struct value *v)
{
    const struct rule_object *o = container_of_const(rule, struct rule_object, rule);
    struct rule_place own = *at;

    if (v->type != JSON_OBJECT) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "object", .actual = v});
        return v;
    }
    if (!rule_spend(r, o->n_properties * v->n / COMPARISONS_PER_STEP)) {
        return v;
    }
    for (size_t i = 0; i < o->n_properties; i++) {
        apply_property(r, o, i, at, v);
        if (r->options->halt_on_first_error && r->n_errors > r->n_before) {
            return v;
        }
        own.label = o->properties[i].rule->label; /* as the original mixes them up */
    }
    if (o->strict != STRICT_NO && o->map &&
        rule_spend(r, o->map->n * v->n / COMPARISONS_PER_STEP)) {
        check_strict(r, o, &own, v);
    }
    check_counts(r, o, &own, (double)v->n);
    return v;
}

static bool compile_properties(struct rule_compiler *c, struct rule_object *o)
{
    struct value *names = value_array(c->arena);

    o->properties = arena_alloc(c->arena, o->map->n * sizeof(*o->properties));
    for (size_t i = 0; i < o->map->n; i++) {
        struct property *p = &o->properties[o->n_properties];

        p->name = o->map->members[i].name;
        value_append(names, value_string(p->name, c->arena), c->arena);
        if (bytes_starts_with(p->name, BYTES("$$"))) {
            continue;
        }
        p->rule = rule_compile(c, o->map->members[i].value);
        if (!p->rule) {
            return false;
        }
        o->n_properties++;
    }
    o->allowed = rule_list_text(names, c->arena);
    return true;
}

struct rule *rule_compile_object(struct rule_compiler *c, const struct value *schema)
{
    struct rule_object *o = arena_new(c->arena, struct rule_object);
    const struct value *map = value_get(schema, BYTES("properties"));
    const struct value *strict = value_get(schema, BYTES("strict"));

    o->rule.check = check_object;
    map = value_is_truthy(map) ? map : value_get(schema, BYTES("props"));
    o->map = value_is(map, JSON_OBJECT) ? map : NULL;
    if (value_is(strict, JSON_STRING) && bytes_eq(strict->text, BYTES("remove"))) {
        o->strict = STRICT_REMOVE;
    } else {
        o->strict = value_is_truthy(strict) ? STRICT_ERROR : STRICT_NO;
    }
    if (!rule_read_limit(c, schema, "minProps", &o->min_props) ||
        !rule_read_limit(c, schema, "maxProps", &o->max_props) ||
        (o->map && !compile_properties(c, o))) {
        return NULL;
    }
    return &o->rule;
}

/* --- record --- */
struct rule_record {
    struct rule rule;
    struct rule *key, *value;
};

static struct value *check_record(struct rule_run *r, const struct rule *rule,
                                  const struct rule_place *at, struct value *v)
{
    const struct rule_record *record = container_of_const(rule, struct rule_record, rule);
    bool is_changed = false;
    struct value *result;

    if (v->type != JSON_OBJECT) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "record", .actual = v});
        return v;
    }
    result = value_object(r->arena);
    for (size_t i = 0; i < v->n; i++) {
        struct bytes name = v->members[i].name;
        struct rule_place place = {.up = at, .step = RULE_STEP_RECORD, .name = name, .parent = v};
        struct value *key = value_string(name, r->arena);
        struct value *new_key = rule_apply(r, record->key, &place, at, key);
        struct value *new_value = rule_apply(r, record->value, &place, at, v->members[i].value);

        is_changed |= new_key != key || new_value != v->members[i].value;
        value_add(result, value_convert_text(new_key, r->arena), new_value, r->arena);
    }
    if (!is_changed) {
        return v;
    }
    r->changed = true;
    value_arrange(result, r->arena);
    return result;
}

struct rule *rule_compile_record(struct rule_compiler *c, const struct value *schema)
{
    struct rule_record *record = arena_new(c->arena, struct rule_record);
    struct value *key = value_get(schema, BYTES("key"));
    struct value *value = value_get(schema, BYTES("value"));

    record->rule.check = check_record;
    key = value_is_truthy(key) ? key : value_string(BYTES("string"), c->arena);
    value = value_is_truthy(value) ? value : value_string(BYTES("any"), c->arena);
    record->key = rule_compile(c, key);
    record->value = record->key ? rule_compile(c, value) : NULL;
    if (!record->value) {
        return NULL;
    }
    record->key->is_key = true;
    return &record->rule;
}
