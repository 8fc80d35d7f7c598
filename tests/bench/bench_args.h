/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct bench_cpu_group;

enum bench_arg_kind {
    BENCH_ARG_FLAG,   /* bool: no value */
    BENCH_ARG_NUMBER, /* unsigned long */
    BENCH_ARG_TEXT,   /* const char *: borrowed from argv */
    BENCH_ARG_PIDS,   /* struct bench_cpu_group: may be repeated */
};

/* One option `--name` and where its value goes. */
struct bench_arg {
    const char *name;
    enum bench_arg_kind kind;
    void *target;
    const char *help;
};

/* Fills the targets from the command line; what is not given stays as it is. `args` ends with an
 * entry without name. Prints usage and exits on --help and on anything wrong. */
void bench_args_parse(int argc, char **argv, const struct bench_arg *args);
