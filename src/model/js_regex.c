/* SPDX-License-Identifier: MIT */
/* Compiles translated patterns with PCRE2 and runs them within limits. */
#define PCRE2_CODE_UNIT_WIDTH 16

#include "model/js_regex.h"

#include <pcre2.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "model/js_regex_internal.h"

enum {
    MATCH_STEPS = 200000,
    MATCH_STEPS_PER_UNIT = 12,
    MATCH_HEAP_KIB = 20000,
    MATCH_HEAP_KIB_PER_UNITS = 2, /* one more for so many */
    MATCH_HEAP_KIB_MAX = 128 << 10,
    SOURCE_BYTES_MAX = 64 << 10,
    PATTERN_BYTES_MAX = 1 << 20,
    LAZY_BYTES_MAX = 16 << 10, /* of a plain program whose counting one is sure to compile */
    LAZY_GROWTH = 5,           /* of a program by the calls at each item, at most */
    FEW_UNITS = 128,           /* of a usual text: no allocation */

    WORK_PER_ITEM = 16, /* a step costs as much as that many characters of a run */
    WORK_MAX = 4000000, /* of one match: less than ten milliseconds */
    WORK_PER_UNIT = 192,
    SHORT_UNITS = 32, /* the steps alone bound what texts up to this take */
    SHORT_STEPS = 64,
    SHORT_COUNT = 64, /* repetitions of one character that need no counting */

    ROOM_BYTES_KEPT = 256 << 10, /* between matches */
    ROOM_FRAMES_LEAST = 10,      /* that PCRE2 makes room for, whatever it needs */
};

/*
 * Two programs of one pattern. PCRE2 itself bounds steps only, and a step can run along the whole
 * text: that is good enough for short texts. The counting one calls back at every item;
 * usually it is made when the first longer text comes.
 */
struct js_regex {
    pcre2_code *plain, *counting; /* counting: NULL until it is needed */
    struct js_regex_flags flags;
    struct buf pattern;      /* what both are made of; empty when it is not needed any more */
    bool looks_at_items;     /* in the pattern, when work is counted */
    unsigned uncounted_work; /* of the longest run that is matched or not at one go */
};

/* No groups are read, but PCRE2 works in the match data, which only grow. */
struct js_regex_room {
    pcre2_match_data *match; /* NULL: to be made */
    pcre2_match_context *limits;
};

struct matching {
    struct js_regex *regex;
    struct js_regex_room *room;
    struct js_regex_units text;
    uint64_t *work; /* what is left */
};

/* The work of one match so far. */
struct work {
    const struct js_regex *regex;
    size_t position;
    uint64_t done, limit;
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

/* Without the flag u, ASCII letters fold to ASCII ones only. References and escapes of characters
 * may bring others. */
static bool folds_ascii(struct js_regex_units source)
{
    for (size_t i = 0; i < source.n; i++) {
        if (source.p[i] >= 0x80 || (i > 0 && source.p[i - 1] == '\\' && source.p[i] &&
                                    strchr("0123456789xuk", source.p[i]))) {
            return false;
        }
    }
    return true;
}

static void add_text(struct buf *out, const char *text)
{
    for (; *text; text++) {
        uint16_t unit = (uint16_t)*text;

        buf_add(out, bytes_of((const char *)&unit, sizeof(unit)));
    }
}

/* The pattern as a search: so the limits hold for the whole search, and PCRE2's guesses about where
 * to start (wrong ones at times) are not needed. */
static void add_search(struct buf *out, struct bytes body, bool at_start)
{
    add_text(out, at_start ? "(?:" : ".*?(?:");
    buf_add(out, body);
    add_text(out, ")");
}

static pcre2_code *compile(const struct buf *pattern, struct js_regex_flags flags, uint32_t options)
{
    size_t offset;
    int error;

    options |= PCRE2_ANCHORED | PCRE2_DOTALL | PCRE2_MATCH_UNSET_BACKREF | PCRE2_NO_START_OPTIMIZE |
               PCRE2_NEVER_BACKSLASH_C;
    options |= flags.ignore_case ? PCRE2_CASELESS : 0;
    options |= flags.ignore_case && !flags.folds_ascii ? PCRE2_UCP : 0;
    options |= flags.unicode ? PCRE2_UTF | PCRE2_UCP : 0;
    return pcre2_compile((PCRE2_SPTR)(const void *)pattern->p, pattern->n / sizeof(uint16_t),
                         options, &error, &offset, NULL);
}

static struct js_regex_units units_of(const struct buf *pattern)
{
    return (struct js_regex_units){(uint16_t *)(void *)pattern->p, pattern->n / sizeof(uint16_t)};
}

/* The largest n of {n} or {n,m}, and whether there are references to groups. */
static unsigned largest_count(struct js_regex_units pattern, bool *out_refers)
{
    unsigned largest = 0;

    *out_refers = false;
    for (size_t i = 1; i < pattern.n; i++) {
        bool escaped = pattern.p[i - 1] == '\\';
        unsigned count = 0;

        *out_refers |= escaped && (pattern.p[i] == 'g' || pattern.p[i] == 'k');
        for (size_t k = i + 1; pattern.p[i] == '{' && k < pattern.n && pattern.p[k] >= '0' &&
                               pattern.p[k] <= '9' && count < 100000;
             k++) {
            count = count * 10 + (unsigned)(pattern.p[k] - '0');
        }
        largest = count > largest && pattern.p[i - 1] != 'x' ? count : largest;
    }
    return largest;
}

static void find_uncounted(struct js_regex *r)
{
    bool refers;
    unsigned largest = largest_count(units_of(&r->pattern), &refers);

    r->uncounted_work = largest > SHORT_COUNT ? largest : 0;
    r->looks_at_items = refers || r->uncounted_work > 0;
}

static bool prepare_counting(struct js_regex *r)
{
    if (!r->counting) {
        r->counting = compile(&r->pattern, r->flags, PCRE2_AUTO_CALLOUT);
        if (!r->looks_at_items) {
            buf_fini(&r->pattern);
            buf_init(&r->pattern, PATTERN_BYTES_MAX);
        }
    }
    return r->counting != NULL;
}

static size_t program_bytes(const pcre2_code *code)
{
    size_t n = 0;

    (void)pcre2_pattern_info(code, PCRE2_INFO_SIZE, &n);
    return n;
}

size_t js_regex_bytes(const struct js_regex *r)
{
    size_t plain = program_bytes(r->plain);
    size_t counting = r->counting ? program_bytes(r->counting) : LAZY_GROWTH * plain;

    return plain + counting + r->pattern.n;
}

struct js_regex *js_regex_new(struct bytes source, struct bytes flags_text)
{
    struct js_regex_flags flags;
    struct js_regex_units units;
    struct js_regex *r;
    struct buf body;
    bool at_start;

    if (source.n > SOURCE_BYTES_MAX || !read_flags(flags_text, &flags) ||
        js_regex_to_units(source, &units) != 0) {
        return NULL;
    }
    flags.folds_ascii = flags.ignore_case && !flags.unicode && folds_ascii(units);
    r = mem_new(struct js_regex);
    r->flags = flags;
    buf_init(&r->pattern, PATTERN_BYTES_MAX);
    buf_init(&body, PATTERN_BYTES_MAX);
    if (js_regex_translate(units, flags, &body, &at_start) == 0) {
        add_search(&r->pattern, buf_bytes(&body), at_start || flags.sticky);
        r->plain = compile(&r->pattern, flags, 0);
    }
    buf_fini(&body);
    mem_free(units.p);
    find_uncounted(r);
    if (!r->plain || (program_bytes(r->plain) > LAZY_BYTES_MAX && !prepare_counting(r))) {
        js_regex_free(r);
        return NULL;
    }
    return r;
}

void js_regex_free(struct js_regex *r)
{
    if (r) {
        pcre2_code_free(r->plain);
        pcre2_code_free(r->counting);
        buf_fini(&r->pattern);
        mem_free(r);
    }
}

struct js_regex_room *js_regex_room_new(void)
{
    return mem_new(struct js_regex_room);
}

void js_regex_room_free(struct js_regex_room *room)
{
    if (room) {
        pcre2_match_data_free(room->match);
        pcre2_match_context_free(room->limits);
        mem_free(room);
    }
}

static bool room_prepare(struct js_regex_room *room)
{
    if (!room->limits) {
        room->limits = pcre2_match_context_create(NULL);
    }
    if (!room->match) {
        room->match = pcre2_match_data_create(1, NULL);
    }
    return room->limits && room->match;
}

/* frames: what a match may have made room for at most. */
static void room_drop(struct js_regex_room *room, const pcre2_code *code, uint64_t frames)
{
    size_t frame_bytes = 0;

    frames = frames > ROOM_FRAMES_LEAST ? frames : ROOM_FRAMES_LEAST;
    (void)pcre2_pattern_info(code, PCRE2_INFO_FRAMESIZE, &frame_bytes);
    if (frames * frame_bytes > ROOM_BYTES_KEPT) {
        pcre2_match_data_free(room->match);
        room->match = NULL;
    }
}

static size_t longest_group(const pcre2_callout_block *at)
{
    size_t longest = 0;

    for (uint32_t i = 1; i < at->capture_top; i++) {
        PCRE2_SIZE start = at->offset_vector[2 * (size_t)i];
        PCRE2_SIZE end = at->offset_vector[2 * (size_t)i + 1];

        longest =
            start != PCRE2_UNSET && end > start && end - start > longest ? end - start : longest;
    }
    return longest;
}

/* What the item at hand can look at before it is told whether it matches. */
static uint64_t uncounted_work(const struct js_regex *r, const pcre2_callout_block *at)
{
    struct js_regex_units pattern = units_of(&r->pattern);
    const uint16_t *item = pattern.p + at->pattern_position;
    size_t n = at->next_item_length;

    if (pattern.n == 0 || n == 0 || at->pattern_position + n > pattern.n) {
        return 0;
    }
    if (n > 1 && item[0] == '\\' && (item[1] == 'g' || item[1] == 'k')) {
        return longest_group(at) + r->uncounted_work;
    }
    return item[n - 1] == '}' || item[n - 1] == '?' ? r->uncounted_work : 0;
}

static int count_work(pcre2_callout_block *at, void *data)
{
    struct work *work = data;
    size_t position = at->current_position;
    size_t moved =
        position > work->position ? position - work->position : work->position - position;

    work->position = position;
    work->done += WORK_PER_ITEM + moved + uncounted_work(work->regex, at);
    return work->done > work->limit ? PCRE2_ERROR_CALLOUT : 0;
}

static int match(const struct matching *m, const pcre2_code *code, size_t steps)
{
    pcre2_match_context *limits = m->room->limits;
    size_t heap_kib = MATCH_HEAP_KIB + m->text.n / MATCH_HEAP_KIB_PER_UNITS;

    (void)pcre2_set_match_limit(limits, steps < UINT32_MAX ? (uint32_t)steps : UINT32_MAX);
    (void)pcre2_set_heap_limit(limits, heap_kib < MATCH_HEAP_KIB_MAX ? (uint32_t)heap_kib
                                                                     : MATCH_HEAP_KIB_MAX);
    /* The conversion made it valid UTF-16. */
    return pcre2_match(code, m->text.p, m->text.n, 0, PCRE2_NO_UTF_CHECK, m->room->match, limits);
}

/* PCRE2's answer: what is neither a match nor none has given up. */
static int match_counting(const struct matching *m)
{
    size_t n = m->text.n;
    struct work counted = {.regex = m->regex, .limit = WORK_MAX + WORK_PER_UNIT * (uint64_t)n};
    int result;

    if (!prepare_counting(m->regex)) {
        return PCRE2_ERROR_NOMEMORY;
    }
    counted.limit = counted.limit < *m->work ? counted.limit : *m->work;
    (void)pcre2_set_callout(m->room->limits, count_work, &counted);
    result = match(m, m->regex->counting, MATCH_STEPS + MATCH_STEPS_PER_UNIT * n);
    *m->work -= counted.done < *m->work ? counted.done : *m->work;
    /* No item takes more than one frame at a time. */
    room_drop(m->room, m->regex->counting, counted.done / WORK_PER_ITEM);
    return result;
}

static int match_some(const struct matching *m)
{
    uint64_t least = WORK_PER_ITEM + m->text.n;
    size_t steps = SHORT_STEPS + MATCH_STEPS_PER_UNIT * m->text.n;
    int result;

    if (!room_prepare(m->room)) {
        return PCRE2_ERROR_NOMEMORY;
    }
    if (m->text.n > SHORT_UNITS) {
        return match_counting(m);
    }
    result = match(m, m->regex->plain, steps);
    *m->work -= least < *m->work ? least : *m->work;
    if (result == PCRE2_ERROR_MATCHLIMIT) {
        return match_counting(m);
    }
    room_drop(m->room, m->regex->plain, steps);
    return result;
}

static enum js_regex_outcome outcome_of(int result)
{
    if (result >= 0) {
        return JS_REGEX_MATCHES;
    }
    return result == PCRE2_ERROR_NOMATCH ? JS_REGEX_DIFFERS : JS_REGEX_GAVE_UP;
}

/* NOLINTBEGIN(readability-non-const-parameter): what matching takes is subtracted from work */
enum js_regex_outcome js_regex_match(struct js_regex *r, struct bytes text,
                                     struct js_regex_room *room, uint64_t *work)
{
    uint16_t few[FEW_UNITS];
    struct matching m = {.regex = r, .room = room, .text = {.p = few}, .work = work};
    int result;

    if (*work == 0) {
        return JS_REGEX_GAVE_UP;
    }
    if (text.n <= FEW_UNITS) {
        m.text.n = to_units(text, few);
        return outcome_of(match_some(&m));
    }
    if (js_regex_to_units(text, &m.text) != 0) {
        return JS_REGEX_GAVE_UP;
    }
    result = match_some(&m);
    mem_free(m.text.p);
    return outcome_of(result);
}
/* NOLINTEND(readability-non-const-parameter) */

bool js_regex_test(struct js_regex *r, struct bytes text)
{
    struct js_regex_room *room = js_regex_room_new();
    uint64_t work = UINT64_MAX;
    enum js_regex_outcome outcome = js_regex_match(r, text, room, &work);

    js_regex_room_free(room);
    return outcome == JS_REGEX_MATCHES;
}
