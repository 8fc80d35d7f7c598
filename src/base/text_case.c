/* SPDX-License-Identifier: MIT */
/* Case mappings by binary search in tables that tools/gen-text-case writes. */
#include "base/text_case.h"

#include <stdlib.h>

#include "base/utf8.h"

struct mapping {
    uint32_t first, last;
    int32_t step, delta;
};

struct expansion {
    uint32_t first, last; /* the character, twice */
    uint32_t parts[3];
};

struct range {
    uint32_t first, last;
};

#define UPPER(first, last, step, delta) {first, last, step, delta},
static const struct mapping upper_mappings[] = {
#include "base/text_case.def"
};

#define LOWER(first, last, step, delta) {first, last, step, delta},
static const struct mapping lower_mappings[] = {
#include "base/text_case.def"
};

#define UPPER_SPECIAL(character, a, b, c) {character, character, {a, b, c}},
static const struct expansion upper_expansions[] = {
#include "base/text_case.def"
};

#define CASED(first, last) {first, last},
static const struct range cased_ranges[] = {
#include "base/text_case.def"
};

#define IGNORABLE(first, last) {first, last},
static const struct range ignorable_ranges[] = {
#include "base/text_case.def"
};

/* Every table's entries begin with their range. */
static int compare_range(const void *key, const void *entry)
{
    uint32_t c = *(const uint32_t *)key;
    const struct range *range = entry;

    return c < range->first ? -1 : c > range->last;
}

#define FIND(table, c)                                                                             \
    bsearch(&(c), table, sizeof(table) / sizeof((table)[0]), sizeof((table)[0]), compare_range)

static void add_char(struct buf *out, uint32_t c)
{
    char text[UTF8_MAX_BYTES];

    buf_add(out, bytes_of(text, utf8_write(c, text)));
}

static uint32_t apply(const struct mapping *m, uint32_t c)
{
    if (!m || (c - m->first) % (uint32_t)m->step != 0) {
        return c;
    }
    return (uint32_t)((int32_t)c + m->delta);
}

void text_case_add_upper(struct buf *out, struct bytes text)
{
    while (text.n) {
        const struct expansion *special;
        uint32_t c;

        text = bytes_from(text, utf8_read(text, &c));
        if (c < 0x80) {
            buf_add_char(out, (char)(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c));
            continue;
        }
        special = FIND(upper_expansions, c);
        if (!special) {
            add_char(out, apply(FIND(upper_mappings, c), c));
            continue;
        }
        for (size_t i = 0; i < 3 && special->parts[i]; i++) {
            add_char(out, special->parts[i]);
        }
    }
}

static size_t last_char(struct bytes text, uint32_t *out)
{
    size_t n = 1;

    while (n < text.n && n < UTF8_MAX_BYTES && (text.p[text.n - n] & 0xc0) == 0x80) {
        n++;
    }
    (void)utf8_read(bytes_from(text, text.n - n), out);
    return n;
}

/* Final_Sigma of Unicode 3.13: behind a cased letter, and none follows, ignorables aside. */
static bool is_final(struct bytes before, struct bytes after)
{
    uint32_t c = 0;

    for (; before.n; before.n -= last_char(before, &c)) {
        (void)last_char(before, &c);
        if (!FIND(ignorable_ranges, c)) {
            break;
        }
    }
    if (before.n == 0 || !FIND(cased_ranges, c)) {
        return false;
    }
    while (after.n) {
        size_t n = utf8_read(after, &c);

        if (!FIND(ignorable_ranges, c)) {
            return !FIND(cased_ranges, c);
        }
        after = bytes_from(after, n);
    }
    return true;
}

void text_case_add_lower(struct buf *out, struct bytes text)
{
    for (size_t at = 0; at < text.n;) {
        uint32_t c;
        size_t n = utf8_read(bytes_from(text, at), &c);

        if (c < 0x80) {
            buf_add_char(out, (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c));
        } else if (c == 0x130) { /* I with a dot keeps it as a mark */
            buf_add(out, BYTES("i\xcc\x87"));
        } else if (c == 0x3a3) {
            bool final = is_final(bytes_of(text.p, at), bytes_from(text, at + n));

            add_char(out, final ? 0x3c2 : 0x3c3);
        } else {
            add_char(out, apply(FIND(lower_mappings, c), c));
        }
        at += n;
    }
}
