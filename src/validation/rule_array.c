/* SPDX-License-Identifier: MIT */
/* The rules "array" and "tuple". */
#include <stdlib.h>

#include "base/mem.h"
#include "validation/rule.h"

struct rule_array {
    struct rule rule;
    struct rule_limit min, max, length;
    struct value *contains;
    struct rule_list list; /* "enum" */
    struct rule *items;
    bool convert, must_have_items, unique;
};

static void check_lengths(struct rule_run *r, const struct rule_array *a,
                          const struct rule_place *at, double n)
{
    struct rule_fault fault = {.actual = value_number(n, r->arena)};

    if (a->min.set && n < a->min.number) {
        fault.type = "arrayMin";
        rule_fail_limit(r, &a->rule, at, fault, &a->min);
    }
    if (a->max.set && n > a->max.number) {
        fault.type = "arrayMax";
        rule_fail_limit(r, &a->rule, at, fault, &a->max);
    }
    if (a->length.set && !rule_limit_equals(&a->length, n)) {
        fault.type = "arrayLength";
        rule_fail_limit(r, &a->rule, at, fault, &a->length);
    }
}

/* --- unique: sorted, so that many items cost no more than they should --- */
struct ranked {
    struct value *value;
    size_t position;
};

static int compare_doubles(double a, double b)
{
    return (a > b) - (a < b);
}

static int compare_values(const struct value *a, const struct value *b)
{
    enum json_type left = a ? a->type : JSON_NONE;
    enum json_type right = b ? b->type : JSON_NONE;

    if (left != right) {
        return left < right ? -1 : 1;
    }
    switch (left) {
    case JSON_BOOL:
        return (int)a->boolean - (int)b->boolean;
    case JSON_NUMBER:
        return compare_doubles(a->number, b->number);
    case JSON_STRING:
        return bytes_compare(a->text, b->text);
    case JSON_ARRAY:
    case JSON_OBJECT:
        return (a > b) - (a < b);
    case JSON_NONE:
    case JSON_NULL:
        break;
    }
    return 0;
}

static int compare_positions(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;

    return (a->position > b->position) - (a->position < b->position);
}

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;
    int order = compare_values(a->value, b->value);

    return order ? order : compare_positions(left, right);
}

/* Each value that comes again, once, in the order of the first repetitions. */
static struct value *find_repeated(const struct value *v, struct arena *arena)
{
    struct ranked *ranked = arena_alloc(arena, v->n * sizeof(*ranked));
    struct value *repeated = value_array(arena);
    size_t n_repeated = 0, run = 0;

    for (size_t i = 0; i < v->n; i++) {
        ranked[i] = (struct ranked){v->items[i], i};
    }
    qsort(ranked, v->n, sizeof(*ranked), compare_ranked);
    for (size_t i = 1; i < v->n; i++) {
        bool same = compare_values(ranked[i - 1].value, ranked[i].value) == 0;

        run = same ? run + 1 : 0;
        if (run == 1) {
            ranked[n_repeated++] = ranked[i]; /* at most i - 1: not looked at again */
        }
    }
    qsort(ranked, n_repeated, sizeof(*ranked), compare_positions);
    for (size_t i = 0; i < n_repeated; i++) {
        value_append(repeated, ranked[i].value, arena);
    }
    return repeated;
}

static void check_members(struct rule_run *r, const struct rule_array *a,
                          const struct rule_place *at, struct value *v)
{
    if (a->contains && !rule_list_has(r, v, a->contains)) {
        rule_fail(r, &a->rule, at, (struct rule_fault){"arrayContains", a->contains, v});
    }
    if (a->unique) {
        struct value *repeated = find_repeated(v, r->arena);

        if (repeated->n) {
            rule_fail(r, &a->rule, at, (struct rule_fault){"arrayUnique", repeated, v});
        }
    }
    for (size_t i = 0; a->list.values && i < v->n; i++) {
        if (!rule_list_has(r, a->list.values, v->items[i])) {
            rule_fail(r, &a->rule, at, (struct rule_fault){"arrayEnum", a->list.text, v->items[i]});
        }
    }
}

static void apply_item(struct rule_run *r, const struct rule *rule, const struct rule_place *at,
                       struct value *v, size_t i)
{
    struct rule_place place = {.up = at, .step = RULE_STEP_ITEM, .index = i, .parent = at->parent};
    struct value *result = rule_apply(r, rule, &place, at, v->items[i]);

    r->changed |= result != v->items[i];
    v->items[i] = result;
}

static struct value *check_array(struct rule_run *r, const struct rule *rule,
                                 const struct rule_place *at, struct value *v)
{
    const struct rule_array *a = container_of_const(rule, struct rule_array, rule);

    if (a->convert && v->type != JSON_ARRAY) {
        struct value *list = value_array(r->arena);

        value_append(list, v, r->arena);
        v = list;
    }
    if (v->type != JSON_ARRAY) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "array", .actual = v});
        return v;
    }
    if (a->must_have_items && v->n == 0) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "arrayEmpty", .actual = v});
    }
    check_lengths(r, a, at, (double)v->n);
    check_members(r, a, at, v);
    for (size_t i = 0; a->items && i < v->n; i++) {
        apply_item(r, a->items, at, v, i);
    }
    return v;
}

struct rule *rule_compile_array(struct rule_compiler *c, const struct value *schema)
{
    struct rule_array *a = arena_new(c->arena, struct rule_array);

    a->rule.check = check_array;
    a->convert = rule_is_true(schema, "convert");
    a->must_have_items = rule_is_false(schema, "empty");
    a->unique = rule_is_true(schema, "unique");
    if (!rule_read_list(c, schema, "enum", &a->list)) {
        return NULL;
    }
    if (rule_is_set(schema, "contains")) {
        a->contains = rule_json_value(value_get(schema, BYTES("contains")), c->arena);
    }
    if (!rule_read_limit(c, schema, "min", &a->min) ||
        !rule_read_limit(c, schema, "max", &a->max) ||
        !rule_read_limit(c, schema, "length", &a->length)) {
        return NULL;
    }
    if (rule_is_set(schema, "items")) {
        a->items = rule_compile(c, value_get(schema, BYTES("items")));
        return a->items ? &a->rule : NULL;
    }
    return &a->rule;
}

/* --- tuple --- */
struct rule_tuple {
    struct rule rule;
    struct rule **items;
    size_t n_items;
    bool must_have_items;
};

static struct value *check_tuple(struct rule_run *r, const struct rule *rule,
                                 const struct rule_place *at, struct value *v)
{
    const struct rule_tuple *t = container_of_const(rule, struct rule_tuple, rule);

    if (v->type != JSON_ARRAY) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "tuple", .actual = v});
        return v;
    }
    if (v->n == 0) {
        if (t->must_have_items) {
            rule_fail(r, rule, at, (struct rule_fault){.type = "tupleEmpty", .actual = v});
        }
        return v;
    }
    if (!t->items) {
        return v;
    }
    if (v->n != t->n_items) {
        rule_fail(r, rule, at,
                  (struct rule_fault){"tupleLength", value_number((double)t->n_items, r->arena),
                                      value_number((double)v->n, r->arena)});
        return v;
    }
    for (size_t i = 0; i < t->n_items; i++) {
        apply_item(r, t->items[i], at, v, i);
    }
    return v;
}

struct rule *rule_compile_tuple(struct rule_compiler *c, const struct value *schema)
{
    struct rule_tuple *t = arena_new(c->arena, struct rule_tuple);
    const struct value *items = value_get(schema, BYTES("items"));

    t->rule.check = check_tuple;
    t->must_have_items = rule_is_false(schema, "empty");
    if (value_is_nullish(items)) {
        return &t->rule;
    }
    if (items->type != JSON_ARRAY) {
        return rule_refuse(c, "Invalid 'tuple' schema. The 'items' field must be an array.");
    }
    if (items->n == 0) {
        return rule_refuse(c,
                           "Invalid 'tuple' schema. The 'items' field must not be an empty array.");
    }
    t->n_items = items->n;
    t->items = arena_alloc(c->arena, items->n * sizeof(struct rule *));
    for (size_t i = 0; i < items->n; i++) {
        t->items[i] = rule_compile(c, items->items[i]);
        if (!t->items[i]) {
            return NULL;
        }
    }
    return &t->rule;
}
