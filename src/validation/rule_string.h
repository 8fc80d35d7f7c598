/* SPDX-License-Identifier: MIT */
/* The settings of the rule "string", between its two files. */
#pragma once

#include "validation/rule.h"

struct rule_string_padding {
    size_t units; /* 0: none */
    struct bytes text;
};

struct rule_string {
    struct rule rule;
    struct rule_limit min, max, length;
    struct js_regex *pattern;
    struct bytes pattern_text; /* as errors show it */
    struct value *contains;
    struct rule_list list; /* "enum" */
    struct rule_string_padding pad_start, pad_end;
    bool convert, must_have_text, may_be_empty;
    bool numeric, alpha, alphanum, alphadash, hex, single_line, base64;
    bool trim, trim_left, trim_right;
    bool lower, upper, lower_again, upper_again; /* in this order */
};

bool rule_string_read_sanitizers(struct rule_compiler *c, const struct value *schema,
                                 struct rule_string *s);
/* The text itself when nothing changes. */
struct bytes rule_string_sanitize(const struct rule_string *s, struct bytes text,
                                  struct arena *arena);
void rule_string_add_char(struct buf *out, uint32_t character);
/* String.prototype.toLowerCase */
struct bytes rule_string_lower(struct bytes text, struct arena *arena);
