/* SPDX-License-Identifier: MIT */
/* Comparisons, searches and conversions of borrowed bytes. */
#include "base/bytes.h"

bool bytes_eq_nocase(struct bytes a, struct bytes b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (bytes_lower_char(a.p[i]) != bytes_lower_char(b.p[i])) {
            return false;
        }
    }
    return true;
}

bool bytes_starts_with(struct bytes b, struct bytes prefix)
{
    return b.n >= prefix.n && bytes_eq(bytes_of(b.p, prefix.n), prefix);
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;

    if (order) {
        return order;
    }
    return (a.n > b.n) - (a.n < b.n);
}

size_t bytes_find(struct bytes b, char c)
{
    const char *at = b.n ? memchr(b.p, c, b.n) : NULL;

    return at ? (size_t)(at - b.p) : b.n;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct bytes bytes_trim(struct bytes b)
{
    while (b.n && is_blank(b.p[0])) {
        b = bytes_from(b, 1);
    }
    while (b.n && is_blank(b.p[b.n - 1])) {
        b.n--;
    }
    return b;
}

bool bytes_to_u64(struct bytes b, unsigned long long max, unsigned long long *out)
{
    unsigned long long value = 0;

    if (b.n == 0) {
        return false;
    }
    for (size_t i = 0; i < b.n; i++) {
        unsigned digit = (unsigned)((unsigned char)b.p[i] - '0');

        if (digit > 9 || digit > max || value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}
