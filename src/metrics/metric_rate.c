/* SPDX-License-Identifier: MIT */
/* Looks at a value that were missed are made up for. */
#include "metrics/metric_rate.h"

#include <math.h>

enum { LOOK_MS = 5000, LOOKS_PER_MINUTE = 12 };

static const double SMALLEST = 0.05;

void metric_rate_init(struct metric_rate *r, uint64_t now_ms)
{
    *r = (struct metric_rate){.last_look_ms = now_ms};
}

void metric_rate_look(struct metric_rate *r, double value, uint64_t now_ms)
{
    uint64_t n_looks = (now_ms - r->last_look_ms) / LOOK_MS;

    r->last_look_ms += n_looks * LOOK_MS;
    for (; n_looks > 0 && (value != r->last_value || r->per_minute != 0); n_looks--) {
        double newest = (value - r->last_value) * LOOKS_PER_MINUTE;

        r->last_value = value;
        r->per_minute += (newest - r->per_minute) / 2;
        if (fabs(r->per_minute) < SMALLEST) {
            r->per_minute = 0;
        }
    }
}
