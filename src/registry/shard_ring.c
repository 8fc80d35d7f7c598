/* SPDX-License-Identifier: MIT */
/* Hashes, and the arithmetic of the ring in the doubles that the original computes with. */
#include "registry/shard_ring.h"

#include <math.h>

#include <openssl/evp.h>

enum { MD5_BYTES = 16, HASH_BYTES = 4, WIDE_LEAD = 0xf0, HIGH_LEAD = 0xee };

static const double WHOLE = 4294967296.0;

void shard_ring_init(struct shard_ring *ring, unsigned n_nodes, double vnodes, double ring_size)
{
    vnodes = vnodes < SHARD_RING_VNODES_MAX ? vnodes : SHARD_RING_VNODES_MAX;
    *ring = (struct shard_ring){
        .size = ring_size != 0 ? ring_size : WHOLE,
        .modulus = ring_size,
        .n_entries = (uint64_t)ceil(vnodes) * n_nodes,
        .n_nodes = n_nodes,
    };
    ring->slice = ring->size / (n_nodes * vnodes);
}

/* The first 32 bits of the text's MD5. */
static double hash_of(struct bytes text)
{
    unsigned char digest[MD5_BYTES] = {0};
    uint32_t hash = 0;

    (void)EVP_Digest(text.p, text.n, digest, NULL, EVP_md5(), NULL);
    for (int i = 0; i < HASH_BYTES; i++) {
        hash = hash << 8 | digest[i];
    }
    return hash;
}

unsigned shard_ring_find(const struct shard_ring *ring, struct bytes key)
{
    double hash = hash_of(key);
    uint64_t first = 1;
    uint64_t last = ring->n_entries;

    if (ring->modulus != 0) {
        hash = fmod(hash, ring->modulus);
    }
    if (hash > ring->size) {
        return ring->n_nodes;
    }
    /* Entries count from 1; the last takes whatever is left. */
    while (first < last) {
        uint64_t middle = first + (last - first) / 2;

        if (hash <= floor(ring->slice * (double)middle)) {
            last = middle;
        } else {
            first = middle + 1;
        }
    }
    return (unsigned)((first - 1) % ring->n_nodes);
}

/* Surrogates, which characters of four bytes become, stand before U+E000 to U+FFFF. */
static int rank_of(unsigned char lead)
{
    if (lead >= WIDE_LEAD) {
        return lead - WIDE_LEAD + HIGH_LEAD;
    }
    return lead >= HIGH_LEAD ? lead - HIGH_LEAD + UINT8_MAX : lead;
}

int shard_ring_compare(struct bytes a, struct bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;

    for (size_t i = 0; i < n; i++) {
        if (a.p[i] != b.p[i]) {
            return rank_of((unsigned char)a.p[i]) - rank_of((unsigned char)b.p[i]);
        }
    }
    return (a.n > b.n) - (a.n < b.n);
}
