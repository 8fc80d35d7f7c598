/* SPDX-License-Identifier: MIT */
/* Timers: their order, restarting, stopping, many of them. */
#include "loop/loop.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "support/check.h"

enum { MANY = 5000 };

struct alarm_clock {
    struct loop_timer timer;
    unsigned n_fired;
    unsigned nth; /* when it fired last, among all */
    uint64_t at_ms;
    struct alarm_clock *stops, *restarts;
};

static unsigned n_fired_of_all(struct alarm_clock *clocks, unsigned n)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < n; i++) {
        sum += clocks[i].n_fired;
    }
    return sum;
}

struct bench {
    struct loop *loop;
    unsigned n_fired;
    struct alarm_clock clocks[MANY];
};

static void on_fire(struct loop_timer *timer)
{
    struct alarm_clock *clock = container_of(timer, struct alarm_clock, timer);

    assert_false(loop_timer_is_running(timer));
    clock->n_fired++;
    clock->at_ms = loop_now_ms(timer->loop);
    if (clock->stops) {
        loop_timer_stop(&clock->stops->timer);
    }
    if (clock->restarts) {
        loop_timer_start(&clock->restarts->timer, 100);
    }
}

static int open_bench(void **state)
{
    struct bench *bench = mem_new(struct bench);

    bench->loop = loop_new_virtual(0);
    for (unsigned i = 0; i < MANY; i++) {
        loop_timer_init(bench->loop, &bench->clocks[i].timer, on_fire);
    }
    *state = bench;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *bench = *state;

    loop_free(bench->loop);
    mem_free(bench);
    return 0;
}

static void test_fires_once_when_due(void **state)
{
    struct bench *bench = *state;
    struct alarm_clock *clock = &bench->clocks[0];

    assert_false(loop_timer_is_running(&clock->timer));
    loop_timer_start(&clock->timer, 10);
    assert_true(loop_timer_is_running(&clock->timer));
    loop_advance(bench->loop, 9);
    assert_int_equal(clock->n_fired, 0);
    loop_advance(bench->loop, 1);
    assert_int_equal(clock->n_fired, 1);
    assert_false(loop_timer_is_running(&clock->timer));
    loop_advance(bench->loop, 1000);
    assert_int_equal(clock->n_fired, 1);
}

static void test_stop_and_restart(void **state)
{
    struct bench *bench = *state;
    struct alarm_clock *clock = &bench->clocks[0];

    loop_timer_stop(&clock->timer);
    loop_timer_start(&clock->timer, 10);
    loop_timer_stop(&clock->timer);
    loop_timer_stop(&clock->timer);
    loop_advance(bench->loop, 20);
    assert_int_equal(clock->n_fired, 0);
    loop_timer_start(&clock->timer, 10);
    loop_advance(bench->loop, 5);
    loop_timer_start(&clock->timer, 10);
    loop_advance(bench->loop, 9);
    assert_int_equal(clock->n_fired, 0);
    loop_advance(bench->loop, 1);
    assert_int_equal(clock->n_fired, 1);
}

static void test_a_timer_stops_and_restarts_others_due_with_it(void **state)
{
    struct bench *bench = *state;
    struct alarm_clock *clocks = bench->clocks;

    clocks[0].stops = &clocks[1];
    clocks[0].restarts = &clocks[2];
    for (unsigned i = 0; i < 4; i++) {
        loop_timer_start(&clocks[i].timer, 10);
    }
    loop_advance(bench->loop, 10);
    assert_int_equal(clocks[0].n_fired, 1);
    assert_int_equal(clocks[1].n_fired, 0);
    assert_int_equal(clocks[2].n_fired, 0);
    assert_int_equal(clocks[3].n_fired, 1);
    loop_advance(bench->loop, 100);
    assert_int_equal(clocks[2].n_fired, 1);
}

static struct alarm_clock *fired[MANY];
static unsigned n_fired;

static void on_fire_in_order(struct loop_timer *timer)
{
    fired[n_fired++] = container_of(timer, struct alarm_clock, timer);
}

static void test_equal_times_fire_in_starting_order(void **state)
{
    struct bench *bench = *state;

    n_fired = 0;
    for (unsigned i = 0; i < MANY; i++) {
        loop_timer_init(bench->loop, &bench->clocks[i].timer, on_fire_in_order);
        loop_timer_start(&bench->clocks[i].timer, 7);
    }
    /* Starting again puts it last. */
    loop_timer_start(&bench->clocks[0].timer, 7);
    loop_advance(bench->loop, 7);
    assert_int_equal(n_fired, MANY);
    for (unsigned i = 0; i < MANY - 1; i++) {
        assert_ptr_equal(fired[i], &bench->clocks[i + 1]);
    }
    assert_ptr_equal(fired[MANY - 1], &bench->clocks[0]);
}

/* Starts, restarts and stops at random: each fires exactly when it is due by a plain table. */
static void test_many_at_random(void **state)
{
    enum { ROUNDS = 200, HORIZON_MS = 1000 };
    struct bench *bench = *state;
    uint64_t *due = mem_alloc(sizeof(uint64_t) * MANY);
    unsigned want = 0;
    unsigned seed = 12345;

    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < MANY / 10; i++) {
            unsigned which = (unsigned)rand_r(&seed) % MANY;
            unsigned delay = 1 + (unsigned)rand_r(&seed) % HORIZON_MS;

            if (rand_r(&seed) % 4 == 0) {
                loop_timer_stop(&bench->clocks[which].timer);
                due[which] = 0;
            } else {
                loop_timer_start(&bench->clocks[which].timer, delay);
                due[which] = loop_now_ms(bench->loop) + delay;
            }
        }
        loop_advance(bench->loop, 1 + rand_r(&seed) % 20);
        for (unsigned i = 0; i < MANY; i++) {
            if (due[i] && due[i] <= loop_now_ms(bench->loop)) {
                assert_int_equal(bench->clocks[i].at_ms, due[i]);
                due[i] = 0;
                want++;
            }
            assert_int_equal(loop_timer_is_running(&bench->clocks[i].timer), due[i] != 0);
        }
        assert_int_equal(n_fired_of_all(bench->clocks, MANY), want);
    }
    assert_true(want > MANY);
    loop_advance(bench->loop, HORIZON_MS);
    mem_free(due);
}

static void test_a_delay_beyond_measure_never_fires(void **state)
{
    struct bench *bench = *state;
    struct alarm_clock *clock = &bench->clocks[0];

    loop_timer_start(&clock->timer, UINT64_MAX);
    loop_advance(bench->loop, INT32_MAX);
    assert_int_equal(clock->n_fired, 0);
    assert_true(loop_timer_is_running(&clock->timer));
    loop_timer_stop(&clock->timer);
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)

static void delays_of_any_number(void **state)
{
    assert_int_equal(loop_delay_ms(1.9), 1);
    assert_int_equal(loop_delay_ms(-1), 0);
    assert_int_equal(loop_delay_ms(-HUGE_VAL), 0);
    assert_int_equal(loop_delay_ms((double)NAN), 0);
    assert_int_equal(loop_delay_ms(1e308), 1ULL << 53);
    assert_int_equal(loop_delay_ms(HUGE_VAL), 1ULL << 53);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_of_any_number),
        BENCH(test_fires_once_when_due),
        BENCH(test_stop_and_restart),
        BENCH(test_a_timer_stops_and_restarts_others_due_with_it),
        BENCH(test_equal_times_fire_in_starting_order),
        BENCH(test_many_at_random),
        BENCH(test_a_delay_beyond_measure_never_fires),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
