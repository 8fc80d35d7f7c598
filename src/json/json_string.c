/* SPDX-License-Identifier: MIT */
/* Strings between JSON text and UTF-8: decoding, comparing, quoting. */
#include "base/utf8.h"
#include "json/json.h"
#include "json/json_internal.h"

static struct bytes unquoted(struct bytes slice)
{
    return bytes_of(slice.p + 1, slice.n - 2);
}

static bool is_string(struct bytes slice)
{
    return slice.n >= 2 && slice.p[0] == '"';
}

static unsigned hex_value(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* The UTF-16 unit of "\uXXXX" at the start of rest; 0 when there is none. */
static uint32_t read_unit(struct bytes rest)
{
    if (rest.n < 6 || rest.p[0] != '\\' || rest.p[1] != 'u') {
        return 0;
    }
    return hex_value(rest.p[2]) << 12 | hex_value(rest.p[3]) << 8 | hex_value(rest.p[4]) << 4 |
           hex_value(rest.p[5]);
}

/* Reads the escape at the start of rest, as UTF-8; returns its length in the text. */
static size_t read_escape(struct bytes rest, char out[UTF8_MAX_BYTES], size_t *out_n)
{
    static const char letters[] = "bfnrt";
    static const char meanings[] = "\b\f\n\r\t";
    const char *letter;
    uint32_t unit;

    if (rest.n < 6 || rest.p[1] != 'u') {
        char c = rest.p[rest.n > 1];

        letter = c ? strchr(letters, c) : NULL;
        out[0] =
            letter ? meanings[letter - letters] : c; /* NOLINT(bugprone-narrowing-conversions) */
        *out_n = 1;
        return rest.n > 1 ? 2 : 1;
    }
    unit = read_unit(rest);
    if (unit >= 0xd800 && unit <= 0xdbff) {
        uint32_t low = read_unit(bytes_from(rest, 6));

        if (low >= 0xdc00 && low <= 0xdfff) {
            *out_n = utf8_write(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), out);
            return 12;
        }
    }
    *out_n = utf8_write(unit, out);
    return 6;
}

struct bytes json_string(struct bytes slice, struct arena *arena)
{
    struct bytes rest;
    size_t n = 0;
    char *text;

    if (!is_string(slice)) {
        return BYTES_NONE;
    }
    rest = unquoted(slice);
    if (bytes_find(rest, '\\') == rest.n) {
        return rest;
    }
    text = arena_alloc(arena, rest.n); /* decoded text is never longer */
    while (rest.n) {
        size_t plain = bytes_find(rest, '\\');
        size_t part;

        memcpy(text + n, rest.p, plain);
        n += plain;
        rest = bytes_from(rest, plain);
        if (rest.n) {
            char decoded[UTF8_MAX_BYTES];

            rest = bytes_from(rest, read_escape(rest, decoded, &part));
            memcpy(text + n, decoded, part);
            n += part;
        }
    }
    return bytes_of(text, n);
}

bool json_string_eq(struct bytes slice, struct bytes text)
{
    struct bytes rest;

    if (!is_string(slice) || slice.n - 2 < text.n) {
        return false;
    }
    rest = unquoted(slice);
    if (rest.n == text.n) {
        /* Of equal length they are equal byte by byte, or there is an escape and they are not. */
        return bytes_eq(rest, text) && bytes_find(rest, '\\') == rest.n;
    }
    while (rest.n) {
        char decoded[UTF8_MAX_BYTES] = {rest.p[0]};
        size_t part = 1;
        size_t used = rest.p[0] == '\\' ? read_escape(rest, decoded, &part) : 1;

        if (part > text.n || memcmp(decoded, text.p, part) != 0) {
            return false;
        }
        rest = bytes_from(rest, used);
        text = bytes_from(text, part);
    }
    return text.n == 0;
}

static void add_escape(struct buf *out, char c)
{
    static const char letters[] = "\"\\\b\f\n\r\t";
    static const char escapes[] = "\"\\bfnrt";
    static const char hex[] = "0123456789abcdef";
    const char *letter = c ? strchr(letters, c) : NULL;

    if (letter) {
        buf_add(out, bytes_of((char[]){'\\', escapes[letter - letters]}, 2));
        return;
    }
    buf_add(out, BYTES("\\u00"));
    buf_add(out, bytes_of((char[]){hex[c >> 4 & 15], hex[c & 15]}, 2));
}

void json_add_string(struct buf *out, struct bytes text)
{
    buf_add_char(out, '"');
    while (text.n) {
        const unsigned char *p = (const unsigned char *)text.p;
        size_t fine = (size_t)(json_plain(p, p + text.n) - p);

        fine += utf8_skip_wide(bytes_from(text, fine));
        buf_add(out, bytes_of(text.p, fine));
        text = bytes_from(text, fine);
        if (text.n && (unsigned char)text.p[0] >= 0x80) {
            uint32_t ignored;

            buf_add(out, BYTES(UTF8_REPLACEMENT));
            text = bytes_from(text, utf8_read(text, &ignored));
        } else if (text.n && fine == 0) {
            add_escape(out, text.p[0]);
            text = bytes_from(text, 1);
        }
    }
    buf_add_char(out, '"');
}

struct bytes json_quote(struct bytes text, struct arena *arena)
{
    struct buf quoted;
    struct bytes copy;

    buf_init(&quoted, BUF_NO_LIMIT);
    json_add_string(&quoted, text);
    copy = arena_copy(arena, buf_bytes(&quoted));
    buf_fini(&quoted);
    return copy;
}
