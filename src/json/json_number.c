/* SPDX-License-Identifier: MIT */
/* Numbers between JSON text and double, both ways exact: correctly rounded and shortest. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json/json.h"

enum {
    /* A double's midpoint to its neighbour has at most 767 digits; more only break ties. */
    DIGITS_MAX = 800,
    EXPONENT_CAP = 1000000,
    EXACT_DIGITS = 15,
    EXACT_POWER = 22,
    SHORTEST_MAX = 17
};

/* A number taken apart: digits * 10^exponent, without leading zeros. */
struct decimal {
    bool negative;
    long exponent;
    size_t n_digits;
    char digits[DIGITS_MAX + 1];
};

static void add_digit(struct decimal *d, char c, bool fraction)
{
    if (d->n_digits == 0 && c == '0') {
        d->exponent -= fraction;
    } else if (d->n_digits < DIGITS_MAX) {
        d->digits[d->n_digits++] = c;
        d->exponent -= fraction;
    } else {
        /* What is cut off only shows that there was something. */
        d->digits[DIGITS_MAX - 1] = (char)(d->digits[DIGITS_MAX - 1] | (c > '0'));
        d->exponent += !fraction;
    }
}

/* Digits until something else comes; behind the point each moves the exponent down. */
static struct bytes read_digits(struct decimal *d, struct bytes rest, bool fraction)
{
    while (rest.n && rest.p[0] >= '0' && rest.p[0] <= '9') {
        add_digit(d, rest.p[0], fraction);
        rest = bytes_from(rest, 1);
    }
    return rest;
}

static long read_exponent(struct bytes rest)
{
    bool negative = rest.n && rest.p[0] == '-';
    long value = 0;

    if (negative || (rest.n && rest.p[0] == '+')) {
        rest = bytes_from(rest, 1);
    }
    for (; rest.n && value < EXPONENT_CAP; rest = bytes_from(rest, 1)) {
        value = value * 10 + (rest.p[0] - '0');
    }
    return negative ? -value : value;
}

static void take_apart(struct bytes slice, struct decimal *d)
{
    d->negative = slice.p[0] == '-';
    d->exponent = 0;
    d->n_digits = 0;
    slice = read_digits(d, bytes_from(slice, d->negative), false);
    if (slice.n && slice.p[0] == '.') {
        slice = read_digits(d, bytes_from(slice, 1), true);
    }
    if (slice.n && (slice.p[0] | 0x20) == 'e') {
        d->exponent += read_exponent(bytes_from(slice, 1));
    }
}

/* Exact where both operands are exact doubles, as one operation rounds once. */
static bool convert_exactly(const struct decimal *d, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    int64_t integer = 0;

    if (d->n_digits == 0) {
        *out = 0;
        return true;
    }
    if (d->n_digits > EXACT_DIGITS || labs(d->exponent) > EXACT_POWER) {
        return false;
    }
    for (size_t i = 0; i < d->n_digits; i++) {
        integer = integer * 10 + (d->digits[i] - '0');
    }
    *out = d->exponent < 0 ? (double)integer / powers[-d->exponent]
                           : (double)integer * powers[d->exponent];
    return true;
}

bool json_double(struct bytes slice, double *out)
{
    struct decimal d __attribute__((uninitialized)); /* not zeroed: few digits are usual */
    double value;

    if (json_type(slice) != JSON_NUMBER) {
        return false;
    }
    take_apart(slice, &d);
    if (!convert_exactly(&d, &value)) {
        char text[DIGITS_MAX + 32];

        (void)snprintf(text, sizeof(text), "%.*se%ld", (int)d.n_digits, d.digits, d.exponent);
        value = strtod(text, NULL);
    }
    *out = d.negative ? -value : value;
    return true;
}

bool json_integer(struct bytes slice, int64_t *out)
{
    double value;

    if (!json_double(slice, &value) || fabs(value) > 0x1p53 || value != floor(value)) {
        return false;
    }
    *out = (int64_t)value;
    return true;
}

/* A positive number as text: 0.DIGITS * 10^point. */
struct shortest {
    int point;
    int n_digits;
    char digits[SHORTEST_MAX];
};

static double read_shortest(const struct shortest *s)
{
    char text[SHORTEST_MAX + 32];

    (void)snprintf(text, sizeof(text), "0.%.*se%d", s->n_digits, s->digits, s->point);
    return strtod(text, NULL);
}

/* The next higher text of as many digits. */
static void step_up(struct shortest *s)
{
    int i = s->n_digits - 1;

    while (i >= 0 && s->digits[i] == '9') {
        s->digits[i--] = '0';
    }
    if (i >= 0) {
        s->digits[i]++;
    } else {
        s->digits[0] = '1';
        s->point++;
    }
}

/* The closest text of n digits that reads back as value, when there is one. */
static bool try_digits(double value, int n, struct shortest *s)
{
    char text[SHORTEST_MAX + 32];
    int exponent;

    (void)snprintf(text, sizeof(text), "%.*e", n - 1, value); /* d.ddde+xx */
    s->n_digits = n;
    s->digits[0] = text[0];
    memcpy(s->digits + 1, text + 2, (size_t)n - 1);
    s->point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1;
    if (read_shortest(s) == value) {
        return true;
    }
    /* Below a power of two doubles lie denser: only there the farther text above may fit. */
    if (frexp(value, &exponent) == 0.5) {
        step_up(s);
        return read_shortest(s) == value;
    }
    return false;
}

static void find_shortest(double value, struct shortest *s)
{
    /* Fifteen digits always tell normal doubles apart, so shorter texts are these, cut. */
    int n = value < DBL_MIN ? 1 : EXACT_DIGITS;

    while (n < SHORTEST_MAX && !try_digits(value, n, s)) {
        n++;
    }
    if (n == SHORTEST_MAX) {
        (void)try_digits(value, n, s);
    }
    while (s->n_digits > 1 && s->digits[s->n_digits - 1] == '0') {
        s->n_digits--;
    }
}

static void add_zeros(struct buf *out, int n)
{
    for (; n > 0; n--) {
        buf_add_char(out, '0');
    }
}

/* ES2023 6.1.6.1.20, steps 6 to 10. */
static void add_shortest(struct buf *out, const struct shortest *s)
{
    int lead = s->point; /* digits before the point */

    if (lead > 21 || lead <= -6) {
        buf_add(out, bytes_of(s->digits, 1));
        if (s->n_digits > 1) {
            buf_add_char(out, '.');
            buf_add(out, bytes_of(s->digits + 1, (size_t)s->n_digits - 1));
        }
        buf_add_format(out, "e%+d", lead - 1);
        return;
    }
    if (lead <= 0) {
        buf_add(out, BYTES("0."));
        add_zeros(out, -lead);
        lead = 0;
    } else if (lead >= s->n_digits) {
        buf_add(out, bytes_of(s->digits, (size_t)s->n_digits));
        add_zeros(out, lead - s->n_digits);
        return;
    } else {
        buf_add(out, bytes_of(s->digits, (size_t)lead));
        buf_add_char(out, '.');
    }
    buf_add(out, bytes_of(s->digits + lead, (size_t)(s->n_digits - lead)));
}

void json_add_double(struct buf *out, double value)
{
    struct shortest s;

    if (!isfinite(value)) {
        buf_add(out, BYTES("null"));
        return;
    }
    if (value < 0) {
        buf_add_char(out, '-');
        value = -value;
    }
    if (value < 0x1p53 && value == floor(value)) {
        buf_add_u64(out, (unsigned long long)value);
        return;
    }
    find_shortest(value, &s);
    add_shortest(out, &s);
}
