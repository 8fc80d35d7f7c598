/* SPDX-License-Identifier: MIT */
/*
 * The values of the last minute, in ten age buckets of six seconds. A bucket keeps a limited number
 * of them: where more come, every second one goes, and each that stays counts for two (then four,
 * and so on), so that what is computed stays true to all of them. Smallest and largest are exact.
 */
#pragma once

#include "json/json.h"

enum { METRIC_AGE_BUCKETS = 10, METRIC_AGE_STEP_MS = 6000, METRIC_SAMPLES_MAX = 1024 };

struct metric_age_bucket {
    double *values; /* owned */
    unsigned n, cap;
    uint64_t seen;
    uint64_t weight; /* of each value: a power of two */
    double min, max;
};

struct metric_samples {
    struct metric_age_bucket buckets[METRIC_AGE_BUCKETS];
    unsigned current;
    uint64_t step_began_ms; /* loop time */
};

void metric_samples_init(struct metric_samples *s, uint64_t now_ms);
void metric_samples_fini(struct metric_samples *s);
void metric_samples_add(struct metric_samples *s, double value, uint64_t now_ms);
/* Members min, mean, variance, stdDev, max and quantiles: of these shares, ascending. */
void metric_samples_write(struct metric_samples *s, const double *quantiles, size_t n_quantiles,
                          uint64_t now_ms, struct json_writer *w);
