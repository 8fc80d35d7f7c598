/* SPDX-License-Identifier: MIT */
/* Event patterns: the plain forms by comparing, the rest as regular expressions. */
#include "model/event_match.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/js_regex.h"

enum event_kind {
    EVENT_KIND_EQUAL,
    EVENT_KIND_PREFIX,  /* "x**" */
    EVENT_KIND_SEGMENT, /* "x*" */
    EVENT_KIND_ONE,     /* "*" */
    EVENT_KIND_ANY,     /* "**" */
    EVENT_KIND_REGEX
};

struct event_pattern {
    enum event_kind kind;
    struct bytes text;          /* owned; without the stars */
    struct js_regex *regex;     /* owned */
    struct js_regex_room *room; /* owned, with regex */
};

/* Of one test: what a usual pattern takes of a usual name many times over, and a fraction of a
 * millisecond. */
enum { TEST_WORK = 100000, TEST_WORK_PER_BYTE = 192 };

/* Every byte that is none of the three characters is regular expression source as it stands. */
static struct js_regex *compile(struct bytes pattern)
{
    struct js_regex *regex;
    struct buf source;

    buf_init(&source, BUF_NO_LIMIT);
    buf_add_char(&source, '^');
    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];

        if (c == '?') {
            buf_add_char(&source, '.');
        } else if (c == '*' && i + 1 < pattern.n && pattern.p[i + 1] == '*') {
            buf_add(&source, BYTES(".*"));
            i++;
        } else if (c == '*') {
            buf_add(&source, BYTES("[^.]*"));
        } else {
            buf_add(&source, c == '$' && i == 0 ? BYTES("\\$") : bytes_of(&c, 1));
        }
    }
    buf_add_char(&source, '$');
    regex = js_regex_new(buf_bytes(&source), BYTES_NONE);
    buf_fini(&source);
    return regex;
}

static enum event_kind kind_of(struct bytes pattern)
{
    size_t star = bytes_find(pattern, '*');
    size_t n_stars = pattern.n - star;

    if (bytes_find(pattern, '?') < pattern.n) {
        return EVENT_KIND_REGEX;
    }
    if (n_stars == 0) {
        return EVENT_KIND_EQUAL;
    }
    if (n_stars == 2 && pattern.p[star + 1] == '*') {
        return pattern.n == 2 ? EVENT_KIND_ANY : EVENT_KIND_PREFIX;
    }
    if (n_stars == 1) {
        return pattern.n == 1 ? EVENT_KIND_ONE : EVENT_KIND_SEGMENT;
    }
    return EVENT_KIND_REGEX;
}

struct event_pattern *event_pattern_new(struct bytes pattern)
{
    struct event_pattern *p = mem_new(struct event_pattern);

    p->kind = kind_of(pattern);
    if (p->kind == EVENT_KIND_REGEX) {
        p->regex = compile(pattern);
        if (!p->regex) {
            event_pattern_free(p);
            return NULL;
        }
        p->room = js_regex_room_new();
        return p;
    }
    p->text.n = bytes_find(pattern, '*');
    p->text.p = mem_strndup(pattern.p, p->text.n);
    return p;
}

void event_pattern_free(struct event_pattern *p)
{
    if (p) {
        js_regex_free(p->regex);
        js_regex_room_free(p->room);
        mem_free((char *)(uintptr_t)p->text.p);
        mem_free(p);
    }
}

/*
 * The original looks for the point from the pattern's length on, not from the fixed part's: one
 * character behind the fixed part goes unseen.
 */
static bool matches_segment(struct bytes name, struct bytes prefix)
{
    struct bytes rest;
    uint32_t unseen;

    if (!bytes_starts_with(name, prefix)) {
        return false;
    }
    rest = bytes_from(name, prefix.n);
    rest = rest.n ? bytes_from(rest, utf8_read(rest, &unseen)) : rest;
    return bytes_find(rest, '.') == rest.n;
}

static bool test_regex(const struct event_pattern *p, struct bytes name, uint64_t *work)
{
    uint64_t most = TEST_WORK + TEST_WORK_PER_BYTE * (uint64_t)name.n;
    uint64_t left = *work < most ? *work : most;
    uint64_t given = left;
    bool matches = js_regex_match(p->regex, name, p->room, &left) == JS_REGEX_MATCHES;

    *work -= given - left;
    return matches;
}

bool event_pattern_test(const struct event_pattern *p, struct bytes name)
{
    uint64_t work = UINT64_MAX;

    return event_pattern_test_within(p, name, &work);
}

bool event_pattern_test_within(const struct event_pattern *p, struct bytes name, uint64_t *work)
{
    switch (p->kind) {
    case EVENT_KIND_EQUAL:
        return bytes_eq(name, p->text);
    case EVENT_KIND_PREFIX:
        return bytes_starts_with(name, p->text);
    case EVENT_KIND_SEGMENT:
        return matches_segment(name, p->text);
    case EVENT_KIND_ONE:
        return bytes_find(name, '.') == name.n;
    case EVENT_KIND_ANY:
        return true;
    case EVENT_KIND_REGEX:
        break;
    }
    return test_regex(p, name, work);
}

bool event_match(struct bytes name, struct bytes pattern)
{
    struct event_pattern *p = event_pattern_new(pattern);
    bool matches = p && event_pattern_test(p, name);

    event_pattern_free(p);
    return matches;
}
