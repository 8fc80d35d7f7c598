/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The structure of `type` that embeds `*pointer` as `member`. */
#define container_of(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* An event loop over epoll for one thread. SIGTERM, SIGINT and the end of the parent process stop
 * it. */

struct bench_watch {
    int fd; /* owned by whoever embeds the watch */
    /* Edge triggered: reads and writes must go on until they would block. `events` as in epoll(7).
     */
    void (*on_ready)(struct bench_watch *watch, uint32_t events);
};

/* Work for the end of the current turn; queued at most once at a time. */
struct bench_job {
    void (*run)(struct bench_job *job);
    struct bench_job *next;
    bool queued;
};

struct bench_loop {
    int epoll_fd;
    bool stopped;
    struct bench_watch signals;
    struct bench_job *jobs;
};

struct bench_timer {
    struct bench_watch watch;
    void (*on_due)(struct bench_timer *timer);
};

/* One loop a process: it takes over the two signals. */
void bench_loop_init(struct bench_loop *loop);
void bench_loop_fini(struct bench_loop *loop);

/* Watches for input and output. Closing the descriptor ends it. */
void bench_loop_watch(struct bench_loop *loop, struct bench_watch *watch);

/* Runs `job` after the events of this turn. */
void bench_loop_queue(struct bench_loop *loop, struct bench_job *job);

/* Handles events until bench_loop_stop(), which takes effect at the end of the turn. */
void bench_loop_run(struct bench_loop *loop);
void bench_loop_stop(struct bench_loop *loop);

/* A timer for absolute times of bench_clock_now_ns(); a time in the past is due at once. */
void bench_timer_init(struct bench_timer *timer, struct bench_loop *loop,
                      void (*on_due)(struct bench_timer *timer));
void bench_timer_set(struct bench_timer *timer, uint64_t due_ns);
void bench_timer_fini(struct bench_timer *timer);
