/* SPDX-License-Identifier: MIT */
/* What the files of loop/ share. */
#pragma once

#include <uv.h>

#include "loop/loop.h"

enum { LOOP_CHUNKS_SPARE = 128 };

struct loop {
    uv_loop_t uv;
    uv_timer_t alarm;    /* ends the sleep when the first timer of the heap is due */
    uint64_t alarm_ms;   /* 0: not set */
    uv_prepare_t always; /* makes libuv poll even when it waits for signals alone */
    unsigned n_outside;  /* requests that threads work on */
    bool is_virtual, is_stopped, has_run;
    uint64_t virtual_ms;
    int64_t virtual_unix_ms; /* at virtual_ms 1 */
    struct list deferred, flushes;
    struct list locals;
    struct loop_timer **heap; /* owned; [0] unused, so that index 0 means "not running" */
    unsigned n_heap, cap_heap;
    uint64_t timer_order;
    char *read_buffer, *filter_buffer; /* owned */
    char *chunks[LOOP_CHUNKS_SPARE];   /* owned */
    unsigned n_chunks;
};

/* --- loop_chunk.c --- */
void loop_chunks_fini(struct loop *loop);

/* --- loop_timer.c --- */
void loop_timers_fini(struct loop *loop);
/* Fires what is due now; at most as many as were running at the start. */
void loop_timers_run(struct loop *loop);
/* Due time of the next timer; false when there is none. */
bool loop_timers_next(const struct loop *loop, uint64_t *out_due_ms);
