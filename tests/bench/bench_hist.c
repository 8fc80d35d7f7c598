/* SPDX-License-Identifier: MIT */
/* Log-linear histogram: a doubling of time is divided into equal steps, so the relative error is
 * bounded and adding a sample takes a few instructions. */
#include "bench_hist.h"

#include <string.h>

#define HIST_STEP_BITS 6U

_Static_assert(BENCH_HIST_STEPS == 1U << HIST_STEP_BITS, "steps and their bits differ");

void bench_hist_clear(struct bench_hist *hist)
{
    memset(hist, 0, sizeof(*hist));
}

static unsigned bucket_of(uint64_t ns)
{
    unsigned octave;
    unsigned bucket;

    if (ns < BENCH_HIST_STEPS) {
        return (unsigned)ns;
    }
    octave = 63U - (unsigned)__builtin_clzll(ns) - HIST_STEP_BITS;
    bucket = (octave + 1) * BENCH_HIST_STEPS + (unsigned)((ns >> octave) - BENCH_HIST_STEPS);
    return bucket < BENCH_HIST_BUCKETS ? bucket : BENCH_HIST_BUCKETS - 1;
}

/* The middle of a bucket. */
static double bucket_ns(unsigned bucket)
{
    unsigned octave = bucket / BENCH_HIST_STEPS;
    double step = bucket % BENCH_HIST_STEPS;

    if (octave == 0) {
        return step;
    }
    return (BENCH_HIST_STEPS + step + 0.5) * (double)(1ULL << (octave - 1));
}

void bench_hist_add(struct bench_hist *hist, uint64_t ns)
{
    hist->n++;
    hist->sum_ns += ns;
    hist->buckets[bucket_of(ns)]++;
    if (ns > hist->max_ns) {
        hist->max_ns = ns;
    }
}

double bench_hist_quantile_us(const struct bench_hist *hist, double share)
{
    double wanted = share * (double)hist->n;
    uint64_t seen = 0;

    for (unsigned i = 0; i < BENCH_HIST_BUCKETS; i++) {
        seen += hist->buckets[i];
        if (seen > 0 && (double)seen >= wanted) {
            double ns = bucket_ns(i);

            return (ns < (double)hist->max_ns ? ns : (double)hist->max_ns) / 1e3;
        }
    }
    return 0;
}

double bench_hist_mean_us(const struct bench_hist *hist)
{
    return hist->n == 0 ? 0 : (double)hist->sum_ns / (double)hist->n / 1e3;
}
