/* SPDX-License-Identifier: MIT */
/* Turning a loop until something holds, with a deadline in real time. */
#pragma once

#include <poll.h>
#include <time.h>

#include <uv.h>

#include "loop/loop.h"
#include "support/check.h"

enum { RUN_UNTIL_S = 20 };

static inline time_t run_until_clock(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* One turn; when nothing ran, waits for input, but not for long. */
static inline void run_turn(struct loop *loop)
{
    if (!loop_run_once(loop)) {
        struct pollfd input = {.fd = uv_backend_fd(loop_uv(loop)), .events = POLLIN};

        (void)poll(&input, 1, 2);
    }
}

static inline void run_turn_before(struct loop *loop, time_t end, const char *condition)
{
    if (run_until_clock() > end) {
        fail_msg("never came: %s", condition);
    }
    run_turn(loop);
}

#define run_until(loop, condition)                                                                 \
    for (time_t run_until_end = run_until_clock() + RUN_UNTIL_S; !(condition);) {                  \
        run_turn_before(loop, run_until_end, #condition);                                          \
    }

/* Turns until nothing runs any more for a few turns in a row. */
static inline void run_until_quiet(struct loop *loop)
{
    for (int quiet = 0; quiet < 3;) {
        quiet = loop_run_once(loop) ? 0 : quiet + 1;
    }
}
