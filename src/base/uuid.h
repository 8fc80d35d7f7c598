/* SPDX-License-Identifier: MIT */
/* Version 4 UUIDs and random numbers for ids and jitter, from a generator seeded by the system. */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

enum { UUID_TEXT_BYTES = 36 };

/* Lower-case text with dashes; not terminated. */
void uuid_make(char out[UUID_TEXT_BYTES]);
uint64_t uuid_random(void);
/* Uniform in [0, limit), limit > 0. */
uint64_t uuid_random_below(uint64_t limit);
