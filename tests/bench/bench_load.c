/* SPDX-License-Identifier: MIT */
/* The measurement itself: warm-up, window, pacing, and what the window saw. */
#include "bench_load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench_clock.h"
#include "bench_die.h"

#define LOAD_MAX_IN_FLIGHT 20000U
#define MAX_EXTENSIONS     5U
#define DRAIN_MAX_NS       (10 * BENCH_NS_PER_S)

static struct bench_load_mark take_mark(const struct bench_load *load)
{
    return (struct bench_load_mark){
        .time_ns = bench_clock_now_ns(),
        .own_cpu_ns = bench_clock_read_ns(CLOCK_PROCESS_CPUTIME_ID),
        .target = bench_cpu_read(&load->options.target),
        .helpers = bench_cpu_read(&load->options.helpers),
    };
}

static void begin_measurement(struct bench_load *load)
{
    load->phase = BENCH_LOAD_MEASUREMENT;
    bench_hist_clear(&load->hist);
    load->begin = take_mark(load);
    bench_timer_set(&load->phase_timer,
                    load->begin.time_ns + load->options.duration_ms * BENCH_NS_PER_MS);
}

/* A window in which not even one answer a slot came says little: it goes on for another one. */
static bool extend_measurement(struct bench_load *load)
{
    if (load->hist.n >= load->options.in_flight || load->n_extensions == MAX_EXTENSIONS) {
        return false;
    }
    load->n_extensions++;
    bench_timer_set(&load->phase_timer,
                    bench_clock_now_ns() + load->options.duration_ms * BENCH_NS_PER_MS);
    return true;
}

static void end_measurement(struct bench_load *load)
{
    if (extend_measurement(load)) {
        return;
    }
    load->phase = BENCH_LOAD_DRAIN;
    load->end = take_mark(load);
    if (load->n_out == 0) {
        bench_loop_stop(load->loop);
    }
    bench_timer_set(&load->phase_timer, load->end.time_ns + DRAIN_MAX_NS);
}

static void on_phase_due(struct bench_timer *timer)
{
    struct bench_load *load = container_of(timer, struct bench_load, phase_timer);

    switch (load->phase) {
    case BENCH_LOAD_WARMUP:
        begin_measurement(load);
        break;
    case BENCH_LOAD_MEASUREMENT:
        end_measurement(load);
        break;
    case BENCH_LOAD_DRAIN:
        bench_die("%" PRIu64 " requests were never answered", load->n_out);
    }
}

static void send_from(struct bench_load *load, unsigned slot, uint64_t sent_ns)
{
    load->sent_ns[slot] = sent_ns;
    load->n_sent++;
    load->n_out++;
    load->send(load, slot);
}

/* Sends all that is due, as far as slots are free, and waits for the next. */
static void send_due(struct bench_load *load)
{
    uint64_t now_ns = bench_clock_now_ns();

    while (load->n_idle > 0 && load->next_due_ns <= now_ns) {
        uint64_t due_ns = load->next_due_ns;

        load->next_due_ns += BENCH_NS_PER_S / load->options.rate;
        send_from(load, load->idle[--load->n_idle], due_ns);
    }
    if (load->n_idle > 0) {
        bench_timer_set(&load->pace_timer, load->next_due_ns);
    }
}

static void on_pace_due(struct bench_timer *timer)
{
    struct bench_load *load = container_of(timer, struct bench_load, pace_timer);

    if (load->phase != BENCH_LOAD_DRAIN) {
        send_due(load);
    }
}

void bench_load_answered(struct bench_load *load, unsigned slot)
{
    uint64_t now_ns = bench_clock_now_ns();

    load->n_out--;
    if (load->phase == BENCH_LOAD_DRAIN) {
        if (load->n_out == 0) {
            bench_loop_stop(load->loop);
        }
        return;
    }
    bench_hist_add(&load->hist, now_ns - load->sent_ns[slot]);
    if (load->options.rate == 0) {
        send_from(load, slot, now_ns);
        return;
    }
    load->idle[load->n_idle++] = slot;
    if (load->next_due_ns <= now_ns) {
        send_due(load);
    } else if (load->n_idle == 1) {
        bench_timer_set(&load->pace_timer, load->next_due_ns);
    }
}

static void make_slots(struct bench_load *load)
{
    size_t in_flight = load->options.in_flight;

    if (in_flight < 1 || in_flight > LOAD_MAX_IN_FLIGHT || load->options.rate > BENCH_NS_PER_S) {
        bench_die("--in-flight must be from 1 to %u", LOAD_MAX_IN_FLIGHT);
    }
    load->sent_ns = calloc(in_flight, sizeof(*load->sent_ns));
    load->idle = calloc(in_flight, sizeof(*load->idle));
    if (load->sent_ns == NULL || load->idle == NULL) {
        bench_die("out of memory");
    }
}

void bench_load_start(struct bench_load *load)
{
    uint64_t now_ns = bench_clock_now_ns();

    make_slots(load);
    bench_timer_init(&load->phase_timer, load->loop, on_phase_due);
    bench_timer_set(&load->phase_timer, now_ns + load->options.warmup_ms * BENCH_NS_PER_MS + 1);
    if (load->options.rate == 0) {
        for (unsigned slot = 0; slot < load->options.in_flight; slot++) {
            send_from(load, slot, bench_clock_now_ns());
        }
        return;
    }
    while (load->n_idle < load->options.in_flight) {
        load->idle[load->n_idle] = load->n_idle;
        load->n_idle++;
    }
    bench_timer_init(&load->pace_timer, load->loop, on_pace_due);
    load->next_due_ns = now_ns;
    send_due(load);
}

void bench_load_finish(const struct bench_load *load)
{
    if (load->end.time_ns == 0) {
        bench_die("stopped before the end of the measurement");
    }
    if (load->hist.n == 0) {
        bench_die("no answer in %lu ms", load->options.duration_ms);
    }
}

static void print_cpu(const struct bench_load *load)
{
    double window_ns = (double)(load->end.time_ns - load->begin.time_ns);
    struct bench_cpu_time target = bench_cpu_since(load->end.target, load->begin.target);
    struct bench_cpu_time helpers = bench_cpu_since(load->end.helpers, load->begin.helpers);
    double own_ns = (double)(load->end.own_cpu_ns - load->begin.own_cpu_ns);

    if (load->options.target.n_pids > 0) {
        (void)printf(",\"cpu_us\":%.3f,\"cpu_busy\":%.4f,\"cpu_waited\":%.4f",
                     (double)target.run_ns / 1e3 / (double)load->hist.n,
                     (double)target.run_ns / window_ns, (double)target.wait_ns / window_ns);
    }
    (void)printf(",\"load_busy\":%.4f", (own_ns + (double)helpers.run_ns) / window_ns);
}

void bench_load_print(const struct bench_load *load)
{
    const struct bench_hist *hist = &load->hist;
    double seconds = (double)(load->end.time_ns - load->begin.time_ns) / 1e9;

    (void)printf("{\"requests\":%" PRIu64 ",\"seconds\":%.4f,\"per_second\":%.1f", hist->n, seconds,
                 (double)hist->n / seconds);
    (void)printf(",\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f",
                 bench_hist_quantile_us(hist, 0.50), bench_hist_quantile_us(hist, 0.90),
                 bench_hist_quantile_us(hist, 0.99), bench_hist_quantile_us(hist, 0.999));
    (void)printf(",\"max_us\":%.1f,\"mean_us\":%.1f", (double)hist->max_ns / 1e3,
                 bench_hist_mean_us(hist));
    print_cpu(load);
    (void)printf("}\n");
}

void bench_load_fini(struct bench_load *load)
{
    bench_timer_fini(&load->phase_timer);
    if (load->options.rate != 0) {
        bench_timer_fini(&load->pace_timer);
    }
    free(load->sent_ns);
    free(load->idle);
}
