/* SPDX-License-Identifier: MIT */
/*
 * Reads a JavaScript pattern (ECMA-262 22.2.1 and annex B.1.2) and writes what it means for PCRE2,
 * with every class and special character spelled out, so that no meaning that only PCRE2 knows can
 * come through.
 */
#include "model/js_regex_internal.h"

#include <string.h>

#define LINE_ENDS "\\n\\r\\x{2028}\\x{2029}"
#define WORD      "(?-i:[0-9A-Z_a-z])"
/* The long s and the Kelvin sign are cases of s and k. */
#define FOLDED_WORD "(?-i:[0-9A-Z_a-z\\x{17f}\\x{212a}])"

/* The name behind "(?<" or "\k<", copied up to and with '>'. */
static void translate_name(struct js_regex_translation *t)
{
    size_t n = 0;

    for (; t->p < t->end && *t->p != '>'; t->p++, n++) {
        t->failed |= !js_regex_is_alphanumeric(*t->p) && *t->p != '_';
        js_regex_emit_unit(t, *t->p);
    }
    t->failed |= n == 0 || !js_regex_next_is(t, 0, '>');
    js_regex_emit(t, ">");
    t->p++;
}

static void translate_back_reference(struct js_regex_translation *t)
{
    const uint16_t *start = t->p;
    uint32_t number = 0;

    while (t->p < t->end && *t->p >= '0' && *t->p <= '9' && number < 100000) {
        number = number * 10 + (uint32_t)(*t->p++ - '0');
    }
    if (number <= t->n_groups) {
        js_regex_emit_number(t, "\\g{", number, 10);
        js_regex_emit(t, "}");
        return;
    }
    t->failed |= t->flags.unicode;
    t->p = start;
    js_regex_emit_literal(t, js_regex_read_escape(t));
}

/* Where PCRE2 knows of ASCII alone its own boundary is the one, and much less work. */
static void translate_boundary(struct js_regex_translation *t, bool negated)
{
    const char *word = t->flags.unicode && t->flags.ignore_case ? FOLDED_WORD : WORD;

    if (!t->flags.unicode && (!t->flags.ignore_case || t->flags.folds_ascii)) {
        js_regex_emit(t, negated ? "\\B" : "\\b");
    } else {
        js_regex_emit(t, "(?(?<=");
        js_regex_emit(t, word);
        js_regex_emit(t, negated ? ")(?=" : ")(?!");
        js_regex_emit(t, word);
        js_regex_emit(t, negated ? ")|(?!" : ")|(?=");
        js_regex_emit(t, word);
        js_regex_emit(t, "))");
    }
    t->p++;
    t->after = JS_REGEX_AFTER_NOTHING;
}

/* p is behind the backslash. */
static void translate_escape(struct js_regex_translation *t)
{
    if (t->p == t->end) {
        t->failed = true;
        return;
    }
    if (*t->p == 'b' || *t->p == 'B') {
        translate_boundary(t, *t->p == 'B');
        return;
    }
    t->after = JS_REGEX_AFTER_ATOM;
    if (*t->p >= '1' && *t->p <= '9') {
        translate_back_reference(t);
    } else if (*t->p == 'k' && (t->has_names || t->flags.unicode)) {
        t->failed |= !js_regex_next_is(t, 1, '<');
        js_regex_emit(t, "\\k<");
        t->p += t->failed ? 1 : 2;
        translate_name(t);
    } else if (t->flags.unicode && (*t->p == 'p' || *t->p == 'P')) {
        js_regex_emit_property(t);
    } else if (js_regex_emit_set(t, *t->p)) {
        t->p++;
    } else {
        js_regex_emit_literal(t, js_regex_read_escape(t));
    }
}

/* "?:", "?=", "?!", "?<=" or "?<!" at p, or NULL. */
static const char *group_kind(const struct js_regex_translation *t)
{
    static const char *const kinds[] = {"?:", "?=", "?!", "?<=", "?<!"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (js_regex_next_is(t, 1, kinds[i][1]) &&
            (!kinds[i][2] || js_regex_next_is(t, 2, kinds[i][2]))) {
            return kinds[i];
        }
    }
    return NULL;
}

/* What may follow: look-behind takes no quantifier, look-ahead does by web legacy. */
static enum js_regex_after after_group(const struct js_regex_translation *t, const char *kind)
{
    if (kind && (kind[2] || (kind[1] != ':' && t->flags.unicode))) {
        return JS_REGEX_AFTER_NOTHING;
    }
    return JS_REGEX_AFTER_ATOM;
}

/* p is behind '('. */
static void translate_group(struct js_regex_translation *t)
{
    const char *kind = js_regex_next_is(t, 0, '?') ? group_kind(t) : NULL;

    if (t->depth == JS_REGEX_DEPTH_MAX) {
        t->failed = true;
        return;
    }
    t->after_group[t->depth++] = after_group(t, kind);
    t->after = JS_REGEX_AFTER_NOTHING;
    js_regex_emit(t, "(");
    if (kind) {
        js_regex_emit(t, kind);
        t->p += strlen(kind);
    } else if (js_regex_next_is(t, 0, '?')) {
        t->failed |= !js_regex_next_is(t, 1, '<');
        js_regex_emit(t, "?<");
        t->p += t->failed ? 1 : 2;
        translate_name(t);
    }
}

static uint32_t read_count(const uint16_t **p, const uint16_t *end)
{
    uint32_t value = 0;

    for (; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
        value = value * 10 + (uint32_t)(**p - '0');
        value = value > 65535 ? 65535 : value;
    }
    return value;
}

/* "{n}", "{n,}" or "{n,m}" at p, else p stays: then the brace is a plain character. */
static bool translate_braces(struct js_regex_translation *t)
{
    const uint16_t *p = t->p + 1;
    const uint16_t *digits = p;
    uint32_t low = read_count(&p, t->end);
    uint32_t high = low;
    bool open = false, comma = p > digits && p < t->end && *p == ',';

    if (comma) {
        digits = ++p;
        high = read_count(&p, t->end);
        open = p == digits;
    } else if (p == digits) {
        return false;
    }
    if (p == t->end || *p != '}') {
        return false;
    }
    t->failed |= t->after != JS_REGEX_AFTER_ATOM || (!open && low > high);
    js_regex_emit_number(t, "{", low, 10);
    js_regex_emit(t, comma ? "," : "");
    if (comma && !open) {
        js_regex_emit_number(t, "", high, 10);
    }
    js_regex_emit(t, "}");
    t->p = p + 1;
    return true;
}

/* p is at one of * + ? { */
static void translate_quantifier(struct js_regex_translation *t)
{
    if (*t->p == '{') {
        if (!translate_braces(t)) {
            t->failed |= t->flags.unicode;
            js_regex_emit_literal(t, *t->p++);
            t->after = JS_REGEX_AFTER_ATOM;
            return;
        }
    } else {
        t->failed |= t->after != JS_REGEX_AFTER_ATOM;
        js_regex_emit_unit(t, *t->p++);
    }
    if (js_regex_next_is(t, 0, '?')) {
        js_regex_emit(t, "?");
        t->p++;
    }
    t->after = JS_REGEX_AFTER_QUANTIFIER;
}

static void translate_assertion(struct js_regex_translation *t, uint16_t c)
{
    if (c == '^') {
        js_regex_emit(t, t->flags.multiline ? "(?<![^" LINE_ENDS "])" : "\\A");
    } else {
        js_regex_emit(t, t->flags.multiline ? "(?![^" LINE_ENDS "])" : "\\z");
    }
    t->after = JS_REGEX_AFTER_NOTHING;
}

static void translate_close(struct js_regex_translation *t)
{
    if (t->depth == 0) {
        t->failed = true;
        return;
    }
    t->after = t->after_group[--t->depth];
    js_regex_emit(t, ")");
}

static void translate_term(struct js_regex_translation *t)
{
    uint16_t c = *t->p;

    if (c == '*' || c == '+' || c == '?' || c == '{') {
        translate_quantifier(t);
        return;
    }
    t->p++;
    if (c == '\\') {
        translate_escape(t);
    } else if (c == '[') {
        js_regex_emit_class(t);
    } else if (c == '(') {
        translate_group(t);
    } else if (c == ')') {
        translate_close(t);
    } else if (c == '^' || c == '$') {
        translate_assertion(t, c);
    } else if (c == '|') {
        t->at_start &= t->depth > 0;
        js_regex_emit(t, "|");
        t->after = JS_REGEX_AFTER_NOTHING;
    } else {
        t->failed |= t->flags.unicode && (c == ']' || c == '}');
        if (c == '.') {
            js_regex_emit(t, t->flags.dot_all ? "." : "[^" LINE_ENDS "]");
        } else if (c >> 11 == 0x1b) {
            js_regex_emit_unit(t, c);
        } else {
            js_regex_emit_literal(t, c);
        }
        t->after = JS_REGEX_AFTER_ATOM;
    }
}

/* Back references need the number of groups before the first one is read. */
static void count_groups(struct js_regex_translation *t)
{
    bool in_class = false;

    for (const uint16_t *p = t->p; p < t->end; p++) {
        if (*p == '\\') {
            p++;
        } else if (in_class || *p == '[') {
            in_class = *p != ']';
        } else if (*p == '(') {
            bool special = t->end - p > 1 && p[1] == '?';
            bool named = special && t->end - p > 3 && p[2] == '<' && p[3] != '=' && p[3] != '!';

            t->n_groups += !special || named;
            t->has_names |= named;
        }
    }
}

int js_regex_translate(struct js_regex_units source, struct js_regex_flags flags, struct buf *out,
                       bool *out_at_start)
{
    struct js_regex_translation t = {
        .p = source.p, .end = source.p + source.n, .flags = flags, .out = out};

    count_groups(&t);
    t.at_start = js_regex_next_is(&t, 0, '^') && !flags.multiline;
    while (!t.failed && t.p < t.end) {
        translate_term(&t);
    }
    *out_at_start = t.at_start;
    return t.failed || t.depth || out->failed ? ERR_SYNTAX : 0;
}
