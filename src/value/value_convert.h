/* SPDX-License-Identifier: MIT */
/* JavaScript's conversions and comparisons of values: String(), Number(), === and ==. */
#pragma once

#include "value/value.h"

/* String(v); inside arrays null and undefined are empty. */
void value_convert_add_text(struct buf *out, const struct value *v);
struct bytes value_convert_text(const struct value *v, struct arena *arena);
/* Number(v): may be NaN. */
double value_convert_number(const struct value *v);
double value_convert_text_number(struct bytes text); /* Number("...") */

/* Objects and arrays equal only themselves. */
bool value_convert_is_same(const struct value *a, const struct value *b);  /* === */
bool value_convert_is_loose(const struct value *a, const struct value *b); /* == */

/* Length of UTF-8 text in UTF-16 units, as JavaScript counts. */
size_t value_convert_units(struct bytes text);
/* Without JavaScript's white space. */
struct bytes value_convert_trim_start(struct bytes text);
struct bytes value_convert_trim_end(struct bytes text);
