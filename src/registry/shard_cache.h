/* SPDX-License-Identifier: MIT */
/* The places of the last keys that Shard was asked for; the least recently used goes. */
#pragma once

#include "base/list.h"
#include "base/map.h"

enum {
    SHARD_CACHE_MAX = 10000,     /* keys, whatever cacheSize says */
    SHARD_CACHE_KEY_BYTES = 128, /* longer keys are not kept */
};

struct shard_cache {
    struct map entries;
    struct list used; /* the most recently used first */
    unsigned max;     /* 0: nothing is kept */
};

void shard_cache_init(struct shard_cache *c, double size);
void shard_cache_clear(struct shard_cache *c); /* frees all of it */
/* False when it is not known. */
bool shard_cache_get(struct shard_cache *c, struct bytes key, unsigned *out_place);
/* The key is not known yet. */
void shard_cache_put(struct shard_cache *c, struct bytes key, unsigned place);
