/* SPDX-License-Identifier: MIT */
/* The loop's turn over libuv, its clocks, deferred work and flushes. */
#include "loop/loop.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

#include "base/assert.h"
#include "loop/loop_internal.h"

enum {
    NS_PER_US = 1000,
    US_PER_MS = 1000,
    NS_PER_MS = NS_PER_US * US_PER_MS,
    MS_PER_S = 1000,
    WORK_PER_TURN = 10000,       /* a longer chain of deferred work goes on in the next turn */
    ADVANCE_TURNS_MAX = 1000000, /* beyond, something never gets idle */
    GRACE_MS = 1,                /* real time in which the system carries bytes between sockets */
    FREE_TURNS_MAX = 1000,
};

/* --- deferred work --- */

static void run_list(struct loop *loop, struct list *list)
{
    for (unsigned n = 0; n < WORK_PER_TURN; n++) {
        struct list *link = list_pop(list);
        struct loop_defer *defer;

        if (!link) {
            return;
        }
        defer = list_entry(link, struct loop_defer, link);
        loop->has_run = true;
        defer->run(defer);
    }
}

static void start(struct list *list, struct loop_defer *defer)
{
    if (list_is_empty(&defer->link)) {
        list_append(list, &defer->link);
    }
}

void loop_defer_init(struct loop_defer *defer, loop_defer_fn *run)
{
    defer->run = run;
    list_init(&defer->link);
}

void loop_defer_start(struct loop *loop, struct loop_defer *defer)
{
    start(&loop->deferred, defer);
}

void loop_flush_start(struct loop *loop, struct loop_defer *flush)
{
    start(&loop->flushes, flush);
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

/* --- the turn --- */

static void on_alarm(uv_timer_t *handle)
{
    struct loop *loop = handle->data;

    loop->alarm_ms = 0; /* having woken is all: timers fire in the turn that follows */
}

/* Bounds the sleep by the first timer. */
static void set_alarm(struct loop *loop)
{
    uint64_t now = loop_now_ms(loop);
    uint64_t due;

    if (loop->is_virtual) {
        return;
    }
    if (!loop_timers_next(loop, &due)) {
        loop->alarm_ms = 0;
        (void)uv_timer_stop(&loop->alarm);
    } else if (due != loop->alarm_ms) {
        loop->alarm_ms = due;
        ASSERT(uv_timer_start(&loop->alarm, on_alarm, due > now ? due - now : 0, 0) == 0);
    }
}

static bool has_work(const struct loop *loop)
{
    uint64_t due;

    return !list_is_empty(&loop->deferred) || !list_is_empty(&loop->flushes) ||
           (loop_timers_next(loop, &due) && due <= loop_now_ms(loop));
}

/* Whether something is to come. */
static bool is_alive(const struct loop *loop)
{
    uint64_t due;

    return uv_loop_alive(&loop->uv) || has_work(loop) || loop_timers_next(loop, &due);
}

static bool turn(struct loop *loop, bool may_wait)
{
    loop->has_run = false;
    uv_update_time(&loop->uv);
    loop_timers_run(loop);
    set_alarm(loop);
    may_wait = may_wait && !loop->is_stopped && is_alive(loop) && !has_work(loop);
    /* libuv polls only for what keeps it alive; signals must not, and be heard all the same. */
    uv_ref((uv_handle_t *)&loop->always);
    (void)uv_run(&loop->uv, may_wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    uv_unref((uv_handle_t *)&loop->always);
    run_list(loop, &loop->deferred);
    run_list(loop, &loop->flushes);
    return loop->has_run;
}

void loop_run(struct loop *loop)
{
    ASSERT(!loop->is_virtual);
    while (!loop->is_stopped && is_alive(loop)) {
        (void)turn(loop, true);
    }
    loop->is_stopped = false;
}

void loop_stop(struct loop *loop)
{
    loop->is_stopped = true;
}

bool loop_run_once(struct loop *loop)
{
    return turn(loop, false);
}

/* Whether input is there, or comes within the time. */
static bool await_input(struct loop *loop, int ms)
{
    struct pollfd input = {.fd = uv_backend_fd(&loop->uv), .events = POLLIN};

    return poll(&input, 1, ms) > 0;
}

static void run_until_idle(struct loop *loop)
{
    for (unsigned n = 0; n < ADVANCE_TURNS_MAX; n++) {
        if (turn(loop, false)) {
            continue;
        }
        if (!uv_loop_alive(&loop->uv) || (!await_input(loop, GRACE_MS) && loop->n_outside == 0)) {
            return;
        }
    }
    assert_fail("the loop gets idle", __FILE__, __LINE__);
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

/* --- life --- */

static void on_prepare(uv_prepare_t *handle)
{
    /* Its being there is all. */
}

struct loop *loop_new(void)
{
    struct loop *loop = mem_new(struct loop);

    /* Writing to a peer that is gone is an error of that stream, not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    ASSERT(uv_loop_init(&loop->uv) == 0);
    ASSERT(uv_timer_init(&loop->uv, &loop->alarm) == 0);
    loop->alarm.data = loop;
    ASSERT(uv_prepare_init(&loop->uv, &loop->always) == 0);
    ASSERT(uv_prepare_start(&loop->always, on_prepare) == 0);
    uv_unref((uv_handle_t *)&loop->always);
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

/* Lets what has been closed say so; threads may still have to give something back. */
static void finish_closing(struct loop *loop)
{
    for (unsigned n = 0; n < FREE_TURNS_MAX && uv_loop_alive(&loop->uv); n++) {
        (void)uv_run(&loop->uv, loop->n_outside > 0 ? UV_RUN_ONCE : UV_RUN_NOWAIT);
        run_list(loop, &loop->deferred);
        run_list(loop, &loop->flushes);
    }
}

void loop_free(struct loop *loop)
{
    if (!loop) {
        return;
    }
    uv_close((uv_handle_t *)&loop->alarm, NULL);
    uv_close((uv_handle_t *)&loop->always, NULL);
    finish_closing(loop);
    ASSERT(list_is_empty(&loop->locals));
    ASSERT(list_is_empty(&loop->deferred) && list_is_empty(&loop->flushes));
    ASSERT(uv_loop_close(&loop->uv) == 0);
    loop_timers_fini(loop);
    loop_chunks_fini(loop);
    mem_free(loop->read_buffer);
    mem_free(loop->filter_buffer);
    mem_free(loop);
}

/* --- for net/ --- */

void loop_note_activity(struct loop *loop)
{
    loop->has_run = true;
}

void loop_outside_start(struct loop *loop)
{
    loop->n_outside++;
}

void loop_outside_end(struct loop *loop)
{
    ASSERT(loop->n_outside > 0);
    loop->n_outside--;
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
