/* SPDX-License-Identifier: MIT */
/* Values by age, thinned out where there are many, and what is computed of them. */
#include "metrics/metric_samples.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

enum { FIRST_CAP = 8, KEY_BYTES = 32 };

struct sample {
    double value, weight;
};

/* All that is kept, ascending. */
struct view {
    struct sample *samples; /* owned */
    size_t n;
    double weight; /* of all together */
    double min, max;
};

void metric_samples_init(struct metric_samples *s, uint64_t now_ms)
{
    *s = (struct metric_samples){.step_began_ms = now_ms};
}

void metric_samples_fini(struct metric_samples *s)
{
    for (size_t i = 0; i < METRIC_AGE_BUCKETS; i++) {
        mem_free(s->buckets[i].values);
    }
}

static void empty(struct metric_age_bucket *b)
{
    mem_free(b->values);
    *b = (struct metric_age_bucket){0};
}

static void grow_old(struct metric_samples *s, uint64_t now_ms)
{
    uint64_t n_steps = (now_ms - s->step_began_ms) / METRIC_AGE_STEP_MS;

    s->step_began_ms += n_steps * METRIC_AGE_STEP_MS;
    s->current = (unsigned)((s->current + n_steps) % METRIC_AGE_BUCKETS);
    for (uint64_t i = 0; i < n_steps && i < METRIC_AGE_BUCKETS; i++) {
        empty(&s->buckets[(s->current + METRIC_AGE_BUCKETS - i) % METRIC_AGE_BUCKETS]);
    }
}

static void thin_out(struct metric_age_bucket *b)
{
    for (unsigned i = 0; i < b->n / 2; i++) {
        b->values[i] = b->values[(size_t)2 * i];
    }
    b->n /= 2;
    b->weight *= 2;
}

static void keep(struct metric_age_bucket *b, double value)
{
    if (b->n == METRIC_SAMPLES_MAX) {
        thin_out(b);
    }
    if (b->n == b->cap) {
        b->cap = b->cap ? 2 * b->cap : FIRST_CAP;
        b->values = mem_realloc(b->values, b->cap * sizeof(double));
    }
    b->values[b->n++] = value;
}

void metric_samples_add(struct metric_samples *s, double value, uint64_t now_ms)
{
    struct metric_age_bucket *b;

    grow_old(s, now_ms);
    b = &s->buckets[s->current];
    if (b->seen == 0) {
        b->weight = 1;
        b->min = b->max = value;
    }
    b->min = value < b->min ? value : b->min;
    b->max = value > b->max ? value : b->max;
    if (b->seen % b->weight == 0) {
        keep(b, value);
    }
    b->seen++;
}

static int compare(const void *left, const void *right)
{
    double a = ((const struct sample *)left)->value;
    double b = ((const struct sample *)right)->value;

    return (a > b) - (a < b);
}

static void view_add(struct view *v, const struct metric_age_bucket *b)
{
    if (b->n == 0) {
        return;
    }
    v->min = v->n == 0 || b->min < v->min ? b->min : v->min;
    v->max = v->n == 0 || b->max > v->max ? b->max : v->max;
    for (unsigned i = 0; i < b->n; i++) {
        v->samples[v->n++] = (struct sample){b->values[i], (double)b->weight};
    }
    v->weight += (double)(b->n * b->weight);
}

static void view_init(struct view *v, const struct metric_samples *s)
{
    size_t n = 0;

    *v = (struct view){0};
    for (size_t i = 0; i < METRIC_AGE_BUCKETS; i++) {
        n += s->buckets[i].n;
    }
    v->samples = mem_alloc(n * sizeof(struct sample));
    for (size_t i = 0; i < METRIC_AGE_BUCKETS; i++) {
        view_add(v, &s->buckets[i]);
    }
    qsort(v->samples, v->n, sizeof(struct sample), compare);
}

static double mean_of(const struct view *v)
{
    double sum = 0;

    for (size_t i = 0; i < v->n; i++) {
        sum += v->samples[i].value * v->samples[i].weight;
    }
    return sum / v->weight;
}

static double variance_of(const struct view *v, double mean)
{
    double sum = 0;

    for (size_t i = 0; i < v->n; i++) {
        double d = v->samples[i].value - mean;

        sum += d * d * v->samples[i].weight;
    }
    return sum / (v->weight - 1);
}

static double quantile_of(const struct view *v, double q)
{
    double rank = ceil(q * v->weight);
    size_t i = 0;

    for (double seen = v->samples[0].weight; seen < rank && i + 1 < v->n;) {
        seen += v->samples[++i].weight;
    }
    return v->samples[i].value;
}

static void write_number(struct json_writer *w, struct bytes name, bool is_known, double value)
{
    json_key(w, name);
    if (is_known) {
        json_number(w, value);
    } else {
        json_raw(w, BYTES("null"));
    }
}

static void write_quantiles(struct json_writer *w, const struct view *v, const double *quantiles,
                            size_t n_quantiles)
{
    json_key(w, BYTES("quantiles"));
    json_begin_object(w);
    for (size_t i = 0; i < n_quantiles && v->n > 0; i++) {
        struct buf name;

        buf_init(&name, KEY_BYTES);
        json_add_double(&name, quantiles[i]);
        json_key(w, buf_bytes(&name));
        json_number(w, quantile_of(v, quantiles[i]));
        buf_fini(&name);
    }
    json_end_object(w);
}

void metric_samples_write(struct metric_samples *s, const double *quantiles, size_t n_quantiles,
                          uint64_t now_ms, struct json_writer *w)
{
    struct view v;
    double mean, variance;
    bool has_any, has_several;

    grow_old(s, now_ms);
    view_init(&v, s);
    has_any = v.n > 0;
    has_several = v.n > 1;
    mean = has_any ? mean_of(&v) : 0;
    variance = has_several ? variance_of(&v, mean) : 0;
    write_number(w, BYTES("min"), has_any, v.min);
    write_number(w, BYTES("mean"), has_any, mean);
    write_number(w, BYTES("variance"), has_several, variance);
    write_number(w, BYTES("stdDev"), variance != 0, sqrt(variance));
    write_number(w, BYTES("max"), has_any, v.max);
    write_quantiles(w, &v, quantiles, n_quantiles);
    mem_free(v.samples);
}
