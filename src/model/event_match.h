/* SPDX-License-Identifier: MIT */
/*
 * Wildcard matching of event names, as docs/protocol.md, Event patterns, describes it: event
 * subscriptions, cache cleaning and metric filters use it. Compiled once, tested often.
 */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

struct event_pattern;

/* Copies the text. NULL: it is no valid pattern (its regular expression does not compile). */
struct event_pattern *event_pattern_new(struct bytes pattern);
void event_pattern_free(struct event_pattern *p); /* NULL passes */
/* What takes too much, by far more than usual patterns and names do, does not match. */
bool event_pattern_test(const struct event_pattern *p, struct bytes name);
/* The same as a part of something larger: what it takes is subtracted from work. At 0 patterns that
 * are no plain ones do not match any more. */
bool event_pattern_test_within(const struct event_pattern *p, struct bytes name, uint64_t *work);
/* For a pattern that is used once; an invalid one matches nothing. */
bool event_match(struct bytes name, struct bytes pattern);
