/* SPDX-License-Identifier: MIT */
/* Waiting times between attempts: doubled from first to most, with jitter. */
#pragma once

#include <stdint.h>

struct net_backoff {
    unsigned first_ms, most_ms; /* set by the owner */
    unsigned attempt;           /* 0 after net_backoff_reset */
};

/* The next delay: min(first << attempt, most), of which up to a fifth is random. */
uint64_t net_backoff_next_ms(struct net_backoff *backoff);
void net_backoff_reset(struct net_backoff *backoff);
