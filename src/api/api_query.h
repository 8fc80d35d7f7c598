/* SPDX-License-Identifier: MIT */
/*
 * A query string as JSON, in the manner of Node's qs: a[b]=1 nests, a[]=x and
 * repeats make lists, numeric brackets too, deeper than five stays one key, all values are texts.
 */
#pragma once

#include "json/json.h"

/* At most 1,000 members are read, as qs does. The object as a json slice in the arena. */
struct bytes api_query_to_json(struct bytes query, struct arena *arena);
