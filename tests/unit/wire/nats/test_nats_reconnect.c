/* SPDX-License-Identifier: MIT */
/* The client and time: lost connections, several servers, waits, keep-alive, flushing, closing. */
#include "scripted.h"

enum { HOUR_MS = 3600 * 1000 };

static char owner_a[] = "a";

static void close_peer(struct scripted *s)
{
    raw_client_close(&s->peer);
    buf_init(&s->peer.in, BUF_NO_LIMIT);
}

static void test_comes_back_with_its_subscriptions(void **state)
{
    struct scripted s;
    int removed;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    assert_true(nats_client_subscribe(s.client, BYTES("x.a"), BYTES("q"), owner_a) > 0);
    removed = nats_client_subscribe(s.client, BYTES("x.b"), BYTES_NONE, owner_a);
    nats_client_start(s.client);
    scripted_log_in(&s);
    nats_client_unsubscribe(s.client, removed);
    raw_client_wait(&s.peer, "UNSUB");
    close_peer(&s);
    scripted_await(&s, "disconnected");
    assert_events(&s, "connected;disconnected S: connection closed;");
    assert_int_equal(nats_client_publish(s.client, BYTES("a"), BYTES("x")), ERR_NOT_CONNECTED);
    assert_true(nats_client_subscribe(s.client, BYTES("x.c"), BYTES_NONE, owner_a) > 0);
    scripted_forget(&s);
    loop_advance(s.loop, 100);
    scripted_log_in(&s);
    assert_events(&s, "reconnected;");
    assert_int_equal(raw_client_count(&s.peer, "}\r\nSUB x.a q 1\r\nSUB x.c 3\r\nPING\r\n"), 1);
    assert_int_equal(nats_client_publish(s.client, BYTES("a"), BYTES("x")), 0);
    scripted_close(&s);
}

static void test_goes_to_the_next_server_at_once(void **state)
{
    struct scripted s;

    /* Nobody listens on the first one's port. */
    scripted_open(&s, "127.0.0.1:1,$", (struct nats_client_options){.reconnect_first_ms = 1000});
    nats_client_start(s.client);
    scripted_await(&s, "error 127.0.0.1:1: ");
    loop_advance(s.loop, 1000); /* jitter */
    scripted_log_in(&s);
    /* Lost: the first one is tried, then this one again. */
    scripted_forget(&s);
    loop_advance(s.loop, HOUR_MS / 1000);
    close_peer(&s);
    scripted_await(&s, "disconnected");
    loop_advance(s.loop, 1000);
    scripted_await(&s, "error 127.0.0.1:1: ");
    loop_advance(s.loop, 1000);
    scripted_log_in(&s);
    assert_true(nats_client_is_connected(s.client));
    scripted_close(&s);
}

static void test_learns_servers_from_info(void **state)
{
    struct scripted s, other;
    char info[128];

    scripted_open(&other, NULL, (struct nats_client_options){0}); /* for its listener */
    scripted_open(&s, NULL, (struct nats_client_options){0});
    nats_client_start(s.client);
    scripted_log_in(&s);
    (void)snprintf(info, sizeof(info), "INFO {\"connect_urls\":[\"%s\",\"%s\",7,\"a b\"]}\r\n",
                   s.address, other.address);
    scripted_send(&s, info);
    raw_client_settle(&s.peer);
    scripted_stop_listening(&s);
    loop_advance(s.loop, 10000);
    scripted_forget(&s);
    close_peer(&s);
    scripted_await(&s, "disconnected");
    loop_advance(s.loop, 200);
    /* The other's listener, our loop. */
    s.server.fd = other.server.fd;
    s.is_listening = true;
    other.is_listening = false;
    scripted_log_in(&s);
    assert_true(nats_client_is_connected(s.client));
    scripted_close(&s);
    scripted_close(&other);
}

static unsigned count_attempts(struct scripted *s, int64_t ms)
{
    unsigned n = 0;

    for (int64_t passed = 0; passed < ms; passed += 10) {
        loop_advance(s->loop, 10);
        while (scripted_has_connection(s)) {
            n++;
            close_peer(s);
        }
    }
    return n;
}

static void test_waits_longer_and_longer_but_for_ever(void **state)
{
    struct scripted s;
    unsigned n;

    scripted_open(
        &s, NULL,
        (struct nats_client_options){.reconnect_first_ms = 100, .reconnect_most_ms = 2000});
    nats_client_start(s.client);
    /* 0, 100, 300, 700, 1500: each wait up to a fifth shorter. */
    n = count_attempts(&s, 1700);
    assert_in_range(n, 5, 6);
    n = count_attempts(&s, 100000);
    assert_in_range(n, 50, 63);
    scripted_forget(&s);
    loop_advance(s.loop, 2000);
    scripted_log_in(&s);
    assert_events(&s, "connected;");
    /* It lasted: the waits begin anew. */
    loop_advance(s.loop, 10000);
    close_peer(&s);
    n = count_attempts(&s, 110);
    assert_int_equal(n, 1);
    scripted_close(&s);
}

static void test_a_server_that_throws_clients_out_is_not_stormed(void **state)
{
    struct scripted s;
    unsigned n = 0;

    scripted_open(&s, "$,$", (struct nats_client_options){0});
    nats_client_start(s.client);
    for (int i = 0; i < 1000; i++) { /* 10 s */
        loop_advance(s.loop, 10);
        if (scripted_has_connection(&s)) {
            scripted_send(&s, SCRIPTED_INFO);
            raw_client_wait(&s.peer, "PING\r\n");
            scripted_send(&s, "PONG\r\n");
            raw_client_until(s.loop, &s.is_connected);
            close_peer(&s);
            scripted_await(&s, "disconnected");
            scripted_forget(&s);
            n++;
        }
    }
    assert_in_range(n, 4, 24);
    scripted_close(&s);
}

static void test_a_silent_server_is_given_up(void **state)
{
    static const char *const said[] = {"", SCRIPTED_INFO};
    static const char *const events[] = {"error S: timed out waiting for the server's INFO;",
                                         "error S: timed out logging in;"};

    for (int i = 0; i < 2; i++) {
        struct scripted s;

        scripted_open(&s, NULL, (struct nats_client_options){.connect_timeout_ms = 3000});
        nats_client_start(s.client);
        scripted_accept(&s);
        scripted_send(&s, said[i]);
        raw_client_settle(&s.peer);
        loop_advance(s.loop, 2999);
        assert_int_equal(s.events.n, 0);
        loop_advance(s.loop, 1);
        scripted_await(&s, ";");
        assert_events(&s, events[i]);
        scripted_close(&s);
    }
}

static void test_two_missed_pings_end_the_connection(void **state)
{
    struct scripted s;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    nats_client_start(s.client);
    scripted_log_in(&s);
    scripted_forget(&s);
    for (unsigned i = 1; i <= 3; i++) {
        loop_advance(s.loop, 120 * 1000);
        raw_client_wait_times(&s.peer, "PING\r\n", i);
        scripted_send(&s, "PONG\r\n");
        raw_client_settle(&s.peer);
    }
    loop_advance(s.loop, 120 * 1000); /* missed */
    loop_advance(s.loop, 120 * 1000); /* missed */
    raw_client_settle(&s.peer);
    assert_int_equal(s.events.n, 0);
    assert_int_equal(raw_client_count(&s.peer, "PING\r\n"), 5);
    loop_advance(s.loop, 120 * 1000);
    scripted_await(&s, "disconnected");
    assert_events(&s, "disconnected S: the server does not answer;");
    loop_advance(s.loop, 100);
    scripted_log_in(&s);
    scripted_close(&s);
}

static void test_flushes_until_the_pong(void **state)
{
    struct scripted s;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    nats_client_start(s.client);
    scripted_log_in(&s);
    scripted_forget(&s);
    assert_int_equal(nats_client_publish(s.client, BYTES("a"), BYTES("x")), 0);
    nats_client_flush(s.client, 5000, scripted_on_flushed);
    nats_client_flush(s.client, 5000, scripted_on_flushed);
    raw_client_wait_times(&s.peer, "PING\r\n", 2);
    assert_sent(&s, "PUB a 1\r\nx\r\nPING\r\nPING\r\n");
    loop_advance(s.loop, 4000);
    assert_int_equal(s.n_flushed, 0);
    scripted_send(&s, "PONG\r\n");
    raw_client_settle(&s.peer);
    assert_int_equal(s.n_flushed, 1);
    loop_advance(s.loop, 999);
    assert_int_equal(s.n_flushed, 1);
    loop_advance(s.loop, 1); /* in vain */
    assert_int_equal(s.n_flushed, 2);
    scripted_close(&s);
}

static void test_flushes_end_with_the_connection(void **state)
{
    struct scripted s;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    nats_client_flush(s.client, HOUR_MS, scripted_on_flushed); /* not even started */
    assert_int_equal(s.n_flushed, 0);
    loop_advance(s.loop, 0);
    assert_int_equal(s.n_flushed, 1);
    nats_client_start(s.client);
    scripted_log_in(&s);
    nats_client_flush(s.client, HOUR_MS, scripted_on_flushed);
    close_peer(&s);
    scripted_await(&s, "disconnected");
    loop_advance(s.loop, 0);
    assert_int_equal(s.n_flushed, 2);
    loop_advance(s.loop, 1000);
    scripted_log_in(&s);
    nats_client_flush(s.client, HOUR_MS, scripted_on_flushed);
    scripted_close(&s);
    assert_int_equal(s.n_flushed, 3);
}

static void test_drains_before_it_closes(void **state)
{
    static const bool answers[] = {true, false};

    for (int i = 0; i < 2; i++) {
        struct scripted s;

        scripted_open(&s, NULL, (struct nats_client_options){0});
        assert_true(nats_client_subscribe(s.client, BYTES("x"), BYTES("q"), owner_a) > 0);
        nats_client_start(s.client);
        scripted_log_in(&s);
        scripted_forget(&s);
        assert_int_equal(nats_client_publish(s.client, BYTES("a"), BYTES("bye")), 0);
        nats_client_close(s.client, scripted_on_closed);
        s.client = NULL;
        raw_client_wait(&s.peer, "PING\r\n");
        assert_sent(&s, "PUB a 3\r\nbye\r\nUNSUB 1\r\nPING\r\n");
        scripted_send(&s, "MSG x 1 1\r\nx\r\n-ERR 'Permissions Violation for x'\r\n");
        loop_advance(s.loop, 1999);
        assert_false(s.is_closed || s.peer.has_eof);
        if (answers[i]) {
            scripted_send(&s, "PONG\r\n");
        } else {
            loop_advance(s.loop, 1);
        }
        raw_client_wait_end(&s.peer);
        raw_client_until(s.loop, &s.is_closed);
        assert_int_equal(s.events.n, 0);
        scripted_close(&s);
    }
}

static void test_closes_in_any_state(void **state)
{
    struct scripted s;

    scripted_open(&s, NULL, (struct nats_client_options){0}); /* idle */
    scripted_close(&s);
    scripted_open(&s, NULL, (struct nats_client_options){0}); /* dialing */
    nats_client_start(s.client);
    scripted_close(&s);
    scripted_open(&s, NULL, (struct nats_client_options){0}); /* awaiting INFO */
    nats_client_start(s.client);
    scripted_accept(&s);
    raw_client_settle(&s.peer);
    scripted_close(&s);
    scripted_open(&s, NULL, (struct nats_client_options){0}); /* awaiting the PONG */
    nats_client_start(s.client);
    scripted_accept(&s);
    scripted_send(&s, SCRIPTED_INFO);
    raw_client_wait(&s.peer, "PING\r\n");
    scripted_close(&s);
    scripted_open(&s, NULL, (struct nats_client_options){0}); /* shaking hands */
    nats_client_start(s.client);
    scripted_accept(&s);
    scripted_send(&s, "INFO {\"tls_required\":true}\r\n");
    raw_client_wait_bytes(&s.peer, 1);
    scripted_close(&s);
    scripted_open(&s, "127.0.0.1:1", (struct nats_client_options){0}); /* waiting */
    nats_client_start(s.client);
    scripted_await(&s, "error");
    scripted_close(&s);
    assert_true(s.is_closed);
}

static void test_closes_within_a_message(void **state)
{
    struct scripted s;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    assert_true(nats_client_subscribe(s.client, BYTES("x"), BYTES_NONE, owner_a) > 0);
    nats_client_start(s.client);
    scripted_log_in(&s);
    scripted_forget(&s);
    s.closes_at_message = true;
    scripted_send(&s, "MSG x 1 1\r\n1\r\nMSG x 1 1\r\n2\r\n");
    raw_client_wait(&s.peer, "PING\r\n");
    scripted_send(&s, "PONG\r\n");
    raw_client_until(s.loop, &s.is_closed);
    assert_events(&s, "a x [1];");
    scripted_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back_with_its_subscriptions),
        cmocka_unit_test(test_goes_to_the_next_server_at_once),
        cmocka_unit_test(test_learns_servers_from_info),
        cmocka_unit_test(test_waits_longer_and_longer_but_for_ever),
        cmocka_unit_test(test_a_server_that_throws_clients_out_is_not_stormed),
        cmocka_unit_test(test_a_silent_server_is_given_up),
        cmocka_unit_test(test_two_missed_pings_end_the_connection),
        cmocka_unit_test(test_flushes_until_the_pong),
        cmocka_unit_test(test_flushes_end_with_the_connection),
        cmocka_unit_test(test_drains_before_it_closes),
        cmocka_unit_test(test_closes_in_any_state),
        cmocka_unit_test(test_closes_within_a_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
