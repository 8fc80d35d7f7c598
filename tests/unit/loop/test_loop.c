/* SPDX-License-Identifier: MIT */
/* The loop's turn, deferred work, flushes, clocks and what it waits for. */
#include "loop/loop.h"

#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "support/run_until.h"

enum { LOG_MAX = 64, START_UNIX_MS = 1700000000 };

/* Notes in which order things ran. */
struct step {
    struct loop_defer defer;
    struct loop_timer timer;
    struct scene *scene;
    char name;
    unsigned again; /* starts itself that many times more */
    struct step *starts_defer, *starts_flush, *stops;
    bool stops_loop;
};

struct scene {
    struct loop *loop;
    char log[LOG_MAX];
    unsigned n_log;
    unsigned n_runs;
};

static void note(struct step *step)
{
    struct scene *scene = step->scene;

    scene->n_runs++;
    if (scene->n_log < LOG_MAX - 1) {
        scene->log[scene->n_log++] = step->name;
    }
    if (step->starts_defer) {
        loop_defer_start(scene->loop, &step->starts_defer->defer);
    }
    if (step->starts_flush) {
        loop_flush_start(scene->loop, &step->starts_flush->defer);
    }
    if (step->stops) {
        loop_defer_stop(&step->stops->defer);
    }
    if (step->stops_loop) {
        loop_stop(scene->loop);
    }
}

static void on_defer(struct loop_defer *defer)
{
    struct step *step = container_of(defer, struct step, defer);

    note(step);
    if (step->again > 0) {
        step->again--;
        loop_defer_start(step->scene->loop, defer);
    }
}

static void on_timer(struct loop_timer *timer)
{
    struct step *step = container_of(timer, struct step, timer);

    note(step);
    if (step->again > 0) {
        step->again--;
        loop_timer_start(timer, 0);
    }
}

static void step_init(struct step *step, struct scene *scene, char name)
{
    *step = (struct step){.scene = scene, .name = name};
    loop_defer_init(&step->defer, on_defer);
    loop_timer_init(scene->loop, &step->timer, on_timer);
}

static int open_real(void **state)
{
    struct scene *scene = mem_new(struct scene);

    scene->loop = loop_new();
    *state = scene;
    return 0;
}

static int open_virtual(void **state)
{
    struct scene *scene = mem_new(struct scene);

    scene->loop = loop_new_virtual(START_UNIX_MS);
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;

    loop_free(scene->loop);
    mem_free(scene);
    return 0;
}

static void test_deferred_runs_in_order_then_flushes(void **state)
{
    struct scene *scene = *state;
    struct step a, b, c, f, g;

    step_init(&a, scene, 'a');
    step_init(&b, scene, 'b');
    step_init(&c, scene, 'c');
    step_init(&f, scene, 'f');
    step_init(&g, scene, 'g');
    loop_flush_start(scene->loop, &f.defer);
    loop_defer_start(scene->loop, &a.defer);
    loop_defer_start(scene->loop, &b.defer);
    loop_defer_start(scene->loop, &a.defer); /* waits already */
    a.starts_defer = &c;
    a.starts_flush = &g;
    assert_string_equal(scene->log, "");
    assert_true(loop_run_once(scene->loop));
    assert_string_equal(scene->log, "abcfg");
    assert_false(loop_run_once(scene->loop));
}

static void test_deferred_work_is_stopped(void **state)
{
    struct scene *scene = *state;
    struct step a, b, c;

    step_init(&a, scene, 'a');
    step_init(&b, scene, 'b');
    step_init(&c, scene, 'c');
    loop_defer_start(scene->loop, &a.defer);
    loop_defer_start(scene->loop, &b.defer);
    loop_defer_start(scene->loop, &c.defer);
    a.stops = &b;
    loop_defer_stop(&c.defer);
    loop_defer_stop(&c.defer);
    assert_true(loop_run_once(scene->loop));
    assert_string_equal(scene->log, "a");
    loop_defer_start(scene->loop, &b.defer);
    assert_true(loop_run_once(scene->loop));
    assert_string_equal(scene->log, "ab");
}

static void test_endless_deferred_work_starves_nothing(void **state)
{
    struct scene *scene = *state;
    struct step chain, flush, timer;

    step_init(&chain, scene, 'd');
    step_init(&flush, scene, 'f');
    step_init(&timer, scene, 't');
    chain.again = 10 * 1000 * 1000;
    loop_defer_start(scene->loop, &chain.defer);
    loop_timer_start(&timer.timer, 0);
    loop_flush_start(scene->loop, &flush.defer);
    assert_true(loop_run_once(scene->loop));
    assert_false(loop_timer_is_running(&timer.timer));
    assert_true(list_is_empty(&flush.defer.link));
    assert_true(chain.again > 0);
    loop_defer_stop(&chain.defer);
    assert_false(loop_run_once(scene->loop));
}

/* A chain of some length, as callbacks calling callbacks make it, ends within the turn. */
static void test_a_chain_of_deferred_work_ends_in_its_turn(void **state)
{
    struct scene *scene = *state;
    struct step chain, flush;

    step_init(&chain, scene, 'd');
    step_init(&flush, scene, 'f');
    chain.again = 1000;
    loop_defer_start(scene->loop, &chain.defer);
    loop_flush_start(scene->loop, &flush.defer);
    assert_true(loop_run_once(scene->loop));
    assert_int_equal(scene->n_runs, 1002);
    assert_false(loop_run_once(scene->loop));
}

static void test_an_endless_flush_starves_nothing(void **state)
{
    struct scene *scene = *state;
    struct step flush, timer;

    step_init(&flush, scene, 'f');
    step_init(&timer, scene, 't');
    flush.starts_flush = &flush;
    loop_flush_start(scene->loop, &flush.defer);
    assert_true(loop_run_once(scene->loop));
    loop_timer_start(&timer.timer, 0);
    assert_true(loop_run_once(scene->loop));
    assert_false(loop_timer_is_running(&timer.timer));
    loop_defer_stop(&flush.defer);
}

/* TLS flushes into the stream under it. */
static void test_a_flush_started_by_a_flush_runs_in_the_same_turn(void **state)
{
    struct scene *scene = *state;
    struct step outer, inner;

    step_init(&outer, scene, 'o');
    step_init(&inner, scene, 'i');
    outer.starts_flush = &inner;
    loop_flush_start(scene->loop, &outer.defer);
    assert_true(loop_run_once(scene->loop));
    assert_string_equal(scene->log, "oi");
}

static void test_work_of_timers_runs_in_their_turn(void **state)
{
    struct scene *scene = *state;
    struct step timer, defer, flush;

    step_init(&timer, scene, 't');
    step_init(&defer, scene, 'd');
    step_init(&flush, scene, 'f');
    timer.starts_defer = &defer;
    timer.starts_flush = &flush;
    loop_timer_start(&timer.timer, 0);
    assert_true(loop_run_once(scene->loop));
    assert_string_equal(scene->log, "tdf");
}

/* Delay 0 is the next turn, not the next millisecond, and not this turn. */
static void test_a_timer_of_0_fires_in_the_next_turn(void **state)
{
    struct scene *scene = *state;
    struct step timer;

    step_init(&timer, scene, 't');
    timer.again = 50;
    loop_timer_start(&timer.timer, 0);
    for (unsigned i = 1; i <= 51; i++) {
        assert_true(loop_run_once(scene->loop));
        assert_int_equal(scene->n_runs, i);
    }
    assert_false(loop_run_once(scene->loop));
}

static void test_run_does_deferred_work_from_before(void **state)
{
    struct scene *scene = *state;
    struct step a, f;

    step_init(&a, scene, 'a');
    step_init(&f, scene, 'f');
    loop_defer_start(scene->loop, &a.defer);
    loop_flush_start(scene->loop, &f.defer);
    loop_run(scene->loop); /* and returns: nothing is left to wait for */
    assert_string_equal(scene->log, "af");
    loop_run(scene->loop);
    assert_string_equal(scene->log, "af");
}

static void test_run_waits_for_timers(void **state)
{
    struct scene *scene = *state;
    struct step soon, later, never;
    uint64_t before_us = loop_now_us(scene->loop);

    step_init(&soon, scene, 's');
    step_init(&later, scene, 'l');
    step_init(&never, scene, 'n');
    loop_timer_start(&later.timer, 30);
    loop_timer_start(&never.timer, 60000);
    loop_timer_start(&soon.timer, 10);
    loop_timer_stop(&never.timer);
    loop_run(scene->loop);
    assert_string_equal(scene->log, "sl");
    assert_true(loop_now_us(scene->loop) - before_us >= 28000);
    assert_true(loop_now_us(scene->loop) - before_us < 20000000);
}

/* What a timer that stops the loop has started is still done: a last answer leaves. */
static void test_stop_ends_after_the_turn(void **state)
{
    struct scene *scene = *state;
    struct step timer, never, defer, flush;

    step_init(&timer, scene, 't');
    step_init(&never, scene, 'n');
    step_init(&defer, scene, 'd');
    step_init(&flush, scene, 'f');
    timer.stops_loop = true;
    timer.starts_defer = &defer;
    timer.starts_flush = &flush;
    loop_timer_start(&timer.timer, 5);
    loop_timer_start(&never.timer, 60000);
    loop_run(scene->loop);
    assert_string_equal(scene->log, "tdf");
    loop_timer_stop(&never.timer);
}

static void test_stop_from_a_timer_does_not_sleep_first(void **state)
{
    struct scene *scene = *state;
    struct step timer, never;
    uint64_t before_us = loop_now_us(scene->loop);

    step_init(&timer, scene, 't');
    step_init(&never, scene, 'n');
    timer.stops_loop = true;
    loop_timer_start(&timer.timer, 5);
    loop_timer_start(&never.timer, 60000);
    loop_run(scene->loop);
    assert_string_equal(scene->log, "t");
    assert_true(loop_now_us(scene->loop) - before_us < 20000000);
    loop_timer_stop(&never.timer);
}

static void test_stop_from_deferred_work(void **state)
{
    struct scene *scene = *state;
    struct step defer, never;

    step_init(&defer, scene, 'd');
    step_init(&never, scene, 'n');
    defer.stops_loop = true;
    defer.again = 3;
    loop_defer_start(scene->loop, &defer.defer);
    loop_timer_start(&never.timer, 60000);
    loop_run(scene->loop);
    assert_string_equal(scene->log, "dddd");
    loop_timer_stop(&never.timer);
}

static void test_real_clocks(void **state)
{
    struct scene *scene = *state;
    struct timespec wall;
    int64_t wall_ms;

    assert_true(loop_now_ms(scene->loop) > 0);
    assert_true(loop_now_us(scene->loop) > 0);
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    wall_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
    assert_in_range(loop_unix_ms(scene->loop) - wall_ms, 0, 10000);
}

static void test_virtual_clocks(void **state)
{
    struct scene *scene = *state;
    uint64_t ms = loop_now_ms(scene->loop);
    uint64_t us = loop_now_us(scene->loop);

    assert_true(ms > 0 && us > 0);
    assert_int_equal(loop_unix_ms(scene->loop), START_UNIX_MS);
    (void)usleep(3000);
    assert_false(loop_run_once(scene->loop));
    assert_int_equal(loop_now_ms(scene->loop), ms);
    loop_advance(scene->loop, 0);
    assert_int_equal(loop_now_ms(scene->loop), ms);
    loop_advance(scene->loop, 1234);
    assert_int_equal(loop_now_ms(scene->loop), ms + 1234);
    assert_int_equal(loop_now_us(scene->loop), us + 1234000);
    assert_int_equal(loop_unix_ms(scene->loop), START_UNIX_MS + 1234);
}

struct tick {
    struct loop_timer timer;
    unsigned period_ms, n;
    uint64_t at_ms[LOG_MAX];
};

static void on_tick(struct loop_timer *timer)
{
    struct tick *tick = container_of(timer, struct tick, timer);

    tick->at_ms[tick->n++] = loop_now_ms(timer->loop);
    loop_timer_start(timer, tick->period_ms);
}

static void test_advance_moves_from_timer_to_timer(void **state)
{
    struct scene *scene = *state;
    struct tick a = {.period_ms = 10}, b = {.period_ms = 25};
    uint64_t start = loop_now_ms(scene->loop);

    loop_timer_init(scene->loop, &a.timer, on_tick);
    loop_timer_init(scene->loop, &b.timer, on_tick);
    loop_timer_start(&a.timer, a.period_ms);
    loop_timer_start(&b.timer, b.period_ms);
    loop_advance(scene->loop, 9);
    assert_int_equal(a.n, 0);
    loop_advance(scene->loop, 1);
    assert_int_equal(a.n, 1);
    loop_advance(scene->loop, 90);
    assert_int_equal(a.n, 10);
    assert_int_equal(b.n, 4);
    for (unsigned i = 0; i < a.n; i++) {
        assert_int_equal(a.at_ms[i], start + 10 * ((uint64_t)i + 1));
    }
    for (unsigned i = 0; i < b.n; i++) {
        assert_int_equal(b.at_ms[i], start + 25 * ((uint64_t)i + 1));
    }
    loop_timer_stop(&a.timer);
    loop_timer_stop(&b.timer);
}

static void test_advance_runs_deferred_work(void **state)
{
    struct scene *scene = *state;
    struct step a, f;

    step_init(&a, scene, 'a');
    step_init(&f, scene, 'f');
    a.again = 3;
    a.starts_flush = &f;
    loop_defer_start(scene->loop, &a.defer);
    loop_advance(scene->loop, 0);
    assert_string_equal(scene->log, "aaaaf");
}

static void test_shared_objects(void **state)
{
    static const char key_a, key_b;
    struct scene *scene = *state;
    struct loop_local a, b;

    assert_null(loop_local_find(scene->loop, &key_a));
    loop_local_add(scene->loop, &a, &key_a);
    assert_null(loop_local_find(scene->loop, &key_b));
    loop_local_add(scene->loop, &b, &key_b);
    assert_ptr_equal(loop_local_find(scene->loop, &key_a), &a);
    assert_ptr_equal(loop_local_find(scene->loop, &key_b), &b);
    loop_local_remove(&a);
    assert_null(loop_local_find(scene->loop, &key_a));
    assert_ptr_equal(loop_local_find(scene->loop, &key_b), &b);
    loop_local_remove(&b);
}

static void test_free_of_nothing(void **state)
{
    loop_free(NULL);
}

#define REAL(test)                                                                                 \
    {                                                                                              \
#test " real", test, open_real, close_scene, NULL                                          \
    }
#define VIRTUAL(test)                                                                              \
    {                                                                                              \
#test " virtual", test, open_virtual, close_scene, NULL                                    \
    }
#define BOTH(test) REAL(test), VIRTUAL(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_deferred_runs_in_order_then_flushes),
        BOTH(test_deferred_work_is_stopped),
        BOTH(test_endless_deferred_work_starves_nothing),
        BOTH(test_a_chain_of_deferred_work_ends_in_its_turn),
        BOTH(test_an_endless_flush_starves_nothing),
        BOTH(test_a_flush_started_by_a_flush_runs_in_the_same_turn),
        BOTH(test_work_of_timers_runs_in_their_turn),
        BOTH(test_a_timer_of_0_fires_in_the_next_turn),
        REAL(test_run_does_deferred_work_from_before),
        REAL(test_run_waits_for_timers),
        REAL(test_stop_ends_after_the_turn),
        REAL(test_stop_from_a_timer_does_not_sleep_first),
        REAL(test_stop_from_deferred_work),
        REAL(test_real_clocks),
        VIRTUAL(test_virtual_clocks),
        VIRTUAL(test_advance_moves_from_timer_to_timer),
        VIRTUAL(test_advance_runs_deferred_work),
        BOTH(test_shared_objects),
        cmocka_unit_test(test_free_of_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
