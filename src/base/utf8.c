/* SPDX-License-Identifier: MIT */
/* Checks, reads and writes UTF-8. */
#include "base/utf8.h"

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Length announced by a lead byte, and the bounds of the byte behind it; 0: no lead byte. */
static size_t lead_length(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    if (lead < 0xe0) {
        return 2;
    }
    if (lead < 0xf0) {
        *low = lead == 0xe0 ? 0xa0 : 0x80;
        *high = lead == 0xed ? 0x9f : 0xbf;
        return 3;
    }
    *low = lead == 0xf0 ? 0x90 : 0x80;
    *high = lead == 0xf4 ? 0x8f : 0xbf;
    return 4;
}

/* Bytes of the sequence at p that are fine, and whether it is complete. */
static size_t valid_part(const unsigned char *p, size_t n, bool *complete)
{
    unsigned char low, high;
    size_t length = lead_length(p[0], &low, &high);
    size_t i = 1;

    *complete = false;
    if (length == 0 || n < 2 || p[1] < low || p[1] > high) {
        return 1;
    }
    for (i = 2; i < length && i < n && is_tail(p[i]); i++) {
    }
    *complete = i == length;
    return i;
}

size_t utf8_skip_wide(struct bytes b)
{
    const unsigned char *p = (const unsigned char *)b.p;
    size_t at = 0;

    while (at < b.n && p[at] >= 0x80) {
        bool complete;
        size_t length = valid_part(p + at, b.n - at, &complete);

        if (!complete) {
            break;
        }
        at += length;
    }
    return at;
}

bool utf8_is_valid(struct bytes b)
{
    while (b.n) {
        size_t skip = (unsigned char)b.p[0] < 0x80 ? 1 : utf8_skip_wide(b);

        if (skip == 0) {
            return false;
        }
        b = bytes_from(b, skip);
    }
    return true;
}

size_t utf8_read(struct bytes b, uint32_t *out_char)
{
    const unsigned char *p = (const unsigned char *)b.p;
    bool complete;
    size_t length;

    if (p[0] < 0x80) {
        *out_char = p[0];
        return 1;
    }
    length = valid_part(p, b.n, &complete);
    if (!complete) {
        *out_char = 0xfffd;
        return length;
    }
    *out_char = p[0] & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        *out_char = *out_char << 6 | (p[i] & 0x3f);
    }
    return length;
}

size_t utf8_write(uint32_t character, char out[UTF8_MAX_BYTES])
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t length = 1;

    if ((character >= 0xd800 && character <= 0xdfff) || character > 0x10ffff) {
        character = 0xfffd;
    }
    length += (size_t)(character > 0x7f) + (character > 0x7ff) + (character > 0xffff);
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (character & 0x3f));
        character >>= 6;
    }
    out[0] = (char)(lead[length] | character);
    return length;
}
