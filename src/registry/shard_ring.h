/* SPDX-License-Identifier: MIT */
/*
 * The ring of the strategy Shard, to the number as the original builds it (docs/protocol.md,
 * Choosing an endpoint). Its entries lie at equal distances and take turns over the sorted nodes,
 * so the one that a hash belongs to is found by arithmetic, and none is stored, however many there
 * are.
 */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

enum { SHARD_RING_VNODES_MAX = 1000000 };

struct shard_ring {
    double size;    /* the last entry's place */
    double slice;   /* distance of two entries */
    double modulus; /* of hashes; 0: none */
    uint64_t n_entries;
    unsigned n_nodes;
};

/* n_nodes > 0; vnodes > 0, more than the most counts as that; ring_size 0: 2^32. */
void shard_ring_init(struct shard_ring *ring, unsigned n_nodes, double vnodes, double ring_size);
/* Index among the sorted nodes, or n_nodes: it has no place (the size is negative). */
unsigned shard_ring_find(const struct shard_ring *ring, struct bytes key);
/* The order in which JavaScript sorts texts: by UTF-16 units. Below, above or 0. */
int shard_ring_compare(struct bytes a, struct bytes b);
