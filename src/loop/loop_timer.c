/* SPDX-License-Identifier: MIT */
/* Timers: a binary heap by due time, then by starting order. */
#include "base/assert.h"
#include "loop/loop_internal.h"

enum { HEAP_FIRST = 16 };

/* Beyond this a timer never fires in practice; keeps sums far from overflow. */
static const uint64_t delay_max_ms = (uint64_t)1 << 53;

static bool is_before(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void put(struct loop *loop, unsigned index, struct loop_timer *timer)
{
    loop->heap[index] = timer;
    timer->heap_index = index;
}

static void sift_up(struct loop *loop, unsigned index, struct loop_timer *timer)
{
    while (index > 1 && is_before(timer, loop->heap[index / 2])) {
        put(loop, index, loop->heap[index / 2]);
        index /= 2;
    }
    put(loop, index, timer);
}

static void sift_down(struct loop *loop, unsigned index, struct loop_timer *timer)
{
    for (;;) {
        unsigned child = index * 2;

        if (child < loop->n_heap && is_before(loop->heap[child + 1], loop->heap[child])) {
            child++;
        }
        if (child > loop->n_heap || !is_before(loop->heap[child], timer)) {
            break;
        }
        put(loop, index, loop->heap[child]);
        index = child;
    }
    put(loop, index, timer);
}

static void heap_add(struct loop *loop, struct loop_timer *timer)
{
    if (loop->n_heap + 1 >= loop->cap_heap) {
        loop->cap_heap = loop->cap_heap ? loop->cap_heap * 2 : HEAP_FIRST;
        loop->heap = mem_realloc(loop->heap, loop->cap_heap * sizeof(struct loop_timer *));
    }
    sift_up(loop, ++loop->n_heap, timer);
}

static void heap_remove(struct loop *loop, struct loop_timer *timer)
{
    unsigned index = timer->heap_index;
    struct loop_timer *last = loop->heap[loop->n_heap--];

    timer->heap_index = 0;
    if (last != timer) {
        sift_down(loop, index, last);
        sift_up(loop, last->heap_index, last);
    }
}

void loop_timer_init(struct loop *loop, struct loop_timer *timer, loop_timer_fn *fire)
{
    *timer = (struct loop_timer){.fire = fire, .loop = loop};
}

uint64_t loop_delay_ms(double ms)
{
    if (!(ms > 0)) {
        return 0;
    }
    return ms < (double)delay_max_ms ? (uint64_t)ms : delay_max_ms;
}

void loop_timer_start(struct loop_timer *timer, uint64_t delay_ms)
{
    struct loop *loop = timer->loop;

    if (timer->heap_index) {
        heap_remove(loop, timer);
    }
    timer->due_ms = loop_now_ms(loop) + (delay_ms < delay_max_ms ? delay_ms : delay_max_ms);
    timer->order = loop->timer_order++;
    heap_add(loop, timer);
}

void loop_timer_stop(struct loop_timer *timer)
{
    if (timer->heap_index) {
        heap_remove(timer->loop, timer);
    }
}

bool loop_timer_is_running(const struct loop_timer *timer)
{
    return timer->heap_index != 0;
}

void loop_timers_run(struct loop *loop)
{
    uint64_t before = loop->timer_order; /* what is started from here on waits for the next turn */
    uint64_t now = loop_now_ms(loop);

    while (loop->n_heap > 0 && loop->heap[1]->due_ms <= now && loop->heap[1]->order < before) {
        struct loop_timer *timer = loop->heap[1];

        heap_remove(loop, timer);
        loop->has_run = true;
        timer->fire(timer);
    }
}

bool loop_timers_next(const struct loop *loop, uint64_t *out_due_ms)
{
    if (loop->n_heap == 0) {
        return false;
    }
    *out_due_ms = loop->heap[1]->due_ms;
    return true;
}

void loop_timers_fini(struct loop *loop)
{
    ASSERT(loop->n_heap == 0);
    mem_free(loop->heap);
}
