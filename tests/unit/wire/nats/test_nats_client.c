/* SPDX-License-Identifier: MIT */
/* The client against a scripted server: login, subscriptions, messages, publishing, errors. */
#include "base/mem.h"
#include "scripted.h"

#define CONNECT_WITH(members)                                                                      \
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"tls_required\":false," members                \
    "\"lang\":\"c\",\"version\":\"" SIDECAR_VERSION "\",\"protocol\":1,\"echo\":true,"             \
    "\"headers\":false,\"no_responders\":false}\r\n"

static char owner_a[] = "a", owner_b[] = "b", owner_c[] = "c";

static void test_logs_in(void **state)
{
    struct scripted s;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    nats_client_start(s.client);
    scripted_accept(&s);
    raw_client_settle(&s.peer);
    assert_int_equal(s.peer.in.n, 0); /* the server speaks first */
    scripted_send(&s, SCRIPTED_INFO);
    raw_client_wait(&s.peer, "PING\r\n");
    assert_sent(&s, CONNECT_WITH("") "PING\r\n");
    raw_client_settle(&s.peer);
    assert_int_equal(s.events.n, 0); /* not before the PONG */
    assert_false(nats_client_is_connected(s.client));
    assert_int_equal(nats_client_max_payload(s.client), 0);
    scripted_send(&s, "PONG\r\n");
    scripted_await(&s, "connected;");
    assert_events(&s, "connected;");
    assert_int_equal(nats_client_max_payload(s.client), 1000);
    scripted_close(&s);
}

static void test_sends_credentials(void **state)
{
    static const struct {
        const char *servers;
        struct nats_client_options options;
        const char *connect;
    } table[] = {
        /* As it stands: nothing is decoded. */
        {"nats://u:p%40%3a@$",
         {.pass = {NULL, 0}},
         CONNECT_WITH("\"user\":\"u\",\"pass\":\"p%40%3a\",")},
        {"nats://tok@$",
         {.pass = {NULL, 0}},
         CONNECT_WITH("\"user\":\"tok\",\"auth_token\":\"tok\",")},
        {"$,nats://u:p@localhost,v:q@localhost",
         {.pass = {NULL, 0}},
         CONNECT_WITH("\"user\":\"u\",\"pass\":\"p\",")},
        {"$",
         {.user = BYTES_INIT("u"), .pass = BYTES_INIT("\"p\"")},
         CONNECT_WITH("\"user\":\"u\",\"pass\":\"\\\"p\\\"\",")},
        {"$", {.token = BYTES_INIT("t")}, CONNECT_WITH("\"auth_token\":\"t\",")},
        {"$", {.name = BYTES_INIT("node-1")}, CONNECT_WITH("\"name\":\"node-1\",")},
        {"v:q@$",
         {.user = BYTES_INIT("u"), .pass = BYTES_INIT("p")},
         CONNECT_WITH("\"user\":\"v\",\"pass\":\"q\",")},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct scripted s;

        scripted_open(&s, table[i].servers, table[i].options);
        nats_client_start(s.client);
        scripted_log_in(&s);
        assert_true(raw_client_count(&s.peer, table[i].connect) == 1);
        scripted_close(&s);
    }
}

static void test_subscribes_in_any_state(void **state)
{
    struct scripted s;
    int a, b, c;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    a = nats_client_subscribe(s.client, BYTES("x.a"), BYTES_NONE, owner_a);
    nats_client_start(s.client);
    scripted_accept(&s);
    b = nats_client_subscribe(s.client, BYTES("x.b.*"), BYTES("q"), owner_b);
    scripted_send(&s, SCRIPTED_INFO);
    raw_client_wait(&s.peer, "PING\r\n");
    assert_sent(&s, CONNECT_WITH("") "SUB x.a 1\r\nSUB x.b.* q 2\r\nPING\r\n");
    buf_clear(&s.peer.in);
    c = nats_client_subscribe(s.client, BYTES("x.c"), BYTES_NONE, owner_c); /* before the PONG */
    nats_client_unsubscribe(s.client, a);
    scripted_send(&s, "PONG\r\n");
    scripted_await(&s, "connected;");
    nats_client_unsubscribe(s.client, b);
    nats_client_unsubscribe(s.client, b); /* twice, unknown: nothing happens */
    nats_client_unsubscribe(s.client, 77);
    nats_client_unsubscribe(s.client, -1);
    raw_client_wait(&s.peer, "UNSUB 2\r\n");
    assert_sent(&s, "SUB x.c 3\r\nUNSUB 1\r\nUNSUB 2\r\n");
    assert_true(a > 0 && b > 0 && c > 0);
    scripted_close(&s);
}

static void test_refuses_bad_subjects(void **state)
{
    static const struct bytes bad[] = {
        BYTES_INIT(""),   BYTES_INIT("a b"),       BYTES_INIT("a..b"),
        BYTES_INIT("a."), BYTES_INIT("a\r\nPING"), BYTES_INIT("a.>.b"),
    };
    struct scripted s;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    nats_client_start(s.client);
    scripted_log_in(&s);
    buf_clear(&s.peer.in);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(nats_client_subscribe(s.client, bad[i], BYTES_NONE, NULL), ERR_INVALID);
        assert_int_equal(nats_client_publish(s.client, bad[i], BYTES("x")), ERR_INVALID);
        assert_int_equal(nats_client_subscribe(s.client, BYTES("a"), bad[i], NULL), ERR_INVALID);
    }
    assert_int_equal(nats_client_publish(s.client, BYTES("a.*"), BYTES("x")), ERR_INVALID);
    raw_client_settle(&s.peer);
    assert_int_equal(s.peer.in.n, 0);
    scripted_close(&s);
}

static void test_hands_out_messages_by_subscription(void **state)
{
    struct scripted s;
    int a;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    a = nats_client_subscribe(s.client, BYTES("x.>"), BYTES_NONE, owner_a);
    assert_true(nats_client_subscribe(s.client, BYTES("x.b"), BYTES_NONE, owner_b) > 0);
    nats_client_start(s.client);
    scripted_log_in(&s);
    scripted_forget(&s);
    scripted_send(&s, "MSG x.b 1 2\r\nhi\r\nMSG x.b 2 2\r\nhi\r\nMSG x.y 9 1\r\nz\r\n"
                      "HMSG x.y 1 12 14\r\nNATS/1.0\r\n\r\nhu\r\nMSG x.z 1 0\r\n\r\n+OK\r\n");
    scripted_await(&s, "x.z");
    assert_events(&s, "a x.b [hi];b x.b [hi];a x.y [hu];a x.z [];");
    scripted_forget(&s);
    nats_client_unsubscribe(s.client, a);
    scripted_send(&s, "MSG x.b 1 4\r\nlate\r\nMSG x.b 2 1\r\n2\r\n"); /* the first was under way */
    scripted_await(&s, "b x.b");
    assert_events(&s, "b x.b [2];");
    scripted_close(&s);
}

static void test_publishes_a_turn_in_one_piece(void **state)
{
    struct scripted s;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    assert_int_equal(nats_client_publish(s.client, BYTES("a"), BYTES("x")), ERR_NOT_CONNECTED);
    nats_client_start(s.client);
    assert_int_equal(nats_client_publish(s.client, BYTES("a"), BYTES("x")), ERR_NOT_CONNECTED);
    scripted_log_in(&s);
    buf_clear(&s.peer.in);
    assert_int_equal(nats_client_publish(s.client, BYTES("a.b"), BYTES("hello")), 0);
    assert_int_equal(nats_client_publish(s.client, BYTES("c"), BYTES_NONE), 0);
    assert_int_equal(nats_client_publish(s.client, BYTES("d"), BYTES("\r\n\0")), 0);
    raw_client_wait(&s.peer, "PUB d");
    assert_sent(&s, "PUB a.b 5\r\nhello\r\nPUB c 0\r\n\r\nPUB d 3\r\n\r\n\0\r\n");
    scripted_close(&s);
}

static void test_heeds_the_servers_max_payload(void **state)
{
    char payload[1001] = {0};
    struct scripted s;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    nats_client_start(s.client);
    scripted_log_in(&s);
    assert_int_equal(nats_client_publish(s.client, BYTES("a"), bytes_of(payload, 1001)), ERR_LIMIT);
    assert_int_equal(nats_client_publish(s.client, BYTES("a"), bytes_of(payload, 1000)), 0);
    scripted_send(&s, "INFO {\"max_payload\":10}\r\n"); /* it may change */
    while (nats_client_max_payload(s.client) == 1000) {
        (void)loop_run_once(s.loop);
    }
    assert_int_equal(nats_client_publish(s.client, BYTES("a"), bytes_of(payload, 11)), ERR_LIMIT);
    assert_int_equal(nats_client_publish(s.client, BYTES("a"), bytes_of(payload, 10)), 0);
    scripted_close(&s);
}

static void test_refuses_to_publish_when_too_much_is_unsent(void **state)
{
    size_t n = 1048576;
    char *payload = mem_alloc(n);
    struct scripted s;
    unsigned n_taken = 0;

    scripted_open(&s, NULL, (struct nats_client_options){.pending_limit_bytes = 4 * n});
    nats_client_start(s.client);
    scripted_accept(&s);
    scripted_send(&s, "INFO {\"max_payload\":2000000}\r\n");
    raw_client_wait(&s.peer, "PING\r\n");
    scripted_send(&s, "PONG\r\n");
    scripted_await(&s, "connected;");
    /* The server does not read. What its socket takes at once is not unsent. */
    while (nats_client_publish(s.client, BYTES("a"), bytes_of(payload, n)) == 0) {
        assert_in_range(++n_taken, 1, 100);
        (void)loop_run_once(s.loop);
    }
    assert_int_equal(nats_client_publish(s.client, BYTES("a"), bytes_of(payload, n)), ERR_LIMIT);
    assert_true(nats_client_is_connected(s.client));
    buf_clear(&s.peer.in);
    raw_client_wait_bytes(&s.peer, n_taken * (n + strlen("PUB a 1048576\r\n\r\n")));
    assert_int_equal(nats_client_publish(s.client, BYTES("a"), bytes_of(payload, n)), 0);
    assert_events(&s, "connected;");
    scripted_close(&s);
    mem_free(payload);
}

static void test_answers_pings(void **state)
{
    struct scripted s;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    nats_client_start(s.client);
    scripted_log_in(&s);
    buf_clear(&s.peer.in);
    scripted_send(&s, "PING\r\nPING\r\n");
    raw_client_wait_times(&s.peer, "PONG\r\n", 2);
    assert_sent(&s, "PONG\r\nPONG\r\n");
    scripted_send(&s, "PONG\r\nPONG\r\n"); /* nobody asked: ignored */
    raw_client_settle(&s.peer);
    assert_events(&s, "connected;");
    scripted_close(&s);
}

static void test_harmless_errors_are_told(void **state)
{
    struct scripted s;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    nats_client_start(s.client);
    scripted_log_in(&s);
    scripted_send(&s, "-ERR 'Permissions Violation for Publish to \"a\"'\r\n");
    scripted_await(&s, "error");
    raw_client_settle(&s.peer);
    assert_events(&s, "connected;error S: Permissions Violation for Publish to \"a\";");
    assert_true(nats_client_is_connected(s.client));
    scripted_close(&s);
}

static void test_fatal_errors_end_the_connection(void **state)
{
    struct scripted s;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    nats_client_start(s.client);
    scripted_log_in(&s);
    scripted_send(&s, "-ERR 'Stale Connection'\r\n");
    raw_client_wait_end(&s.peer);
    scripted_await(&s, "disconnected");
    assert_events(&s, "connected;error S: Stale Connection;disconnected S: Stale Connection;");
    scripted_close(&s);
}

static void test_garbage_ends_the_connection(void **state)
{
    static const struct {
        const char *sent, *event;
    } table[] = {
        {"HTTP/1.1 400 Bad Request\r\n", "disconnected S: malformed bytes from the server;"},
        {"MSG a 1 67108865\r\n", "disconnected S: message above the size limit;"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct scripted s;

        scripted_open(&s, NULL, (struct nats_client_options){0});
        nats_client_start(s.client);
        scripted_log_in(&s);
        scripted_forget(&s);
        scripted_send(&s, table[i].sent);
        raw_client_wait_end(&s.peer);
        scripted_await(&s, ";");
        assert_events(&s, table[i].event);
        scripted_close(&s);
    }
}

static void test_what_refuses_a_login(void **state)
{
    static const struct {
        const char *first, *after_connect, *event;
    } table[] = {
        {SCRIPTED_INFO, "-ERR 'Authorization Violation'\r\n", "error S: Authorization Violation;"},
        {"-ERR 'maximum connections exceeded'\r\n", NULL, "error S: maximum connections exceeded;"},
        {"HTTP/1.1 400 Bad Request\r\n", NULL, "error S: malformed bytes from the server;"},
        {"PING\r\n", NULL, "error S: the server is no NATS server;"},
        {"INFO no JSON\r\n", NULL, "error S: the server is no NATS server;"},
        {"INFO []\r\n", NULL, "error S: the server is no NATS server;"},
        {"INFO {\"max_payload\":0}\r\n", NULL, "error S: the server is no NATS server;"},
        {"INFO {\"max_payload\":\"x\"}\r\n", NULL, "error S: the server is no NATS server;"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct scripted s;

        scripted_open(&s, NULL, (struct nats_client_options){0});
        nats_client_start(s.client);
        scripted_accept(&s);
        scripted_send(&s, table[i].first);
        if (table[i].after_connect) {
            raw_client_wait(&s.peer, "PING\r\n");
            scripted_send(&s, table[i].after_connect);
        }
        raw_client_wait_end(&s.peer);
        scripted_await(&s, ";");
        assert_events(&s, table[i].event);
        scripted_forget(&s);
        loop_advance(s.loop, 1000); /* and it tries again */
        scripted_log_in(&s);
        assert_events(&s, "connected;");
        scripted_close(&s);
    }
}

static void test_plain_bytes_before_tls_are_refused(void **state)
{
    struct scripted s;

    scripted_open(&s, NULL, (struct nats_client_options){0});
    nats_client_start(s.client);
    scripted_accept(&s);
    scripted_send(&s, "INFO {\"tls_required\":true}\r\nPONG\r\n");
    raw_client_wait_end(&s.peer);
    scripted_await(&s, ";");
    assert_events(&s, "error S: plain bytes before the TLS handshake;");
    assert_int_equal(s.peer.in.n, 0);
    scripted_close(&s);
}

static void test_tls_is_not_given_up(void **state)
{
    struct scripted s;

    scripted_open(&s, NULL,
                  (struct nats_client_options){
                      .tls_wanted = true, .user = BYTES("u"), .pass = BYTES("secret")});
    nats_client_start(s.client);
    scripted_accept(&s);
    scripted_send(&s, SCRIPTED_INFO);
    raw_client_wait_end(&s.peer);
    scripted_await(&s, ";");
    assert_events(&s, "error S: the server does not offer TLS;");
    assert_int_equal(s.peer.in.n, 0); /* no CONNECT with a password */
    scripted_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logs_in),
        cmocka_unit_test(test_sends_credentials),
        cmocka_unit_test(test_subscribes_in_any_state),
        cmocka_unit_test(test_refuses_bad_subjects),
        cmocka_unit_test(test_hands_out_messages_by_subscription),
        cmocka_unit_test(test_publishes_a_turn_in_one_piece),
        cmocka_unit_test(test_heeds_the_servers_max_payload),
        cmocka_unit_test(test_refuses_to_publish_when_too_much_is_unsent),
        cmocka_unit_test(test_answers_pings),
        cmocka_unit_test(test_harmless_errors_are_told),
        cmocka_unit_test(test_fatal_errors_end_the_connection),
        cmocka_unit_test(test_garbage_ends_the_connection),
        cmocka_unit_test(test_what_refuses_a_login),
        cmocka_unit_test(test_plain_bytes_before_tls_are_refused),
        cmocka_unit_test(test_tls_is_not_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
