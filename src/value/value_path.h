/* SPDX-License-Identifier: MIT */
/* Dotted paths into a tree, as cache keys, sharding and settings name them. */
#pragma once

#include "value/value.h"

/*
 * A member whose name is the whole path wins; else the path is split at '.' and [...] (a number or
 * a quoted text), empty parts being names, too. Arrays and strings have "length" and indices.
 * NULL: undefined. What is not part of the tree (a length, a character) is made in the arena.
 */
struct value *value_path_get(struct value *root, struct bytes path, struct arena *arena);
