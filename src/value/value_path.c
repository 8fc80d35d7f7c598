/* SPDX-License-Identifier: MIT */
/* Splits paths and follows them. */
#include "value/value_path.h"

#include "base/utf8.h"
#include "value/value_convert.h"

static bool is_digit(struct bytes path, size_t at)
{
    return at < path.n && path.p[at] >= '0' && path.p[at] <= '9';
}

static char char_at(struct bytes path, size_t at)
{
    if (at >= path.n) {
        return '\0';
    }
    return path.p[at];
}

/* "[-12.5]" at the start of path: the length of it all, or 0. */
static size_t number_length(struct bytes path)
{
    size_t at = char_at(path, 1) == '-' ? 2 : 1;

    if (path.p[0] != '[' || !is_digit(path, at)) {
        return 0;
    }
    while (is_digit(path, at)) {
        at++;
    }
    if (char_at(path, at) == '.' && is_digit(path, at + 1)) {
        for (at++; is_digit(path, at); at++) {
        }
    }
    return char_at(path, at) == ']' ? at + 1 : 0;
}

/* ["text"] or ['text'] at the start of path: the length of it all, or 0. */
static size_t quoted_length(struct bytes path)
{
    char quote = char_at(path, 1);
    size_t at = 2;

    if (path.p[0] != '[' || (quote != '"' && quote != '\'')) {
        return 0;
    }
    while (at < path.n && path.p[at] != quote) {
        at += path.p[at] == '\\' ? 2 : 1;
    }
    return char_at(path, at + 1) == ']' && at < path.n ? at + 2 : 0;
}

static struct bytes unescape(struct bytes text, struct arena *arena)
{
    char *plain;
    size_t n = 0;

    if (bytes_find(text, '\\') == text.n) {
        return text;
    }
    plain = arena_alloc(arena, text.n);
    for (size_t i = 0; i < text.n; i++) {
        i += text.p[i] == '\\' && i + 1 < text.n;
        plain[n++] = text.p[i];
    }
    return bytes_of(plain, n);
}

static bool ends_part(struct bytes path, size_t at)
{
    return at >= path.n || path.p[at] == '.' || (path.p[at] == '[' && char_at(path, at + 1) == ']');
}

static void take(struct bytes *path, size_t n)
{
    *path = bytes_from(*path, n);
}

/* A name up to the next separator. */
static size_t plain_length(struct bytes path)
{
    size_t n = 0;

    while (n < path.n && path.p[n] != '.' && path.p[n] != '[' && path.p[n] != ']') {
        n++;
    }
    return n;
}

/* "." and "[]" are an empty name when the next separator or the end follows at once. */
static size_t empty_length(struct bytes path)
{
    size_t n = path.p[0] == '.' ? 1 : 2;

    if (path.p[0] != '.' && (path.p[0] != '[' || char_at(path, 1) != ']')) {
        return 0;
    }
    return ends_part(path, n) ? n : 0;
}

/* Takes the next part off the path; false at its end. */
static bool next_part(struct bytes *path, struct arena *arena, struct bytes *out)
{
    size_t n;

    for (; path->n; take(path, 1)) {
        struct bytes rest = *path;

        if ((n = plain_length(rest)) > 0) {
            *out = bytes_of(rest.p, n);
        } else if ((n = number_length(rest)) > 0) {
            *out = bytes_of(rest.p + 1, n - 2);
        } else if ((n = quoted_length(rest)) > 0) {
            *out = unescape(bytes_of(rest.p + 2, n - 4), arena);
        } else if ((n = empty_length(rest)) > 0) {
            *out = BYTES("");
        } else {
            continue; /* a separator before the next name */
        }
        take(path, n);
        return true;
    }
    return false;
}

static struct value *character(struct bytes text, size_t unit, struct arena *arena)
{
    while (text.n) {
        uint32_t c;
        size_t length = utf8_read(text, &c);

        if (unit == 0 || (c > 0xffff && unit == 1)) {
            /* Half of a pair has no text of its own. */
            return value_string(c > 0xffff ? BYTES(UTF8_REPLACEMENT) : bytes_of(text.p, length),
                                arena);
        }
        unit -= c > 0xffff ? 2 : 1;
        text = bytes_from(text, length);
    }
    return NULL;
}

static struct value *step(struct value *v, struct bytes name, struct arena *arena)
{
    unsigned long long index;
    bool is_index =
        (name.n == 1 || char_at(name, 0) != '0') && bytes_to_u64(name, SIZE_MAX, &index);

    if (value_is(v, JSON_ARRAY)) {
        if (bytes_eq(name, BYTES("length"))) {
            return value_number((double)v->n, arena);
        }
        return is_index && index < v->n ? v->items[index] : NULL;
    }
    if (value_is(v, JSON_STRING)) {
        if (bytes_eq(name, BYTES("length"))) {
            return value_number((double)value_convert_units(v->text), arena);
        }
        return is_index ? character(v->text, (size_t)index, arena) : NULL;
    }
    return value_get(v, name);
}

/* Without a point or a whole pair of brackets it is one name, stray brackets included. */
static bool is_deep(struct bytes path)
{
    bool open = false;

    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] == '.' || (open && path.p[i] == ']')) {
            return true;
        }
        open = path.p[i] == '[' || (open && path.p[i] != ']');
    }
    return false;
}

struct value *value_path_get(struct value *root, struct bytes path, struct arena *arena)
{
    struct value *v = root;
    struct bytes name;
    bool empty = true;

    if (value_has(root, path)) {
        return value_get(root, path);
    }
    if (path.n && !is_deep(path)) {
        return step(root, path, arena);
    }
    if (path.n && path.p[0] == '.') {
        v = step(v, BYTES(""), arena);
        empty = false;
    }
    while (next_part(&path, arena, &name)) {
        v = step(v, name, arena);
        empty = false;
    }
    return empty ? NULL : v;
}
