/* SPDX-License-Identifier: MIT */
/* Doubling delays with jitter. */
#include "net/net_backoff.h"

#include "base/uuid.h"

enum { ATTEMPTS_MAX = 30 };

uint64_t net_backoff_next_ms(struct net_backoff *backoff)
{
    uint64_t delay = (uint64_t)backoff->first_ms << backoff->attempt;

    if (backoff->attempt < ATTEMPTS_MAX) {
        backoff->attempt++;
    }
    delay = delay < backoff->most_ms ? delay : backoff->most_ms;
    return delay - uuid_random_below(delay / 5 + 1);
}

void net_backoff_reset(struct net_backoff *backoff)
{
    backoff->attempt = 0;
}
