/* SPDX-License-Identifier: MIT */
/* Compiles translated patterns with PCRE2 and runs them within limits. */
#define PCRE2_CODE_UNIT_WIDTH 16

#include "model/js_regex.h"

#include <pcre2.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "model/js_regex_internal.h"

enum {
    MATCH_STEPS = 200000, /* less than ten milliseconds */
    MATCH_STEPS_PER_UNIT = 8,
    MATCH_HEAP_KIB_MAX = 20000,
    PATTERN_BYTES_MAX = 1 << 20,
    FEW_UNITS = 128 /* of a usual text: no allocation */
};

struct js_regex {
    pcre2_code *code;
    pcre2_match_data *match; /* no groups are read, but PCRE2 works in it */
    pcre2_match_context *limits;
};

/* No text has more units than bytes. */
static size_t to_units(struct bytes text, uint16_t *units)
{
    size_t n = 0;

    while (text.n) {
        uint32_t c;

        text = bytes_from(text, utf8_read(text, &c));
        if (c > 0xffff) {
            units[n++] = (uint16_t)(0xd7c0 + (c >> 10));
            c = 0xdc00 | (c & 0x3ff);
        }
        units[n++] = (uint16_t)c;
    }
    return n;
}

int js_regex_to_units(struct bytes text, struct js_regex_units *out)
{
    uint16_t *units = mem_try_realloc(NULL, (text.n + 1) * sizeof(*units));

    if (!units) {
        return ERR_NO_MEMORY;
    }
    *out = (struct js_regex_units){units, to_units(text, units)};
    return 0;
}

static bool read_flags(struct bytes text, struct js_regex_flags *out)
{
    bool seen[256] = {false};

    *out = (struct js_regex_flags){0};
    for (size_t i = 0; i < text.n; i++) {
        unsigned char flag = (unsigned char)text.p[i];

        if (seen[flag] || !flag || !strchr("dgimsuy", flag)) {
            return false;
        }
        seen[flag] = true;
    }
    out->ignore_case = seen['i'];
    out->multiline = seen['m'];
    out->dot_all = seen['s'];
    out->unicode = seen['u'];
    out->sticky = seen['y'];
    return true;
}

static void add_text(struct buf *out, const char *text)
{
    for (; *text; text++) {
        uint16_t unit = (uint16_t)*text;

        buf_add(out, bytes_of((const char *)&unit, sizeof(unit)));
    }
}

/*
 * The search is part of the pattern, not a loop around it: so the limit of steps holds for the
 * whole search, and PCRE2's guesses about where to start (wrong ones at times) are not needed.
 */
static pcre2_code *compile(struct bytes body, bool at_start, struct js_regex_flags flags)
{
    uint32_t options = PCRE2_ANCHORED | PCRE2_DOTALL | PCRE2_MATCH_UNSET_BACKREF |
                       PCRE2_NO_START_OPTIMIZE | PCRE2_NEVER_BACKSLASH_C;
    struct buf pattern;
    pcre2_code *code;
    size_t offset;
    int error;

    options |= flags.ignore_case ? PCRE2_CASELESS | PCRE2_UCP : 0;
    options |= flags.unicode ? PCRE2_UTF | PCRE2_UCP : 0;
    buf_init(&pattern, BUF_NO_LIMIT);
    add_text(&pattern, at_start || flags.sticky ? "(?:" : ".*?(?:");
    buf_add(&pattern, body);
    add_text(&pattern, ")");
    code = pcre2_compile((PCRE2_SPTR)(const void *)pattern.p, pattern.n / sizeof(uint16_t), options,
                         &error, &offset, NULL);
    buf_fini(&pattern);
    return code;
}

struct js_regex *js_regex_new(struct bytes source, struct bytes flags_text)
{
    struct js_regex_flags flags;
    struct js_regex_units units;
    struct js_regex *r = NULL;
    pcre2_code *code = NULL;
    struct buf pattern;
    bool at_start;

    if (!read_flags(flags_text, &flags) || js_regex_to_units(source, &units) != 0) {
        return NULL;
    }
    buf_init(&pattern, PATTERN_BYTES_MAX);
    if (js_regex_translate(units, flags, &pattern, &at_start) == 0) {
        code = compile(buf_bytes(&pattern), at_start, flags);
    }
    if (code) {
        r = mem_new(struct js_regex);
        r->code = code;
        r->match = pcre2_match_data_create(1, NULL);
        r->limits = pcre2_match_context_create(NULL);
        if (!r->match || !r->limits) {
            js_regex_free(r);
            r = NULL;
        }
    }
    if (r) {
        (void)pcre2_set_heap_limit(r->limits, MATCH_HEAP_KIB_MAX);
    }
    buf_fini(&pattern);
    mem_free(units.p);
    return r;
}

void js_regex_free(struct js_regex *r)
{
    if (r) {
        pcre2_code_free(r->code);
        pcre2_match_data_free(r->match);
        pcre2_match_context_free(r->limits);
        mem_free(r);
    }
}

/* Enough for any search that takes time in proportion to the text. */
static uint32_t match_steps(size_t n_units)
{
    size_t most = (UINT32_MAX - MATCH_STEPS) / MATCH_STEPS_PER_UNIT;

    return (uint32_t)(MATCH_STEPS + MATCH_STEPS_PER_UNIT * (n_units < most ? n_units : most));
}

static bool matches(const struct js_regex *r, const uint16_t *units, size_t n)
{
    (void)pcre2_set_match_limit(r->limits, match_steps(n));
    /* The conversion from UTF-8 made it valid UTF-16. */
    return pcre2_match(r->code, units, n, 0, PCRE2_NO_UTF_CHECK, r->match, r->limits) >= 0;
}

bool js_regex_test(const struct js_regex *r, struct bytes text)
{
    uint16_t few[FEW_UNITS];
    struct js_regex_units units;
    bool is_match;

    if (text.n <= FEW_UNITS) {
        return matches(r, few, to_units(text, few));
    }
    if (js_regex_to_units(text, &units) != 0) {
        return false;
    }
    is_match = matches(r, units.p, units.n);
    mem_free(units.p);
    return is_match;
}
