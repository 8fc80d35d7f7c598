/* SPDX-License-Identifier: MIT */
/* transporter.options of NATS, and what is said about those that cannot be used. */
#include "transporter/transporter_nats_options.h"

#include <stdlib.h>

#include "net/net_tls.h"
#include "support/check.h"

struct reading {
    struct transporter t;
    struct log_sink sink;
    struct logger log;
    char *said;
    size_t said_n;
    struct nats_client_options options;
    struct net_tls *tls;
    int err;
};

static void begin(struct reading *r, struct bytes options, struct bytes url)
{
    struct transporter_env env = {.log = &r->log};

    *r = (struct reading){.sink.level = LOG_TRACE};
    r->sink.err = open_memstream(&r->said, &r->said_n);
    assert_non_null(r->sink.err);
    r->log = (struct logger){&r->sink, "transporter"};
    transporter_init(&r->t, &transporter_nats_ops, &env);
    r->err = transporter_nats_options_read(options, url, &r->t, &r->options, &r->tls);
    assert_int_equal(fflush(r->sink.err), 0);
}

static void end(struct reading *r)
{
    assert_int_equal(fclose(r->sink.err), 0);
    free(r->said);
    net_tls_free(r->tls);
    transporter_fini(&r->t);
}

static void test_reads_nothing(void **state)
{
    struct reading r;

    begin(&r, BYTES_NONE, BYTES_NONE);
    assert_int_equal(r.err, 0);
    assert_int_equal(r.options.servers.n, 0);
    assert_int_equal(r.options.reconnect_first_ms, 0); /* the client's standard */
    assert_null(r.options.tls);
    assert_false(r.options.tls_wanted || r.options.tls_refused);
    assert_int_equal(r.said_n, 0);
    end(&r);
}

static void test_reads_all(void **state)
{
    struct reading r;

    begin(&r,
          BYTES("{\"user\":\"u\",\"pass\":\"p\\u0041\",\"token\":\"t\",\"name\":\"n\","
                "\"reconnectTimeWait\":500,\"timeout\":3000,\"pingInterval\":1000,\"maxPingOut\":3,"
                "\"maxReconnectAttempts\":-1,\"tls\":null}"),
          BYTES("nats://a,nats://b"));
    assert_int_equal(r.err, 0);
    assert_bytes(r.options.servers, "nats://a,nats://b");
    assert_bytes(r.options.user, "u");
    assert_bytes(r.options.pass, "pA");
    assert_bytes(r.options.token, "t");
    assert_bytes(r.options.name, "n");
    assert_int_equal(r.options.reconnect_first_ms, 500);
    assert_int_equal(r.options.reconnect_most_ms, 500);
    assert_int_equal(r.options.connect_timeout_ms, 3000);
    assert_int_equal(r.options.ping_interval_ms, 1000);
    assert_int_equal(r.options.missed_pings_most, 3);
    assert_true(r.options.tls_refused);
    assert_int_equal(r.said_n, 0);
    end(&r);
}

static void test_where_the_servers_come_from(void **state)
{
    static const struct {
        struct bytes options, url;
        const char *servers;
    } table[] = {
        {BYTES_INIT("{\"url\":\"nats://b\",\"servers\":\"c\"}"), BYTES_INIT("nats://a"),
         "nats://a"},
        {BYTES_INIT("{\"url\":\"nats://b\",\"servers\":\"c\"}"), BYTES_INIT(""), "nats://b"},
        {BYTES_INIT("{\"servers\":\"c,d\"}"), BYTES_INIT(""), "c,d"},
        {BYTES_INIT("{\"servers\":[\"c\",\"nats://d:1\"],\"port\":5}"), BYTES_INIT(""),
         "c,nats://d:1"},
        {BYTES_INIT("{\"servers\":[]}"), BYTES_INIT(""), ""},
        {BYTES_INIT("{\"port\":4333}"), BYTES_INIT(""), "127.0.0.1:4333"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct reading r;

        begin(&r, table[i].options, table[i].url);
        assert_int_equal(r.err, 0);
        assert_true(bytes_eq(r.options.servers, bytes_cstr(table[i].servers)));
        end(&r);
    }
}

static void test_refuses_wrong_types(void **state)
{
    static const struct {
        struct bytes options;
        int err;
        const char *said;
    } table[] = {
        {BYTES_INIT("{\"url\":5}"), ERR_INVALID, "transporter.options.url must be a string"},
        {BYTES_INIT("{\"servers\":{}}"), ERR_INVALID, "options.servers must be"},
        {BYTES_INIT("{\"servers\":[\"a\",1]}"), ERR_INVALID, "options.servers must be"},
        {BYTES_INIT("{\"user\":[]}"), ERR_INVALID, "options.user must be"},
        {BYTES_INIT("{\"timeout\":\"1\"}"), ERR_INVALID, "options.timeout must be"},
        {BYTES_INIT("{\"pingInterval\":-1}"), ERR_INVALID, "options.pingInterval must be"},
        {BYTES_INIT("{\"reconnectTimeWait\":1e10}"), ERR_INVALID, "options.reconnectTimeWait"},
        {BYTES_INIT("{\"tls\":{\"caFile\":1}}"), ERR_INVALID, "options.caFile must be"},
        {BYTES_INIT("{\"tls\":{\"caFile\":\"/does/not/exist\"}}"), ERR_TLS, "options.tls: "},
        {BYTES_INIT("{\"tls\":{\"cert\":\"-----BEGIN\"}}"), ERR_UNSUPPORTED, "give certFile"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct reading r;

        begin(&r, table[i].options, BYTES_NONE);
        assert_int_equal(r.err, table[i].err);
        if (!strstr(r.said, table[i].said)) {
            print_error("said \"%s\", not \"%s\"\n", r.said, table[i].said);
            fail();
        }
        assert_null(r.tls);
        end(&r);
    }
}

static void test_tls(void **state)
{
    struct reading r;

    begin(&r, BYTES("{\"tls\":{\"rejectUnauthorized\":false}}"), BYTES_NONE);
    assert_int_equal(r.err, 0);
    assert_true(r.options.tls_wanted);
    assert_non_null(r.options.tls);
    assert_ptr_equal(r.options.tls, r.tls);
    end(&r);
    begin(&r, BYTES("{\"tls\":false}"), BYTES_NONE);
    assert_int_equal(r.err, 0);
    assert_false(r.options.tls_wanted || r.options.tls_refused);
    end(&r);
}

static void test_says_what_is_not_heeded(void **state)
{
    static const char *const table[][2] = {
        {"{\"maxReconnectAttempts\":5}", "reconnects for ever"},
        {"{\"reconnect\":false}", "reconnects for ever"},
        {"{\"noEcho\":true}", "noEcho is not heeded"},
        {"{\"authenticator\":{}}", "authenticator is not heeded"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct reading r;

        begin(&r, bytes_cstr(table[i][0]), BYTES_NONE);
        assert_int_equal(r.err, 0);
        assert_non_null(strstr(r.said, table[i][1]));
        end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_nothing),
        cmocka_unit_test(test_reads_all),
        cmocka_unit_test(test_where_the_servers_come_from),
        cmocka_unit_test(test_refuses_wrong_types),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_says_what_is_not_heeded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
