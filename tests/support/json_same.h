/* SPDX-License-Identifier: MIT */
/* Compares JSON as values: the order of members does not count, everything else does. */
#pragma once

#include "json/json.h"

/* Numbers are equal when their text is. Objects must not repeat names. */
bool json_same(struct bytes a, struct bytes b);
/* Fails the test showing both. */
void json_check_same(struct bytes got, struct bytes want, const char *file, int line);

#define assert_json_same(got, want) json_check_same(got, want, __FILE__, __LINE__)
