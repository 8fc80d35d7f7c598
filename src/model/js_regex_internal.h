/* SPDX-License-Identifier: MIT */
/* Private to js_regex: from JavaScript's spelling of a pattern to PCRE2's. */
#pragma once

#include <stdint.h>

#include "base/buf.h"

struct js_regex_flags {
    bool ignore_case, multiline, dot_all, unicode, sticky;
    bool folds_ascii; /* i, and nothing but ASCII letters can be meant: PCRE2 needs no Unicode */
};

/* UTF-16 in host order. */
struct js_regex_units {
    uint16_t *p; /* owned, mem_free */
    size_t n;
};

/* ERR_NO_MEMORY for texts that are too large. */
int js_regex_to_units(struct bytes text, struct js_regex_units *out) MUST_CHECK;
/*
 * Appends the PCRE2 pattern, UTF-16 in host order, to out; it is for PCRE2_DOTALL and to be matched
 * at a place, not searched. out_at_start: it can match at the start of a text only. ERR_SYNTAX.
 */
int js_regex_translate(struct js_regex_units source, struct js_regex_flags flags, struct buf *out,
                       bool *out_at_start) MUST_CHECK;

/* --- between js_regex_translate.c and js_regex_class.c --- */
enum js_regex_after {
    JS_REGEX_AFTER_NOTHING, /* a quantifier is an error here */
    JS_REGEX_AFTER_ATOM,
    JS_REGEX_AFTER_QUANTIFIER
};

enum { JS_REGEX_DEPTH_MAX = 250 };

struct js_regex_translation {
    const uint16_t *p, *end;
    struct js_regex_flags flags;
    struct buf *out;
    unsigned n_groups, depth;
    enum js_regex_after after_group[JS_REGEX_DEPTH_MAX]; /* what may follow the open ones */
    bool has_names, failed;
    bool at_start;     /* begins with ^ and has no other branch */
    unsigned covered;  /* which of the folding characters the class at hand names */
    size_t members_at; /* where its members begin in out */
    enum js_regex_after after;
};

static inline bool js_regex_next_is(const struct js_regex_translation *t, size_t offset, char c)
{
    return (size_t)(t->end - t->p) > offset && t->p[offset] == (uint16_t)c;
}

bool js_regex_is_alphanumeric(uint32_t c); /* ASCII */
void js_regex_emit_unit(struct js_regex_translation *t, uint16_t unit);
void js_regex_emit(struct js_regex_translation *t, const char *text);
void js_regex_emit_number(struct js_regex_translation *t, const char *before, uint32_t value,
                          unsigned base);
/* A character standing for itself. */
void js_regex_emit_literal(struct js_regex_translation *t, uint32_t c);
/* The class escapes \d \w \s and their opposites outside a class; false: another letter. */
bool js_regex_emit_set(struct js_regex_translation *t, uint16_t letter);
/* \p{...} or \P{...} with the flag u; p is at the letter. */
void js_regex_emit_property(struct js_regex_translation *t);
/* p is behind '['. */
void js_regex_emit_class(struct js_regex_translation *t);
/* Behind the backslash: an escape that means one character, in a class or outside. */
uint32_t js_regex_read_escape(struct js_regex_translation *t);
