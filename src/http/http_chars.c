/* SPDX-License-Identifier: MIT */
/* The byte classes of HTTP/1.1; long runs go 16 bytes at a time where SSE2 is there. */
#include "http/http_chars.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Sums of enum http_chars_class, one row for 16 bytes. */
/* clang-format off */
const unsigned char http_chars_table[256] = {
     0,  0,  0,  0,  0,  0,  0,  0,  0,  2,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     2, 15,  6,  7, 15, 15, 15, 15, 14, 14, 15, 15, 14, 15, 15,  6,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 14, 14,  6, 14,  6,  6,
     6, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 14,  6, 14,  7, 15,
     7, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,  6,  7,  6, 15,  0,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
     2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
};
/* clang-format on */

static size_t class_run(const char *p, size_t n, enum http_chars_class class)
{
    size_t i = 0;

    while (i < n && http_chars_is(p[i], class)) {
        i++;
    }
    return i;
}

size_t http_chars_token_run(const char *p, size_t n)
{
    return class_run(p, n, HTTP_CHARS_TOKEN);
}

#ifdef __SSE2__

static __m128i load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

size_t http_chars_value_run(const char *p, size_t n)
{
    const __m128i last_control = _mm_set1_epi8(0x1f);
    const __m128i tab = _mm_set1_epi8('\t');
    const __m128i del = _mm_set1_epi8(0x7f);
    size_t i = 0;

    for (; n - i >= 16; i += 16) {
        __m128i v = load(p + i);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, last_control), v);
        __m128i bad = _mm_andnot_si128(_mm_cmpeq_epi8(v, tab), control);
        int mask = _mm_movemask_epi8(_mm_or_si128(bad, _mm_cmpeq_epi8(v, del)));

        if (mask) {
            return i + (size_t)__builtin_ctz((unsigned)mask);
        }
    }
    return i + class_run(p + i, n - i, HTTP_CHARS_VALUE);
}

size_t http_chars_target_run(const char *p, size_t n)
{
    const __m128i space = _mm_set1_epi8(0x20);
    const __m128i del = _mm_set1_epi8(0x7f);
    size_t i = 0;

    for (; n - i >= 16; i += 16) {
        __m128i v = load(p + i);
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, space), v);
        __m128i high = _mm_cmpeq_epi8(_mm_max_epu8(v, del), v);
        int mask = _mm_movemask_epi8(_mm_or_si128(low, high));

        if (mask) {
            return i + (size_t)__builtin_ctz((unsigned)mask);
        }
    }
    return i + class_run(p + i, n - i, HTTP_CHARS_TARGET);
}

#else

size_t http_chars_value_run(const char *p, size_t n)
{
    return class_run(p, n, HTTP_CHARS_VALUE);
}

size_t http_chars_target_run(const char *p, size_t n)
{
    return class_run(p, n, HTTP_CHARS_TARGET);
}

#endif
