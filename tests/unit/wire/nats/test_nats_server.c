/* SPDX-License-Identifier: MIT */
/* The client against a real nats-server: logins, TLS, its limits, its end and return. */
#include "base/buf.h"
#include "base/mem.h"
#include "net/net_tls.h"
#include "support/certs.h"
#include "support/check.h"
#include "support/nats_server.h"
#include "support/run_until.h"
#include "wire/nats/nats_client.h"

enum { FLUSH_MS = 10000 };

struct session {
    struct loop *loop;
    struct nats_server_child server;
    struct nats_client *client;
    struct net_tls *tls;
    unsigned n_connected, n_disconnected, n_messages, n_flushed;
    bool is_closed;
    char error[512]; /* the last one */
    char message[64];
};

/* --- events --- */

static struct session *of(const struct nats_client *client)
{
    return nats_client_owner(client);
}

static void on_connected(struct nats_client *client, bool was_reconnect)
{
    of(client)->n_connected++;
}

static void on_disconnected(struct nats_client *client, int err, const char *text)
{
    of(client)->n_disconnected++;
}

static void on_error(struct nats_client *client, const char *text)
{
    struct session *s = of(client);

    (void)snprintf(s->error, sizeof(s->error), "%s", text);
}

static void on_message(struct nats_client *client, const struct nats_message *message)
{
    struct session *s = of(client);

    s->n_messages++;
    (void)snprintf(s->message, sizeof(s->message), "%.*s", BYTES_ARG(message->payload));
}

static void on_flushed(struct nats_client *client)
{
    of(client)->n_flushed++;
}

static void on_closed(void *owner)
{
    ((struct session *)owner)->is_closed = true;
}

/* --- life --- */

static void open_session(struct session *s, const char *const *server_args)
{
    *s = (struct session){.loop = loop_new()};
    nats_server_start(&s->server, server_args);
}

/* urls: '$' stands for the server's port. */
static void start_client(struct session *s, const char *urls, struct nats_client_options options)
{
    static const struct nats_client_events events = {
        .on_connected = on_connected,
        .on_disconnected = on_disconnected,
        .on_error = on_error,
        .on_message = on_message,
    };
    struct buf list;

    buf_init(&list, BUF_NO_LIMIT);
    for (const char *at = urls; *at; at++) {
        if (*at == '$') {
            buf_add_u64(&list, s->server.port);
        } else {
            buf_add_char(&list, *at);
        }
    }
    options.servers = buf_bytes(&list);
    options.reconnect_first_ms = 10;
    options.reconnect_most_ms = 50;
    assert_int_equal(nats_client_new(s->loop, &options, &events, s, &s->client), 0);
    buf_fini(&list);
    nats_client_start(s->client);
}

static void close_client(struct session *s)
{
    s->is_closed = false;
    nats_client_close(s->client, on_closed);
    s->client = NULL;
    run_until(s->loop, s->is_closed);
}

static void close_session(struct session *s)
{
    if (s->client) {
        close_client(s);
    }
    nats_server_stop(&s->server);
    net_tls_free(s->tls);
    loop_free(s->loop);
}

/* A message to itself arrives. */
static void check_works(struct session *s)
{
    int id = nats_client_subscribe(s->client, BYTES("test.>"), BYTES_NONE, NULL);

    assert_true(id > 0);
    assert_int_equal(nats_client_publish(s->client, BYTES("test.a"), BYTES("hello")), 0);
    run_until(s->loop, s->n_messages > 0);
    assert_string_equal(s->message, "hello");
    nats_client_unsubscribe(s->client, id);
    s->n_messages = 0;
}

static void check_connects(struct session *s, const char *urls, struct nats_client_options options)
{
    s->n_connected = 0;
    start_client(s, urls, options);
    run_until(s->loop, s->n_connected == 1);
    check_works(s);
    close_client(s);
}

static void check_fails(struct session *s, const char *urls, struct nats_client_options options,
                        const char *why)
{
    s->n_connected = 0;
    s->error[0] = '\0';
    start_client(s, urls, options);
    run_until(s->loop, s->error[0]);
    if (!strstr(s->error, why)) {
        print_error("got \"%s\", not \"%s\"\n", s->error, why);
        fail();
    }
    s->error[0] = '\0';
    run_until(s->loop, s->error[0]); /* it tries again */
    assert_int_equal(s->n_connected, 0);
    close_client(s);
}

/* --- the tests --- */

static void test_users(void **state)
{
    static const char *const args[] = {"--user", "u", "--pass", "p", NULL};
    struct session s;

    open_session(&s, args);
    check_connects(&s, "nats://u:p@127.0.0.1:$", (struct nats_client_options){0});
    check_connects(&s, "localhost:$",
                   (struct nats_client_options){.user = BYTES("u"), .pass = BYTES("p")});
    check_fails(&s, "nats://u:wrong@127.0.0.1:$", (struct nats_client_options){0},
                "Authorization Violation");
    check_fails(&s, "127.0.0.1:$", (struct nats_client_options){0}, "Authorization Violation");
    close_session(&s);
}

static void test_tokens(void **state)
{
    static const char *const args[] = {"--auth", "s3cret", NULL};
    struct session s;

    open_session(&s, args);
    check_connects(&s, "127.0.0.1:$", (struct nats_client_options){.token = BYTES("s3cret")});
    check_connects(&s, "nats://s3cret@127.0.0.1:$", (struct nats_client_options){0});
    check_fails(&s, "127.0.0.1:$", (struct nats_client_options){.token = BYTES("wrong")},
                "Authorization Violation");
    close_session(&s);
}

static void test_tls(void **state)
{
    struct certs c;
    struct session s;

    certs_make(&c);
    open_session(&s, (const char *const[]){"--tls", "--tlscert", c.server_cert, "--tlskey",
                                           c.server_key, NULL});
    assert_int_equal(net_tls_new(&(struct net_tls_options){.ca_file = bytes_cstr(c.ca)}, s.error,
                                 sizeof(s.error), &s.tls),
                     0);
    check_connects(&s, "tls://localhost:$", (struct nats_client_options){.tls = s.tls});
    check_connects(&s, "nats://127.0.0.1:$", (struct nats_client_options){.tls = s.tls});
    /* The system does not know who signed it. */
    check_fails(&s, "nats://localhost:$", (struct nats_client_options){.tls = NULL}, "certificate");
    net_tls_free(s.tls);
    assert_int_equal(
        net_tls_new(&(struct net_tls_options){.no_verify = true}, s.error, sizeof(s.error), &s.tls),
        0);
    check_connects(&s, "nats://localhost:$", (struct nats_client_options){.tls = s.tls});
    close_session(&s);
    certs_remove(&c);
}

static void test_tls_client_certificates(void **state)
{
    struct certs c;
    struct session s;
    struct net_tls_options options;

    certs_make(&c);
    open_session(&s, (const char *const[]){"--tlsverify", "--tlscert", c.server_cert, "--tlskey",
                                           c.server_key, "--tlscacert", c.ca, NULL});
    options = (struct net_tls_options){.ca_file = bytes_cstr(c.ca)};
    assert_int_equal(net_tls_new(&options, s.error, sizeof(s.error), &s.tls), 0);
    check_fails(&s, "tls://localhost:$", (struct nats_client_options){.tls = s.tls}, "");
    net_tls_free(s.tls);
    options.cert_file = bytes_cstr(c.client_cert);
    options.key_file = bytes_cstr(c.client_key);
    assert_int_equal(net_tls_new(&options, s.error, sizeof(s.error), &s.tls), 0);
    check_connects(&s, "tls://localhost:$", (struct nats_client_options){.tls = s.tls});
    close_session(&s);
    certs_remove(&c);
}

static void test_a_server_without_tls_is_not_trusted_with_it_wanted(void **state)
{
    struct session s;

    open_session(&s, NULL);
    check_fails(&s, "tls://127.0.0.1:$", (struct nats_client_options){.tls = NULL},
                "does not offer TLS");
    close_session(&s);
}

static void test_large_messages(void **state)
{
    size_t n = 1048576; /* the server's standard limit */
    char *large = mem_alloc(n + 1);
    struct session s;

    open_session(&s, NULL);
    start_client(&s, "127.0.0.1:$", (struct nats_client_options){0});
    run_until(s.loop, s.n_connected == 1);
    assert_int_equal(nats_client_max_payload(s.client), n);
    assert_true(nats_client_subscribe(s.client, BYTES("large"), BYTES_NONE, NULL) > 0);
    assert_int_equal(nats_client_publish(s.client, BYTES("large"), bytes_of(large, n + 1)),
                     ERR_LIMIT);
    for (int i = 0; i < 5; i++) {
        memset(large, 'a' + i, n);
        assert_int_equal(nats_client_publish(s.client, BYTES("large"), bytes_of(large, n)), 0);
    }
    run_until(s.loop, s.n_messages == 5);
    assert_true(nats_client_is_connected(s.client));
    mem_free(large);
    close_session(&s);
}

static void test_a_killed_server_comes_back(void **state)
{
    struct session s;

    open_session(&s, NULL);
    start_client(&s, "127.0.0.1:$", (struct nats_client_options){0});
    assert_true(nats_client_subscribe(s.client, BYTES("kept"), BYTES("q"), NULL) > 0);
    run_until(s.loop, s.n_connected == 1);
    for (unsigned i = 1; i <= 3; i++) {
        nats_server_stop(&s.server);
        run_until(s.loop, s.n_disconnected == i);
        nats_server_restart(&s.server);
        run_until(s.loop, s.n_connected == i + 1);
        assert_int_equal(nats_client_publish(s.client, BYTES("kept"), BYTES("x")), 0);
        run_until(s.loop, s.n_messages == i);
    }
    close_session(&s);
}

static void test_the_next_server_takes_over(void **state)
{
    struct nats_server_child second = {0};
    char urls[64];
    struct session s;

    open_session(&s, NULL);
    nats_server_start(&second, NULL);
    (void)snprintf(urls, sizeof(urls), "127.0.0.1:$,127.0.0.1:%u", second.port);
    start_client(&s, urls, (struct nats_client_options){0});
    run_until(s.loop, s.n_connected == 1);
    nats_server_stop(&s.server);
    run_until(s.loop, s.n_connected == 2);
    check_works(&s);
    nats_server_stop(&second);
    nats_server_restart(&s.server);
    run_until(s.loop, s.n_connected == 3);
    check_works(&s);
    close_session(&s);
}

static void test_flushes(void **state)
{
    struct session s;

    open_session(&s, NULL);
    start_client(&s, "127.0.0.1:$", (struct nats_client_options){0});
    run_until(s.loop, s.n_connected == 1);
    assert_true(nats_client_subscribe(s.client, BYTES("x"), BYTES_NONE, NULL) > 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(nats_client_publish(s.client, BYTES("x"), BYTES("x")), 0);
    }
    nats_client_flush(s.client, FLUSH_MS, on_flushed);
    run_until(s.loop, s.n_flushed == 1);
    assert_int_equal(s.n_messages, 1000); /* they came before the PONG */
    close_session(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_tls_client_certificates),
        cmocka_unit_test(test_a_server_without_tls_is_not_trusted_with_it_wanted),
        cmocka_unit_test(test_large_messages),
        cmocka_unit_test(test_a_killed_server_comes_back),
        cmocka_unit_test(test_the_next_server_takes_over),
        cmocka_unit_test(test_flushes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
