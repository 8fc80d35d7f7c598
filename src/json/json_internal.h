/* SPDX-License-Identifier: MIT */
/* Private to src/json and its tests: runs of plain string bytes, decimal numbers. */
#pragma once

#include <stddef.h>

#include "json/json.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/*
 * Plain bytes of a string stand for themselves and need no further look: ASCII from the blank on
 * without the quote and the backslash. Both functions return the first that is not plain, or end.
 */
static inline const unsigned char *json_plain_scalar(const unsigned char *p,
                                                     const unsigned char *end)
{
    while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\') {
        p++;
    }
    return p;
}

#if defined(__SSE2__)
static inline const unsigned char *json_plain_sse2(const unsigned char *p, const unsigned char *end)
{
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i blank = _mm_set1_epi8(0x20);

    for (; end - p >= 16; p += 16) {
        __m128i chunk = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* Signed: bytes from 0x80 on are below the blank, too. */
        __m128i special = _mm_or_si128(
            _mm_cmplt_epi8(chunk, blank),
            _mm_or_si128(_mm_cmpeq_epi8(chunk, quote), _mm_cmpeq_epi8(chunk, backslash)));
        unsigned mask = (unsigned)_mm_movemask_epi8(special);

        if (mask) {
            return p + __builtin_ctz(mask);
        }
    }
    return json_plain_scalar(p, end);
}
#define json_plain json_plain_sse2
#else
#define json_plain json_plain_scalar
#endif

/* The field that the raw key names, looked for from at on; n_fields when there is none. */
size_t json_match_field(struct json_field *fields, size_t n_fields, struct bytes key, size_t at);
/* Length of the raw string (quotes included) that starts a validated slice. */
size_t json_string_length(struct bytes slice);
/* Length of the value that starts a validated slice. */
size_t json_value_length(struct bytes slice);
