/* SPDX-License-Identifier: MIT */
/*
 * Regular expressions as JavaScript (ECMAScript 2023, with its web legacy) reads them, on PCRE2.
 * Text is matched in UTF-16 units, in whole characters with the flag u. The work and the
 * memory of a match are bounded, in proportion to the text: what takes more gives up. Patterns end
 * at 64 KiB. Not supported: the flag v, look-behind of variable length. With the flag i alone, some
 * thirty pairs such as the Ohm sign and omega match each other although JavaScript joins them with
 * the flag u only.
 */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

struct js_regex;
/* What matching works in: of one match at a time, so patterns share it. Small between matches. */
struct js_regex_room;

/* The text between the slashes, and flags of "dgimsuy". NULL: it is not valid or not supported. */
struct js_regex *js_regex_new(struct bytes source, struct bytes flags);
void js_regex_free(struct js_regex *r); /* NULL passes */
/* What its programs take of memory at most: one of them is made when a longer text comes. */
size_t js_regex_bytes(const struct js_regex *r);
/* As RegExp.prototype.test on a fresh object: anywhere in the text, or at its start with y. What
 * gives up does not match. */
bool js_regex_test(struct js_regex *r, struct bytes text);

struct js_regex_room *js_regex_room_new(void);
void js_regex_room_free(struct js_regex_room *room); /* NULL passes */

enum js_regex_outcome {
    JS_REGEX_DIFFERS,
    JS_REGEX_MATCHES,
    JS_REGEX_GAVE_UP /* it takes too much work or memory to tell */
};

/* The same as a part of something larger: what it takes is subtracted from work, in characters that
 * are looked at. At 0 it gives up. */
enum js_regex_outcome js_regex_match(struct js_regex *r, struct bytes text,
                                     struct js_regex_room *room, uint64_t *work);
