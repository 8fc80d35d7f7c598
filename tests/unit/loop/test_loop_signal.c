/* SPDX-License-Identifier: MIT */
/* Signals arrive as callbacks of the loop. */
#include "loop/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "support/run_until.h"

struct ear {
    unsigned n;
    int last;
};

static void on_signal(struct loop_signal *signal, int number)
{
    struct ear *ear = loop_signal_owner(signal);

    ear->n++;
    ear->last = number;
}

static void test_signals(void **state)
{
    struct loop *loop = loop_new();
    struct ear term = {0}, usr = {0};
    struct loop_signal *on_term = loop_signal_new(loop, SIGTERM, on_signal, &term);
    struct loop_signal *on_usr = loop_signal_new(loop, SIGUSR1, on_signal, &usr);

    assert_non_null(on_term);
    assert_non_null(on_usr);
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_int_equal(term.n, 0);
    run_until(loop, term.n > 0);
    assert_int_equal(term.n, 1);
    assert_int_equal(term.last, SIGTERM);
    assert_int_equal(usr.n, 0);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    run_until(loop, usr.n > 0);
    assert_int_equal(usr.last, SIGUSR1);
    assert_int_equal(term.n, 1);
    loop_run(loop); /* listening to signals alone is nothing to wait for */
    loop_signal_free(on_term);
    loop_signal_free(on_usr);
    loop_signal_free(NULL);
    loop_free(loop);
}

static void test_a_signal_that_cannot_be_caught(void **state)
{
    struct loop *loop = loop_new();

    assert_null(loop_signal_new(loop, SIGKILL, on_signal, NULL));
    loop_free(loop);
}

/* A write to a pipe nobody reads is an error, not the end. */
static void test_sigpipe_is_ignored(void **state)
{
    struct loop *loop = loop_new();
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(write(ends[1], "x", 1), -1);
    assert_int_equal(close(ends[1]), 0);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_a_signal_that_cannot_be_caught),
        cmocka_unit_test(test_sigpipe_is_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
