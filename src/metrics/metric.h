/* SPDX-License-Identifier: MIT */
/*
 * One metric and its items, one for each set of labels (docs/metrics.md). An item stays until
 * the registry goes. Their number has a limit, as have labels: what is beyond is not counted.
 *
 * Everything takes NULL for "metrics are off", and does nothing then.
 */
#pragma once

#include "base/map.h"
#include "base/shared.h"
#include "metrics/metric_histogram.h"
#include "metrics/metric_rate.h"

struct metrics;

enum { METRIC_LABELS_MAX = 8, METRIC_KEY_MAX_BYTES = 512, METRIC_LABELS_MAX_BYTES = 2048 };

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_INFO };

/* Static data. */
struct metric_spec {
    enum metric_type type;
    const char *name;
    const char *label_names[METRIC_LABELS_MAX]; /* the rest is NULL */
    const char *unit, *description;             /* NULL: none */
    bool has_rate;                              /* counter, gauge, histogram (of its count) */
    bool has_buckets, has_quantiles;            /* histogram */
};

/* A label's value: text, a number, or a slice (none: the label is absent). */
struct metric_label {
    enum { METRIC_LABEL_SLICE, METRIC_LABEL_TEXT, METRIC_LABEL_NUMBER } kind;
    struct bytes bytes;
    double number;
};

static inline struct metric_label metric_slice(struct bytes slice)
{
    return (struct metric_label){.kind = METRIC_LABEL_SLICE, .bytes = slice};
}

/* BYTES_NONE: null. */
static inline struct metric_label metric_text(struct bytes text)
{
    return bytes_is_set(text) ? (struct metric_label){.kind = METRIC_LABEL_TEXT, .bytes = text}
                              : metric_slice(BYTES("null"));
}

static inline struct metric_label metric_number(double number)
{
    return (struct metric_label){.kind = METRIC_LABEL_NUMBER, .number = number};
}

struct metric_item {
    struct metric *metric;
    struct bytes key;        /* text, own memory */
    struct bytes labels;     /* slice: object, own memory */
    int64_t changed_unix_ms; /* or made */
    double value;            /* counter, gauge */
    struct shared *info;     /* info: owned ref to a slice, or NULL */
    struct metric_rate rate;
    struct metric_histogram *histogram; /* owned, or NULL */
};

struct metric {
    struct metrics *owner;
    const struct metric_spec *spec; /* borrowed */
    struct map items;               /* key -> struct metric_item, owned */
    bool is_full;                   /* an item was not made; it has been logged */
};

struct metric *metric_new(struct metrics *owner, const struct metric_spec *spec);
void metric_free(struct metric *m);

/*
 * The item of these labels, by position of their names; NULL where there are none. Made when it is
 * new. NULL: metrics are off, or a limit is reached.
 */
struct metric_item *metric_item(struct metric *m, const struct metric_label *labels);
/* Counter and gauge. A new item has 0. */
void metric_set(struct metric_item *item, double value);
void metric_add(struct metric_item *item, double n);
/* One more of an action: the metric has the labels service (BYTES_NONE: absent) and action. */
void metric_count_action(struct metric *m, struct bytes service, struct bytes action);
/* Histogram. */
void metric_observe(struct metric_item *item, double value);
/* Info; slice is copied. */
void metric_set_info(struct metric_item *item, struct bytes slice);

/* As $node.metrics lists it: {type, name, description, labelNames, unit, values}. */
void metric_write(struct metric *m, struct json_writer *w);
const char *metric_type_name(enum metric_type type);
