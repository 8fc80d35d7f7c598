/* SPDX-License-Identifier: MIT */
/* The rule "number". */
#include <math.h>

#include "base/mem.h"
#include "validation/rule.h"

struct rule_number {
    struct rule rule;
    struct rule_limit min, max, equal, not_equal;
    bool convert, integer, positive, negative;
};

static void check_limits(struct rule_run *r, const struct rule_number *n,
                         const struct rule_place *at, double number, struct value *actual)
{
    struct rule_fault fault = {.actual = actual};

    if (n->min.set && number < n->min.number) {
        fault.type = "numberMin";
        rule_fail_limit(r, &n->rule, at, fault, &n->min);
    }
    if (n->max.set && number > n->max.number) {
        fault.type = "numberMax";
        rule_fail_limit(r, &n->rule, at, fault, &n->max);
    }
    if (n->equal.set && !rule_limit_equals(&n->equal, number)) {
        fault.type = "numberEqual";
        rule_fail_limit(r, &n->rule, at, fault, &n->equal);
    }
    if (n->not_equal.set && rule_limit_equals(&n->not_equal, number)) {
        fault.type = "numberNotEqual";
        rule_fail_limit(r, &n->rule, at, fault, &n->not_equal);
    }
}

static struct value *check_number(struct rule_run *r, const struct rule *rule,
                                  const struct rule_place *at, struct value *v)
{
    const struct rule_number *n = container_of_const(rule, struct rule_number, rule);
    struct value *original = v;
    double number;

    if (n->convert && v->type != JSON_NUMBER) {
        v = value_number(value_convert_number(v), r->arena);
    }
    if (v->type != JSON_NUMBER || !isfinite(v->number)) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "number", .actual = original});
        return v;
    }
    number = v->number;
    check_limits(r, n, at, number, original);
    if (n->integer && number != trunc(number)) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "numberInteger", .actual = original});
    }
    if (n->positive && number <= 0) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "numberPositive", .actual = original});
    }
    if (n->negative && number >= 0) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "numberNegative", .actual = original});
    }
    return v;
}

struct rule *rule_compile_number(struct rule_compiler *c, const struct value *schema)
{
    struct rule_number *n = arena_new(c->arena, struct rule_number);

    n->rule.check = check_number;
    n->convert = rule_is_true(schema, "convert");
    n->integer = rule_is_true(schema, "integer");
    n->positive = rule_is_true(schema, "positive");
    n->negative = rule_is_true(schema, "negative");
    if (!rule_read_limit(c, schema, "min", &n->min) ||
        !rule_read_limit(c, schema, "max", &n->max) ||
        !rule_read_limit(c, schema, "equal", &n->equal) ||
        !rule_read_limit(c, schema, "notEqual", &n->not_equal)) {
        return NULL;
    }
    return &n->rule;
}
