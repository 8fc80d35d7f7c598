/* SPDX-License-Identifier: MIT */
/* Characters, sets and classes of a pattern, so that PCRE2 reads them as JavaScript does. */
#include "model/js_regex_internal.h"

#include <string.h>

/*
 * Long s and the Kelvin sign: Unicode folds them to s and k, but JavaScript does not without the
 * flag u.
 */
#define FOLDING "\\x{17f}\\x{212a}"
static const uint32_t folding[] = {0x17f, 0x212a};
static const char *const folding_sets[] = {"", "\\x{17f}", "\\x{212a}", FOLDING};

enum { FOLDING_ALL = 3 };

struct range {
    uint32_t first, last;
};

static const struct range digit_ranges[] = {{'0', '9'}};
/* The last two with the flags i and u only. */
static const struct range word_ranges[] = {{'0', '9'}, {'A', 'Z'},     {'_', '_'},
                                           {'a', 'z'}, {0x17f, 0x17f}, {0x212a, 0x212a}};
static const struct range space_ranges[] = {
    {0x09, 0x0d},     {0x20, 0x20},     {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
    {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff}};

void js_regex_emit_unit(struct js_regex_translation *t, uint16_t unit)
{
    buf_add(t->out, bytes_of((const char *)&unit, sizeof(unit)));
}

void js_regex_emit(struct js_regex_translation *t, const char *text)
{
    for (; *text; text++) {
        js_regex_emit_unit(t, (uint16_t)*text);
    }
}

bool js_regex_is_alphanumeric(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void js_regex_emit_number(struct js_regex_translation *t, const char *before, uint32_t value,
                          unsigned base)
{
    static const char hex[] = "0123456789abcdef";
    char digits[16] = "";
    size_t at = sizeof(digits) - 1;

    do {
        digits[--at] = hex[value % base];
        value /= base;
    } while (value);
    js_regex_emit(t, before);
    js_regex_emit(t, digits + at);
}

static void emit_char(struct js_regex_translation *t, uint32_t c)
{
    if (js_regex_is_alphanumeric(c) || (c >= 0x80 && c <= 0xffff)) {
        js_regex_emit_unit(t, (uint16_t)c);
    } else {
        js_regex_emit_number(t, "\\x{", c, 16);
        js_regex_emit(t, "}");
    }
}

static bool folds_plainly(const struct js_regex_translation *t)
{
    return t->flags.ignore_case && !t->flags.unicode && !t->flags.folds_ascii;
}

/* A character standing for itself. */
void js_regex_emit_literal(struct js_regex_translation *t, uint32_t c)
{
    bool exact = folds_plainly(t) && (c == folding[0] || c == folding[1]);
    bool letter = folds_plainly(t) && c < 0x80 && c && strchr("kKsS", (int)c);

    js_regex_emit(t, exact ? "(?-i:" : letter ? "(?-i:[" : "");
    emit_char(t, c);
    if (letter) {
        emit_char(t, c ^ 0x20);
    }
    js_regex_emit(t, exact ? ")" : letter ? "])" : "");
}

/* Nothing when first is above last. */
static void emit_span(struct js_regex_translation *t, uint32_t first, uint32_t last)
{
    if (first > last) {
        return;
    }
    emit_char(t, first);
    if (last > first) {
        js_regex_emit(t, "-");
        emit_char(t, last);
    }
}

/* A range of a class; the folding characters are cut out and noted, for close_class(). */
static void emit_range(struct js_regex_translation *t, uint32_t first, uint32_t last)
{
    for (unsigned i = 0; i < 2 && folds_plainly(t); i++) {
        if (first <= folding[i] && folding[i] <= last) {
            t->covered |= 1U << i;
            emit_span(t, first, folding[i] - 1);
            first = folding[i] + 1;
        }
    }
    emit_span(t, first, last);
}

static void open_class(struct js_regex_translation *t, bool negated)
{
    t->covered = 0;
    js_regex_emit(t, folds_plainly(t) ? "(?:" : "");
    js_regex_emit(t, negated ? "[^" : "[");
    t->members_at = t->out->n;
}

static void close_class(struct js_regex_translation *t, bool negated)
{
    const char *exact = folding_sets[negated ? FOLDING_ALL & ~t->covered : t->covered];

    if (t->out->n == t->members_at) { /* only folding characters */
        t->out->n -= (negated ? 2 : 1) * sizeof(uint16_t);
        js_regex_emit(t, negated ? "." : "(?!)");
    } else {
        js_regex_emit(t, "]");
    }
    if (!folds_plainly(t)) {
        return;
    }
    js_regex_emit(t, "(?-i:(?<![" FOLDING "]))");
    if (*exact) {
        js_regex_emit(t, "|(?-i:[");
        js_regex_emit(t, exact);
        js_regex_emit(t, "])");
    }
    js_regex_emit(t, ")");
}

/* The ranges, or what lies between them, as the inside of a class. */
static void emit_ranges(struct js_regex_translation *t, const struct range *ranges, size_t n,
                        bool negated)
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
static bool emit_class_escape(struct js_regex_translation *t, uint16_t letter)
{
    bool negated = letter < 'a';

    switch (letter | 0x20) {
    case 'd':
        emit_ranges(t, digit_ranges, sizeof(digit_ranges) / sizeof(digit_ranges[0]), negated);
        return true;
    case 'w':
        emit_ranges(t, word_ranges, t->flags.unicode && t->flags.ignore_case ? 6 : 4, negated);
        return true;
    case 's':
        emit_ranges(t, space_ranges, sizeof(space_ranges) / sizeof(space_ranges[0]), negated);
        return true;
    default:
        return false;
    }
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
static bool read_hex(struct js_regex_translation *t, size_t n, uint32_t *out)
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
static bool read_unicode_escape(struct js_regex_translation *t, uint32_t *out)
{
    const uint16_t *start = t->p;
    uint32_t low;

    if (t->flags.unicode && js_regex_next_is(t, 0, '{')) {
        uint32_t value = 0;

        for (t->p++; t->p < t->end && digit_value(*t->p) < 16 && value <= 0x10ffff; t->p++) {
            value = value * 16 + (uint32_t)digit_value(*t->p);
        }
        if (t->p - start < 2 || !js_regex_next_is(t, 0, '}') || value > 0x10ffff) {
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
    if (t->flags.unicode && *out >> 10 == 0x36 && js_regex_next_is(t, 0, '\\') &&
        js_regex_next_is(t, 1, 'u')) {
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
static uint32_t read_octal(struct js_regex_translation *t)
{
    uint32_t value = 0;

    while (t->p < t->end && *t->p >= '0' && *t->p <= '7' && value * 8 + (*t->p - '0') <= 0377) {
        value = value * 8 + (uint32_t)(*t->p++ - '0');
    }
    return value;
}

/* With the flag u nothing may be escaped for no reason. */
static bool is_strict_escape(const struct js_regex_translation *t)
{
    uint16_t c = *t->p;

    if (c == '0') {
        return t->end - t->p < 2 || t->p[1] < '0' || t->p[1] > '9';
    }
    if (c == 'c') {
        return t->end - t->p > 1 && t->p[1] < 0x80 && t->p[1] > '9' &&
               js_regex_is_alphanumeric(t->p[1]);
    }
    if (c == 'x') {
        return t->end - t->p > 2 && digit_value(t->p[1]) < 16 && digit_value(t->p[2]) < 16;
    }
    return c && c < 0x80 && strchr("^$\\.*+?()[]{}|/fnrtvu", c);
}

uint32_t js_regex_read_escape(struct js_regex_translation *t)
{
    static const char letters[] = "fnrtv";
    static const char meanings[] = "\f\n\r\t\v";
    uint16_t c = *t->p;
    const char *letter = c && c < 0x80 ? strchr(letters, c) : NULL;
    uint32_t value;

    t->failed |= t->flags.unicode && !is_strict_escape(t);
    if (c >= '0' && c <= '7') {
        return read_octal(t);
    }
    if (c == 'c') {
        bool valid = t->end - t->p > 1 && t->p[1] < 0x80 && js_regex_is_alphanumeric(t->p[1]) &&
                     t->p[1] > '9';

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
void js_regex_emit_property(struct js_regex_translation *t)
{
    char letter[] = {'\\', (char)*t->p, '{', '\0'};
    char text[64];
    struct bytes name;
    const char *category;
    size_t n = 0;

    t->p++;
    if (!js_regex_next_is(t, 0, '{')) {
        t->failed = true;
        return;
    }
    for (t->p++; t->p < t->end && *t->p != '}' && n < sizeof(text) - 1; t->p++) {
        t->failed |= !js_regex_is_alphanumeric(*t->p) && *t->p != '_' && *t->p != '=';
        text[n++] = (char)*t->p;
    }
    t->failed |= !js_regex_next_is(t, 0, '}') || n == 0;
    t->p += !t->failed;
    text[n] = '\0';
    name = bytes_of(text, n);
    cut_prefix(&name, BYTES("General_Category="));
    cut_prefix(&name, BYTES("gc="));
    category = short_property(name);
    js_regex_emit(t, letter);
    if (bytes_starts_with(name, BYTES("Script="))) {
        js_regex_emit(t, "sc=");
        cut_prefix(&name, BYTES("Script="));
    } else if (bytes_starts_with(name, BYTES("Script_Extensions="))) {
        js_regex_emit(t, "scx=");
        cut_prefix(&name, BYTES("Script_Extensions="));
    }
    js_regex_emit(t, category ? category : name.p);
    js_regex_emit(t, "}");
}

struct class_member {
    uint32_t character;
    bool single; /* else it was a set and is written already */
};

static struct class_member read_class_escape(struct js_regex_translation *t)
{
    struct class_member set = {0, false};

    if (t->p == t->end) {
        t->failed = true;
        return set;
    }
    if (t->flags.unicode && (*t->p == 'p' || *t->p == 'P')) {
        js_regex_emit_property(t);
        return set;
    }
    if (emit_class_escape(t, *t->p)) {
        t->p++;
        return set;
    }
    if (*t->p == 'b' || *t->p == '-') {
        return (struct class_member){*t->p++ == 'b' ? '\b' : '-', true};
    }
    return (struct class_member){js_regex_read_escape(t), true};
}

static struct class_member read_class_member(struct js_regex_translation *t)
{
    uint32_t c = *t->p++;

    if (c == '\\') {
        return read_class_escape(t);
    }
    if (t->flags.unicode && c >> 10 == 0x36 && t->p < t->end && *t->p >> 10 == 0x37) {
        c = 0x10000 + ((c & 0x3ff) << 10) + (*t->p++ & 0x3ff);
    }
    return (struct class_member){c, true};
}

/* A range, or around a set just three members: then the dash is a plain one. */
static void emit_class_range(struct js_regex_translation *t, const struct class_member *first,
                             const struct class_member *last)
{
    if (first->single && last->single) {
        t->failed |= first->character > last->character;
        emit_range(t, first->character, last->character);
        return;
    }
    t->failed |= t->flags.unicode;
    emit_range(t, '-', '-');
    if (first->single) {
        emit_range(t, first->character, first->character);
    }
    if (last->single) {
        emit_range(t, last->character, last->character);
    }
}

/* Behind '[' (and '^'); the class is not empty. */
static void translate_class_members(struct js_regex_translation *t)
{
    while (!t->failed && t->p < t->end && *t->p != ']') {
        struct class_member first = read_class_member(t);

        if (js_regex_next_is(t, 0, '-') && t->end - t->p > 1 && t->p[1] != ']') {
            struct class_member last;

            t->p++;
            last = read_class_member(t);
            emit_class_range(t, &first, &last);
        } else if (first.single) {
            emit_range(t, first.character, first.character);
        }
    }
}

/* p is behind '['. */
void js_regex_emit_class(struct js_regex_translation *t)
{
    bool negated = js_regex_next_is(t, 0, '^');

    t->p += negated;
    if (js_regex_next_is(t, 0, ']')) {
        js_regex_emit(t, negated ? "." : "(?!)");
    } else {
        open_class(t, negated);
        translate_class_members(t);
        close_class(t, negated);
    }
    t->failed |= !js_regex_next_is(t, 0, ']');
    t->p++;
    t->after = JS_REGEX_AFTER_ATOM;
}

bool js_regex_emit_set(struct js_regex_translation *t, uint16_t letter)
{
    if (letter > 0x7f || !letter || !strchr("dDwWsS", letter)) {
        return false;
    }
    open_class(t, false);
    (void)emit_class_escape(t, letter);
    close_class(t, false);
    return true;
}
