/* SPDX-License-Identifier: MIT */
/* The event loop of the load tools: epoll, edge triggered, with jobs at the end of each turn so
 * that a peer's answers of one turn leave in one write. */
#include "bench_loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bench_clock.h"
#include "bench_die.h"

#define LOOP_MAX_EVENTS 256

static void on_signal(struct bench_watch *watch, uint32_t events)
{
    struct bench_loop *loop = container_of(watch, struct bench_loop, signals);

    bench_loop_stop(loop);
}

void bench_loop_init(struct bench_loop *loop)
{
    sigset_t set;

    *loop = (struct bench_loop){.signals = {.on_ready = on_signal}};
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    loop->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (loop->epoll_fd < 0 || loop->signals.fd < 0) {
        bench_die("cannot make an event loop: %s", strerror(errno));
    }
    bench_loop_watch(loop, &loop->signals);
}

void bench_loop_fini(struct bench_loop *loop)
{
    (void)close(loop->signals.fd);
    (void)close(loop->epoll_fd);
}

void bench_loop_watch(struct bench_loop *loop, struct bench_watch *watch)
{
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.ptr = watch,
    };

    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) != 0) {
        bench_die("cannot watch a descriptor: %s", strerror(errno));
    }
}

void bench_loop_queue(struct bench_loop *loop, struct bench_job *job)
{
    if (job->queued) {
        return;
    }
    job->queued = true;
    job->next = loop->jobs;
    loop->jobs = job;
}

static void run_jobs(struct bench_loop *loop)
{
    while (loop->jobs != NULL) {
        struct bench_job *job = loop->jobs;

        loop->jobs = job->next;
        job->queued = false;
        job->run(job);
    }
}

void bench_loop_run(struct bench_loop *loop)
{
    struct epoll_event events[LOOP_MAX_EVENTS];

    run_jobs(loop);
    while (!loop->stopped) {
        int n = epoll_wait(loop->epoll_fd, events, LOOP_MAX_EVENTS, -1);

        if (n < 0 && errno != EINTR) {
            bench_die("epoll_wait: %s", strerror(errno));
        }
        for (int i = 0; i < n; i++) {
            struct bench_watch *watch = events[i].data.ptr;

            watch->on_ready(watch, events[i].events);
        }
        run_jobs(loop);
    }
}

void bench_loop_stop(struct bench_loop *loop)
{
    loop->stopped = true;
}

static void on_timer(struct bench_watch *watch, uint32_t events)
{
    struct bench_timer *timer = container_of(watch, struct bench_timer, watch);
    uint64_t expirations;

    if (read(watch->fd, &expirations, sizeof(expirations)) == (ssize_t)sizeof(expirations)) {
        timer->on_due(timer);
    }
}

void bench_timer_init(struct bench_timer *timer, struct bench_loop *loop,
                      void (*on_due)(struct bench_timer *timer))
{
    *timer = (struct bench_timer){.watch = {.on_ready = on_timer}, .on_due = on_due};
    timer->watch.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer->watch.fd < 0) {
        bench_die("cannot make a timer: %s", strerror(errno));
    }
    bench_loop_watch(loop, &timer->watch);
}

void bench_timer_set(struct bench_timer *timer, uint64_t due_ns)
{
    struct itimerspec spec = {.it_value = {.tv_sec = (time_t)(due_ns / BENCH_NS_PER_S),
                                           .tv_nsec = (long)(due_ns % BENCH_NS_PER_S)}};

    if (timerfd_settime(timer->watch.fd, TFD_TIMER_ABSTIME, &spec, NULL) != 0) {
        bench_die("cannot set a timer: %s", strerror(errno));
    }
}

void bench_timer_fini(struct bench_timer *timer)
{
    (void)close(timer->watch.fd);
}
