/* SPDX-License-Identifier: MIT */
/*
 * SipHash-1-3: whoever chooses the bytes but does not know the key cannot make hashes collide.
 * For tables in memory, not for authentication.
 */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

struct hash_key {
    uint64_t low, high;
};

struct hash_key hash_key_random(void);
uint64_t hash_bytes(const struct hash_key *key, struct bytes b);
