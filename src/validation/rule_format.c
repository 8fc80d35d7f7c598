/* SPDX-License-Identifier: MIT */
/* Texts of a known format: email, url, uuid, mac, luhn, currency. */
#include <math.h>

#include "base/mem.h"
#include "validation/rule_string.h"

struct rule_format {
    struct rule rule;
    struct js_regex *pattern;
    struct rule_limit min, max; /* email */
    struct rule_limit version;  /* uuid */
    bool may_be_empty, normalize;
};

static const struct rule_format *format_of(const struct rule *rule)
{
    return container_of_const(rule, struct rule_format, rule);
}

static struct rule_format *new_format(struct rule_compiler *c, rule_check_fn *check,
                                      const char *pattern)
{
    struct rule_format *f = arena_new(c->arena, struct rule_format);

    f->rule.check = check;
    if (pattern) {
        f->pattern = rule_compile_regex(c, bytes_cstr(pattern), BYTES_NONE);
        return f->pattern ? f : NULL;
    }
    return f;
}

static bool is_text(struct rule_run *r, const struct rule *rule, const struct rule_place *at,
                    struct value *v)
{
    if (v->type == JSON_STRING) {
        return true;
    }
    rule_fail(r, rule, at, (struct rule_fault){.type = "string", .actual = v});
    return false;
}

static void fail_simply(struct rule_run *r, const struct rule *rule, const struct rule_place *at,
                        const char *type, struct value *actual)
{
    rule_fail(r, rule, at, (struct rule_fault){.type = type, .actual = actual});
}

/* --- email --- */
static void check_email_length(struct rule_run *r, const struct rule *rule,
                               const struct rule_place *at, struct bytes text)
{
    const struct rule_format *f = format_of(rule);
    double units = (double)value_convert_units(text);
    struct rule_fault fault = {.actual = value_number(units, r->arena)};

    if (f->min.set && units < f->min.number) {
        fault.type = "emailMin";
        rule_fail_limit(r, rule, at, fault, &f->min);
    }
    if (f->max.set && units > f->max.number) {
        fault.type = "emailMax";
        rule_fail_limit(r, rule, at, fault, &f->max);
    }
}

static struct value *check_email(struct rule_run *r, const struct rule *rule,
                                 const struct rule_place *at, struct value *v)
{
    const struct rule_format *f = format_of(rule);

    if (!is_text(r, rule, at, v)) {
        return v;
    }
    if (v->text.n == 0) {
        if (!f->may_be_empty) {
            fail_simply(r, rule, at, "emailEmpty", v);
        }
        return v;
    }
    if (f->normalize) {
        struct bytes text = value_convert_trim_end(value_convert_trim_start(v->text));

        text = rule_string_lower(text, r->arena);
        v = bytes_eq(text, v->text) ? v : value_string(text, r->arena);
    }
    check_email_length(r, rule, at, v->text);
    if (!rule_matches(r, f->pattern, v->text)) {
        fail_simply(r, rule, at, "email", v);
    }
    return v;
}

struct rule *rule_compile_email(struct rule_compiler *c, const struct value *schema)
{
    static const char precise[] =
        "^(([^<>()[\\]\\.,;:\\s@\"]+(\\.[^<>()[\\]\\.,;:\\s@\"]+)*)|(\".+\"))@"
        "((\\[[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\])|"
        "(([a-zA-Z\\-0-9]+\\.)+[a-zA-Z]{2,}))$";
    const struct value *mode = value_get(schema, BYTES("mode"));
    bool is_precise = value_is(mode, JSON_STRING) && bytes_eq(mode->text, BYTES("precise"));
    struct rule_format *f = new_format(c, check_email, is_precise ? precise : "^\\S+@\\S+\\.\\S+$");

    if (!f || !rule_read_limit(c, schema, "min", &f->min) ||
        !rule_read_limit(c, schema, "max", &f->max)) {
        return NULL;
    }
    f->may_be_empty = rule_is_on(schema, "empty");
    f->normalize = rule_is_on(schema, "normalize");
    return &f->rule;
}

/* --- url --- */
static struct value *check_url(struct rule_run *r, const struct rule *rule,
                               const struct rule_place *at, struct value *v)
{
    const struct rule_format *f = format_of(rule);

    if (!is_text(r, rule, at, v)) {
        return v;
    }
    if (v->text.n == 0) {
        if (!f->may_be_empty) {
            fail_simply(r, rule, at, "urlEmpty", v);
        }
        return v;
    }
    if (!rule_matches(r, f->pattern, v->text)) {
        fail_simply(r, rule, at, "url", v);
    }
    return v;
}

struct rule *rule_compile_url(struct rule_compiler *c, const struct value *schema)
{
    struct rule_format *f = new_format(c, check_url, "^https?:\\/\\/\\S+");

    if (!f) {
        return NULL;
    }
    f->may_be_empty = rule_is_on(schema, "empty");
    return &f->rule;
}

/* --- uuid --- */
static struct value *check_uuid(struct rule_run *r, const struct rule *rule,
                                const struct rule_place *at, struct value *v)
{
    const struct rule_format *f = format_of(rule);
    char variant;
    int version;

    if (!is_text(r, rule, at, v)) {
        return v;
    }
    if (!rule_matches(r, f->pattern, v->text)) {
        fail_simply(r, rule, at, "uuid", v);
        return v;
    }
    version = v->text.p[14] - '0';
    variant = (char)(v->text.p[19] | 0x20);
    if (f->version.set && !f->version.is_bool && trunc(f->version.number) < 9 &&
        !rule_limit_equals(&f->version, version)) {
        rule_fail(r, rule, at,
                  (struct rule_fault){"uuidVersion", value_number(f->version.number, r->arena),
                                      value_number(version, r->arena)});
        return v;
    }
    if ((version == 3 || version == 4 || version == 5 || version == 7 || version == 8) &&
        variant != ('8' | 0x20) && variant != ('9' | 0x20) && variant != 'a' && variant != 'b') {
        fail_simply(r, rule, at, "uuid", v);
    }
    return v;
}

struct rule *rule_compile_uuid(struct rule_compiler *c, const struct value *schema)
{
    static const char pattern[] =
        "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|"
        "0{8}-0{4}-0{4}-0{4}-0{12})$";
    struct rule_format *f = new_format(c, check_uuid, pattern);

    return f && rule_read_limit(c, schema, "version", &f->version) ? &f->rule : NULL;
}

/* --- mac --- */
static struct value *check_mac(struct rule_run *r, const struct rule *rule,
                               const struct rule_place *at, struct value *v)
{
    if (is_text(r, rule, at, v) && !rule_matches(r, format_of(rule)->pattern, v->text)) {
        fail_simply(r, rule, at, "mac", v);
    }
    return v;
}

struct rule *rule_compile_mac(struct rule_compiler *c, const struct value *schema)
{
    /* Longer groups pass in the original, too. */
    static const char pattern[] =
        "^((([a-fA-F0-9]{2,}[-]){5}|([a-fA-F0-9]{2,}[:]){5})([a-fA-F0-9]{2})$)|"
        "(^([a-fA-F0-9]{4,}[.]){2}([a-fA-F0-9]{4}))$";
    struct rule_format *f = new_format(c, check_mac, pattern);

    return f ? &f->rule : NULL;
}

/* --- luhn --- */
static bool has_luhn_sum(struct bytes text)
{
    unsigned sum = 0;
    bool twice = false;

    for (size_t i = text.n; i > 0; i--) {
        unsigned digit = (unsigned)((unsigned char)text.p[i - 1] - '0');

        if (digit > 9) {
            continue;
        }
        digit *= twice ? 2 : 1;
        sum += digit > 9 ? digit - 9 : digit;
        twice = !twice;
    }
    return sum > 0 && sum % 10 == 0;
}

static struct value *check_luhn(struct rule_run *r, const struct rule *rule,
                                const struct rule_place *at, struct value *v)
{
    if (is_text(r, rule, at, v) && !has_luhn_sum(v->text)) {
        fail_simply(r, rule, at, "luhn", v);
    }
    return v;
}

struct rule *rule_compile_luhn(struct rule_compiler *c, const struct value *schema)
{
    return &new_format(c, check_luhn, NULL)->rule;
}

/* --- currency --- */
static struct value *check_currency(struct rule_run *r, const struct rule *rule,
                                    const struct rule_place *at, struct value *v)
{
    if (v->type != JSON_STRING || !rule_matches(r, format_of(rule)->pattern, v->text)) {
        fail_simply(r, rule, at, "currency", v);
    }
    return v;
}

static struct bytes text_member(const struct value *schema, const char *name,
                                struct bytes otherwise, struct arena *arena)
{
    const struct value *v = value_get(schema, bytes_cstr(name));

    return value_is_truthy(v) ? value_convert_text(v, arena) : otherwise;
}

/* "/source/flags" */
static struct js_regex *compile_literal(struct rule_compiler *c, struct bytes literal)
{
    size_t end = literal.n;

    while (end > 1 && literal.p[end - 1] != '/') {
        end--;
    }
    if (literal.n < 2 || literal.p[0] != '/' || end < 2) {
        (void)rule_refuse(c, "Invalid 'currency' schema. 'customRegex' must read /.../.");
        return NULL;
    }
    return rule_compile_regex(c, bytes_of(literal.p + 1, end - 2), bytes_from(literal, end));
}

struct rule *rule_compile_currency(struct rule_compiler *c, const struct value *schema)
{
    struct rule_format *f = new_format(c, check_currency, NULL);
    struct bytes custom = text_member(schema, "customRegex", BYTES_NONE, c->arena);
    struct bytes symbol = text_member(schema, "currencySymbol", BYTES_NONE, c->arena);
    struct bytes thousand = text_member(schema, "thousandSeparator", BYTES(","), c->arena);
    struct bytes decimal = text_member(schema, "decimalSeparator", BYTES("."), c->arena);
    const char *optional = rule_is_on(schema, "symbolOptional") ? "?" : "";
    struct bytes pattern;

    if (custom.n) {
        f->pattern = compile_literal(c, custom);
        return f->pattern ? &f->rule : NULL;
    }
    symbol = symbol.n ? arena_format(c->arena, "\\%.*s%s", BYTES_ARG(symbol), optional) : BYTES("");
    pattern =
        arena_format(c->arena,
                     "(?=.*\\d)^(-?%.*s|%.*s-?)(([0-9]\\d{0,2}(%.*s\\d{3})*)|0)?"
                     "(\\%.*s\\d{1,2})?$",
                     BYTES_ARG(symbol), BYTES_ARG(symbol), BYTES_ARG(thousand), BYTES_ARG(decimal));
    f->pattern = rule_compile_regex(c, pattern, BYTES_NONE);
    return f->pattern ? &f->rule : NULL;
}
