/* SPDX-License-Identifier: MIT */
/* The loop's turn over libuv, its clocks, deferred work and flushes. */
#include "loop/loop.h"

#include <signal.h>
#include <time.h>

#include "base/assert.h"
#include "loop/loop_internal.h"

enum {
    NS_PER_US = 1000,
    US_PER_MS = 1000,
    NS_PER_MS = NS_PER_US * US_PER_MS,
    MS_PER_S = 1000,
    DEFER_ROUNDS_MAX = 64,  /* a chain of deferred work longer than this waits for the next turn */
    IDLE_TURNS_MAX = 10000, /* loop_advance gives up on a loop that never gets idle */
};

/* --- deferred work --- */

static void run_list(struct loop *loop, struct list *from)
{
    struct list now;

    list_init(&now);
    list_splice(&now, from);
    for (struct list *link; (link = list_pop(&now));) {
        struct loop_defer *defer = list_entry(link, struct loop_defer, link);

        loop->has_run = true;
        defer->run(defer);
    }
}

static void finish_turn(struct loop *loop)
{
    for (int round = 0; round < DEFER_ROUNDS_MAX; round++) {
        if (!list_is_empty(&loop->deferred)) {
            run_list(loop, &loop->deferred);
        } else if (!list_is_empty(&loop->flushes)) {
            run_list(loop, &loop->flushes);
        } else {
            (void)uv_idle_stop(&loop->no_wait);
            return;
        }
    }
}

static void on_idle(uv_idle_t *handle)
{
    /* Its being active is all: the poll does not wait. */
}

static void on_check(uv_check_t *handle)
{
    finish_turn(handle->data);
}

static void on_prepare(uv_prepare_t *handle)
{
    finish_turn(handle->data);
}

static void start(struct loop *loop, struct list *list, struct loop_defer *defer)
{
    if (list_is_empty(&defer->link)) {
        list_append(list, &defer->link);
        if (!uv_is_active((uv_handle_t *)&loop->no_wait)) {
            ASSERT(uv_idle_start(&loop->no_wait, on_idle) == 0);
        }
    }
}

void loop_defer_init(struct loop_defer *defer, loop_defer_fn *run)
{
    defer->run = run;
    list_init(&defer->link);
}

void loop_defer_start(struct loop *loop, struct loop_defer *defer)
{
    start(loop, &loop->deferred, defer);
}

void loop_flush_start(struct loop *loop, struct loop_defer *flush)
{
    start(loop, &loop->flushes, flush);
}

void loop_defer_stop(struct loop_defer *defer)
{
    list_remove(&defer->link);
}

/* --- shared objects --- */

void loop_local_add(struct loop *loop, struct loop_local *local, const void *key)
{
    ASSERT(!loop_local_find(loop, key));
    local->key = key;
    list_init(&local->link);
    list_append(&loop->locals, &local->link);
}

struct loop_local *loop_local_find(const struct loop *loop, const void *key)
{
    list_for_each (link, &loop->locals) {
        struct loop_local *local = list_entry(link, struct loop_local, link);

        if (local->key == key) {
            return local;
        }
    }
    return NULL;
}

void loop_local_remove(struct loop_local *local)
{
    list_remove(&local->link);
}

/* --- clocks --- */

uint64_t loop_now_ms(const struct loop *loop)
{
    return loop->is_virtual ? loop->virtual_ms : uv_now(&loop->uv) + 1;
}

uint64_t loop_now_us(const struct loop *loop)
{
    return loop->is_virtual ? loop->virtual_ms * US_PER_MS : uv_hrtime() / NS_PER_US;
}

int64_t loop_unix_ms(const struct loop *loop)
{
    struct timespec now;

    if (loop->is_virtual) {
        return loop->virtual_unix_ms + (int64_t)loop->virtual_ms - 1;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

static void on_alarm(uv_timer_t *handle)
{
    struct loop *loop = handle->data;

    loop_timers_run(loop);
    loop_set_alarm(loop);
}

void loop_set_alarm(struct loop *loop)
{
    uint64_t due;

    if (loop->is_virtual) {
        return;
    }
    if (!loop_timers_next(loop, &due)) {
        (void)uv_timer_stop(&loop->wake);
        return;
    }
    /* At least 1 ms away: a timer that re-arms itself with 0 must not keep libuv in its timers. */
    ASSERT(uv_timer_start(&loop->wake, on_alarm,
                          due > loop_now_ms(loop) ? due - loop_now_ms(loop) : 1, 0) == 0);
}

/* --- life --- */

struct loop *loop_new(void)
{
    struct loop *loop = mem_new(struct loop);

    /* Writing to a peer that is gone is an error of that stream, not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    ASSERT(uv_loop_init(&loop->uv) == 0);
    ASSERT(uv_timer_init(&loop->uv, &loop->wake) == 0);
    ASSERT(uv_check_init(&loop->uv, &loop->after_poll) == 0);
    ASSERT(uv_prepare_init(&loop->uv, &loop->before_poll) == 0);
    ASSERT(uv_idle_init(&loop->uv, &loop->no_wait) == 0);
    ASSERT(uv_check_start(&loop->after_poll, on_check) == 0);
    ASSERT(uv_prepare_start(&loop->before_poll, on_prepare) == 0);
    /* Only what the program waits for keeps loop_run going: I/O, timers, deferred work. */
    uv_unref((uv_handle_t *)&loop->after_poll);
    uv_unref((uv_handle_t *)&loop->before_poll);
    loop->wake.data = loop;
    loop->after_poll.data = loop;
    loop->before_poll.data = loop;
    list_init(&loop->deferred);
    list_init(&loop->flushes);
    list_init(&loop->locals);
    loop->read_buffer = mem_realloc(NULL, LOOP_READ_BYTES);
    loop->filter_buffer = mem_realloc(NULL, LOOP_READ_BYTES);
    return loop;
}

struct loop *loop_new_virtual(int64_t start_unix_ms)
{
    struct loop *loop = loop_new();

    loop->is_virtual = true;
    loop->virtual_ms = 1;
    loop->virtual_unix_ms = start_unix_ms;
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop) {
        return;
    }
    ASSERT(list_is_empty(&loop->locals));
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->after_poll, NULL);
    uv_close((uv_handle_t *)&loop->before_poll, NULL);
    uv_close((uv_handle_t *)&loop->no_wait, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT); /* what has been closed says so */
    ASSERT(uv_loop_close(&loop->uv) == 0);
    loop_timers_fini(loop);
    mem_free(loop->read_buffer);
    mem_free(loop->filter_buffer);
    mem_free(loop);
}

void loop_note_activity(struct loop *loop)
{
    loop->has_run = true;
}

char *loop_read_buffer(struct loop *loop)
{
    return loop->read_buffer;
}

char *loop_filter_buffer(struct loop *loop)
{
    return loop->filter_buffer;
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

void loop_run(struct loop *loop)
{
    ASSERT(!loop->is_virtual);
    loop->is_stopped = false;
    while (!loop->is_stopped && uv_run(&loop->uv, UV_RUN_ONCE)) {
    }
}

void loop_stop(struct loop *loop)
{
    loop->is_stopped = true;
}

bool loop_run_once(struct loop *loop)
{
    loop->has_run = false;
    if (loop->is_virtual) {
        loop_timers_run(loop);
    }
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    return loop->has_run;
}

static void run_until_idle(struct loop *loop)
{
    for (int turn = 0; turn < IDLE_TURNS_MAX; turn++) {
        if (!loop_run_once(loop)) {
            return;
        }
    }
}

void loop_advance(struct loop *loop, int64_t ms)
{
    uint64_t until = loop->virtual_ms + (uint64_t)ms;
    uint64_t due;

    ASSERT(loop->is_virtual && ms >= 0);
    run_until_idle(loop);
    while (loop_timers_next(loop, &due) && due <= until) {
        loop->virtual_ms = due > loop->virtual_ms ? due : loop->virtual_ms;
        run_until_idle(loop);
    }
    loop->virtual_ms = until;
}
