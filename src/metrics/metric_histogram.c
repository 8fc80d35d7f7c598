/* SPDX-License-Identifier: MIT */
/* The default bounds and quantiles of the original; no metric has others. */
#include "metrics/metric_histogram.h"

#include "base/mem.h"

/* Milliseconds. */
static const double bounds[METRIC_BOUNDS] = {1,   5,   10,   25,   50,   100,
                                             250, 500, 1000, 2500, 5000, 10000};
static const double quantiles[] = {0.5, 0.9, 0.95, 0.99, 0.999};

enum { BOUND_BYTES = 32 };

struct metric_histogram *metric_histogram_new(bool has_quantiles, uint64_t now_ms)
{
    struct metric_histogram *h = mem_new(struct metric_histogram);

    if (has_quantiles) {
        h->samples = mem_new(struct metric_samples);
        metric_samples_init(h->samples, now_ms);
    }
    return h;
}

void metric_histogram_free(struct metric_histogram *h)
{
    if (!h) {
        return;
    }
    if (h->samples) {
        metric_samples_fini(h->samples);
        mem_free(h->samples);
    }
    mem_free(h);
}

void metric_histogram_add(struct metric_histogram *h, double value, uint64_t now_ms)
{
    h->sum += value;
    h->count++;
    h->last = value;
    for (size_t i = 0; i < METRIC_BOUNDS; i++) {
        h->below[i] += value <= bounds[i] ? 1 : 0;
    }
    if (h->samples) {
        metric_samples_add(h->samples, value, now_ms);
    }
}

void metric_histogram_write(const struct metric_histogram *h, struct json_writer *w)
{
    json_key(w, BYTES("count"));
    json_number(w, (double)h->count);
    json_key(w, BYTES("sum"));
    json_number(w, h->sum);
    json_key(w, BYTES("lastValue"));
    json_number(w, h->last);
}

void metric_histogram_write_buckets(const struct metric_histogram *h, struct json_writer *w)
{
    json_key(w, BYTES("buckets"));
    json_begin_object(w);
    for (size_t i = 0; i < METRIC_BOUNDS; i++) {
        struct buf name;

        buf_init(&name, BOUND_BYTES);
        json_add_double(&name, bounds[i]);
        json_key(w, buf_bytes(&name));
        json_number(w, (double)h->below[i]);
        buf_fini(&name);
    }
    json_end_object(w);
}

void metric_histogram_write_samples(struct metric_histogram *h, uint64_t now_ms,
                                    struct json_writer *w)
{
    if (h->samples) {
        metric_samples_write(h->samples, quantiles, sizeof(quantiles) / sizeof(quantiles[0]),
                             now_ms, w);
    }
}
