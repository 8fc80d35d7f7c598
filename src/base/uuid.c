/* SPDX-License-Identifier: MIT */
/*
 * UUIDs from blocks of the system's generator: one system call serves 64 ids. The block is the
 * one piece of process-wide state here, as the generator it caches is.
 */
#include "base/uuid.h"

#include <sys/random.h>

#include "base/assert.h"

enum { UUID_POOL_WORDS = 128 };

uint64_t uuid_random(void)
{
    static uint64_t pool[UUID_POOL_WORDS];
    static size_t left;

    if (left == 0) {
        char *at = (char *)pool;
        size_t need = sizeof(pool);

        while (need) {
            ssize_t n = getrandom(at, need, 0);

            ASSERT(n >= 0);
            at += n;
            need -= (size_t)n;
        }
        left = UUID_POOL_WORDS;
    }
    return pool[--left];
}

uint64_t uuid_random_below(uint64_t limit)
{
    ASSERT(limit > 0);
    return uuid_random() % limit;
}

void uuid_make(char out[UUID_TEXT_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    uint64_t high = (uuid_random() & ~0xf000ULL) | 0x4000ULL;
    uint64_t low = (uuid_random() & ~(3ULL << 62)) | (2ULL << 62);
    int at = 0;

    for (int i = 0; i < 32; i++) {
        uint64_t word = i < 16 ? high : low;

        if (i == 8 || i == 12 || i == 16 || i == 20) {
            out[at++] = '-';
        }
        out[at++] = hex[(word >> (60 - 4 * (i & 15))) & 15];
    }
}
