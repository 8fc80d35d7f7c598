/* SPDX-License-Identifier: MIT */
/*
 * Wildcard matching of event names, as docs/protocol.md, Event patterns, describes it: event
 * subscriptions, cache cleaning and metric filters use it. Compiled once, tested often.
 */
#pragma once

#include "base/bytes.h"

struct event_pattern;

/* Copies the text. NULL: it is no valid pattern (its regular expression does not compile). */
struct event_pattern *event_pattern_new(struct bytes pattern);
void event_pattern_free(struct event_pattern *p); /* NULL passes */
bool event_pattern_test(const struct event_pattern *p, struct bytes name);
/* For a pattern that is used once; an invalid one matches nothing. */
bool event_match(struct bytes name, struct bytes pattern);
