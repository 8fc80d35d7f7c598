/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>
#include <time.h>

#define BENCH_NS_PER_MS 1000000ULL
#define BENCH_NS_PER_S  1000000000ULL

static inline uint64_t bench_clock_read_ns(clockid_t clock)
{
    struct timespec ts;

    (void)clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * BENCH_NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Monotonic time, the base of all latencies and timers here. */
static inline uint64_t bench_clock_now_ns(void)
{
    return bench_clock_read_ns(CLOCK_MONOTONIC);
}
