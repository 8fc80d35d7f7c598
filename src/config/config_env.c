/* SPDX-License-Identifier: MIT */
/* Names and values of environment variables. */
#include "config/config_env.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json/json.h"

enum { NUMBER_BYTES = 64 };

void config_env_name(const char *path, char *out, size_t room)
{
    size_t i = 0;

    for (; path[i] && i + 1 < room; i++) {
        out[i] = bytes_upper_char((char)(path[i] == '.' ? '_' : path[i]));
    }
    out[i] = '\0';
}

struct bytes config_env_get(char *const *environment, const char *name)
{
    struct bytes wanted = bytes_cstr(name);

    for (; *environment; environment++) {
        struct bytes entry = bytes_cstr(*environment);

        if (bytes_starts_with(entry, wanted) && entry.n > wanted.n && entry.p[wanted.n] == '=') {
            return bytes_from(entry, wanted.n + 1);
        }
    }
    return BYTES_NONE;
}

static int radix_of(char c)
{
    switch (bytes_lower_char(c)) {
    case 'x':
        return 16;
    case 'b':
        return 2;
    case 'o':
        return 8;
    default:
        return 0;
    }
}

/* 36 for what is no digit in any base. */
static int digit_of(char c)
{
    c = bytes_lower_char(c);
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 36;
}

/* "0x1f", "0b11", "0o17": unsigned integers of their base. */
static bool read_radix(struct bytes text, double *out)
{
    int base = text.n >= 3 && text.p[0] == '0' ? radix_of(text.p[1]) : 0;
    double value = 0;

    for (size_t i = 2; base && i < text.n; i++) {
        int digit = digit_of(text.p[i]);

        if (digit >= base) {
            return false;
        }
        value = value * base + digit;
    }
    *out = value;
    return base != 0;
}

bool config_env_number(struct bytes text, double *out)
{
    char copy[NUMBER_BYTES];
    char *end;

    text = bytes_trim(text);
    if (text.n == 0) {
        *out = 0;
        return true;
    }
    if (read_radix(text, out)) {
        return true;
    }
    if (text.n >= sizeof(copy)) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (bytes_find(BYTES("0123456789+-.eE"), text.p[i]) == sizeof("0123456789+-.eE") - 1) {
            return false;
        }
    }
    (void)snprintf(copy, sizeof(copy), "%.*s", BYTES_ARG(text));
    *out = strtod(copy, &end);
    return *end == '\0' && !isnan(*out);
}

static struct bytes coerce(struct bytes text, struct arena *arena)
{
    double number;
    struct buf out;
    struct bytes json;

    if (bytes_eq_nocase(text, BYTES("true")) || bytes_eq_nocase(text, BYTES("false"))) {
        return bytes_eq(text, BYTES("true")) ? BYTES("true") : BYTES("false");
    }
    if (!config_env_number(text, &number)) {
        return json_quote(text, arena);
    }
    buf_init(&out, BUF_NO_LIMIT);
    json_add_double(&out, number);
    json = arena_copy(arena, buf_bytes(&out));
    buf_fini(&out);
    return json;
}

/* "RECONNECT_TIME_WAIT" -> "reconnectTimeWait". */
static struct bytes camel_case(struct bytes level, struct arena *arena)
{
    char *p = arena_alloc(arena, level.n + 1);
    size_t n = 0;
    bool is_word_start = false;

    for (size_t i = 0; i < level.n; i++) {
        char c = level.p[i];

        if (c == '_') {
            is_word_start = n > 0;
        } else {
            p[n++] = (char)(is_word_start ? bytes_upper_char(c) : bytes_lower_char(c));
            is_word_start = false;
        }
    }
    return bytes_of(p, n);
}

static size_t level_length(struct bytes name)
{
    for (size_t i = 0; i + 1 < name.n; i++) {
        if (name.p[i] == '_' && name.p[i + 1] == '_') {
            return i;
        }
    }
    return name.n;
}

/* {"a":{"b":value}} laid over the object, level by level. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the variable's name has levels */
static struct bytes assign(struct bytes object, struct bytes name, struct bytes value,
                           struct arena *arena)
{
    size_t n = level_length(name);
    struct bytes key = camel_case(bytes_of(name.p, n), arena);
    struct bytes over;

    if (n < name.n) {
        value = assign(json_get(object, key), bytes_from(name, n + 2), value, arena);
    }
    over = arena_format(arena, "{%.*s:%.*s}", BYTES_ARG(json_quote(key, arena)), BYTES_ARG(value));
    return json_merge(object, over, arena);
}

struct bytes config_env_object(char *const *environment, const char *prefix, struct arena *arena)
{
    struct bytes wanted = bytes_cstr(prefix);
    struct bytes object = BYTES_NONE;

    for (; *environment; environment++) {
        struct bytes entry = bytes_cstr(*environment);
        size_t equals = bytes_find(entry, '=');
        struct bytes name = bytes_of(entry.p, equals);

        if (equals < entry.n && bytes_starts_with(name, wanted) && name.n > wanted.n) {
            object = assign(object, bytes_from(name, wanted.n),
                            coerce(bytes_from(entry, equals + 1), arena), arena);
        }
    }
    return object;
}
