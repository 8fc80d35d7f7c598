/* SPDX-License-Identifier: MIT */
/* Latency, rule by rule (docs/protocol.md, Choosing an endpoint): the one pinger, the table of
 * hosts, the choice. */
#include <math.h>

#include "registry/latency.h"
#include "unit/registry/fixture.h"

/* The pings that went out since the last look: "n1,n2," or "*," for everybody. */
static struct buf pinged;

static void ping(void *owner, struct bytes node_id)
{
    buf_add(&pinged, bytes_is_set(node_id) ? node_id : BYTES("*"));
    buf_add_char(&pinged, ',');
}

#define assert_pinged(literal)                                                                     \
    do {                                                                                           \
        assert_bytes(pinged.n ? buf_bytes(&pinged) : BYTES(""), literal);                          \
        buf_clear(&pinged);                                                                        \
    } while (0)

static void add_to(struct fixture *f, const char *node_id, const char *host, int seq,
                   const char *action)
{
    struct buf packet;

    buf_init(&packet, BUF_NO_LIMIT);
    buf_add_format(&packet,
                   "{\"services\":[{\"name\":\"s\",\"actions\":{\"s.a\":%s}}],"
                   "\"instanceID\":\"i\",\"seq\":%d,\"hostname\":%s}",
                   action, seq, host);
    (void)fixture_packet(f, node_id, buf_bytes(&packet));
    buf_fini(&packet);
}

static void add(struct fixture *f, const char *node_id, const char *host)
{
    add_to(f, node_id, host, 1, "{}");
}

static struct fixture *start(const char *options)
{
    buf_init(&pinged, BUF_NO_LIMIT);
    return fixture_balanced("Latency", options);
}

static void stop(struct fixture *f)
{
    fixture_balanced_free(f);
    buf_fini(&pinged);
}

static void in_cluster(struct fixture *f)
{
    latency_start(registry_latency(f->registry), ping, f);
}

static void pong(struct fixture *f, const char *node_id, double elapsed_ms)
{
    latency_pong(registry_latency(f->registry), fixture_node(f, node_id), elapsed_ms);
}

static double known(struct fixture *f, const char *node_id)
{
    double ms = latency_of(registry_latency(f->registry), fixture_node(f, node_id));

    return ms == ms ? ms : -1;
}

static struct bytes choose(struct fixture *f)
{
    return fixture_chosen(registry_choose(f->registry, fixture_action(f, "s.a"), NULL));
}

/* --- pings --- */

static void all_are_pinged_once_then_one_of_each_host(void **state)
{
    struct fixture *f = start("{'pingInterval':5}");

    add(f, "n1", "\"x\"");
    add(f, "n2", "\"y\"");
    add(f, "n3", "\"x\"");
    loop_advance(f->loop, 60000);
    assert_pinged(""); /* not in the cluster yet */
    in_cluster(f);
    assert_pinged(""); /* never from within */
    loop_advance(f->loop, 4999);
    assert_pinged("*,");
    for (unsigned i = 0, seen = 0; seen != 3; i++) {
        bool is_first;

        loop_advance(f->loop, i == 0 ? 1 : 5000);
        is_first = bytes_eq(buf_bytes(&pinged), BYTES("n1,n2,"));
        if (!is_first) {
            assert_bytes(buf_bytes(&pinged), "n3,n2,");
        }
        seen |= is_first ? 1 : 2;
        buf_clear(&pinged);
        assert_true(i < 200);
    }
    latency_stop(registry_latency(f->registry));
    loop_advance(f->loop, 60000);
    assert_pinged("");
    stop(f);
}

static void nobody_is_pinged_when_nobody_asks(void **state)
{
    struct fixture *f = *state;

    buf_init(&pinged, BUF_NO_LIMIT);
    add(f, "n1", "\"x\"");
    in_cluster(f);
    loop_advance(f->loop, 60000);
    pong(f, "n1", 5);
    assert_true(known(f, "n1") < 0);
    assert_pinged("");
    buf_fini(&pinged);
}

/* Any number of lists, one pinger, and the options of the first. */
static void a_definition_is_enough_to_ping(void **state)
{
    struct fixture *f = *state;

    buf_init(&pinged, BUF_NO_LIMIT);
    in_cluster(f);
    add(f, "n0", "\"x\"");
    add_to(f, "n1", "\"y\"", 1,
           "{}},\"events\":{\"e\":{\"strategy\":\"Latency\",\"strategyOptions\":{\"pingInterval\":"
           "2}}");
    add_to(f, "n2", "\"z\"", 1,
           "{}},\"events\":{\"f\":{\"strategy\":\"Latency\",\"strategyOptions\":{\"pingInterval\":"
           "1}}");
    assert_pinged("");
    loop_advance(f->loop, 0);
    assert_pinged("*,");
    loop_advance(f->loop, 1999);
    assert_pinged("");
    loop_advance(f->loop, 1);
    assert_pinged("n0,n1,n2,");
    in_cluster(f); /* again: after a reconnection */
    loop_advance(f->loop, 2000);
    assert_pinged("n0,n1,n2,");
    buf_fini(&pinged);
}

static void the_interval_has_limits(void **state)
{
    static const struct {
        const char *options;
        int64_t ms;
    } table[] = {
        {"{'pingInterval':0}", 1000},     {"{'pingInterval':-5}", 1000},
        {"{'pingInterval':0.001}", 1000}, {"{'pingInterval':600}", 600000},
        {"{'pingInterval':601}", 600000}, {"{'pingInterval':1e300}", 600000},
    };

    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct fixture *f = start(table[i].options);

        add(f, "n1", "\"x\"");
        in_cluster(f);
        loop_advance(f->loop, 0);
        assert_pinged("*,");
        loop_advance(f->loop, table[i].ms - 1);
        assert_pinged("");
        loop_advance(f->loop, 1);
        assert_pinged("n1,");
        stop(f);
    }
}

/* --- the table --- */

static void the_last_times_are_averaged(void **state)
{
    struct fixture *f = start("{'collectCount':3}");

    add(f, "n1", "\"x\"");
    add(f, "n2", "\"x\"");
    add(f, "n3", "\"y\"");
    assert_true(known(f, "n1") < 0);
    pong(f, "n1", 10);
    assert_true(known(f, "n1") == 10 && known(f, "n2") == 10 && known(f, "n3") < 0);
    pong(f, "n2", 20);
    assert_true(known(f, "n1") == 15);
    pong(f, "n1", 30);
    assert_true(known(f, "n1") == 20);
    pong(f, "n1", 70);
    assert_true(known(f, "n1") == 40); /* 20, 30, 70 */
    stop(f);
}

static void clocks_that_were_set_are_not_counted(void **state)
{
    struct fixture *f = start(NULL);

    add(f, "n1", "\"x\"");
    pong(f, "n1", -5);
    pong(f, "n1", (double)INFINITY);
    pong(f, "n1", (double)NAN);
    assert_true(known(f, "n1") < 0);
    pong(f, "n1", 0);
    assert_true(known(f, "n1") == 0);
    stop(f);
}

static void a_host_goes_with_its_last_node(void **state)
{
    struct fixture *f = start(NULL);

    add(f, "n1", "\"x\"");
    add(f, "n2", "\"x\"");
    pong(f, "n1", 10);
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "n1")));
    pong(f, "n1", 5000); /* too late */
    assert_true(known(f, "n2") == 10);
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "n2")));
    add(f, "n1", "\"x\"");
    assert_true(known(f, "n1") < 0);
    stop(f);
}

static void a_node_may_move(void **state)
{
    struct fixture *f = start(NULL);

    add(f, "n1", "\"x\"");
    add(f, "n2", "\"y\"");
    pong(f, "n1", 10);
    pong(f, "n2", 20);
    add_to(f, "n1", "\"y\"", 2, "{}");
    assert_true(known(f, "n1") == 20);
    add_to(f, "n2", "null", 2, "{}");
    assert_true(known(f, "n1") == 20 && known(f, "n2") < 0);
    stop(f);
}

static void the_own_host_may_have_others(void **state)
{
    struct fixture *f = start(NULL);

    registry_set_local_info(f->registry, &(struct registry_local_info){.hostname = BYTES("\"x\"")});
    assert_true(known(f, "me") < 0);
    add(f, "n1", "\"x\"");
    pong(f, "n1", 7);
    assert_true(known(f, "me") == 7);
    stop(f);
}

static void times_and_names_have_limits(void **state)
{
    struct fixture *f = start("{'collectCount':1e300}");
    char host[2048];

    (void)memset(host, 'h', sizeof(host));
    host[0] = host[sizeof(host) - 2] = '"';
    host[sizeof(host) - 1] = '\0';
    add(f, "n1", host);
    for (unsigned i = 0; i < 3 * LATENCY_COLLECT_MAX; i++) {
        pong(f, "n1", i);
    }
    assert_true(known(f, "n1") == 2.5 * LATENCY_COLLECT_MAX - 0.5);
    host[1000] = 'x'; /* beyond what counts */
    add(f, "n2", host);
    assert_true(known(f, "n2") == known(f, "n1"));
    stop(f);
}

/* --- the choice --- */

static void the_soonest_is_chosen(void **state)
{
    struct fixture *f = start("{'sampleCount':0}");

    add(f, "n1", "\"x\"");
    add(f, "n2", "\"y\"");
    add(f, "n3", "\"z\"");
    pong(f, "n2", 40);
    for (unsigned i = 0; i < 20; i++) {
        assert_bytes(choose(f), "n2"); /* the only one that is known */
    }
    pong(f, "n3", 30);
    assert_bytes(choose(f), "n3");
    pong(f, "n1", 10); /* not below lowLatency, but the lowest */
    assert_bytes(choose(f), "n1");
    pong(f, "n2", -1);
    pong(f, "n1", 90);
    assert_bytes(choose(f), "n3");
    stop(f);
}

static void one_that_is_quick_enough_ends_the_look(void **state)
{
    struct fixture *f = start(NULL);

    add(f, "n1", "\"x\"");
    add(f, "n2", "\"y\"");
    add(f, "n3", "\"z\"");
    pong(f, "n1", 10);
    pong(f, "n2", 9);
    pong(f, "n3", 1);
    assert_bytes(choose(f), "n2");
    stop(f);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_pinged_once_then_one_of_each_host),
        WITH_FIXTURE(nobody_is_pinged_when_nobody_asks),
        WITH_FIXTURE(a_definition_is_enough_to_ping),
        cmocka_unit_test(the_interval_has_limits),
        cmocka_unit_test(the_last_times_are_averaged),
        cmocka_unit_test(clocks_that_were_set_are_not_counted),
        cmocka_unit_test(a_host_goes_with_its_last_node),
        cmocka_unit_test(a_node_may_move),
        cmocka_unit_test(the_own_host_may_have_others),
        cmocka_unit_test(times_and_names_have_limits),
        cmocka_unit_test(the_soonest_is_chosen),
        cmocka_unit_test(one_that_is_quick_enough_ends_the_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
