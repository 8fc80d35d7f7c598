/* SPDX-License-Identifier: MIT */
/*
 * The metrics of a node (docs/metrics.md): a registry of metrics by name, in order of registration.
 * There is one only where metrics are on; every function takes NULL for "off". The metrics of the
 * original, with their labels, units and descriptions, stand in metrics.def.
 */
#pragma once

#include "base/log.h"
#include "loop/loop.h"
#include "metrics/metric.h"

enum metrics_id {
#define METRICS(id, type, name, labels, unit, features, description) METRICS_##id,
#include "metrics/metrics.def"
#undef METRICS
    METRICS_COUNT /* how many */
};

struct metrics {
    struct loop *loop; /* borrowed */
    struct logger log;
    unsigned max_items;                  /* of one metric */
    struct map by_name;                  /* of struct metric, owned */
    struct metric *known[METRICS_COUNT]; /* by enum metrics_id, borrowed; NULL: not got yet */
    struct buf key;                      /* scratch, as the next */
    struct buf labels;
};

struct metrics *metrics_new(struct loop *loop, struct log_sink *sink, unsigned max_items);
void metrics_free(struct metrics *m);
/* Takes a spec (borrowed) in; one of that name, and what was got of it, is gone. */
struct metric *metrics_register(struct metrics *m, const struct metric_spec *spec);
/* The one of the original; registered when it is not yet. */
struct metric *metrics_get(struct metrics *m, enum metrics_id id);

/* Slices: a text, an array of texts, or null or none for "all" (excludes: "none"). */
struct metrics_filter {
    struct bytes types;              /* counter, gauge, ... */
    struct bytes includes, excludes; /* patterns of names, as of event names */
};

/* Those that pass, as an array. */
void metrics_list(struct metrics *m, const struct metrics_filter *filter, struct json_writer *w);
