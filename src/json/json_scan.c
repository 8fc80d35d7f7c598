/* SPDX-License-Identifier: MIT */
/*
 * Validates JSON text in one pass without recursion and without decoding: a stack of bits tells
 * objects from arrays. Everything else in this folder relies on what passed here.
 */
#include "json/json_internal.h"

#include "base/utf8.h"
#include "json/json.h"

struct scan {
    const uint8_t *end;
    const uint8_t *fault_at;
    const char *fault_text;
    int err;
    unsigned depth, depth_limit;
    uint64_t kinds[JSON_DEPTH_MAX / 64]; /* a bit a level: 1 is an object */
};

static const uint8_t *fail(struct scan *s, const uint8_t *at, int err, const char *text)
{
    s->fault_at = at;
    s->err = err;
    s->fault_text = text;
    return NULL;
}

static const uint8_t *fail_here(struct scan *s, const uint8_t *at)
{
    return fail(s, at, ERR_SYNTAX, at < s->end ? "unexpected character" : "unexpected end");
}

static const uint8_t *skip_blanks(const struct scan *s, const uint8_t *p)
{
    while (p < s->end && *p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) {
        p++;
    }
    return p;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* What stands alone behind a backslash. */
static bool is_escape(uint8_t c)
{
    return c == '"' || c == '\\' || c == '/' || c == 'b' || c == 'f' || c == 'n' || c == 'r' ||
           c == 't';
}

/* p is behind the backslash. */
static const uint8_t *scan_escape(struct scan *s, const uint8_t *p)
{
    if (p == s->end) {
        return fail_here(s, p);
    }
    if (*p != 'u') {
        return is_escape(*p) ? p + 1 : fail(s, p, ERR_SYNTAX, "invalid escape");
    }
    for (int i = 1; i <= 4; i++) {
        if (s->end - p <= i) {
            return fail_here(s, s->end);
        }
        if (!is_hex(p[i])) {
            return fail(s, p + i, ERR_SYNTAX, "invalid escape");
        }
    }
    return p + 5;
}

/* p is behind the opening quote; returns behind the closing one. */
static const uint8_t *scan_string(struct scan *s, const uint8_t *p)
{
    while (p) {
        size_t wide;

        p = json_plain(p, s->end);
        if (p == s->end) {
            return fail_here(s, p);
        }
        if (*p == '"') {
            return p + 1;
        }
        if (*p == '\\') {
            p = scan_escape(s, p + 1);
            continue;
        }
        if (*p < 0x20) {
            return fail(s, p, ERR_SYNTAX, "control character in a string");
        }
        wide = utf8_skip_wide(bytes_of((const char *)p, (size_t)(s->end - p)));
        if (wide == 0) {
            return fail(s, p, ERR_UTF8, "invalid UTF-8");
        }
        p += wide;
    }
    return NULL;
}

static const uint8_t *scan_digits(struct scan *s, const uint8_t *p)
{
    if (p == s->end || !is_digit(*p)) {
        return fail_here(s, p);
    }
    while (p < s->end && is_digit(*p)) {
        p++;
    }
    return p;
}

static const uint8_t *scan_number(struct scan *s, const uint8_t *p)
{
    if (*p == '-') {
        p++;
    }
    if (p < s->end && *p == '0') {
        p++;
    } else {
        p = scan_digits(s, p);
    }
    if (p && p < s->end && *p == '.') {
        p = scan_digits(s, p + 1);
    }
    if (p && p < s->end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < s->end && (*p == '+' || *p == '-')) {
            p++;
        }
        p = scan_digits(s, p);
    }
    return p;
}

static const uint8_t *scan_word(struct scan *s, const uint8_t *p, struct bytes word)
{
    for (size_t i = 0; i < word.n; i++, p++) {
        if (p == s->end || *p != (uint8_t)word.p[i]) {
            return fail_here(s, p);
        }
    }
    return p;
}

static bool is_in_object(const struct scan *s)
{
    return s->depth && (s->kinds[(s->depth - 1) / 64] >> ((s->depth - 1) % 64) & 1);
}

static void push(struct scan *s, bool is_object)
{
    uint64_t bit = 1ULL << (s->depth % 64);
    uint64_t *word = &s->kinds[s->depth / 64];

    if (bit == 1) {
        *word = 0;
    }
    *word = is_object ? *word | bit : *word & ~bit;
    s->depth++;
}

/* From a key to the start of its value. */
static const uint8_t *scan_key(struct scan *s, const uint8_t *p)
{
    if (p == s->end || *p != '"') {
        return fail_here(s, p);
    }
    p = scan_string(s, p + 1);
    if (!p) {
        return NULL;
    }
    p = skip_blanks(s, p);
    if (p == s->end || *p != ':') {
        return fail_here(s, p);
    }
    return skip_blanks(s, p + 1);
}

/* p is at a bracket. */
static const uint8_t *open_container(struct scan *s, const uint8_t *p, bool *more)
{
    bool is_object = *p == '{';

    if (s->depth == s->depth_limit) {
        return fail(s, p, ERR_DEPTH, "nested too deeply");
    }
    p = skip_blanks(s, p + 1);
    if (p < s->end && *p == (is_object ? '}' : ']')) {
        return p + 1;
    }
    push(s, is_object);
    *more = true;
    return is_object ? scan_key(s, p) : p;
}

/* Consumes a scalar or an empty container, or opens a container: then a value follows (more). */
static const uint8_t *begin_value(struct scan *s, const uint8_t *p, bool *more)
{
    if (p == s->end) {
        return fail_here(s, p);
    }
    switch (*p) {
    case '"':
        return scan_string(s, p + 1);
    case '{':
    case '[':
        return open_container(s, p, more);
    case 't':
        return scan_word(s, p, BYTES("true"));
    case 'f':
        return scan_word(s, p, BYTES("false"));
    case 'n':
        return scan_word(s, p, BYTES("null"));
    default:
        return *p == '-' || is_digit(*p) ? scan_number(s, p) : fail_here(s, p);
    }
}

/* Behind a value in a container: its end, or the comma and then a value follows (more). */
static const uint8_t *end_value(struct scan *s, const uint8_t *p, bool *more)
{
    bool is_object = is_in_object(s);

    p = skip_blanks(s, p);
    if (p == s->end) {
        return fail_here(s, p);
    }
    if (*p == ',') {
        *more = true;
        p = skip_blanks(s, p + 1);
        return is_object ? scan_key(s, p) : p;
    }
    if (*p == (is_object ? '}' : ']')) {
        s->depth--;
        return p + 1;
    }
    return fail_here(s, p);
}

/* One value; p is at its first byte, the result behind its last. */
static const uint8_t *scan_value(struct scan *s, const uint8_t *p)
{
    unsigned floor = s->depth;
    bool more;

    do {
        more = false;
        p = begin_value(s, p, &more);
        while (p && !more && s->depth > floor) {
            p = end_value(s, p, &more);
        }
    } while (p && more);
    return p;
}

static struct bytes slice_of(const uint8_t *from, const uint8_t *to)
{
    return bytes_of((const char *)from, (size_t)(to - from));
}

/* A whole object, noting the wanted members. p is at its bracket. */
static const uint8_t *scan_fields(struct scan *s, const uint8_t *p, struct json_field *fields,
                                  size_t n_fields)
{
    bool more = false;
    const uint8_t *key = skip_blanks(s, p + 1);
    size_t at = 0, found;

    p = open_container(s, p, &more);
    while (p && more) {
        struct bytes raw_key, value;
        const uint8_t *from = p;

        p = scan_value(s, p);
        if (!p) {
            return NULL;
        }
        value = slice_of(from, p);
        raw_key = slice_of(key, from);
        raw_key.n = json_string_length(raw_key);
        found = json_match_field(fields, n_fields, raw_key, at);
        if (found < n_fields) {
            fields[found].value = value;
            at = found + 1 < n_fields ? found + 1 : 0;
        }
        more = false;
        key = skip_blanks(s, p);
        key = key < s->end ? skip_blanks(s, key + 1) : key;
        p = end_value(s, p, &more);
    }
    return p;
}

static void scan_init(struct scan *s, struct bytes text, unsigned depth_limit)
{
    s->end = (const uint8_t *)text.p + text.n;
    s->err = 0;
    s->depth = 0;
    s->depth_limit = depth_limit ? depth_limit : JSON_DEPTH_DEFAULT;
    if (s->depth_limit > JSON_DEPTH_MAX) {
        s->depth_limit = JSON_DEPTH_MAX;
    }
}

/* p is behind the document's value, or NULL after a fault. */
static int finish(struct scan *s, struct bytes text, const uint8_t *p, struct json_fault *fault)
{
    const uint8_t *rest = p ? skip_blanks(s, p) : NULL;

    if (rest && rest < s->end) {
        (void)fail(s, rest, ERR_SYNTAX, "unexpected character behind the value");
    }
    if (s->err && fault) {
        *fault =
            (struct json_fault){(size_t)(s->fault_at - (const uint8_t *)text.p), s->fault_text};
    }
    return s->err;
}

int json_scan(struct bytes text, unsigned depth_limit, struct bytes *out, struct json_fault *fault)
{
    struct scan s;
    const uint8_t *from, *p;
    int err;

    text = text.n ? text : BYTES("");
    scan_init(&s, text, depth_limit);
    from = skip_blanks(&s, (const uint8_t *)text.p);
    p = scan_value(&s, from);
    err = finish(&s, text, p, fault);
    if (err == 0) {
        *out = slice_of(from, p);
    }
    return err;
}

static void clear_fields(struct json_field *fields, size_t n_fields)
{
    for (size_t i = 0; i < n_fields; i++) {
        fields[i].value = BYTES_NONE;
    }
}

int json_scan_fields(struct bytes text, struct json_field *fields, size_t n_fields,
                     struct bytes *out, struct json_fault *fault)
{
    struct scan s;
    const uint8_t *from, *p;
    int err;

    text = text.n ? text : BYTES("");
    clear_fields(fields, n_fields);
    scan_init(&s, text, 0);
    from = skip_blanks(&s, (const uint8_t *)text.p);
    if (from < s.end && *from == '{') {
        p = scan_fields(&s, from, fields, n_fields);
    } else {
        p = scan_value(&s, from);
    }
    err = finish(&s, text, p, fault);
    if (err) {
        clear_fields(fields, n_fields);
    } else {
        *out = slice_of(from, p);
    }
    return err;
}
