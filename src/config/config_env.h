/* SPDX-License-Identifier: MIT */
/* Environment variables: their names, and the values they stand for (docs/protocol.md, Options). */
#pragma once

#include "base/arena.h"

/* "registry.preferLocal" -> "REGISTRY_PREFERLOCAL". */
void config_env_name(const char *path, char *out, size_t room);
/* The value, borrowed; none when the variable is not set. */
struct bytes config_env_get(char *const *environment, const char *name);
/* JavaScript's Number(text): trimmed decimal, 0x, 0b, 0o; false for NaN. */
bool config_env_number(struct bytes text, double *out);
/*
 * All variables with the prefix as an object (json slice in the arena): levels are split at "__",
 * words of a level at "_" and joined in camel case; values are coerced to booleans and numbers as
 * the original does. BYTES_NONE when there are none.
 */
struct bytes config_env_object(char *const *environment, const char *prefix, struct arena *arena);
