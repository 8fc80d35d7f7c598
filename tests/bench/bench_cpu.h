/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_CPU_MAX_PIDS 16U

/* Processes whose CPU time is wanted. */
struct bench_cpu_group {
    pid_t pids[BENCH_CPU_MAX_PIDS];
    size_t n_pids;
};

/* What the kernel's scheduler accounts for all their threads, in nanoseconds. */
struct bench_cpu_time {
    uint64_t run_ns;  /* on a processor, user and system */
    uint64_t wait_ns; /* ready to run, but something else had the processor */
};

/* Dies when a process is gone. */
struct bench_cpu_time bench_cpu_read(const struct bench_cpu_group *group);

struct bench_cpu_time bench_cpu_since(struct bench_cpu_time now, struct bench_cpu_time before);
