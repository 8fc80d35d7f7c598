/* SPDX-License-Identifier: MIT */
/*
 * Reads a JavaScript pattern (ECMA-262 22.2.1 and annex B.1.2) and writes what it means for PCRE2,
 * with every class and special character spelled out, so that no meaning that only PCRE2 knows can
 * come through.
 */
#include "model/js_regex_internal.h"

#include <string.h>

enum after {
    AFTER_NOTHING, /* a quantifier is an error here */
    AFTER_ATOM,
    AFTER_QUANTIFIER
};

struct translation {
    const uint16_t *p, *end;
    struct js_regex_flags flags;
    struct buf *out;
    unsigned n_groups, depth;
    bool has_names, failed;
    enum after after;
};

struct range {
    uint32_t first, last;
};

static const struct range digit_ranges[] = {{'0', '9'}};
static const struct range word_ranges[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
static const struct range space_ranges[] = {
    {0x09, 0x0d},     {0x20, 0x20},     {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
    {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff}};

#define LINE_ENDS "\\n\\r\\x{2028}\\x{2029}"
#define WORD      "[0-9A-Z_a-z]"

static void emit_unit(struct translation *t, uint16_t unit)
{
    buf_add(t->out, bytes_of((const char *)&unit, sizeof(unit)));
}

static void emit(struct translation *t, const char *text)
{
    for (; *text; text++) {
        emit_unit(t, (uint16_t)*text);
    }
}

static bool is_alphanumeric(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void emit_number(struct translation *t, const char *before, uint32_t value, unsigned base)
{
    static const char hex[] = "0123456789abcdef";
    char digits[16] = "";
    size_t at = sizeof(digits) - 1;

    do {
        digits[--at] = hex[value % base];
        value /= base;
    } while (value);
    emit(t, before);
    emit(t, digits + at);
}

/* A character standing for itself. */
static void emit_literal(struct translation *t, uint32_t c)
{
    if (is_alphanumeric(c) || (c >= 0x80 && c <= 0xffff)) {
        emit_unit(t, (uint16_t)c);
    } else {
        emit_number(t, "\\x{", c, 16);
        emit(t, "}");
    }
}

static void emit_range(struct translation *t, uint32_t first, uint32_t last)
{
    emit_literal(t, first);
    if (last > first) {
        emit(t, "-");
        emit_literal(t, last);
    }
}

/* The ranges, or what lies between them, as the inside of a class. */
static void emit_ranges(struct translation *t, const struct range *ranges, size_t n, bool negated)
{
    uint32_t next = 0;

    for (size_t i = 0; i < n; i++) {
        if (!negated) {
            emit_range(t, ranges[i].first, ranges[i].last);
        } else if (ranges[i].first > next) {
            emit_range(t, next, ranges[i].first - 1);
        }
        next = ranges[i].last + 1;
    }
    if (negated) {
        emit_range(t, next, t->flags.unicode ? 0x10ffff : 0xffff);
    }
}

/* The class escapes \d \w \s and their opposites. */
static bool emit_class_escape(struct translation *t, uint16_t letter)
{
    bool negated = letter < 'a';

    switch (letter | 0x20) {
    case 'd':
        emit_ranges(t, digit_ranges, sizeof(digit_ranges) / sizeof(digit_ranges[0]), negated);
        return true;
    case 'w':
        emit_ranges(t, word_ranges, sizeof(word_ranges) / sizeof(word_ranges[0]), negated);
        return true;
    case 's':
        emit_ranges(t, space_ranges, sizeof(space_ranges) / sizeof(space_ranges[0]), negated);
        return true;
    default:
        return false;
    }
}

static bool next_is(const struct translation *t, size_t offset, char c)
{
    return (size_t)(t->end - t->p) > offset && t->p[offset] == (uint16_t)c;
}

static int digit_value(uint32_t c)
{
    if (c >= '0' && c <= '9') {
        return (int)(c - '0');
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (int)(c - 'a') + 10 : 16;
}

/* Exactly n hexadecimal digits at p. */
static bool read_hex(struct translation *t, size_t n, uint32_t *out)
{
    uint32_t value = 0;

    if ((size_t)(t->end - t->p) < n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int digit = digit_value(t->p[i]);

        if (digit > 15) {
            return false;
        }
        value = value * 16 + (uint32_t)digit;
    }
    t->p += n;
    *out = value;
    return true;
}

/* Behind "\u" with the flag u: {X...} or a surrogate pair; else four digits. */
static bool read_unicode_escape(struct translation *t, uint32_t *out)
{
    const uint16_t *start = t->p;
    uint32_t low;

    if (t->flags.unicode && next_is(t, 0, '{')) {
        uint32_t value = 0;

        for (t->p++; t->p < t->end && digit_value(*t->p) < 16 && value <= 0x10ffff; t->p++) {
            value = value * 16 + (uint32_t)digit_value(*t->p);
        }
        if (t->p - start < 2 || !next_is(t, 0, '}') || value > 0x10ffff) {
            t->failed = true;
            return false;
        }
        t->p++;
        *out = value;
        return true;
    }
    if (!read_hex(t, 4, out)) {
        t->failed |= t->flags.unicode;
        return false;
    }
    start = t->p;
    if (t->flags.unicode && *out >> 10 == 0x36 && next_is(t, 0, '\\') && next_is(t, 1, 'u')) {
        t->p += 2;
        if (read_hex(t, 4, &low) && low >> 10 == 0x37) {
            *out = 0x10000 + ((*out & 0x3ff) << 10) + (low & 0x3ff);
        } else {
            t->p = start;
        }
    }
    return true;
}

/* Legacy octal: up to three digits, up to 0377; p is at the first. */
static uint32_t read_octal(struct translation *t)
{
    uint32_t value = 0;

    while (t->p < t->end && *t->p >= '0' && *t->p <= '7' && value * 8 + (*t->p - '0') <= 0377) {
        value = value * 8 + (uint32_t)(*t->p++ - '0');
    }
    return value;
}

/* Behind the backslash: an escape that means one character, in a class or outside. */
static uint32_t read_character_escape(struct translation *t)
{
    static const char letters[] = "fnrtv";
    static const char meanings[] = "\f\n\r\t\v";
    uint16_t c = *t->p;
    const char *letter = c && c < 0x80 ? strchr(letters, c) : NULL;
    uint32_t value;

    if (c >= '0' && c <= '7') {
        return read_octal(t);
    }
    if (c == 'c') {
        bool valid =
            t->end - t->p > 1 && t->p[1] < 0x80 && is_alphanumeric(t->p[1]) && t->p[1] > '9';

        t->p += valid ? 2 : 0;
        return valid ? t->p[-1] & 31 : '\\';
    }
    t->p++;
    if (letter) {
        return (uint32_t)meanings[letter - letters];
    }
    if ((c == 'x' && read_hex(t, 2, &value)) || (c == 'u' && read_unicode_escape(t, &value))) {
        return value;
    }
    return c;
}

struct long_name {
    const char *name, *category;
};

/* Properties that PCRE2 knows by their short names only. */
static const char *short_property(struct bytes name)
{
    static const struct long_name names[] = {
        {"Any", "Any"},
        {"Letter", "L"},
        {"Cased_Letter", "L&"},
        {"Uppercase_Letter", "Lu"},
        {"Lowercase_Letter", "Ll"},
        {"Titlecase_Letter", "Lt"},
        {"Modifier_Letter", "Lm"},
        {"Other_Letter", "Lo"},
        {"Mark", "M"},
        {"Nonspacing_Mark", "Mn"},
        {"Spacing_Mark", "Mc"},
        {"Enclosing_Mark", "Me"},
        {"Number", "N"},
        {"Decimal_Number", "Nd"},
        {"Letter_Number", "Nl"},
        {"Other_Number", "No"},
        {"Punctuation", "P"},
        {"Symbol", "S"},
        {"Math_Symbol", "Sm"},
        {"Currency_Symbol", "Sc"},
        {"Separator", "Z"},
        {"Space_Separator", "Zs"},
        {"Other", "C"},
        {"Control", "Cc"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (bytes_eq(name, bytes_cstr(names[i].name))) {
            return names[i].category;
        }
    }
    return NULL;
}

static void cut_prefix(struct bytes *name, struct bytes prefix)
{
    if (bytes_starts_with(*name, prefix)) {
        *name = bytes_from(*name, prefix.n);
    }
}

/* \p{...} or \P{...} with the flag u; p is at the letter. */
static void translate_property(struct translation *t)
{
    char letter[] = {'\\', (char)*t->p, '{', '\0'};
    char text[64];
    struct bytes name;
    const char *category;
    size_t n = 0;

    t->p++;
    if (!next_is(t, 0, '{')) {
        t->failed = true;
        return;
    }
    for (t->p++; t->p < t->end && *t->p != '}' && n < sizeof(text) - 1; t->p++) {
        t->failed |= !is_alphanumeric(*t->p) && *t->p != '_' && *t->p != '=';
        text[n++] = (char)*t->p;
    }
    t->failed |= !next_is(t, 0, '}') || n == 0;
    t->p += !t->failed;
    text[n] = '\0';
    name = bytes_of(text, n);
    cut_prefix(&name, BYTES("General_Category="));
    cut_prefix(&name, BYTES("gc="));
    category = short_property(name);
    emit(t, letter);
    if (bytes_starts_with(name, BYTES("Script="))) {
        emit(t, "sc=");
        cut_prefix(&name, BYTES("Script="));
    } else if (bytes_starts_with(name, BYTES("Script_Extensions="))) {
        emit(t, "scx=");
        cut_prefix(&name, BYTES("Script_Extensions="));
    }
    emit(t, category ? category : name.p);
    emit(t, "}");
}

/* One member of a class: false when it was a set and is written already. */
static bool read_class_member(struct translation *t, uint32_t *out)
{
    uint16_t c = *t->p++;

    if (c != '\\') {
        *out = c;
        if (t->flags.unicode && c >> 10 == 0x36 && t->p < t->end && *t->p >> 10 == 0x37) {
            *out = 0x10000 + ((uint32_t)(c & 0x3ff) << 10) + (*t->p++ & 0x3ff);
        }
        return true;
    }
    if (t->p == t->end) {
        t->failed = true;
        return false;
    }
    if (t->flags.unicode && (*t->p == 'p' || *t->p == 'P')) {
        translate_property(t);
        return false;
    }
    if (emit_class_escape(t, *t->p)) {
        t->p++;
        return false;
    }
    if (*t->p == 'b' || *t->p == '-') {
        *out = *t->p++ == 'b' ? '\b' : '-';
        return true;
    }
    *out = read_character_escape(t);
    return true;
}

/* Behind '[' (and '^'); the class is not empty. */
static void translate_class_members(struct translation *t)
{
    while (!t->failed && t->p < t->end && *t->p != ']') {
        uint32_t first = 0, last = 0;
        bool single = read_class_member(t, &first);
        bool last_single;

        if (!next_is(t, 0, '-') || t->end - t->p < 2 || t->p[1] == ']') {
            if (single) {
                emit_literal(t, first);
            }
            continue;
        }
        t->p++;
        last_single = read_class_member(t, &last);
        if (single && last_single) {
            t->failed |= first > last;
            emit_range(t, first, last);
            continue;
        }
        /* A set at either end of the dash: it is a plain dash. */
        emit_literal(t, '-');
        if (single) {
            emit_literal(t, first);
        } else if (last_single) {
            emit_literal(t, last);
        }
        t->failed |= t->flags.unicode;
    }
}

/* p is behind '['. */
static void translate_class(struct translation *t)
{
    bool negated = next_is(t, 0, '^');

    t->p += negated;
    if (next_is(t, 0, ']')) {
        emit(t, negated ? "(?s:.)" : "(?!)");
    } else {
        emit(t, negated ? "[^" : "[");
        translate_class_members(t);
        emit(t, "]");
    }
    t->failed |= !next_is(t, 0, ']');
    t->p++;
    t->after = AFTER_ATOM;
}

/* The name behind "(?<" or "\k<", copied up to and with '>'. */
static void translate_name(struct translation *t)
{
    size_t n = 0;

    for (; t->p < t->end && *t->p != '>'; t->p++, n++) {
        t->failed |= !is_alphanumeric(*t->p) && *t->p != '_';
        emit_unit(t, *t->p);
    }
    t->failed |= n == 0 || !next_is(t, 0, '>');
    emit(t, ">");
    t->p++;
}

static void translate_back_reference(struct translation *t)
{
    const uint16_t *start = t->p;
    uint32_t number = 0;

    while (t->p < t->end && *t->p >= '0' && *t->p <= '9' && number < 100000) {
        number = number * 10 + (uint32_t)(*t->p++ - '0');
    }
    if (number <= t->n_groups) {
        emit_number(t, "\\g{", number, 10);
        emit(t, "}");
        return;
    }
    t->failed |= t->flags.unicode;
    t->p = start;
    emit_literal(t, read_character_escape(t));
}

static void translate_boundary(struct translation *t, bool negated)
{
    emit(t, negated ? "(?:(?<=" WORD ")(?=" WORD ")|(?<!" WORD ")(?!" WORD "))"
                    : "(?:(?<=" WORD ")(?!" WORD ")|(?<!" WORD ")(?=" WORD "))");
    t->p++;
    t->after = AFTER_NOTHING;
}

/* p is behind the backslash. */
static void translate_escape(struct translation *t)
{
    if (t->p == t->end) {
        t->failed = true;
        return;
    }
    if (*t->p == 'b' || *t->p == 'B') {
        translate_boundary(t, *t->p == 'B');
        return;
    }
    t->after = AFTER_ATOM;
    if (*t->p >= '1' && *t->p <= '9') {
        translate_back_reference(t);
    } else if (*t->p == 'k' && (t->has_names || t->flags.unicode)) {
        t->failed |= !next_is(t, 1, '<');
        emit(t, "\\k<");
        t->p += t->failed ? 1 : 2;
        translate_name(t);
    } else if (t->flags.unicode && (*t->p == 'p' || *t->p == 'P')) {
        translate_property(t);
    } else if (*t->p < 0x80 && strchr("dDwWsS", *t->p) && *t->p) {
        emit(t, "[");
        (void)emit_class_escape(t, *t->p++);
        emit(t, "]");
    } else {
        emit_literal(t, read_character_escape(t));
    }
}

/* p is behind '('. */
static void translate_group(struct translation *t)
{
    static const char *const kinds[] = {"?:", "?=", "?!", "?<=", "?<!"};

    t->depth++;
    t->after = AFTER_NOTHING;
    emit(t, "(");
    if (!next_is(t, 0, '?')) {
        return;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t n = strlen(kinds[i]);

        if (next_is(t, 1, kinds[i][1]) && (n < 3 || next_is(t, 2, kinds[i][2]))) {
            emit(t, kinds[i]);
            t->p += n;
            return;
        }
    }
    if (!next_is(t, 1, '<')) {
        t->failed = true;
        return;
    }
    emit(t, "?<");
    t->p += 2;
    translate_name(t);
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
static bool translate_braces(struct translation *t)
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
    t->failed |= t->after != AFTER_ATOM || (!open && low > high);
    emit_number(t, "{", low, 10);
    emit(t, comma ? "," : "");
    if (comma && !open) {
        emit_number(t, "", high, 10);
    }
    emit(t, "}");
    t->p = p + 1;
    return true;
}

/* p is at one of * + ? { */
static void translate_quantifier(struct translation *t)
{
    if (*t->p == '{') {
        if (!translate_braces(t)) {
            t->failed |= t->flags.unicode;
            emit_literal(t, *t->p++);
            t->after = AFTER_ATOM;
            return;
        }
    } else {
        t->failed |= t->after != AFTER_ATOM;
        emit_unit(t, *t->p++);
    }
    if (next_is(t, 0, '?')) {
        emit(t, "?");
        t->p++;
    }
    t->after = AFTER_QUANTIFIER;
}

static void translate_assertion(struct translation *t, uint16_t c)
{
    if (c == '^') {
        emit(t, t->flags.multiline ? "(?<![^" LINE_ENDS "])" : "\\A");
    } else {
        emit(t, t->flags.multiline ? "(?![^" LINE_ENDS "])" : "\\z");
    }
    t->after = AFTER_NOTHING;
}

static void translate_close(struct translation *t)
{
    t->failed |= t->depth == 0;
    t->depth--;
    emit(t, ")");
    t->after = AFTER_ATOM;
}

static void translate_term(struct translation *t)
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
        translate_class(t);
    } else if (c == '(') {
        translate_group(t);
    } else if (c == ')') {
        translate_close(t);
    } else if (c == '^' || c == '$') {
        translate_assertion(t, c);
    } else if (c == '|') {
        emit(t, "|");
        t->after = AFTER_NOTHING;
    } else {
        t->failed |= t->flags.unicode && (c == ']' || c == '}');
        if (c == '.') {
            emit(t, t->flags.dot_all ? "(?s:.)" : "[^" LINE_ENDS "]");
        } else if (c >> 11 == 0x1b) {
            emit_unit(t, c);
        } else {
            emit_literal(t, c);
        }
        t->after = AFTER_ATOM;
    }
}

/* Back references need the number of groups before the first one is read. */
static void count_groups(struct translation *t)
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

int js_regex_translate(struct js_regex_units source, struct js_regex_flags flags, struct buf *out)
{
    struct translation t = {.p = source.p, .end = source.p + source.n, .flags = flags, .out = out};

    count_groups(&t);
    while (!t.failed && t.p < t.end) {
        translate_term(&t);
    }
    return t.failed || t.depth || out->failed ? ERR_SYNTAX : 0;
}
