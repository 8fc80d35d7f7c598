/* SPDX-License-Identifier: MIT */
/* Rules without settings to speak of: any, boolean, forbidden, function, objectID. */
#include "validation/rule.h"

static struct rule *new_rule(struct rule_compiler *c, rule_check_fn *check)
{
    struct rule *rule = arena_new(c->arena, struct rule);

    rule->check = check;
    return rule;
}

static struct value *check_any(struct rule_run *r, const struct rule *rule,
                               const struct rule_place *at, struct value *v)
{
    return v;
}

struct rule *rule_compile_any(struct rule_compiler *c, const struct value *schema)
{
    return new_rule(c, check_any);
}

static struct value *convert_boolean(struct value *v, struct arena *arena)
{
    static const char *const yes[] = {"true", "1", "on"};
    static const char *const no[] = {"false", "0", "off"};

    if (v->type == JSON_NUMBER && value_convert_is_same(v, &(struct value){.type = JSON_NUMBER})) {
        return value_bool(false, arena);
    }
    if (v->type == JSON_NUMBER &&
        value_convert_is_same(v, &(struct value){.type = JSON_NUMBER, .number = 1})) {
        return value_bool(true, arena);
    }
    for (size_t i = 0; v->type == JSON_STRING && i < 3; i++) {
        if (bytes_eq(v->text, bytes_cstr(yes[i])) || bytes_eq(v->text, bytes_cstr(no[i]))) {
            return value_bool(bytes_eq(v->text, bytes_cstr(yes[i])), arena);
        }
    }
    return v;
}

static struct value *check_boolean(struct rule_run *r, const struct rule *rule,
                                   const struct rule_place *at, struct value *v)
{
    struct value *converted = v;

    if (rule_is_true(rule->schema, "convert")) {
        converted = convert_boolean(v, r->arena);
    }
    if (converted->type != JSON_BOOL) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "boolean", .actual = v});
    }
    return converted;
}

struct rule *rule_compile_boolean(struct rule_compiler *c, const struct value *schema)
{
    return new_rule(c, check_boolean);
}

static struct value *check_forbidden(struct rule_run *r, const struct rule *rule,
                                     const struct rule_place *at, struct value *v)
{
    if (rule_is_on(rule->schema, "remove")) {
        return NULL;
    }
    rule_fail(r, rule, at, (struct rule_fault){.type = "forbidden", .actual = v});
    return v;
}

struct rule *rule_compile_forbidden(struct rule_compiler *c, const struct value *schema)
{
    struct rule *rule = new_rule(c, check_forbidden);

    rule->passes_missing = true;
    return rule;
}

static struct value *check_function(struct rule_run *r, const struct rule *rule,
                                    const struct rule_place *at, struct value *v)
{
    rule_fail(r, rule, at, (struct rule_fault){.type = "function", .actual = v});
    return v;
}

struct rule *rule_compile_function(struct rule_compiler *c, const struct value *schema)
{
    return new_rule(c, check_function);
}

static bool is_object_id(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = (char)(text.p[i] | 0x20);

        if (!(text.p[i] >= '0' && text.p[i] <= '9') && !(c >= 'a' && c <= 'f')) {
            return false;
        }
    }
    return text.n == 24;
}

static struct value *check_object_id(struct rule_run *r, const struct rule *rule,
                                     const struct rule_place *at, struct value *v)
{
    const struct value *convert = value_get(rule->schema, BYTES("convert"));
    char *lower;

    if (v->type != JSON_STRING || !is_object_id(v->text)) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "objectID", .actual = v});
        return NULL;
    }
    if (!value_is(convert, JSON_STRING) || !bytes_eq(convert->text, BYTES("hexString"))) {
        return v;
    }
    lower = arena_alloc(r->arena, v->text.n);
    for (size_t i = 0; i < v->text.n; i++) {
        lower[i] = (char)(v->text.p[i] | 0x20);
    }
    return value_string(bytes_of(lower, v->text.n), r->arena);
}

struct rule *rule_compile_object_id(struct rule_compiler *c, const struct value *schema)
{
    return new_rule(c, check_object_id);
}

struct rule *rule_compile_class(struct rule_compiler *c, const struct value *schema)
{
    return rule_refuse(c, "Invalid 'class' schema. Classes need JavaScript.");
}
