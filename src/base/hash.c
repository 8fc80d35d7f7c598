/* SPDX-License-Identifier: MIT */
/* SipHash (Aumasson and Bernstein, 2012), one round a word and three at the end. */
#include "base/hash.h"

#include <endian.h>

#include "base/uuid.h"

struct state {
    uint64_t a, b, c, d;
};

struct hash_key hash_key_random(void)
{
    return (struct hash_key){uuid_random(), uuid_random()};
}

static inline uint64_t turn(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static inline struct state mix(struct state s)
{
    s.a += s.b;
    s.c += s.d;
    s.b = turn(s.b, 13) ^ s.a;
    s.d = turn(s.d, 16) ^ s.c;
    s.a = turn(s.a, 32) + s.d;
    s.c += s.b;
    s.b = turn(s.b, 17) ^ s.c;
    s.d = turn(s.d, 21) ^ s.a;
    s.c = turn(s.c, 32);
    return s;
}

static inline struct state add(struct state s, uint64_t word)
{
    s.d ^= word;
    s = mix(s);
    s.a ^= word;
    return s;
}

/* Of the first eight bytes, little-endian. */
static inline uint64_t load(const char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof(word));
    return le64toh(word);
}

/* What is left after the whole words, and the length. */
static inline uint64_t load_end(struct bytes b)
{
    uint64_t word = 0;

    for (size_t n = b.n; n % 8; n--) {
        word = word << 8 | (unsigned char)b.p[n - 1];
    }
    return (uint64_t)b.n << 56 | word;
}

uint64_t hash_bytes(const struct hash_key *key, struct bytes b)
{
    struct state s = {key->low ^ 0x736f6d6570736575, key->high ^ 0x646f72616e646f6d,
                      key->low ^ 0x6c7967656e657261, key->high ^ 0x7465646279746573};
    size_t at = 0;

    for (; b.n - at >= 8; at += 8) {
        s = add(s, load(b.p + at));
    }
    s = add(s, load_end(b));
    s.c ^= 0xff;
    s = mix(mix(mix(s)));
    return s.a ^ s.b ^ s.c ^ s.d;
}
