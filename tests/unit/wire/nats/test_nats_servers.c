/* SPDX-License-Identifier: MIT */
/* URLs of NATS servers, and the list that goes round and learns. */
#include "wire/nats/nats_servers.h"

#include "support/check.h"

static void test_reads_urls(void **state)
{
    static const struct {
        const char *text, *host;
        unsigned port;
        bool is_tls;
        const char *user, *pass;
    } table[] = {
        {"localhost", "localhost", 4222, false, NULL, NULL},
        {"localhost:1", "localhost", 1, false, NULL, NULL},
        {"nats://h", "h", 4222, false, NULL, NULL},
        {"NATS://h:65535", "h", 65535, false, NULL, NULL},
        {"tls://h", "h", 4222, true, NULL, NULL},
        {"nats://h:", "h", 4222, false, NULL, NULL},
        {"nats://h/path?q#f", "h", 4222, false, NULL, NULL},
        {"nats://h:4333?q", "h", 4333, false, NULL, NULL},
        {"nats://u:p@h", "h", 4222, false, "u", "p"},
        {"u:p@h:1", "h", 1, false, "u", "p"},
        {"nats://u:p:q@r@h", "h", 4222, false, "u", "p:q@r"},
        {"nats://u%40:%70@h", "h", 4222, false, "u%40", "%70"},
        {"nats://token@h", "h", 4222, false, "token", NULL},
        {"nats://:p@h", "h", 4222, false, NULL, "p"},
        {"nats://u:@h", "h", 4222, false, "u", NULL},
        {"nats://@h", "h", 4222, false, NULL, NULL},
        {"nats://[::1]:4333", "::1", 4333, false, NULL, NULL},
        {"[fe80::1%eth0]", "fe80::1%eth0", 4222, false, NULL, NULL},
        {"::1", "::1", 4222, false, NULL, NULL},
        {"nats://u:p@[::1]", "::1", 4222, false, "u", "p"},
        {"10.0.0.1:4222", "10.0.0.1", 4222, false, NULL, NULL},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct nats_url url;

        assert_int_equal(nats_url_parse(bytes_cstr(table[i].text), &url), 0);
        assert_bytes_eq(url.host, bytes_cstr(table[i].host));
        assert_int_equal(url.port, table[i].port);
        assert_int_equal(url.is_tls, table[i].is_tls);
        assert_bytes_eq(url.user, bytes_cstr(table[i].user));
        assert_bytes_eq(url.pass, bytes_cstr(table[i].pass));
    }
}

static void test_refuses_what_is_no_url(void **state)
{
    static const struct bytes table[] = {
        BYTES_INIT(""),
        BYTES_INIT("nats://"),
        BYTES_INIT("nats://:4222"),
        BYTES_INIT("nats:///path"),
        BYTES_INIT("nats://u:p@"),
        BYTES_INIT("http://h"),
        BYTES_INIT("ws://h"),
        BYTES_INIT("://h"),
        BYTES_INIT("h:0"),
        BYTES_INIT("h:65536"),
        BYTES_INIT("h:-1"),
        BYTES_INIT("h:4222x"),
        BYTES_INIT("h:99999999999999999999"),
        BYTES_INIT("[::1"),
        BYTES_INIT("[]"),
        BYTES_INIT("[::1]x"),
        BYTES_INIT("a b"),
        BYTES_INIT("a\0b"),
        BYTES_INIT("a\r\nb"),
    };
    char longest[NATS_HOST_MAX + 1];
    struct nats_url url = {.port = 7};

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(nats_url_parse(table[i], &url), ERR_INVALID);
        assert_int_equal(url.port, 7);
    }
    memset(longest, 'h', sizeof(longest));
    assert_int_equal(nats_url_parse(bytes_of(longest, sizeof(longest)), &url), ERR_INVALID);
    assert_int_equal(nats_url_parse(bytes_of(longest, NATS_HOST_MAX), &url), 0);
}

/* The hosts of a whole round, from the current one on. */
static const char *round_of(struct nats_servers *servers, char room[256])
{
    size_t n = 0;

    for (unsigned i = 0; i < servers->n; i++) {
        const struct nats_server *s = nats_servers_current(servers);

        n += (size_t)snprintf(room + n, 256 - n, "%.*s:%u%s%s%.*s ", BYTES_ARG(s->host), s->port,
                              s->is_tls ? "!" : "", s->tls_name.n ? "=" : "",
                              BYTES_ARG(s->tls_name));
        nats_servers_advance(servers);
    }
    return room;
}

static void test_goes_round_the_list(void **state)
{
    struct nats_servers s;
    char room[256];

    assert_int_equal(nats_servers_init(&s, BYTES_NONE), 0);
    assert_string_equal(round_of(&s, room), "127.0.0.1:4222 ");
    nats_servers_fini(&s);
    assert_int_equal(nats_servers_init(&s, BYTES(" , ,")), 0);
    assert_string_equal(round_of(&s, room), "127.0.0.1:4222 ");
    nats_servers_fini(&s);
    assert_int_equal(nats_servers_init(&s, BYTES(" nats://a , tls://u@b:1,,c,nats://v:p@d")), 0);
    assert_string_equal(round_of(&s, room), "a:4222 b:1! c:4222 d:4222 ");
    nats_servers_advance(&s);
    assert_string_equal(round_of(&s, room), "b:1! c:4222 d:4222 a:4222 ");
    assert_bytes(s.user, "u");
    assert_bytes(s.pass, "p");
    nats_servers_fini(&s);
    assert_int_equal(nats_servers_init(&s, BYTES("a,http://b")), ERR_INVALID);
}

static void test_limits_the_list(void **state)
{
    char list[3 * NATS_SERVERS_MAX + 2];
    struct nats_servers s;

    for (size_t i = 0; i <= NATS_SERVERS_MAX; i++) {
        memcpy(list + 2 * i, "h,", 2);
    }
    assert_int_equal(nats_servers_init(&s, bytes_of(list, 2UL * NATS_SERVERS_MAX)), 0);
    nats_servers_learn(&s, BYTES("[\"x:1\"]"));
    assert_int_equal(s.n, NATS_SERVERS_MAX);
    nats_servers_fini(&s);
    assert_int_equal(nats_servers_init(&s, bytes_of(list, 2UL * NATS_SERVERS_MAX + 2)), ERR_LIMIT);
}

static void test_learns_servers(void **state)
{
    struct nats_servers s;
    char room[256];

    assert_int_equal(nats_servers_init(&s, BYTES("tls://nats.local")), 0);
    nats_servers_learn(&s, BYTES("[\"10.0.0.1:4222\",\"other:1\",\"[::1]:2\",\"NATS.local:4222\","
                                 "\"10.0.0.1:4222\",1,null,\"\\u0020\",\"\\u0061:3\"]"));
    /* An address is verified by the name that was configured. */
    assert_string_equal(round_of(&s, room), "nats.local:4222! 10.0.0.1:4222!=nats.local other:1! "
                                            "::1:2!=nats.local a:3! ");
    nats_servers_advance(&s); /* the address is current: what it tells of has the same name */
    nats_servers_learn(&s, BYTES("[\"10.0.0.2:4222\",\"10.0.0.1:4222\"]"));
    assert_string_equal(round_of(&s, room),
                        "10.0.0.1:4222!=nats.local nats.local:4222! 10.0.0.2:4222!=nats.local ");
    nats_servers_learn(&s, BYTES("[]")); /* the current one is gone: from the start */
    assert_string_equal(round_of(&s, room), "nats.local:4222! ");
    nats_servers_learn(&s, BYTES("{\"a\":\"b\"}"));
    assert_string_equal(round_of(&s, room), "nats.local:4222! ");
    nats_servers_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_urls),          cmocka_unit_test(test_refuses_what_is_no_url),
        cmocka_unit_test(test_goes_round_the_list), cmocka_unit_test(test_limits_the_list),
        cmocka_unit_test(test_learns_servers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
