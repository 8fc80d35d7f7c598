/* SPDX-License-Identifier: MIT */
/* How observed values are distributed: below which bounds, and the quantiles of the last minute. */
#pragma once

#include "metrics/metric_samples.h"

enum { METRIC_BOUNDS = 12 };

struct metric_histogram {
    double sum, last;
    uint64_t count;
    uint64_t below[METRIC_BOUNDS];  /* values up to each bound */
    struct metric_samples *samples; /* owned; NULL: no quantiles */
};

struct metric_histogram *metric_histogram_new(bool has_quantiles, uint64_t now_ms);
void metric_histogram_free(struct metric_histogram *h); /* NULL passes */
void metric_histogram_add(struct metric_histogram *h, double value, uint64_t now_ms);
/* Members count, sum, lastValue. */
void metric_histogram_write(const struct metric_histogram *h, struct json_writer *w);
/* Member buckets; then those of the samples. */
void metric_histogram_write_buckets(const struct metric_histogram *h, struct json_writer *w);
void metric_histogram_write_samples(struct metric_histogram *h, uint64_t now_ms,
                                    struct json_writer *w);
