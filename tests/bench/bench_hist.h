/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/* A histogram of times in nanoseconds, exact to 1/64 from 64 ns to 68 s; longer ones count as that.
 */

#define BENCH_HIST_STEPS   64U /* a power of two: buckets in each doubling */
#define BENCH_HIST_OCTAVES 31U
#define BENCH_HIST_BUCKETS (BENCH_HIST_STEPS * BENCH_HIST_OCTAVES)

struct bench_hist {
    uint64_t n;
    uint64_t sum_ns;
    uint64_t max_ns;
    uint64_t buckets[BENCH_HIST_BUCKETS];
};

void bench_hist_clear(struct bench_hist *hist);
void bench_hist_add(struct bench_hist *hist, uint64_t ns);

/* The time below which `share` (0 to 1) of the samples lie; 0 without samples. */
double bench_hist_quantile_us(const struct bench_hist *hist, double share);
double bench_hist_mean_us(const struct bench_hist *hist);
