/* SPDX-License-Identifier: MIT */
/* CPU load of the machine in percent, averaged over all cores, between two looks at /proc/stat. */
#pragma once

#include <stdbool.h>

struct cpu_usage {
    unsigned long long busy, total; /* as of the last look; 0: none yet */
};

/* Load since the last look, 0 to 100, rounded; false when it cannot be told yet. */
bool cpu_usage_look(struct cpu_usage *usage, int *out_percent);
