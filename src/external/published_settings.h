/* SPDX-License-Identifier: MIT */
/* The settings of a service as others may see them: without its secrets. */
#pragma once

#include "json/json.h"

enum { PUBLISHED_SETTINGS_PATHS_MAX = 256, PUBLISHED_SETTINGS_DEPTH_MAX = 32 };

/*
 * Writes settings (a json slice; none and null: {}) without what $secureSettings lists and without
 * that list. Its entries are keys, dotted paths ("db.password", "nodes[0].key") or arrays of keys;
 * it counts only if it is an array. ERR_LIMIT: more or deeper paths than above; what has been
 * written then must not be used.
 */
int published_settings_write(struct json_writer *w, struct bytes settings) MUST_CHECK;
