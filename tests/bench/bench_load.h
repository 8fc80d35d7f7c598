/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench_cpu.h"
#include "bench_hist.h"
#include "bench_loop.h"

/* Paces requests and measures their answers, whatever the protocol. Each of `in_flight` slots has
 * at most one request out. Without a rate a slot sends its next request when the answer came; with
 * one (requests a second) sends are due at fixed times and latency counts from the time that was
 * due, so a stalled server cannot hide its delay. */

struct bench_load_options {
    unsigned long in_flight;
    unsigned long rate; /* 0: as fast as answers come */
    unsigned long warmup_ms;
    unsigned long duration_ms;      /* longer, up to six times, when answers are too slow for it */
    struct bench_cpu_group target;  /* processes under test */
    struct bench_cpu_group helpers; /* others of the load side, to see whether it was the limit */
};

/* Defaults, for the command line to overwrite. */
#define BENCH_LOAD_OPTIONS_INIT                                                                    \
    ((struct bench_load_options){.in_flight = 16, .warmup_ms = 500, .duration_ms = 3000})

/* The entries of an argument table that fill `options`. */
#define BENCH_LOAD_ARGS(options)                                                                   \
    {"in-flight", BENCH_ARG_NUMBER, &(options)->in_flight, "requests out at a time (16)"},         \
        {"rate", BENCH_ARG_NUMBER, &(options)->rate, "requests a second (0: no limit)"},           \
        {"warmup", BENCH_ARG_NUMBER, &(options)->warmup_ms, "ms before the measurement (500)"},    \
        {"duration", BENCH_ARG_NUMBER, &(options)->duration_ms, "ms of measurement (3000)"},       \
        {"pid", BENCH_ARG_PIDS, &(options)->target, "process under test; may be repeated"},        \
    {                                                                                              \
        "helper", BENCH_ARG_PIDS, &(options)->helpers, "process of the load side; repeatable"      \
    }

/* A moment at either end of the measurement. */
struct bench_load_mark {
    uint64_t time_ns;
    uint64_t own_cpu_ns;
    struct bench_cpu_time target;
    struct bench_cpu_time helpers;
};

enum bench_load_phase {
    BENCH_LOAD_WARMUP,
    BENCH_LOAD_MEASUREMENT,
    BENCH_LOAD_DRAIN, /* waits for the answers still out, so that none reaches the next measurement
                       */
};

struct bench_load {
    struct bench_load_options options;
    struct bench_loop *loop;
    /* Sends the request of `slot`, or the next one. */
    void (*send)(struct bench_load *load, unsigned slot);

    struct bench_timer phase_timer;
    struct bench_timer pace_timer;
    enum bench_load_phase phase;
    uint64_t *sent_ns; /* by slot: when the request out was sent, or due */
    unsigned *idle;    /* slots without a request, when there is a rate */
    unsigned n_idle;
    uint64_t next_due_ns;
    uint64_t n_sent;
    uint64_t n_out;        /* sent and not answered */
    unsigned n_extensions; /* of the measurement, because answers were slow */
    struct bench_load_mark begin;
    struct bench_load_mark end;
    struct bench_hist hist;
};

/* Sends the first requests; stops the loop when the measurement is over. options, loop and send
 * must be set, the rest zero. */
void bench_load_start(struct bench_load *load);

/* Dies when the loop was stopped before the end or the measurement saw no answer. */
void bench_load_finish(const struct bench_load *load);

/* The right answer for `slot` came. Wrong ones are no part of a measurement: see bench_die(). */
void bench_load_answered(struct bench_load *load, unsigned slot);

/* Prints the result as one line of JSON. */
void bench_load_print(const struct bench_load *load);

void bench_load_fini(struct bench_load *load);
