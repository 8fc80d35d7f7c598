/* SPDX-License-Identifier: MIT */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

enum { UTF8_MAX_BYTES = 4 };

/* The bytes at the start of b that are whole, valid sequences outside ASCII. */
size_t utf8_skip_wide(struct bytes b);
bool utf8_is_valid(struct bytes b);
/*
 * Reads one character off a non-empty b and returns its length. Invalid bytes give U+FFFD for each
 * maximal part, as browsers and Node.js decode them.
 */
size_t utf8_read(struct bytes b, uint32_t *out_char);
/* Writes a character (surrogates become U+FFFD) and returns its length. */
size_t utf8_write(uint32_t character, char out[UTF8_MAX_BYTES]);
