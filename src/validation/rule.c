/* SPDX-License-Identifier: MIT */
/* Compiling any definition, presence, errors: what all rules have in common. */
#include "validation/rule.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "validation/validation.h"

enum {
    /* Deeper than any JSON schema can be: "string[][]..." nests without brackets of its own. */
    DEPTH_MAX = 1024,
    COMPARISONS_PER_STEP = 16,
    COMPILED_BYTES_MAX = 256 << 20, /* what aliases and defaults may make of a schema */
    REGEXES_SHARED = 16,            /* of the last ones: the same pattern is compiled once */
};

struct rule *rule_refuse(struct rule_compiler *c, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    buf_add(c->error, bytes_cstr(text));
    return NULL;
}

static struct js_regex *find_same(const struct rule_compiler *c, struct bytes source,
                                  struct bytes flags)
{
    int n = 0;

    for (struct rule_regex *node = c->regexes; node && n < REGEXES_SHARED; node = node->next) {
        if (bytes_eq(node->source, source) && bytes_eq(node->flags, flags)) {
            return node->regex;
        }
        n++;
    }
    return NULL;
}

struct js_regex *rule_compile_regex(struct rule_compiler *c, struct bytes source,
                                    struct bytes flags)
{
    struct js_regex *same = find_same(c, source, flags);
    struct rule_regex *node;

    if (same) {
        return same;
    }
    node = arena_new(c->arena, struct rule_regex);
    node->source = source;
    node->flags = flags;
    node->regex = js_regex_new(source, flags);
    if (!node->regex) {
        (void)rule_refuse(c, "Invalid regular expression: /%.*s/%.*s", BYTES_ARG(source),
                          BYTES_ARG(flags));
        return NULL;
    }
    node->next = c->regexes;
    c->regexes = node;
    c->regex_bytes += js_regex_bytes(node->regex);
    if (c->regex_bytes > VALIDATION_PATTERNS_BYTES_MAX) {
        (void)rule_refuse(c, "The patterns of the schema take more than %d bytes of memory.",
                          VALIDATION_PATTERNS_BYTES_MAX);
        return NULL;
    }
    return node->regex;
}

bool rule_is_set(const struct value *schema, const char *name)
{
    return !value_is_nullish(value_get(schema, bytes_cstr(name)));
}

bool rule_is_on(const struct value *schema, const char *name)
{
    return value_is_truthy(value_get(schema, bytes_cstr(name)));
}

bool rule_is_true(const struct value *schema, const char *name)
{
    return value_is_true(value_get(schema, bytes_cstr(name)));
}

bool rule_is_false(const struct value *schema, const char *name)
{
    const struct value *v = value_get(schema, bytes_cstr(name));

    return value_is(v, JSON_BOOL) && !v->boolean;
}

bool rule_read_limit(struct rule_compiler *c, const struct value *schema, const char *name,
                     struct rule_limit *out)
{
    const struct value *v = value_get(schema, bytes_cstr(name));

    *out = (struct rule_limit){0};
    if (value_is_nullish(v)) {
        return true;
    }
    out->set = true;
    out->number = value_convert_number(v);
    out->is_bool = v->type == JSON_BOOL;
    out->expected =
        out->is_bool ? value_bool(v->boolean, c->arena) : value_number(out->number, c->arena);
    if (v->type == JSON_ARRAY || v->type == JSON_OBJECT || isnan(out->number)) {
        struct bytes type = value_convert_text(value_get(schema, BYTES("type")), c->arena);

        (void)rule_refuse(c, "Invalid '%.*s' schema. The '%s' field must be a number.",
                          BYTES_ARG(type), name);
        return false;
    }
    return true;
}

bool rule_limit_equals(const struct rule_limit *limit, double n)
{
    return !limit->is_bool && n <= limit->number && n >= limit->number;
}

/* NOLINTNEXTLINE(misc-no-recursion): the scanner has limited the depth */
static void drop_infinite(struct value *v)
{
    if (v->type == JSON_NUMBER && isinf(v->number)) {
        v->type = JSON_NULL;
    }
    for (size_t i = 0; v->type == JSON_ARRAY && i < v->n; i++) {
        drop_infinite(v->items[i]);
    }
    for (size_t i = 0; v->type == JSON_OBJECT && i < v->n; i++) {
        drop_infinite(v->members[i].value);
    }
}

struct value *rule_json_value(const struct value *v, struct arena *arena)
{
    struct value *copy = v ? value_copy(v, arena) : NULL;

    if (copy) {
        drop_infinite(copy);
    }
    return copy;
}

bool rule_read_list(struct rule_compiler *c, const struct value *schema, const char *name,
                    struct rule_list *out)
{
    const struct value *list = value_get(schema, bytes_cstr(name));

    *out = (struct rule_list){NULL, NULL};
    if (!value_is(list, JSON_ARRAY)) {
        return true;
    }
    if (list->n > VALIDATION_LIST_MAX) {
        (void)rule_refuse(c, "The '%s' field has more than %d values.", name, VALIDATION_LIST_MAX);
        return false;
    }
    out->values = rule_json_value(list, c->arena);
    out->text = rule_list_text(list, c->arena);
    return true;
}

/* What every definition may say, whatever its type. */
static void read_common(struct rule_compiler *c, struct rule *rule, const struct value *schema,
                        const struct value *messages)
{
    const struct value *label = value_get(schema, BYTES("label"));

    rule->schema = schema;
    rule->messages = messages;
    rule->optional = rule_is_true(schema, "optional");
    rule->nullable = rule_is_true(schema, "nullable");
    rule->not_nullable = rule_is_false(schema, "nullable");
    if (rule_is_set(schema, "default")) {
        rule->fallback = rule_json_value(value_get(schema, BYTES("default")), c->arena);
    }
    if (value_is(label, JSON_STRING) && label->text.n) {
        rule->label = label->text;
    }
}

static struct rule *compile_resolved(struct rule_compiler *c, struct value *schema)
{
    const struct value *messages = value_get(schema, BYTES("messages"));
    const struct value *type = value_get(schema, BYTES("type"));
    struct bytes type_text = value_convert_text(type, c->arena);
    rule_compile_fn *compile = rule_table_find(type_text);
    struct rule *rule;

    if (!compile) {
        return rule_refuse(c, "Invalid '%.*s' type in validator schema.", BYTES_ARG(type_text));
    }
    rule_schema_extend(schema, value_get(c->options.defaults, type_text), c->arena);
    if (value_is(value_get(schema, BYTES("custom")), JSON_ARRAY)) {
        return rule_refuse(c, "Invalid '%.*s' schema. Custom functions need JavaScript.",
                           BYTES_ARG(type_text));
    }
    rule = compile(c, schema);
    if (rule) {
        read_common(c, rule, schema, messages);
    }
    return rule;
}

static struct rule *compile_list(struct rule_compiler *c, struct value *list)
{
    struct value *schema = value_object(c->arena);
    struct rule *rule;

    if (list->n == 0) {
        return rule_refuse(c, "Invalid schema.");
    }
    value_add(schema, BYTES("type"), value_string(BYTES("multi"), c->arena), c->arena);
    value_add(schema, BYTES("rules"), list, c->arena);
    rule = compile_resolved(c, schema);
    if (rule) {
        rule_multi_inherit(rule, &c->options);
    }
    return rule;
}

struct rule *rule_compile(struct rule_compiler *c, struct value *definition)
{
    struct rule *rule;

    if (c->depth == DEPTH_MAX) {
        return rule_refuse(c, "Schema is nested too deeply.");
    }
    if (c->arena->used_bytes > COMPILED_BYTES_MAX) {
        return rule_refuse(c, "Schema takes more than %d bytes of memory.", COMPILED_BYTES_MAX);
    }
    if (c->n_rules++ == VALIDATION_RULES_MAX) {
        return rule_refuse(c, "Schema has more than %d rules.", VALIDATION_RULES_MAX);
    }
    c->depth++;
    rule = value_is(definition, JSON_ARRAY)
               ? compile_list(c, definition)
               : compile_resolved(c, rule_schema_resolve(c, definition));
    c->depth--;
    return rule;
}

/* --- checking --- */
enum presence { PRESENCE_CHECK, PRESENCE_SKIP, PRESENCE_DEFAULT, PRESENCE_REQUIRED };

static enum presence judge_null(const struct rule_options *options, const struct rule *rule)
{
    if (options->consider_null_a_value) {
        if (!rule->not_nullable) {
            return PRESENCE_SKIP;
        }
    } else if (rule->nullable) {
        return PRESENCE_SKIP;
    }
    if (rule->fallback) {
        return PRESENCE_DEFAULT;
    }
    if (rule->passes_missing || (rule->optional && !options->consider_null_a_value)) {
        return PRESENCE_SKIP;
    }
    return PRESENCE_REQUIRED;
}

static enum presence judge(const struct rule_options *options, const struct rule *rule,
                           const struct value *v)
{
    if (v && v->type != JSON_NULL) {
        return PRESENCE_CHECK;
    }
    if (v) {
        return judge_null(options, rule);
    }
    if (rule->fallback) {
        return PRESENCE_DEFAULT;
    }
    return rule->optional || rule->passes_missing ? PRESENCE_SKIP : PRESENCE_REQUIRED;
}

bool rule_is_exhausted(const struct rule_run *r)
{
    return r->steps_left == 0 || r->work_left == 0 || r->arena->used_bytes > r->arena_bytes_max;
}

bool rule_spend(struct rule_run *r, size_t steps)
{
    r->steps_left -= steps < r->steps_left ? steps : r->steps_left;
    return !rule_is_exhausted(r);
}

bool rule_matches(struct rule_run *r, struct js_regex *pattern, struct bytes text)
{
    enum js_regex_outcome outcome = js_regex_match(pattern, text, r->room, &r->work_left);

    if (outcome == JS_REGEX_GAVE_UP) {
        r->work_left = 0;
    }
    return outcome == JS_REGEX_MATCHES;
}

struct value *rule_apply(struct rule_run *r, const struct rule *rule, const struct rule_place *at,
                         const struct rule_place *outer, struct value *v)
{
    if (!rule_spend(r, 1)) {
        return v;
    }
    switch (judge(r->options, rule, v)) {
    case PRESENCE_CHECK:
        return rule->check(r, rule, at, v);
    case PRESENCE_DEFAULT:
        return value_copy(rule->fallback, r->arena);
    case PRESENCE_REQUIRED:
        rule_fail(r, rule, outer, (struct rule_fault){.type = "required", .actual = v});
        break;
    case PRESENCE_SKIP:
        break;
    }
    return v;
}

static bool is_identifier(struct bytes name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';

        if (!letter && (i == 0 || c < '0' || c > '9')) {
            return false;
        }
    }
    return name.n > 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the rules, DEPTH_MAX */
static void add_path(struct buf *out, const struct rule_place *at)
{
    if (at->step == RULE_STEP_ROOT) {
        return;
    }
    add_path(out, at->up);
    if (at->step == RULE_STEP_ITEM) {
        buf_add_format(out, "[%zu]", at->index);
    } else if (out->n == 0) {
        buf_add(out, at->name);
    } else if (at->step == RULE_STEP_RECORD || is_identifier(at->name)) {
        buf_add_char(out, '.');
        buf_add(out, at->name);
    } else {
        buf_add(out, BYTES("['"));
        buf_add(out, at->name);
        buf_add(out, BYTES("']"));
    }
}

struct bytes rule_place_path(const struct rule_place *at, struct arena *arena)
{
    struct bytes path;
    struct buf out;

    if (at->step == RULE_STEP_ROOT) {
        return BYTES_NONE;
    }
    buf_init(&out, BUF_NO_LIMIT);
    add_path(&out, at);
    path = arena_copy(arena, buf_bytes(&out));
    buf_fini(&out);
    return path;
}

static struct value *text_or_none(struct bytes text, struct arena *arena)
{
    return bytes_is_set(text) ? value_string(text, arena) : NULL;
}

void rule_fail(struct rule_run *r, const struct rule *rule, const struct rule_place *at,
               struct rule_fault fault)
{
    struct arena *arena = r->arena;
    struct value *error;

    r->n_errors++;
    if (r->errors->n >= VALIDATION_ERRORS_MAX) {
        return;
    }
    error = value_object(arena);
    value_add(error, BYTES("type"), value_string(bytes_cstr(fault.type), arena), arena);
    value_add(error, BYTES("message"), value_string(rule_message(r, rule, fault.type), arena),
              arena);
    value_add(error, BYTES("field"), text_or_none(rule_place_path(at, arena), arena), arena);
    value_add(error, BYTES("expected"), fault.expected, arena);
    value_add(error, BYTES("actual"), fault.actual, arena);
    value_add(error, BYTES("label"), text_or_none(at->label, arena), arena);
    value_append(r->errors, error, arena);
}

void rule_fail_limit(struct rule_run *r, const struct rule *rule, const struct rule_place *at,
                     struct rule_fault fault, const struct rule_limit *limit)
{
    fault.expected = limit->expected;
    rule_fail(r, rule, at, fault);
}

bool rule_list_has(struct rule_run *r, const struct value *list, const struct value *v)
{
    size_t n = value_is(list, JSON_ARRAY) ? list->n : 0;

    if (!rule_spend(r, n / COMPARISONS_PER_STEP)) {
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        if (value_convert_is_same(list->items[i], v)) {
            return true;
        }
    }
    return false;
}

struct value *rule_list_text(const struct value *list, struct arena *arena)
{
    struct value *text;
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    for (size_t i = 0; value_is(list, JSON_ARRAY) && i < list->n; i++) {
        buf_add(&out, i > 0 ? BYTES(", ") : BYTES_NONE);
        if (!value_is_nullish(list->items[i])) {
            value_convert_add_text(&out, list->items[i]);
        }
    }
    text = value_string(arena_copy(arena, buf_bytes(&out)), arena);
    buf_fini(&out);
    return text;
}
