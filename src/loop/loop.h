/* SPDX-License-Identifier: MIT */
/*
 * The event loop: time, timers, deferred work and signals. The only source of time in the program,
 * so that tests run on a virtual clock. Implemented over libuv.
 *
 * One turn: due timers, then input and its callbacks, then deferred work until none is left, then
 * flushes (everything gathered for a peer is written once), then sleep.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"

enum { LOOP_READ_BYTES = 64 * 1024, LOOP_CHUNK_BYTES = 16 * 1024 };

struct loop;
struct uv_loop_s;

/* Ignores SIGPIPE in the whole process. */
struct loop *loop_new(void);
/* Time stands still until loop_advance. I/O still works (loop_run_once polls without waiting). */
struct loop *loop_new_virtual(int64_t start_unix_ms);
/* Everything on it must have been closed (what is about to say so, does); it asserts so. NULL
 * passes. */
void loop_free(struct loop *loop);

/* Until loop_stop, or nothing is left to wait for; listening to signals is not waiting. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop); /* ends loop_run after this turn */
/* One turn without waiting. Returns whether anything (callback, timer, deferred) ran. */
bool loop_run_once(struct loop *loop);
/* Virtual only: runs turns until idle, moving the clock from timer to timer for ms milliseconds. */
void loop_advance(struct loop *loop, int64_t ms);

/* Monotonic, cached per turn, never 0. */
uint64_t loop_now_ms(const struct loop *loop);
uint64_t loop_now_us(const struct loop *loop); /* read anew each time on a real clock */
/* Wall clock. */
int64_t loop_unix_ms(const struct loop *loop);

/* --- timers: embedded by the owner, O(log n), any number of them --- */
struct loop_timer;
typedef void loop_timer_fn(struct loop_timer *timer);

struct loop_timer {
    loop_timer_fn *fire;
    struct loop *loop;
    uint64_t due_ms;
    uint64_t order;      /* equal due times fire in starting order */
    unsigned heap_index; /* 0: not running */
};

void loop_timer_init(struct loop *loop, struct loop_timer *timer, loop_timer_fn *fire);
/* Starts or restarts; fires once, delay 0 fires in the next turn. */
void loop_timer_start(struct loop_timer *timer, uint64_t delay_ms);
/* A delay of any origin: what is below 0 or no number is 0, what no timer holds is the most. */
uint64_t loop_delay_ms(double ms);
void loop_timer_stop(struct loop_timer *timer); /* does nothing when not running */
bool loop_timer_is_running(const struct loop_timer *timer);

/* --- deferred work: runs once, in this turn, after the current callback, in order --- */
struct loop_defer;
typedef void loop_defer_fn(struct loop_defer *defer);

struct loop_defer {
    loop_defer_fn *run;
    struct list link;
};

void loop_defer_init(struct loop_defer *defer, loop_defer_fn *run);
void loop_defer_start(struct loop *loop, struct loop_defer *defer); /* no effect when waiting */
void loop_defer_stop(struct loop_defer *defer);

/* --- flushes: as deferred work, but at the very end of the turn --- */
void loop_flush_start(struct loop *loop, struct loop_defer *flush);

/* --- what all users of one loop share, found by the address of something static --- */
struct loop_local { /* embedded by the shared object */
    const void *key;
    struct list link;
};

void loop_local_add(struct loop *loop, struct loop_local *local, const void *key);
struct loop_local *loop_local_find(const struct loop *loop, const void *key); /* NULL: none */
void loop_local_remove(struct loop_local *local);

/* --- signals --- */
struct loop_signal;
typedef void loop_signal_fn(struct loop_signal *signal, int number);

/* Heap object, owned by the caller; NULL and ERR_X on failure are never mixed: NULL = failed. */
struct loop_signal *loop_signal_new(struct loop *loop, int number, loop_signal_fn *fire,
                                    void *owner);
void *loop_signal_owner(const struct loop_signal *signal);
void loop_signal_free(struct loop_signal *signal); /* NULL passes */

/* --- for net/ only --- */
struct uv_loop_s *loop_uv(struct loop *loop);
/* Input was served in this turn: loop_run_once says so. */
void loop_note_activity(struct loop *loop);
/* A thread begins or ends to work for the loop: a virtual clock stands still meanwhile. */
void loop_outside_start(struct loop *loop);
void loop_outside_end(struct loop *loop);
/* The one buffer that all streams read into, LOOP_READ_BYTES long; its contents last for a
 * callback. */
char *loop_read_buffer(struct loop *loop);
/* Another, as long, for what a filter (TLS) makes of the first. */
char *loop_filter_buffer(struct loop *loop);
/* A piece of memory, LOOP_CHUNK_BYTES long, undefined; spare ones are kept for the next taker. */
char *loop_chunk_take(struct loop *loop);
void loop_chunk_give(struct loop *loop, char *chunk);
