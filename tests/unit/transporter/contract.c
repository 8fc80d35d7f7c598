/* SPDX-License-Identifier: MIT */
/*
 * The contract tests. Each test makes its own loop and members; a member records what it hears and
 * stops the loop at each event, so that waiting is "run until the condition holds".
 */
#include "contract.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"

enum { TESTS_MAX = 64, MEMBERS_MAX = 4, WAIT_MS = 10000, LARGE_BYTES = 300 * 1024 };

struct world;

struct member {
    struct world *world;
    struct transporter *t;
    char node_id[32];
    unsigned n_connected, n_reconnected, n_disconnected, n_packets, n_closed;
    unsigned n_of_type[PACKET_TYPE_COUNT];
    struct buf heard; /* payloads, each followed by '|' */
    bool closes_at_packet;
};

struct world {
    struct contract *contract;
    struct loop *loop;
    struct loop_timer alarm;
    bool is_late;
    bool is_calling; /* within a call into the transporter: no event may come */
    struct log_sink sink;
    struct logger log;
    struct member members[MEMBERS_MAX];
    unsigned n_members;
};

/* --- events --- */

static struct member *heard_by(struct transporter *t)
{
    struct member *m = t->env.owner;

    assert_ptr_equal(m->t, t);
    assert_false(m->world->is_calling);
    assert_int_equal(m->n_closed, 0);
    loop_stop(m->world->loop);
    return m;
}

static void on_connected(struct transporter *t, bool was_reconnect)
{
    struct member *m = heard_by(t);

    m->n_connected++;
    m->n_reconnected += was_reconnect ? 1 : 0;
}

static void on_disconnected(struct transporter *t, const char *reason)
{
    assert_non_null(reason);
    heard_by(t)->n_disconnected++;
}

static void on_error(struct transporter *t, const char *text)
{
    assert_non_null(text);
    (void)heard_by(t);
}

static void on_closed(void *owner)
{
    struct member *m = owner;

    assert_false(m->world->is_calling);
    m->n_closed++;
    loop_stop(m->world->loop);
}

static void close_member(struct member *m)
{
    struct transporter *t = m->t;

    m->t = NULL; /* heard_by fails from here on */
    t->ops->close(t, on_closed);
}

static void on_packet(struct transporter *t, enum packet_type type, struct bytes payload)
{
    struct member *m = heard_by(t);

    m->n_packets++;
    m->n_of_type[type]++;
    buf_add(&m->heard, payload);
    buf_add_char(&m->heard, '|');
    if (m->closes_at_packet) {
        close_member(m);
    }
}

static const struct transporter_events member_events = {
    .on_connected = on_connected,
    .on_disconnected = on_disconnected,
    .on_error = on_error,
    .on_packet = on_packet,
};

/* --- the world --- */

static void on_alarm(struct loop_timer *timer)
{
    struct world *w = container_of(timer, struct world, alarm);

    w->is_late = true;
    loop_stop(w->loop);
}

#define UNTIL(w, condition)                                                                        \
    do {                                                                                           \
        loop_timer_start(&(w)->alarm, WAIT_MS);                                                    \
        while (!(condition) && !(w)->is_late) {                                                    \
            loop_run((w)->loop);                                                                   \
        }                                                                                          \
        loop_timer_stop(&(w)->alarm);                                                              \
        assert_true(condition);                                                                    \
    } while (0)

static struct world *world_new(void **state)
{
    struct world *w = mem_new(struct world);

    w->contract = *state;
    w->loop = loop_new();
    w->sink = (struct log_sink){.level = LOG_NONE};
    w->log = (struct logger){&w->sink, "transporter"};
    loop_timer_init(w->loop, &w->alarm, on_alarm);
    return w;
}

static struct member *member_new(struct world *w, struct bytes prefix, const char *node_id)
{
    struct member *m = &w->members[w->n_members++];
    struct transporter_env env = {
        .loop = w->loop,
        .prefix = prefix,
        .node_id = bytes_cstr(node_id),
        .log = &w->log,
        .events = &member_events,
        .owner = m,
    };

    assert_in_range(w->n_members, 1, MEMBERS_MAX);
    m->world = w;
    buf_init(&m->heard, BUF_NO_LIMIT);
    (void)snprintf(m->node_id, sizeof(m->node_id), "%s", node_id);
    assert_int_equal(w->contract->ops->create(&env, w->contract->url, w->contract->options, &m->t),
                     0);
    return m;
}

static void connect_member(struct member *m)
{
    struct world *w = m->world;

    w->is_calling = true;
    m->t->ops->connect(m->t);
    w->is_calling = false;
    UNTIL(w, m->n_connected > 0);
}

static struct member *join(struct world *w, const char *node_id)
{
    struct member *m = member_new(w, BYTES("MOL"), node_id);

    connect_member(m);
    return m;
}

static void world_free(struct world *w)
{
    for (unsigned i = 0; i < w->n_members; i++) {
        struct member *m = &w->members[i];

        if (m->t) {
            close_member(m);
        }
        UNTIL(w, m->n_closed == 1);
        buf_fini(&m->heard);
    }
    loop_free(w->loop);
    mem_free(w);
}

/* --- what members do --- */

static struct topic to(enum packet_type type, const char *node_id)
{
    return (struct topic){.type = type, .node_id = bytes_cstr(node_id)};
}

static struct topic request_queue(const char *action)
{
    return (struct topic){.type = PACKET_REQUEST, .balanced = true, .name = bytes_cstr(action)};
}

static struct topic event_queue(const char *group, const char *name)
{
    return (struct topic){.type = PACKET_EVENT,
                          .balanced = true,
                          .name = bytes_cstr(name),
                          .group = bytes_cstr(group)};
}

static void subscribe(struct member *m, struct topic topic)
{
    m->world->is_calling = true;
    assert_int_equal(m->t->ops->subscribe(m->t, &topic), 0);
    m->world->is_calling = false;
}

static void unsubscribe(struct member *m, struct topic topic)
{
    m->world->is_calling = true;
    assert_int_equal(m->t->ops->unsubscribe(m->t, &topic), 0);
    m->world->is_calling = false;
}

static int publish(struct member *m, struct topic topic, struct bytes payload)
{
    int err;

    m->world->is_calling = true;
    err = transporter_publish(m->t, &topic, payload);
    m->world->is_calling = false;
    return err;
}

static void say(struct member *m, struct topic topic, const char *text)
{
    assert_int_equal(publish(m, topic, bytes_cstr(text)), 0);
}

static void hear_from(struct member *m, struct member *publisher)
{
    unsigned before = m->n_of_type[PACKET_PONG];

    say(publisher, to(PACKET_PONG, m->node_id), "");
    UNTIL(m->world, m->n_of_type[PACKET_PONG] > before);
}

/* Waits until the system has handled what m subscribed and published so far: m hears itself. */
static void settle(struct member *m)
{
    subscribe(m, to(PACKET_PONG, m->node_id));
    hear_from(m, m);
    buf_clear(&m->heard);
    m->n_packets = 0;
}

/* Waits until all have heard what publisher published so far; all have settled before. */
static void settle_all(struct world *w, struct member *publisher)
{
    for (unsigned i = 0; i < w->n_members; i++) {
        hear_from(&w->members[i], publisher);
    }
}

#define assert_heard(m, literal) assert_bytes(bytes_of((m)->heard.p, (m)->heard.n), literal)

/* --- the tests --- */

static void test_refuses_to_publish_before_it_is_connected(void **state)
{
    struct world *w = world_new(state);
    struct member *m = member_new(w, BYTES("MOL"), "a");

    assert_int_equal(publish(m, to(PACKET_INFO, NULL), BYTES("x")), ERR_NOT_CONNECTED);
    connect_member(m);
    assert_int_equal(m->n_reconnected, 0);
    assert_int_equal(publish(m, to(PACKET_INFO, NULL), BYTES("x")), 0);
    world_free(w);
}

static void test_broadcasts_reach_all_also_the_publisher(void **state)
{
    struct world *w = world_new(state);
    struct member *a = join(w, "a");
    struct member *b = join(w, "b");
    struct member *c = join(w, "c");

    subscribe(a, to(PACKET_INFO, NULL));
    subscribe(b, to(PACKET_INFO, NULL));
    settle(a);
    settle(b);
    settle(c);
    say(a, to(PACKET_INFO, NULL), "hello");
    UNTIL(w, a->n_packets == 1 && b->n_packets == 1);
    assert_heard(a, "hello|");
    assert_heard(b, "hello|");
    assert_int_equal(a->n_of_type[PACKET_INFO], 1);
    assert_int_equal(c->n_packets, 0);
    world_free(w);
}

static void test_targeted_packets_reach_their_node_only(void **state)
{
    struct world *w = world_new(state);
    struct member *a = join(w, "node-1");
    struct member *b = join(w, "node-1.x"); /* dots belong to the name */

    subscribe(a, to(PACKET_REQUEST, "node-1"));
    subscribe(b, to(PACKET_REQUEST, "node-1.x"));
    subscribe(b, to(PACKET_REQUEST, NULL));
    settle(a);
    settle(b);
    say(a, to(PACKET_REQUEST, "node-1.x"), "for b");
    say(b, to(PACKET_REQUEST, "node-1"), "for a");
    UNTIL(w, a->n_packets == 1 && b->n_packets == 1);
    assert_heard(a, "for a|");
    assert_heard(b, "for b|");
    world_free(w);
}

static void test_prefixes_are_worlds_of_their_own(void **state)
{
    struct world *w = world_new(state);
    struct member *a = join(w, "a");
    struct member *b = member_new(w, BYTES("MOL-dev"), "b");

    connect_member(b);
    subscribe(a, to(PACKET_INFO, NULL));
    subscribe(b, to(PACKET_INFO, NULL));
    settle(a);
    settle(b);
    say(b, to(PACKET_INFO, NULL), "dev");
    say(a, to(PACKET_INFO, NULL), "plain");
    UNTIL(w, a->n_packets == 1 && b->n_packets == 1);
    assert_heard(a, "plain|");
    assert_heard(b, "dev|");
    world_free(w);
}

static void test_order_is_kept(void **state)
{
    struct world *w = world_new(state);
    struct member *a = join(w, "a");
    struct member *b = join(w, "b");
    struct buf want;

    buf_init(&want, BUF_NO_LIMIT);
    subscribe(b, to(PACKET_EVENT, "b"));
    subscribe(b, to(PACKET_REQUEST, "b"));
    settle(b);
    for (int i = 0; i < 500; i++) {
        char text[16];

        (void)snprintf(text, sizeof(text), "%d", i);
        buf_add_format(&want, "%d|", i);
        say(a, to(i % 3 ? PACKET_EVENT : PACKET_REQUEST, "b"), text);
    }
    UNTIL(w, b->n_packets == 500);
    assert_bytes_eq(buf_bytes(&b->heard), buf_bytes(&want));
    buf_fini(&want);
    world_free(w);
}

static void test_payloads_are_opaque(void **state)
{
    struct world *w = world_new(state);
    struct member *a = join(w, "a");
    char *large = mem_alloc(LARGE_BYTES);

    subscribe(a, to(PACKET_EVENT, "a"));
    settle(a);
    assert_int_equal(publish(a, to(PACKET_EVENT, "a"), BYTES("\r\n\0PUB x 1\r\n\xff")), 0);
    assert_int_equal(publish(a, to(PACKET_EVENT, "a"), BYTES_NONE), 0);
    UNTIL(w, a->n_packets == 2);
    assert_heard(a, "\r\n\0PUB x 1\r\n\xff||");
    buf_clear(&a->heard);
    for (size_t i = 0; i < LARGE_BYTES; i++) {
        large[i] = (char)(i * 7 + i / 256);
    }
    assert_int_equal(publish(a, to(PACKET_EVENT, "a"), bytes_of(large, LARGE_BYTES)), 0);
    UNTIL(w, a->n_packets == 3);
    assert_int_equal(a->heard.n, LARGE_BYTES + 1);
    assert_memory_equal(a->heard.p, large, LARGE_BYTES);
    mem_free(large);
    world_free(w);
}

static void test_a_topic_is_subscribed_once_and_left_once(void **state)
{
    struct world *w = world_new(state);
    struct member *a = join(w, "a");

    unsubscribe(a, to(PACKET_INFO, NULL)); /* unknown */
    subscribe(a, to(PACKET_INFO, NULL));
    subscribe(a, to(PACKET_INFO, NULL));
    subscribe(a, to(PACKET_INFO, "a"));
    settle(a);
    say(a, to(PACKET_INFO, NULL), "1");
    settle_all(w, a);
    assert_int_equal(a->n_of_type[PACKET_INFO], 1);
    unsubscribe(a, to(PACKET_INFO, NULL));
    say(a, to(PACKET_INFO, NULL), "2");
    say(a, to(PACKET_INFO, "a"), "3");
    settle_all(w, a);
    assert_heard(a, "1||3||");
    world_free(w);
}

static void test_a_balanced_request_reaches_one_node(void **state)
{
    struct world *w = world_new(state);
    struct member *a = join(w, "a");
    struct member *b = join(w, "b");
    struct member *c = join(w, "c");

    subscribe(a, request_queue("math.add"));
    subscribe(b, request_queue("math.add"));
    subscribe(b, request_queue("math.sub"));
    settle(a);
    settle(b);
    settle(c);
    for (int i = 0; i < 100; i++) {
        say(c, request_queue("math.add"), "+");
    }
    settle_all(w, c);
    assert_int_equal(a->n_of_type[PACKET_REQUEST] + b->n_of_type[PACKET_REQUEST], 100);
    assert_in_range(a->n_of_type[PACKET_REQUEST], 1, 99);
    unsubscribe(a, request_queue("math.add"));
    settle(a);
    a->n_of_type[PACKET_REQUEST] = b->n_of_type[PACKET_REQUEST] = 0;
    say(c, request_queue("math.add"), "+");
    say(c, request_queue("math.sub"), "-");
    settle_all(w, c);
    assert_int_equal(a->n_of_type[PACKET_REQUEST], 0);
    assert_int_equal(b->n_of_type[PACKET_REQUEST], 2);
    world_free(w);
}

static void test_a_balanced_event_reaches_one_node_a_group(void **state)
{
    struct world *w = world_new(state);
    struct member *a = join(w, "a");
    struct member *b = join(w, "b");
    struct member *c = join(w, "c");

    subscribe(a, event_queue("mail", "user.created"));
    subscribe(b, event_queue("mail", "user.created"));
    subscribe(c, event_queue("audit", "user.*"));
    subscribe(c, event_queue("log", "**"));
    settle(a);
    settle(b);
    settle(c);
    say(a, event_queue("mail", "user.created"), "m");
    say(a, event_queue("audit", "user.created"), "a");
    say(a, event_queue("audit", "user.created.twice"), "x"); /* '*' is one part of a name */
    say(a, event_queue("log", "a.b.c"), "l");
    settle_all(w, a);
    assert_int_equal(a->n_of_type[PACKET_EVENT] + b->n_of_type[PACKET_EVENT], 1);
    assert_int_equal(c->n_of_type[PACKET_EVENT], 2);
    world_free(w);
}

static void test_subscriptions_outlive_a_lost_link(void **state)
{
    struct world *w = world_new(state);
    struct contract *contract = w->contract;
    struct member *a = join(w, "a");

    subscribe(a, to(PACKET_INFO, NULL));
    subscribe(a, to(PACKET_REQUEST, "a"));
    unsubscribe(a, to(PACKET_REQUEST, "a"));
    settle(a);
    for (unsigned round = 1; round <= 2; round++) {
        contract->lose(contract, a->t);
        UNTIL(w, a->n_disconnected == round);
        assert_int_equal(publish(a, to(PACKET_INFO, NULL), BYTES("lost")), ERR_NOT_CONNECTED);
        subscribe(a, to(PACKET_DISCOVER, NULL));
        contract->restore(contract, a->t);
        UNTIL(w, a->n_connected == round + 1);
        assert_int_equal(a->n_reconnected, round);
        say(a, to(PACKET_REQUEST, "a"), "r");
        say(a, to(PACKET_DISCOVER, NULL), "d");
        say(a, to(PACKET_INFO, NULL), "i");
        UNTIL(w, a->n_of_type[PACKET_INFO] == round);
        assert_int_equal(a->n_of_type[PACKET_DISCOVER], round);
        assert_int_equal(a->n_of_type[PACKET_REQUEST], 0);
    }
    world_free(w);
}

static void test_what_was_published_before_closing_arrives(void **state)
{
    struct world *w = world_new(state);
    struct member *a = join(w, "a");
    struct member *b = join(w, "b");

    subscribe(b, to(PACKET_DISCONNECT, NULL));
    subscribe(a, to(PACKET_DISCONNECT, NULL));
    settle(b);
    settle(a);
    say(a, to(PACKET_DISCONNECT, NULL), "bye");
    close_member(a); /* no event comes to it any more: heard_by would fail */
    assert_int_equal(a->n_closed, 0);
    UNTIL(w, a->n_closed == 1 && b->n_packets == 1);
    assert_heard(b, "bye|");
    world_free(w);
}

static void test_closes_at_any_time(void **state)
{
    struct world *w = world_new(state);
    struct member *a = join(w, "a");
    struct member *b = member_new(w, BYTES("MOL"), "b"); /* never connects */
    struct member *c = member_new(w, BYTES("MOL"), "c"); /* while connecting */

    subscribe(a, to(PACKET_INFO, NULL));
    settle(a);
    say(a, to(PACKET_INFO, NULL), "1");
    say(a, to(PACKET_INFO, NULL), "2");
    a->closes_at_packet = true;
    UNTIL(w, a->n_closed == 1);
    assert_heard(a, "1|");
    close_member(b);
    c->t->ops->connect(c->t);
    close_member(c);
    UNTIL(w, b->n_closed == 1 && c->n_closed == 1);
    assert_int_equal(c->n_connected, 0);
    world_free(w);
}

static void test_closes_while_the_link_is_lost(void **state)
{
    struct world *w = world_new(state);
    struct contract *contract = w->contract;
    struct member *a = join(w, "a");

    subscribe(a, to(PACKET_INFO, NULL));
    settle(a);
    contract->lose(contract, a->t);
    UNTIL(w, a->n_disconnected == 1);
    close_member(a);
    UNTIL(w, a->n_closed == 1);
    contract->restore(contract, NULL);
    world_free(w);
}

static void test_refuses_what_does_not_fit(void **state)
{
    struct world *w = world_new(state);
    struct member *a = join(w, "a");
    char name[2000];
    struct topic topic = {.type = PACKET_REQUEST, .node_id = bytes_of(name, sizeof(name))};
    size_t max = a->t->ops->max_payload(a->t);

    memset(name, 'n', sizeof(name));
    assert_int_equal(publish(a, topic, BYTES("x")), ERR_INVALID);
    assert_int_equal(a->t->ops->subscribe(a->t, &topic), ERR_INVALID);
    if (max > 0) {
        char *large = mem_alloc(max + 1);

        subscribe(a, to(PACKET_INFO, NULL));
        assert_int_equal(publish(a, to(PACKET_INFO, NULL), bytes_of(large, max + 1)), ERR_LIMIT);
        assert_int_equal(publish(a, to(PACKET_INFO, NULL), bytes_of(large, max)), 0);
        UNTIL(w, a->n_packets == 1);
        assert_int_equal(a->heard.n, max + 1);
        assert_int_equal(a->n_disconnected, 0);
        mem_free(large);
    }
    world_free(w);
}

int contract_run(struct contract *contract, const struct CMUnitTest *own, size_t n)
{
#define CONTRACT_TEST(test) cmocka_unit_test_prestate(test, contract)
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(test_refuses_to_publish_before_it_is_connected),
        CONTRACT_TEST(test_broadcasts_reach_all_also_the_publisher),
        CONTRACT_TEST(test_targeted_packets_reach_their_node_only),
        CONTRACT_TEST(test_prefixes_are_worlds_of_their_own),
        CONTRACT_TEST(test_order_is_kept),
        CONTRACT_TEST(test_payloads_are_opaque),
        CONTRACT_TEST(test_a_topic_is_subscribed_once_and_left_once),
        CONTRACT_TEST(test_subscriptions_outlive_a_lost_link),
        CONTRACT_TEST(test_what_was_published_before_closing_arrives),
        CONTRACT_TEST(test_closes_at_any_time),
        CONTRACT_TEST(test_closes_while_the_link_is_lost),
        CONTRACT_TEST(test_refuses_what_does_not_fit),
        /* The last two are for transporters that balance. */
        CONTRACT_TEST(test_a_balanced_request_reaches_one_node),
        CONTRACT_TEST(test_a_balanced_event_reaches_one_node_a_group),
    };
#undef CONTRACT_TEST
    struct CMUnitTest all[TESTS_MAX];
    const size_t n_all = sizeof(tests) / sizeof(tests[0]);
    const size_t n_common = contract->ops->has_balancer ? n_all : n_all - 2;

    ASSERT(n_common + n <= TESTS_MAX);
    memcpy(all, tests, sizeof(tests));
    for (size_t i = 0; i < n; i++) {
        all[n_common + i] = own[i];
    }
    return _cmocka_run_group_tests("contract", all, n_common + n, NULL, NULL);
}
