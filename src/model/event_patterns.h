/* SPDX-License-Identifier: MIT */
/* Several event patterns, compiled together. What others hand in has limits (event_match.h says
 * what a pattern is). */
#pragma once

#include "model/event_match.h"
#include "json/json.h"

enum { EVENT_PATTERNS_MAX = 100, EVENT_PATTERN_BYTES_MAX = 255 };

/* In the caller's memory. */
struct event_patterns {
    struct event_pattern **all; /* owned */
    size_t n;
};

/* slice: a text, or an array whose texts count; anything else gives none. Those that are invalid
 * are left out: they match nothing. */
void event_patterns_init(struct event_patterns *p, struct bytes slice);
void event_patterns_fini(struct event_patterns *p); /* zeroed passes; it is empty afterwards */
/* Whether one of them matches. */
bool event_patterns_test(const struct event_patterns *p, struct bytes name);
/* How many bytes the longest text of such a slice has. */
size_t event_patterns_longest(struct bytes slice);
