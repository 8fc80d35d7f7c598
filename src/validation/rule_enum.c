/* SPDX-License-Identifier: MIT */
/* The rules "enum" and "equal". */
#include "base/mem.h"
#include "validation/rule.h"

struct rule_enum {
    struct rule rule;
    struct rule_list list; /* "values" */
};

static struct value *check_enum(struct rule_run *r, const struct rule *rule,
                                const struct rule_place *at, struct value *v)
{
    const struct rule_enum *e = container_of_const(rule, struct rule_enum, rule);

    if (!rule_list_has(r, e->list.values, v)) {
        rule_fail(r, rule, at, (struct rule_fault){"enumValue", e->list.text, v});
    }
    return v;
}

struct rule *rule_compile_enum(struct rule_compiler *c, const struct value *schema)
{
    struct rule_enum *e = arena_new(c->arena, struct rule_enum);

    e->rule.check = check_enum;
    if (!rule_read_list(c, schema, "values", &e->list)) {
        return NULL;
    }
    if (!e->list.values) {
        return rule_refuse(c, "Invalid 'enum' schema. The 'values' field must be an array.");
    }
    return &e->rule;
}

struct rule_equal {
    struct rule rule;
    struct value *field; /* as errors show it, or NULL */
    struct bytes name;
    struct value *value;
    bool strict;
};

static struct value *check_equal(struct rule_run *r, const struct rule *rule,
                                 const struct rule_place *at, struct value *v)
{
    const struct rule_equal *e = container_of_const(rule, struct rule_equal, rule);
    const struct value *other = e->field ? value_get(at->parent, e->name) : e->value;
    bool equal = e->strict ? value_convert_is_same(v, other) : value_convert_is_loose(v, other);

    if (!equal && e->field) {
        rule_fail(r, rule, at, (struct rule_fault){"equalField", e->field, v});
    } else if (!equal) {
        rule_fail(r, rule, at, (struct rule_fault){"equalValue", e->value, v});
    }
    return v;
}

struct rule *rule_compile_equal(struct rule_compiler *c, const struct value *schema)
{
    struct rule_equal *e = arena_new(c->arena, struct rule_equal);
    struct value *field = value_get(schema, BYTES("field"));

    e->rule.check = check_equal;
    if (value_is_truthy(field)) {
        e->field = rule_json_value(field, c->arena);
        e->name = value_convert_text(field, c->arena);
    }
    e->value = rule_json_value(value_get(schema, BYTES("value")), c->arena);
    e->strict = rule_is_on(schema, "strict");
    return &e->rule;
}
