/* SPDX-License-Identifier: MIT */
/* Private to js_regex: from JavaScript's spelling of a pattern to PCRE2's. */
#pragma once

#include <stdint.h>

#include "base/buf.h"

struct js_regex_flags {
    bool ignore_case, multiline, dot_all, unicode, sticky;
};

/* UTF-16 in host order. */
struct js_regex_units {
    uint16_t *p; /* owned, mem_free */
    size_t n;
};

/* ERR_NO_MEMORY for texts that are too large. */
int js_regex_to_units(struct bytes text, struct js_regex_units *out) MUST_CHECK;
/* Appends the PCRE2 pattern, UTF-16 in host order, to out. ERR_SYNTAX. */
int js_regex_translate(struct js_regex_units source, struct js_regex_flags flags,
                       struct buf *out) MUST_CHECK;
