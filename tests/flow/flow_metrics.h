/* SPDX-License-Identifier: MIT */
/* What a node has counted, in a form that a test can name. */
#pragma once

#include "flow/flow.h"

/* Items of moleculer.<name>, "key=value" (a histogram's: its count) with ' for ", or "none". Good
 * until the next call. */
const char *flow_metrics_items(struct flow_node *n, const char *name);
/* The value of a metric without labels. */
unsigned long long flow_metrics_value(struct flow_node *n, const char *name);

#define assert_figures(node, name, want) assert_string_equal(flow_metrics_items(node, name), want)
