/* SPDX-License-Identifier: MIT */
/*
 * Changes of a value per minute, smoothed: looked at every five seconds from the first value on,
 * each time half of the way to the newest figure. The looks are made up for when somebody asks, so
 * that no timer runs.
 */
#pragma once

#include <stdint.h>

struct metric_rate {
    double per_minute;
    double last_value;
    uint64_t last_look_ms; /* loop time */
};

void metric_rate_init(struct metric_rate *r, uint64_t now_ms);
/* Makes up for the looks that were due until now, at which the value was this one: to be called
 * before each change of the value, and before per_minute is read. */
void metric_rate_look(struct metric_rate *r, double value, uint64_t now_ms);
