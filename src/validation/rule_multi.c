/* SPDX-License-Identifier: MIT */
/* The rule "multi": the first branch that finds no fault decides. */
#include "base/mem.h"
#include "validation/rule.h"

struct rule_multi {
    struct rule rule;
    struct rule **branches;
    size_t n_branches;
};

static struct value *check_multi(struct rule_run *r, const struct rule *rule,
                                 const struct rule_place *at, struct value *v)
{
    const struct rule_multi *multi = container_of_const(rule, struct rule_multi, rule);
    size_t n_errors = r->n_errors, n_listed = r->errors->n, n_before = r->n_before;
    struct rule_place unlabelled = *at;

    unlabelled.label = BYTES_NONE;
    for (size_t i = 0; i < multi->n_branches; i++) {
        struct value *result;
        bool fits;

        r->n_before = r->n_errors;
        result = rule_apply(r, multi->branches[i], &unlabelled, at, v);
        fits = r->n_errors == r->n_before;
        r->n_before = n_before;
        if (fits) {
            r->n_errors = n_errors;
            r->errors->n = n_listed;
            return result;
        }
    }
    return v;
}

struct rule *rule_compile_multi(struct rule_compiler *c, const struct value *schema)
{
    struct rule_multi *multi = arena_new(c->arena, struct rule_multi);
    const struct value *rules = value_get(schema, BYTES("rules"));

    multi->rule.check = check_multi;
    if (!value_is(rules, JSON_ARRAY)) {
        return rule_refuse(c, "Invalid 'multi' schema. The 'rules' field must be an array.");
    }
    multi->n_branches = rules->n;
    multi->branches = arena_alloc(c->arena, rules->n * sizeof(struct rule *));
    for (size_t i = 0; i < rules->n; i++) {
        multi->branches[i] = rule_compile(c, rules->items[i]);
        if (!multi->branches[i]) {
            return NULL;
        }
    }
    return &multi->rule;
}

void rule_multi_inherit(struct rule *rule, const struct rule_options *options)
{
    const struct rule_multi *multi = container_of_const(rule, struct rule_multi, rule);
    bool optional = true, nullable = true, not_nullable = true;

    for (size_t i = 0; i < multi->n_branches; i++) {
        optional &= multi->branches[i]->optional;
        nullable &= multi->branches[i]->nullable;
        not_nullable &= multi->branches[i]->not_nullable;
    }
    rule->optional |= optional;
    if (options->consider_null_a_value) {
        rule->not_nullable |= not_nullable;
    } else {
        rule->nullable |= nullable;
    }
}
