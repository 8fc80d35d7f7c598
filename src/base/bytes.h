/* SPDX-License-Identifier: MIT */
/*
 * A borrowed run of bytes, passed by value. p may be NULL only when n is 0; {NULL, 0} also means
 * "absent" where a field can be absent (bytes_is_set), {non-NULL, 0} is present and empty.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct bytes {
    const char *p;
    size_t n;
};

#define BYTES(literal) ((struct bytes){"" literal, sizeof(literal) - 1})
#define BYTES_INIT(literal)                                                                        \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    } /* in static tables */
#define BYTES_NONE       ((struct bytes){NULL, 0})
#define BYTES_ARG(bytes) (int)(bytes).n, (bytes).p /* for "%.*s" */

/* ASCII only, whatever the locale. */
static inline char bytes_lower_char(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static inline char bytes_upper_char(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
}

static inline struct bytes bytes_of(const char *p, size_t n)
{
    return (struct bytes){p, n};
}

static inline struct bytes bytes_cstr(const char *text)
{
    return text ? (struct bytes){text, strlen(text)} : BYTES_NONE;
}

static inline bool bytes_is_set(struct bytes b)
{
    return b.p != NULL;
}

static inline bool bytes_eq(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII letters compare without case. */
bool bytes_eq_nocase(struct bytes a, struct bytes b);
bool bytes_starts_with(struct bytes b, struct bytes prefix);
/* memcmp order, the shorter first. */
int bytes_compare(struct bytes a, struct bytes b);
/* The rest from offset (which is at most n). */
static inline struct bytes bytes_from(struct bytes b, size_t offset)
{
    return bytes_of(offset ? b.p + offset : b.p, b.n - offset);
}

/* Index of c, or b.n. */
size_t bytes_find(struct bytes b, char c);
/* Cuts blanks (space, tab, CR, LF) off both ends. */
struct bytes bytes_trim(struct bytes b);
/* Decimal digits only, no sign, whole run, at most max; false otherwise. */
bool bytes_to_u64(struct bytes b, unsigned long long max, unsigned long long *out);
