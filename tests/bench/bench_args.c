/* SPDX-License-Identifier: MIT */
/* Command lines of the load tools: `--name value`, driven by a table. */
#include "bench_args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_cpu.h"
#include "bench_die.h"

static void print_usage(const char *program, const struct bench_arg *args)
{
    (void)printf("usage: %s [option]...\n", program);
    for (; args->name != NULL; args++) {
        (void)printf("  --%-14s %s\n", args->name, args->help);
    }
}

static unsigned long parse_number(const char *name, const char *text)
{
    char *end;
    unsigned long number;

    errno = 0;
    number = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-') {
        bench_die("--%s: '%s' is not a number", name, text);
    }
    return number;
}

static void add_pid(struct bench_cpu_group *group, unsigned long pid)
{
    if (group->n_pids == BENCH_CPU_MAX_PIDS) {
        bench_die("more than %u processes to account for", BENCH_CPU_MAX_PIDS);
    }
    group->pids[group->n_pids++] = (pid_t)pid;
}

static void store(const struct bench_arg *arg, const char *value)
{
    switch (arg->kind) {
    case BENCH_ARG_FLAG:
        *(bool *)arg->target = true;
        break;
    case BENCH_ARG_NUMBER:
        *(unsigned long *)arg->target = parse_number(arg->name, value);
        break;
    case BENCH_ARG_TEXT:
        *(const char **)arg->target = value;
        break;
    case BENCH_ARG_PIDS:
        add_pid(arg->target, parse_number(arg->name, value));
        break;
    }
}

static const struct bench_arg *find(const struct bench_arg *args, const char *word)
{
    for (; args->name != NULL; args++) {
        if (strncmp(word, "--", 2) == 0 && strcmp(word + 2, args->name) == 0) {
            return args;
        }
    }
    return NULL;
}

void bench_args_parse(int argc, char **argv, const struct bench_arg *args)
{
    for (int i = 1; i < argc; i++) {
        const struct bench_arg *arg = find(args, argv[i]);

        if (strcmp(argv[i], "--help") == 0) {
            print_usage(argv[0], args);
            exit(EXIT_SUCCESS);
        }
        if (arg == NULL) {
            bench_die("unknown option '%s' (see --help)", argv[i]);
        }
        if (arg->kind == BENCH_ARG_FLAG) {
            store(arg, NULL);
        } else if (i + 1 < argc) {
            store(arg, argv[++i]);
        } else {
            bench_die("%s needs a value", argv[i]);
        }
    }
}
