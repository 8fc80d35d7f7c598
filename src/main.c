/* SPDX-License-Identifier: MIT */
/* Arguments and environment -> config -> the daemon, until a signal ends it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/assert.h"
#include "config/config.h"
#include "loop/loop.h"
#include "sidecar/sidecar.h"

enum { EXIT_USAGE = 2 };

struct process {
    struct loop *loop;
    struct sidecar *sidecar;
    struct loop_signal *sigterm, *sigint;
    bool is_stopping;
    int exit_code;
};

static void print_help(void)
{
    (void)printf("Usage: moleculer-sidecar [--help | --version | --check-config]\n\n"
                 "A Moleculer node with a REST API for services in any language.\n\n"
                 "Environment:\n");
    config_print_options(stdout);
}

static void on_exit_wanted(struct sidecar *sidecar)
{
    struct process *p = sidecar_owner(sidecar);

    loop_stop(p->loop);
}

static void on_conflict(struct sidecar *sidecar)
{
    (void)fflush(stdout);
    _exit(EXIT_FAILURE);
}

/* The first signal stops in order, the second at once. */
static void on_signal(struct loop_signal *signal, int number)
{
    struct process *p = loop_signal_owner(signal);

    if (p->is_stopping) {
        _exit(128 + number);
    }
    p->is_stopping = true;
    sidecar_stop(p->sidecar);
}

/* Each connection is a file descriptor: take as many as the system gives. */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void finish(struct process *p)
{
    loop_signal_free(p->sigterm);
    loop_signal_free(p->sigint);
    sidecar_free(p->sidecar);
    while (loop_run_once(p->loop)) {
    }
    loop_free(p->loop);
}

static int run(struct config *config)
{
    struct log_sink sink = {
        .level = LOG_INFO, .colors = log_colors_wanted(stdout), .out = stdout, .err = stderr};
    struct process p = {.loop = loop_new()};

    ASSERT(log_level_parse(config->log_level, &sink.level));
    (void)snprintf(sink.node_id, sizeof(sink.node_id), "%.*s", BYTES_ARG(config->node_id));
    p.sigterm = loop_signal_new(p.loop, SIGTERM, on_signal, &p);
    p.sigint = loop_signal_new(p.loop, SIGINT, on_signal, &p);
    if (sidecar_start(p.loop, config, &sink,
                      &(struct sidecar_events){on_exit_wanted, on_conflict, &p}, &p.sidecar) == 0) {
        loop_run(p.loop);
    } else {
        p.exit_code = EXIT_FAILURE;
    }
    finish(&p);
    return p.exit_code;
}

int main(int argc, char **argv)
{
    struct config config;
    char error_text[256];
    bool check_only = argc == 2 && strcmp(argv[1], "--check-config") == 0;
    int exit_code = EXIT_SUCCESS;

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_help();
        return EXIT_SUCCESS;
    }
    if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0)) {
        (void)printf("%s\n", SIDECAR_VERSION);
        return EXIT_SUCCESS;
    }
    if (argc > 1 && !check_only) {
        (void)fprintf(stderr, "moleculer-sidecar: unknown argument '%s'; see --help\n", argv[1]);
        return EXIT_USAGE;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if (config_read(&config, environ, error_text, sizeof(error_text)) != 0) {
        (void)fprintf(stderr, "moleculer-sidecar: %s\n", error_text);
        exit_code = EXIT_FAILURE;
    } else if (!check_only) {
        raise_file_limit();
        exit_code = run(&config);
    }
    config_fini(&config);
    return exit_code;
}
