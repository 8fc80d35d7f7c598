/* SPDX-License-Identifier: MIT */
/* CPU time of other processes, from /proc/<pid>/task/<tid>/schedstat: exact to the nanosecond,
 * where the times in /proc/<pid>/stat come in ticks of 10 ms. */
#include "bench_cpu.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench_die.h"

static void add_thread(pid_t pid, const char *tid, struct bench_cpu_time *sum)
{
    char path[128];
    uint64_t run_ns;
    uint64_t wait_ns;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/task/%.32s/schedstat", (int)pid, tid);
    file = fopen(path, "re");
    if (file == NULL) {
        return; /* a thread that ended meanwhile */
    }
    /* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers */
    if (fscanf(file, "%" SCNu64 " %" SCNu64, &run_ns, &wait_ns) == 2) {
        sum->run_ns += run_ns;
        sum->wait_ns += wait_ns;
    }
    (void)fclose(file);
}

static void add_process(pid_t pid, struct bench_cpu_time *sum)
{
    char path[64];
    const struct dirent *entry;
    DIR *tasks;

    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    tasks = opendir(path);
    if (tasks == NULL) {
        bench_die("process %d: %s", (int)pid, strerror(errno));
    }
    while ((entry = readdir(tasks)) != NULL) {
        if (isdigit((unsigned char)entry->d_name[0])) {
            add_thread(pid, entry->d_name, sum);
        }
    }
    (void)closedir(tasks);
}

struct bench_cpu_time bench_cpu_read(const struct bench_cpu_group *group)
{
    struct bench_cpu_time sum = {0};

    for (size_t i = 0; i < group->n_pids; i++) {
        add_process(group->pids[i], &sum);
    }
    return sum;
}

struct bench_cpu_time bench_cpu_since(struct bench_cpu_time now, struct bench_cpu_time before)
{
    return (struct bench_cpu_time){
        .run_ns = now.run_ns - before.run_ns,
        .wait_ns = now.wait_ns - before.wait_ns,
    };
}
