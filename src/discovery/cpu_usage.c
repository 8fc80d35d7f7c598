/* SPDX-License-Identifier: MIT */
/* Reads the first line of /proc/stat: jiffies of all cores together. */
#include "discovery/cpu_usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"

enum { STAT_FIELDS = 8, STAT_IDLE = 3, STAT_IOWAIT = 4, PERCENT = 100 };

static bool read_fields(unsigned long long fields[STAT_FIELDS])
{
    char text[256];
    int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
    struct bytes line = bytes_of(text, n > 0 ? (size_t)n : 0);

    if (fd >= 0) {
        (void)close(fd);
    }
    line.n = bytes_find(line, '\n');
    line = bytes_from(line, bytes_find(line, ' '));
    for (int i = 0; i < STAT_FIELDS; i++) {
        size_t end;

        line = bytes_trim(line);
        end = bytes_find(line, ' ');
        if (!bytes_to_u64(bytes_of(line.p, end), ~0ULL, &fields[i])) {
            return false;
        }
        line = bytes_from(line, end);
    }
    return true;
}

bool cpu_usage_look(struct cpu_usage *usage, int *out_percent)
{
    unsigned long long fields[STAT_FIELDS];
    unsigned long long total = 0;
    struct cpu_usage last = *usage;

    if (!read_fields(fields)) {
        return false;
    }
    for (int i = 0; i < STAT_FIELDS; i++) {
        total += fields[i];
    }
    usage->total = total;
    usage->busy = total - fields[STAT_IDLE] - fields[STAT_IOWAIT];
    if (last.total == 0 || usage->total <= last.total || usage->busy < last.busy) {
        return false;
    }
    total -= last.total;
    *out_percent = (int)(((usage->busy - last.busy) * PERCENT + total / 2) / total);
    return true;
}
