/* SPDX-License-Identifier: MIT */
/* What every kind of stream promises: run over TCP, Unix sockets and TLS alike. */
#include "net/net_stream.h"

#include <stdlib.h>

#include "base/mem.h"
#include "pair.h"

static const size_t mib = (size_t)1024 * 1024;

static int open_pair(void **state)
{
    struct pair *pair = mem_new(struct pair);

    pair_open(pair, *(const enum pair_kind *)*state);
    *state = pair;
    return 0;
}

static int close_pair(void **state)
{
    pair_close(*state);
    mem_free(*state);
    return 0;
}

/* Text that shows a byte lost, doubled or swapped. */
static struct bytes pattern(size_t n)
{
    static char *text;
    static size_t room;

    if (room < n) {
        text = mem_realloc(text, n);
        room = n;
    }
    for (size_t i = 0; i < n; i++) {
        text[i] = (char)(i * 7 + i / 251);
    }
    return bytes_of(text, n);
}

static void test_both_ways(void **state)
{
    struct pair *pair = *state;

    net_stream_write(pair->client.stream, BYTES("hello "));
    net_stream_write(pair->client.stream, BYTES(""));
    net_stream_write(pair->client.stream, BYTES("world"));
    assert_int_equal(net_stream_pending_bytes(pair->client.stream), 11);
    run_until(pair->loop, pair->server.got.n == 11);
    assert_bytes(buf_bytes(&pair->server.got), "hello world");
    assert_int_equal(pair->server.n_reads, 1);
    assert_int_equal(net_stream_pending_bytes(pair->client.stream), 0);
    net_stream_write(pair->server.stream, BYTES("answer"));
    run_until(pair->loop, pair->client.got.n == 6);
    assert_bytes(buf_bytes(&pair->client.got), "answer");
}

static void test_much(void **state)
{
    enum { MUCH = 20 * 1024 * 1024 };
    struct pair *pair = *state;
    struct bytes all = pattern(MUCH);

    net_stream_pause(pair->server.stream);
    for (size_t at = 0; at < MUCH; at += MUCH / 8) {
        net_stream_write(pair->client.stream, bytes_of(all.p + at, MUCH / 8));
    }
    run_until_quiet(pair->loop);
    assert_true(net_stream_pending_bytes(pair->client.stream) > MUCH / 4);
    assert_int_equal(pair->client.n_drains, 0);
    assert_int_equal(pair->server.got.n, 0);
    net_stream_resume(pair->server.stream);
    net_stream_write(pair->server.stream, BYTES("the other way meanwhile"));
    run_until(pair->loop, pair->server.got.n == MUCH && pair->client.n_drains > 0);
    assert_bytes_eq(buf_bytes(&pair->server.got), all);
    assert_bytes(buf_bytes(&pair->client.got), "the other way meanwhile");
    assert_int_equal(pair->client.n_drains, 1);
    assert_int_equal(pair->client.drains_pending_most, 0);
    assert_int_equal(net_stream_pending_bytes(pair->client.stream), 0);
}

static void test_little_does_not_drain(void **state)
{
    struct pair *pair = *state;

    net_stream_write(pair->client.stream, pattern(1000));
    run_until(pair->loop, pair->server.got.n == 1000);
    run_until_quiet(pair->loop);
    assert_int_equal(pair->client.n_drains, 0);
}

static void test_close_writes_what_is_pending(void **state)
{
    enum { MUCH = 5 * 1024 * 1024 };
    struct pair *pair = *state;

    net_stream_write(pair->client.stream, pattern(MUCH));
    net_stream_close(pair->client.stream);
    net_stream_write(pair->client.stream, BYTES("vanishes"));
    net_stream_close(pair->client.stream);
    assert_int_equal(pair->client.n_closes, 0);
    run_until(pair->loop, pair->client.n_closes && pair->server.n_eofs);
    assert_int_equal(pair->client.err, 0);
    assert_int_equal(pair->server.got.n, MUCH);
    assert_bytes_eq(buf_bytes(&pair->server.got), pattern(MUCH));
    assert_int_equal(pair->server.n_closes, 0);
    net_stream_close(pair->server.stream);
    run_until(pair->loop, pair->server.n_closes);
    assert_int_equal(pair->server.err, 0);
    assert_int_equal(pair->server.n_eofs, 1);
}

static void test_no_input_after_close(void **state)
{
    struct pair *pair = *state;

    net_stream_write(pair->server.stream, BYTES("late"));
    net_stream_close(pair->client.stream);
    run_until(pair->loop, pair->client.n_closes);
    assert_int_equal(pair->client.n_reads, 0);
    assert_int_equal(pair->client.err, 0);
}

static void test_eof_without_on_eof_closes(void **state)
{
    struct pair *pair = *state;

    net_stream_set_events(pair->server.stream, &pair_events_without_eof, &pair->server);
    net_stream_close(pair->client.stream);
    run_until(pair->loop, pair->client.n_closes && pair->server.n_closes);
    assert_int_equal(pair->server.err, 0);
}

/* One read a resume, never from within it; pausing again before the turn reads nothing. */
static void resume_for_one_read(struct pair *pair)
{
    unsigned n = pair->server.n_reads;

    net_stream_resume(pair->server.stream);
    net_stream_pause(pair->server.stream);
    run_until_quiet(pair->loop);
    assert_int_equal(pair->server.n_reads, n);
    net_stream_resume(pair->server.stream);
    assert_int_equal(pair->server.n_reads, n);
    run_until(pair->loop, pair->server.n_reads > n);
    run_until_quiet(pair->loop);
    assert_int_equal(pair->server.n_reads, n + 1);
}

static void test_pause(void **state)
{
    struct pair *pair = *state;

    net_stream_pause(pair->server.stream);
    pair->server.pauses_at_read = true;
    for (unsigned i = 0; i < 5; i++) {
        net_stream_write(pair->client.stream, BYTES("x"));
        run_until_quiet(pair->loop);
        assert_int_equal(pair->server.n_reads, i);
        resume_for_one_read(pair);
    }
    assert_bytes(buf_bytes(&pair->server.got), "xxxxx");
}

/* The end of input comes after the input, however often the receiver pauses. */
static void test_pause_holds_back_the_end(void **state)
{
    enum { MUCH = 300 * 1000 };
    struct pair *pair = *state;

    pair->server.pauses_at_read = true;
    net_stream_write(pair->client.stream, pattern(MUCH));
    net_stream_close(pair->client.stream);
    while (pair->server.n_eofs == 0) {
        unsigned n = pair->server.n_reads;

        net_stream_resume(pair->server.stream);
        run_until(pair->loop, pair->server.n_reads > n || pair->server.n_eofs);
        run_until_quiet(pair->loop);
        assert_true(pair->server.n_reads <= n + 1);
    }
    assert_bytes_eq(buf_bytes(&pair->server.got), pattern(MUCH));
    assert_int_equal(pair->server.n_closes, 0);
}

static void test_write_limit(void **state)
{
    struct pair *pair = *state;

    net_stream_set_write_limit(pair->client.stream, 1000);
    net_stream_write(pair->client.stream, pattern(600));
    net_stream_write(pair->client.stream, pattern(400));
    run_until(pair->loop, pair->server.got.n == 1000);
    net_stream_write(pair->client.stream, pattern(600));
    net_stream_write(pair->client.stream, pattern(401));
    net_stream_write(pair->client.stream, BYTES("vanishes"));
    assert_int_equal(pair->client.n_closes, 0);
    run_until(pair->loop, pair->client.n_closes);
    assert_int_equal(pair->client.err, ERR_LIMIT);
}

static void test_write_limit_against_a_peer_that_does_not_read(void **state)
{
    struct pair *pair = *state;

    net_stream_pause(pair->server.stream);
    net_stream_set_write_limit(pair->client.stream, mib);
    for (int i = 0; i < 1000 && !pair->client.n_closes; i++) {
        net_stream_write(pair->client.stream, pattern(mib / 16));
        run_turn(pair->loop);
    }
    run_until(pair->loop, pair->client.n_closes);
    assert_int_equal(pair->client.err, ERR_LIMIT);
}

static void test_abort(void **state)
{
    struct pair *pair = *state;

    net_stream_write(pair->client.stream, BYTES("dropped"));
    net_stream_abort(pair->client.stream, false);
    net_stream_abort(pair->client.stream, true);
    net_stream_close(pair->client.stream);
    net_stream_resume(pair->client.stream);
    assert_int_equal(pair->client.n_closes, 0);
    run_until(pair->loop, pair->client.n_closes && (pair->server.n_eofs || pair->server.n_closes));
    assert_int_equal(pair->client.err, 0);
    assert_int_equal(pair->server.got.n, 0);
}

static void test_abort_while_much_is_pending(void **state)
{
    struct pair *pair = *state;

    net_stream_pause(pair->server.stream);
    net_stream_write(pair->client.stream, pattern(20 * mib));
    run_until_quiet(pair->loop);
    net_stream_close(pair->client.stream);
    run_until_quiet(pair->loop);
    assert_int_equal(pair->client.n_closes, 0);
    net_stream_abort(pair->client.stream, false);
    run_until(pair->loop, pair->client.n_closes);
    assert_int_equal(pair->client.n_drains, 0);
}

static void test_abort_in_on_read(void **state)
{
    struct pair *pair = *state;

    pair->server.aborts_at_read = true;
    net_stream_write(pair->client.stream, pattern(mib));
    run_until(pair->loop, pair->server.n_closes);
    assert_int_equal(pair->server.n_reads, 1);
    assert_int_equal(pair->server.err, 0);
}

static void test_reset_is_heard(void **state)
{
    struct pair *pair = *state;

    net_stream_abort(pair->client.stream, true);
    run_until(pair->loop, pair->client.n_closes && pair->server.n_closes);
    assert_int_equal(pair->client.err, 0);
    assert_int_equal(pair->server.err, ERR_RESET);
    assert_int_equal(pair->server.n_eofs, 0);
}

static void test_writing_to_a_peer_that_is_gone(void **state)
{
    struct pair *pair = *state;

    net_stream_abort(pair->server.stream, false);
    run_until(pair->loop, pair->server.n_closes);
    for (int i = 0; i < 1000 && !pair->client.n_closes; i++) {
        if (pair->client.stream) {
            net_stream_write(pair->client.stream, pattern(10000));
        }
        run_turn(pair->loop);
    }
    run_until(pair->loop, pair->client.n_closes);
    assert_int_not_equal(pair->client.err, 0);
}

static void test_half_close(void **state)
{
    struct pair *pair = *state;

    net_stream_write(pair->client.stream, BYTES("question"));
    net_stream_close(pair->client.stream);
    run_until(pair->loop, pair->server.n_eofs);
    assert_bytes(buf_bytes(&pair->server.got), "question");
    assert_non_null(pair->server.stream);
    net_stream_resume(pair->server.stream);
    net_stream_pause(pair->server.stream);
    net_stream_resume(pair->server.stream);
    run_until_quiet(pair->loop);
    assert_int_equal(pair->server.n_eofs, 1);
    assert_int_equal(pair->server.n_closes, 0);
}

/* A peer that does not read holds up the end for 5 s. */
static void test_close_has_a_deadline(void **state)
{
    struct pair *pair = *state;

    net_stream_pause(pair->server.stream);
    net_stream_write(pair->client.stream, pattern(20 * mib));
    net_stream_close(pair->client.stream);
    loop_advance(pair->loop, 4999);
    assert_int_equal(pair->client.n_closes, 0);
    loop_advance(pair->loop, 1);
    assert_int_equal(pair->client.n_closes, 1);
    assert_int_equal(pair->client.err, ERR_TIMEOUT);
}

/* The last words arrive although the peer was still sending. */
static void test_linger(void **state)
{
    struct pair *pair = *state;

    net_stream_set_events(pair->server.stream, &pair_events_without_eof, &pair->server);
    net_stream_write(pair->server.stream, pattern(3 * mib));
    net_stream_write(pair->client.stream, BYTES("enough"));
    net_stream_linger(pair->client.stream);
    net_stream_write(pair->client.stream, BYTES("vanishes"));
    run_until(pair->loop, pair->client.n_closes && pair->server.n_closes);
    assert_bytes(buf_bytes(&pair->server.got), "enough");
    assert_int_equal(pair->client.err, 0);
    assert_int_equal(pair->server.err, 0);
    assert_int_equal(pair->client.n_reads, 0);
}

static void test_linger_has_a_deadline(void **state)
{
    struct pair *pair = *state;

    net_stream_linger(pair->client.stream);
    run_until(pair->loop, pair->server.n_eofs);
    loop_advance(pair->loop, 1999);
    assert_int_equal(pair->client.n_closes, 0);
    loop_advance(pair->loop, 1);
    assert_int_equal(pair->client.n_closes, 1);
    assert_int_equal(pair->client.err, 0);
}

struct aborter {
    struct loop_defer flush;
    struct net_stream *stream;
};

static void on_abort(struct loop_defer *flush)
{
    net_stream_abort(container_of(flush, struct aborter, flush)->stream, false);
}

/*
 * The peer answers and is gone before our bytes leave: the answer is read, then the failure told.
 * (Over TCP the write still succeeds.)
 */
static void test_a_failed_write_leaves_input_readable(void **state)
{
    struct pair *pair = *state;
    struct aborter aborter = {.stream = pair->server.stream};

    loop_defer_init(&aborter.flush, on_abort);
    net_stream_write(pair->server.stream, BYTES("the answer"));
    loop_flush_start(pair->loop, &aborter.flush);
    net_stream_write(pair->client.stream, BYTES("the question"));
    run_until(pair->loop, pair->client.n_closes);
    assert_bytes(buf_bytes(&pair->client.got), "the answer");
    assert_int_equal(pair->client.n_eofs, 0);
    assert_int_equal(pair->client.err, ERR_RESET);
}

static void test_a_failed_write_ends_a_paused_stream(void **state)
{
    struct pair *pair = *state;

    net_stream_pause(pair->client.stream);
    net_stream_abort(pair->server.stream, false);
    run_until(pair->loop, pair->server.n_closes);
    for (int i = 0; i < 1000 && !pair->client.n_closes; i++) {
        net_stream_write(pair->client.stream, BYTES("x"));
        run_until_quiet(pair->loop);
    }
    assert_int_equal(pair->client.n_closes, 1);
    assert_int_equal(pair->client.err, ERR_RESET);
}

static void test_names(void **state)
{
    struct pair *pair = *state;
    char want[100];

    (void)snprintf(want, sizeof(want), "127.0.0.1:%u", net_listener_port(pair->listener));
    if (pair->kind == PAIR_UNIX) {
        (void)snprintf(want, sizeof(want), "unix:%s", pair->path);
        assert_string_equal(net_stream_peer_name(pair->server.stream), want);
    } else {
        assert_memory_equal(net_stream_peer_name(pair->server.stream), "127.0.0.1:", 10);
    }
    assert_string_equal(net_stream_peer_name(pair->client.stream), want);
    net_stream_set_no_delay(pair->client.stream);
    net_stream_set_no_delay(pair->server.stream);
    assert_ptr_equal(net_stream_owner(pair->client.stream), &pair->client);
}

#define EACH(test, kind)                                                                           \
    {                                                                                              \
#test " " #kind, test, open_pair, close_pair, (void *)&kinds[kind]                         \
    }
#define OVER_ALL(test) EACH(test, PAIR_TCP), EACH(test, PAIR_UNIX), EACH(test, PAIR_TLS)

int main(void)
{
    static enum pair_kind kinds[] = {PAIR_TCP, PAIR_UNIX, PAIR_TLS};
    const struct CMUnitTest tests[] = {
        OVER_ALL(test_both_ways),
        OVER_ALL(test_much),
        OVER_ALL(test_little_does_not_drain),
        OVER_ALL(test_close_writes_what_is_pending),
        OVER_ALL(test_no_input_after_close),
        OVER_ALL(test_eof_without_on_eof_closes),
        OVER_ALL(test_pause),
        OVER_ALL(test_pause_holds_back_the_end),
        OVER_ALL(test_write_limit),
        OVER_ALL(test_write_limit_against_a_peer_that_does_not_read),
        OVER_ALL(test_abort),
        OVER_ALL(test_abort_while_much_is_pending),
        OVER_ALL(test_abort_in_on_read),
        EACH(test_reset_is_heard, PAIR_TCP),
        EACH(test_reset_is_heard, PAIR_TLS),
        OVER_ALL(test_writing_to_a_peer_that_is_gone),
        OVER_ALL(test_half_close),
        OVER_ALL(test_close_has_a_deadline),
        OVER_ALL(test_linger),
        OVER_ALL(test_linger_has_a_deadline),
        EACH(test_a_failed_write_leaves_input_readable, PAIR_UNIX),
        EACH(test_a_failed_write_ends_a_paused_stream, PAIR_TCP),
        EACH(test_a_failed_write_ends_a_paused_stream, PAIR_UNIX),
        OVER_ALL(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
