/* SPDX-License-Identifier: MIT */
/* The rule "string": checks. What changes the text is in rule_string_sanitize.c. */
#include "validation/rule_string.h"

#include "base/mem.h"

enum { SANITIZED_BYTES_PER_STEP = 4 };

static void check_lengths(struct rule_run *r, const struct rule_string *s,
                          const struct rule_place *at, struct bytes text)
{
    struct rule_fault fault = {.type = NULL};
    double units;

    if (!s->min.set && !s->max.set && !s->length.set) {
        return;
    }
    units = (double)value_convert_units(text);
    fault.actual = value_number(units, r->arena);
    if (s->min.set && units < s->min.number) {
        fault.type = "stringMin";
        rule_fail_limit(r, &s->rule, at, fault, &s->min);
    }
    if (s->max.set && units > s->max.number) {
        fault.type = "stringMax";
        rule_fail_limit(r, &s->rule, at, fault, &s->max);
    }
    if (s->length.set && !rule_limit_equals(&s->length, units)) {
        fault.type = "stringLength";
        rule_fail_limit(r, &s->rule, at, fault, &s->length);
    }
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(struct bytes text)
{
    size_t n = 0;

    while (n < text.n && is_digit(text.p[n])) {
        n++;
    }
    return n;
}

static bool is_numeric(struct bytes text)
{
    size_t whole;

    text = bytes_from(text, text.n && text.p[0] == '-');
    whole = count_digits(text);
    text = bytes_from(text, whole);
    if (whole == 0 || text.n == 0) {
        return whole > 0;
    }
    return text.p[0] == '.' && text.n > 1 && count_digits(bytes_from(text, 1)) == text.n - 1;
}

enum characters { ALPHA = 1, DIGITS = 2, DASHES = 4, HEX = 8, BASE64 = 16 };

static bool consists_of(struct bytes text, unsigned characters)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        char lower = (char)(c | 0x20);

        if (!((characters & ALPHA && is_alpha(c)) || (characters & DIGITS && is_digit(c)) ||
              (characters & DASHES && (c == '_' || c == '-')) ||
              (characters & HEX && (is_digit(c) || (lower >= 'a' && lower <= 'f'))) ||
              (characters & BASE64 && (c == '+' || c == '/' || c == '\\')))) {
            return false;
        }
    }
    return true;
}

/* Groups of four; the original takes backslashes, but not in a last group of three. */
static bool is_base64(struct bytes text)
{
    size_t n = text.n;

    if (n % 4 != 0) {
        return false;
    }
    if (n && text.p[n - 1] == '=') {
        n -= text.p[n - 2] == '=' ? 2 : 1;
        if (text.n - n == 1 && bytes_find(bytes_of(text.p + n - 3, 3), '\\') < 3) {
            return false;
        }
    }
    return consists_of(bytes_of(text.p, n), ALPHA | DIGITS | BASE64);
}

static void check_kinds(struct rule_run *r, const struct rule_string *s,
                        const struct rule_place *at, struct bytes text, struct value *actual)
{
    const struct rule *rule = &s->rule;
    bool some = text.n > 0;

    if (s->numeric && !is_numeric(text)) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "stringNumeric", .actual = actual});
    }
    if (s->alpha && !(some && consists_of(text, ALPHA))) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "stringAlpha", .actual = actual});
    }
    if (s->alphanum && !(some && consists_of(text, ALPHA | DIGITS))) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "stringAlphanum", .actual = actual});
    }
    if (s->alphadash && !(some && consists_of(text, ALPHA | DIGITS | DASHES))) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "stringAlphadash", .actual = actual});
    }
    if (s->hex && !(some && text.n % 2 == 0 && consists_of(text, HEX))) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "stringHex", .actual = actual});
    }
    if (s->single_line && bytes_find(text, '\n') < text.n) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "stringSingleLine"});
    }
    if (s->base64 && !is_base64(text)) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "stringBase64", .actual = actual});
    }
}

static void check_contents(struct rule_run *r, const struct rule_string *s,
                           const struct rule_place *at, struct value *v, struct value *actual)
{
    struct bytes needle = s->contains ? s->contains->text : BYTES_NONE;

    if (s->pattern && !rule_matches(r, s->pattern, v->text)) {
        rule_fail(
            r, &s->rule, at,
            (struct rule_fault){"stringPattern", value_string(s->pattern_text, r->arena), actual});
    }
    if (needle.n && (v->text.n == 0 || !memmem(v->text.p, v->text.n, needle.p, needle.n))) {
        rule_fail(r, &s->rule, at, (struct rule_fault){"stringContains", s->contains, actual});
    }
    if (s->list.values && !rule_list_has(r, s->list.values, v)) {
        rule_fail(r, &s->rule, at, (struct rule_fault){"stringEnum", s->list.text, actual});
    }
    check_kinds(r, s, at, v->text, actual);
}

static struct value *check_string(struct rule_run *r, const struct rule *rule,
                                  const struct rule_place *at, struct value *v)
{
    const struct rule_string *s = container_of_const(rule, struct rule_string, rule);
    struct value *actual;
    struct bytes text;

    if (s->convert && v->type != JSON_STRING) {
        v = value_string(value_convert_text(v, r->arena), r->arena);
    }
    if (v->type != JSON_STRING) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "string", .actual = v});
        return v;
    }
    actual = v; /* checks of the contents show the text as it was */
    text = rule_string_sanitize(s, v->text, r->arena);
    if (!bytes_eq(text, v->text)) {
        (void)rule_spend(r, text.n / SANITIZED_BYTES_PER_STEP);
        v = value_string(text, r->arena);
    }
    if (text.n == 0 && s->must_have_text) {
        rule_fail(r, rule, at, (struct rule_fault){.type = "stringEmpty", .actual = v});
    } else if (text.n == 0 && s->may_be_empty) {
        return v;
    }
    check_lengths(r, s, at, text);
    check_contents(r, s, at, v, actual);
    return v;
}

static unsigned hex_value(char c)
{
    return (unsigned)(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Digits of that base at the start of text, at most so many; their number. */
static size_t read_digits(struct bytes text, unsigned base, size_t most, unsigned *out)
{
    size_t n = 0;

    *out = 0;
    while (n < most && n < text.n && consists_of(bytes_of(text.p + n, 1), HEX) &&
           hex_value(text.p[n]) < base &&
           (base > 8 || *out * base + hex_value(text.p[n]) <= 0377)) {
        *out = *out * base + hex_value(text.p[n++]);
    }
    return n;
}

/* What an escape at the start of text means in a string literal of JavaScript; its length. */
static size_t add_literal_escape(struct buf *out, struct bytes text)
{
    static const char letters[] = "nrtbfv";
    static const char meanings[] = "\n\r\t\b\f\v";
    char c = text.p[text.n > 1];
    const char *letter = c ? strchr(letters, c) : NULL;
    size_t n_digits = c == 'x' ? 2 : c == 'u' ? 4 : 0;
    unsigned value;

    if (c >= '0' && c <= '7') {
        size_t n = read_digits(bytes_from(text, 1), 8, 3, &value);

        rule_string_add_char(out, value);
        return n + 1;
    }
    if (n_digits && read_digits(bytes_from(text, 2), 16, n_digits, &value) == n_digits) {
        rule_string_add_char(out, value);
        return n_digits + 2;
    }
    buf_add(out, letter ? bytes_of(&meanings[letter - letters], 1) : bytes_of(&c, 1));
    return text.n > 1 ? 2 : 1;
}

/*
 * /source/flags as errors show it: the original pastes it into a string literal of the code that
 * it generates, so escapes take effect.
 */
static struct bytes shown_pattern(struct bytes source, struct bytes flags, struct arena *arena)
{
    static const char order[] = "dgimsuvy";
    struct bytes shown;
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    buf_add_char(&out, '/');
    source = source.n ? source : BYTES("(?:)");
    while (source.n) {
        size_t used = 1;

        if (source.p[0] == '\\') {
            used = add_literal_escape(&out, source);
        } else {
            buf_add_char(&out, source.p[0]);
        }
        source = bytes_from(source, used);
    }
    buf_add_char(&out, '/');
    for (const char *flag = order; *flag; flag++) {
        buf_add(&out, bytes_find(flags, *flag) < flags.n ? bytes_of(flag, 1) : BYTES_NONE);
    }
    shown = arena_copy(arena, buf_bytes(&out));
    buf_fini(&out);
    return shown;
}

static bool read_pattern(struct rule_compiler *c, const struct value *schema, struct rule_string *s)
{
    const struct value *pattern = value_get(schema, BYTES("pattern"));
    const struct value *flags = value_get(schema, BYTES("patternFlags"));
    struct bytes flags_text =
        value_is_nullish(flags) ? BYTES_NONE : value_convert_text(flags, c->arena);

    if (value_is_nullish(pattern)) {
        return true;
    }
    if (pattern->type != JSON_STRING) {
        (void)rule_refuse(c, "Invalid 'string' schema. The 'pattern' field must be a string.");
        return false;
    }
    s->pattern = rule_compile_regex(c, pattern->text, flags_text);
    s->pattern_text = shown_pattern(pattern->text, flags_text, c->arena);
    return s->pattern != NULL;
}

static void read_flags(const struct value *schema, struct rule_string *s)
{
    s->convert = rule_is_true(schema, "convert");
    s->must_have_text = rule_is_false(schema, "empty");
    s->may_be_empty = rule_is_true(schema, "empty");
    s->numeric = rule_is_true(schema, "numeric");
    s->alpha = rule_is_true(schema, "alpha");
    s->alphanum = rule_is_true(schema, "alphanum");
    s->alphadash = rule_is_true(schema, "alphadash");
    s->hex = rule_is_true(schema, "hex");
    s->single_line = rule_is_true(schema, "singleLine");
    s->base64 = rule_is_true(schema, "base64");
}

struct rule *rule_compile_string(struct rule_compiler *c, const struct value *schema)
{
    struct rule_string *s = arena_new(c->arena, struct rule_string);
    const struct value *contains = value_get(schema, BYTES("contains"));

    s->rule.check = check_string;
    read_flags(schema, s);
    if (!value_is_nullish(contains)) {
        s->contains = value_string(value_convert_text(contains, c->arena), c->arena);
    }
    if (!rule_read_limit(c, schema, "min", &s->min) ||
        !rule_read_limit(c, schema, "max", &s->max) ||
        !rule_read_limit(c, schema, "length", &s->length) || !read_pattern(c, schema, s) ||
        !rule_read_list(c, schema, "enum", &s->list) ||
        !rule_string_read_sanitizers(c, schema, s)) {
        return NULL;
    }
    return &s->rule;
}
