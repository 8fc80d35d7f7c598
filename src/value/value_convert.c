/* SPDX-License-Identifier: MIT */
/* JavaScript's conversions, ECMA-262 7.1 and 7.2. */
#include "value/value_convert.h"

#include <math.h>

#include "base/utf8.h"

/* NOLINTNEXTLINE(misc-no-recursion): the scanner has limited the depth */
static void add_items(struct buf *out, const struct value *v)
{
    for (size_t i = 0; i < v->n; i++) {
        if (i > 0) {
            buf_add_char(out, ',');
        }
        if (!value_is_nullish(v->items[i])) {
            value_convert_add_text(out, v->items[i]);
        }
    }
}

static void add_number(struct buf *out, double number)
{
    if (isnan(number)) {
        buf_add(out, BYTES("NaN"));
    } else if (isinf(number)) {
        buf_add(out, number > 0 ? BYTES("Infinity") : BYTES("-Infinity"));
    } else {
        json_add_double(out, number);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): the scanner has limited the depth */
void value_convert_add_text(struct buf *out, const struct value *v)
{
    if (!v) {
        buf_add(out, BYTES("undefined"));
        return;
    }
    switch (v->type) {
    case JSON_NONE:
    case JSON_NULL:
        buf_add(out, BYTES("null"));
        break;
    case JSON_BOOL:
        buf_add(out, v->boolean ? BYTES("true") : BYTES("false"));
        break;
    case JSON_NUMBER:
        add_number(out, v->number);
        break;
    case JSON_STRING:
        buf_add(out, v->text);
        break;
    case JSON_ARRAY:
        add_items(out, v);
        break;
    case JSON_OBJECT:
        buf_add(out, BYTES("[object Object]"));
        break;
    }
}

struct bytes value_convert_text(const struct value *v, struct arena *arena)
{
    struct bytes text;
    struct buf out;

    if (value_is(v, JSON_STRING)) {
        return v->text;
    }
    buf_init(&out, BUF_NO_LIMIT);
    value_convert_add_text(&out, v);
    text = arena_copy(arena, buf_bytes(&out));
    buf_fini(&out);
    return text;
}

static bool is_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000 || c == 0xfeff;
}

struct bytes value_convert_trim_start(struct bytes text)
{
    while (text.n) {
        uint32_t c;
        size_t length = utf8_read(text, &c);

        if (!is_space(c)) {
            break;
        }
        text = bytes_from(text, length);
    }
    return text;
}

struct bytes value_convert_trim_end(struct bytes text)
{
    while (text.n) {
        size_t start = text.n - 1;
        uint32_t c;

        while (start > 0 && text.n - start < 4 && (text.p[start] & 0xc0) == 0x80) {
            start--;
        }
        (void)utf8_read(bytes_from(text, start), &c);
        if (!is_space(c)) {
            break;
        }
        text.n = start;
    }
    return text;
}

static double radix_number(struct bytes digits, unsigned base)
{
    double value = 0;

    for (size_t i = 0; i < digits.n; i++) {
        unsigned c = (unsigned char)digits.p[i];
        unsigned digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

        if (digit >= base) {
            return (double)NAN;
        }
        value = value * base + digit;
    }
    return digits.n ? value : (double)NAN;
}

static size_t count_digits(struct bytes text)
{
    size_t n = 0;

    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9') {
        n++;
    }
    return n;
}

/* ".5", "5.", "007" and "1e3" as JSON would write them. */
static double decimal_number(struct bytes text)
{
    size_t whole = count_digits(text);
    struct bytes rest = bytes_from(text, whole);
    size_t fraction = 0, used = whole;
    double value = (double)NAN;
    struct buf json;

    if (rest.n && rest.p[0] == '.') {
        fraction = count_digits(bytes_from(rest, 1));
        used += fraction + 1;
    }
    if (whole + fraction == 0) {
        return value;
    }
    rest = bytes_from(text, used);
    if (rest.n) {
        size_t sign = rest.n > 1 && (rest.p[1] == '+' || rest.p[1] == '-') ? 2 : 1;

        if ((rest.p[0] | 0x20) != 'e' || rest.n == sign ||
            count_digits(bytes_from(rest, sign)) != rest.n - sign) {
            return value;
        }
    }
    buf_init(&json, BUF_NO_LIMIT);
    buf_add(&json, whole ? bytes_of(text.p, whole) : BYTES("0"));
    if (fraction) {
        buf_add(&json, bytes_of(text.p + whole, fraction + 1));
    }
    buf_add(&json, rest);
    (void)json_double(buf_bytes(&json), &value);
    buf_fini(&json);
    return value;
}

double value_convert_text_number(struct bytes text)
{
    bool negative;

    text = value_convert_trim_end(value_convert_trim_start(text));
    if (text.n == 0) {
        return 0;
    }
    if (text.n > 1 && text.p[0] == '0') {
        char kind = (char)(text.p[1] | 0x20);

        if (kind == 'x' || kind == 'o' || kind == 'b') {
            return radix_number(bytes_from(text, 2), kind == 'x' ? 16 : kind == 'o' ? 8 : 2);
        }
    }
    negative = text.p[0] == '-';
    text = bytes_from(text, negative || text.p[0] == '+');
    if (bytes_eq(text, BYTES("Infinity"))) {
        return negative ? -(double)INFINITY : (double)INFINITY;
    }
    return negative ? -decimal_number(text) : decimal_number(text);
}

double value_convert_number(const struct value *v)
{
    struct buf text;
    double number;

    if (!v) {
        return (double)NAN;
    }
    switch (v->type) {
    case JSON_NONE:
    case JSON_NULL:
        return 0;
    case JSON_BOOL:
        return v->boolean;
    case JSON_NUMBER:
        return v->number;
    case JSON_STRING:
        return value_convert_text_number(v->text);
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    buf_init(&text, BUF_NO_LIMIT);
    value_convert_add_text(&text, v);
    number = value_convert_text_number(buf_bytes(&text));
    buf_fini(&text);
    return number;
}

bool value_convert_is_same(const struct value *a, const struct value *b)
{
    if (!a || !b || a->type != b->type) {
        return a == b;
    }
    switch (a->type) {
    case JSON_BOOL:
        return a->boolean == b->boolean;
    case JSON_NUMBER:
        return a->number <= b->number && a->number >= b->number;
    case JSON_STRING:
        return bytes_eq(a->text, b->text);
    case JSON_ARRAY:
    case JSON_OBJECT:
        return a == b;
    case JSON_NONE:
    case JSON_NULL:
        break;
    }
    return true;
}

static bool is_container(const struct value *v)
{
    return v->type == JSON_ARRAY || v->type == JSON_OBJECT;
}

/* NOLINTNEXTLINE(misc-no-recursion): once, as a text is no container */
static bool is_loose_text(const struct value *container, const struct value *other)
{
    struct value as_text = {.type = JSON_STRING};
    struct buf text;
    bool loose;

    buf_init(&text, BUF_NO_LIMIT);
    value_convert_add_text(&text, container);
    as_text.text = buf_bytes(&text);
    loose = value_convert_is_loose(&as_text, other);
    buf_fini(&text);
    return loose;
}

/* NOLINTNEXTLINE(misc-no-recursion): once, as a text is no container */
bool value_convert_is_loose(const struct value *a, const struct value *b)
{
    if (value_is_nullish(a) || value_is_nullish(b)) {
        return value_is_nullish(a) && value_is_nullish(b);
    }
    if (a->type == b->type) {
        return value_convert_is_same(a, b);
    }
    if (is_container(a) || is_container(b)) {
        if (is_container(a) && is_container(b)) {
            return false;
        }
        return is_container(a) ? is_loose_text(a, b) : is_loose_text(b, a);
    }
    return value_convert_number(a) <= value_convert_number(b) &&
           value_convert_number(a) >= value_convert_number(b);
}

size_t value_convert_units(struct bytes text)
{
    size_t units = 0;

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        units += (size_t)((c & 0xc0) != 0x80) + (c >= 0xf0);
    }
    return units;
}
