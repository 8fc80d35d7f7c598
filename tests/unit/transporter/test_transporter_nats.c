/* SPDX-License-Identifier: MIT */
/* The contract on a real nats-server; what goes over the wire; names that make no subject. */
#include <stdlib.h>

#include "base/buf.h"
#include "contract.h"
#include "support/nats_server.h"
#include "support/run_until.h"
#include "wire/nats/nats_client.h"

/* One server for all tests of this file. */
struct world {
    struct contract contract;
    struct nats_server_child server;
    char url[64];
};

static void lose(struct contract *contract, struct transporter *t)
{
    nats_server_stop(&container_of(contract, struct world, contract)->server);
}

static void restore(struct contract *contract, struct transporter *t)
{
    nats_server_restart(&container_of(contract, struct world, contract)->server);
}

/* --- one transporter and one bare client that hears everything --- */

struct pair {
    struct loop *loop;
    struct transporter *t;
    struct nats_client *sniffer;
    struct log_sink sink;
    struct logger log;
    char *said;
    size_t said_n;
    unsigned n_up, n_packets, n_errors;
    struct buf subjects; /* each followed by a blank */
    struct buf packets;  /* type and payload, the same */
    bool is_closed, is_sniffer_closed;
};

static void on_connected(struct transporter *t, bool was_reconnect)
{
    ((struct pair *)t->env.owner)->n_up++;
}

static void on_disconnected(struct transporter *t, const char *reason)
{
}

static void on_error(struct transporter *t, const char *text)
{
    ((struct pair *)t->env.owner)->n_errors++;
}

static void on_packet(struct transporter *t, enum packet_type type, struct bytes payload)
{
    struct pair *p = t->env.owner;

    p->n_packets++;
    buf_add_format(&p->packets, "%s:%.*s ", packet_type_name(type), BYTES_ARG(payload));
}

static void on_closed(void *owner)
{
    ((struct pair *)owner)->is_closed = true;
}

static void on_sniffer_connected(struct nats_client *client, bool was_reconnect)
{
    ((struct pair *)nats_client_owner(client))->n_up++;
}

static void on_sniffed(struct nats_client *client, const struct nats_message *message)
{
    struct pair *p = nats_client_owner(client);

    buf_add(&p->subjects, message->subject);
    buf_add_char(&p->subjects, ' ');
}

static void on_sniffer_closed(void *owner)
{
    ((struct pair *)owner)->is_sniffer_closed = true;
}

static const struct transporter_events pair_events = {
    .on_connected = on_connected,
    .on_disconnected = on_disconnected,
    .on_error = on_error,
    .on_packet = on_packet,
};

static void open_pair(struct pair *p, struct bytes url)
{
    static const struct nats_client_events events = {
        .on_connected = on_sniffer_connected,
        .on_message = on_sniffed,
    };
    struct nats_client_options options = {.servers = url};
    struct transporter_env env = {.prefix = BYTES("MOL-x"), .node_id = BYTES("own"), .owner = p};

    *p = (struct pair){.loop = loop_new(), .sink.level = LOG_TRACE};
    p->sink.err = open_memstream(&p->said, &p->said_n);
    assert_non_null(p->sink.err);
    p->log = (struct logger){&p->sink, "transporter"};
    buf_init(&p->subjects, BUF_NO_LIMIT);
    buf_init(&p->packets, BUF_NO_LIMIT);
    env.loop = p->loop;
    env.log = &p->log;
    env.events = &pair_events;
    assert_int_equal(transporter_nats_ops.create(&env, url, BYTES_NONE, &p->t), 0);
    assert_int_equal(nats_client_new(p->loop, &options, &events, p, &p->sniffer), 0);
    assert_true(nats_client_subscribe(p->sniffer, BYTES("MOL-x.>"), BYTES_NONE, NULL) > 0);
    p->t->ops->connect(p->t);
    nats_client_start(p->sniffer);
    run_until(p->loop, p->n_up == 2);
}

static void close_pair(struct pair *p)
{
    p->t->ops->close(p->t, on_closed);
    nats_client_close(p->sniffer, on_sniffer_closed);
    run_until(p->loop, p->is_closed && p->is_sniffer_closed);
    buf_fini(&p->subjects);
    buf_fini(&p->packets);
    assert_int_equal(fclose(p->sink.err), 0);
    free(p->said);
    loop_free(p->loop);
}

static const char *said(struct pair *p)
{
    assert_int_equal(fflush(p->sink.err), 0);
    return p->said;
}

static struct topic event_queue(const char *group, const char *name)
{
    return (struct topic){.type = PACKET_EVENT,
                          .balanced = true,
                          .group = bytes_cstr(group),
                          .name = bytes_cstr(name)};
}

/* --- the tests --- */

static void test_topics_are_subjects(void **state)
{
    const struct world *w = *state;
    const struct topic topics[] = {
        {.type = PACKET_DISCOVER},
        {.type = PACKET_INFO, .node_id = BYTES("a")},
        {.type = PACKET_REQUEST, .node_id = BYTES("a.b")},
        {.type = PACKET_REQUEST, .balanced = true, .name = BYTES("math.add")},
        event_queue("mail", "user.created"),
    };
    struct pair p;

    open_pair(&p, bytes_cstr(w->url));
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        assert_int_equal(transporter_publish(p.t, &topics[i], BYTES("x")), 0);
    }
    run_until(p.loop, p.subjects.n > 0 && memmem(p.subjects.p, p.subjects.n, "created", 7));
    assert_bytes(buf_bytes(&p.subjects),
                 "MOL-x.DISCOVER MOL-x.INFO.a MOL-x.REQ.a.b MOL-x.REQB.math.add "
                 "MOL-x.EVENTB.mail.user.created ");
    close_pair(&p);
}

static void publish_event(struct pair *p, const char *name)
{
    struct topic topic = event_queue("g", name);

    assert_int_equal(transporter_publish(p->t, &topic, bytes_cstr(name)), 0);
}

static void test_patterns_of_balanced_events(void **state)
{
    const struct world *w = *state;
    static const char *const patterns[] = {"user.**", "mail.*", "log.**.x", "part.cr*"};
    const struct topic end = {.type = PACKET_PONG, .node_id = BYTES("own")};
    struct pair p;

    open_pair(&p, bytes_cstr(w->url));
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        struct topic topic = event_queue("g", patterns[i]);

        assert_int_equal(p.t->ops->subscribe(p.t, &topic), 0);
    }
    assert_int_equal(p.t->ops->subscribe(p.t, &end), 0);
    publish_event(&p, "user.a.b");
    publish_event(&p, "mail.a");
    publish_event(&p, "mail.a.b");    /* '*' is one part */
    publish_event(&p, "log.a.b.y");   /* "**" and all after it is '>' */
    publish_event(&p, "part.create"); /* '*' in a part is no wildcard of NATS */
    assert_int_equal(transporter_publish(p.t, &end, BYTES("")), 0);
    run_until(p.loop, p.packets.n > 0 && memmem(p.packets.p, p.packets.n, "PONG", 4));
    assert_bytes(buf_bytes(&p.packets), "EVENT:user.a.b EVENT:mail.a EVENT:log.a.b.y PONG: ");
    close_pair(&p);
}

static void test_names_that_make_no_subject_are_refused(void **state)
{
    const struct world *w = *state;
    const struct topic topics[] = {
        {.type = PACKET_REQUEST, .node_id = BYTES("")},
        {.type = PACKET_REQUEST, .node_id = BYTES("a b")},
        {.type = PACKET_REQUEST, .node_id = BYTES("a..b")},
        {.type = PACKET_REQUEST, .node_id = BYTES(".a")},
        {.type = PACKET_REQUEST, .node_id = BYTES("*")}, /* it would hear all requests */
        {.type = PACKET_REQUEST, .node_id = BYTES(">")},
        {.type = PACKET_REQUEST, .node_id = BYTES("a\r\nSUB > 9")},
        {.type = PACKET_REQUEST, .balanced = true, .name = BYTES("math.*")},
        {.type = PACKET_REQUEST, .balanced = true, .name = BYTES("math add")},
        event_queue("*", "user.created"),
        event_queue("a b", "user.created"),
        event_queue("", "user.created"),
        event_queue("mail", "user created"),
        event_queue("mail", ""),
    };
    struct pair p;

    open_pair(&p, bytes_cstr(w->url));
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        size_t before = strlen(said(&p));

        assert_int_equal(p.t->ops->subscribe(p.t, &topics[i]), ERR_INVALID);
        assert_non_null(strstr(said(&p) + before, "cannot be a subject of NATS"));
        assert_int_equal(p.t->ops->unsubscribe(p.t, &topics[i]), ERR_INVALID);
        assert_int_equal(transporter_publish(p.t, &topics[i], BYTES("x")), ERR_INVALID);
    }
    /* Fine as a pattern to hear, not as a name to call. */
    assert_int_equal(p.t->ops->subscribe(p.t, &(struct topic){.type = PACKET_EVENT,
                                                              .balanced = true,
                                                              .group = BYTES("mail"),
                                                              .name = BYTES("user.*")}),
                     0);
    publish_event(&p, "still.alive");
    run_until(p.loop, p.subjects.n > 0);
    assert_bytes(buf_bytes(&p.subjects), "MOL-x.EVENTB.g.still.alive ");
    close_pair(&p);
}

static void test_a_server_list_that_cannot_be_read(void **state)
{
    struct pair p = {.loop = loop_new()};
    struct transporter_env env = {.loop = p.loop, .log = &p.log, .events = &pair_events};
    struct transporter *t = NULL;

    assert_int_equal(transporter_nats_ops.create(&env, BYTES("nats://"), BYTES_NONE, &t),
                     ERR_INVALID);
    assert_int_equal(transporter_nats_ops.create(&env, BYTES(""), BYTES("{\"url\":1}"), &t),
                     ERR_INVALID);
    assert_null(t);
    loop_free(p.loop);
}

static void test_repeated_failures_are_told_less_and_less(void **state)
{
    struct pair p = {.loop = loop_new_virtual(0)};
    struct transporter_env env = {
        .loop = p.loop, .log = &p.log, .events = &pair_events, .owner = &p};

    /* Nobody listens on port 1. */
    assert_int_equal(transporter_nats_ops.create(&env, BYTES("nats://127.0.0.1:1"),
                                                 BYTES("{\"reconnectTimeWait\":1000}"), &p.t),
                     0);
    p.t->ops->connect(p.t);
    loop_advance(p.loop, 100000);
    assert_in_range(p.n_errors, 7, 8); /* 1, 2, 4 .. 64, perhaps 128 */
    p.t->ops->close(p.t, on_closed);
    run_until(p.loop, p.is_closed);
    loop_free(p.loop);
}

int main(void)
{
    struct world w = {.contract = {.ops = &transporter_nats_ops,
                                   .options = BYTES("{\"reconnectTimeWait\":20}"),
                                   .lose = lose,
                                   .restore = restore}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_topics_are_subjects, &w),
        cmocka_unit_test_prestate(test_patterns_of_balanced_events, &w),
        cmocka_unit_test_prestate(test_names_that_make_no_subject_are_refused, &w),
        cmocka_unit_test(test_a_server_list_that_cannot_be_read),
        cmocka_unit_test(test_repeated_failures_are_told_less_and_less),
    };
    int failed;

    nats_server_start(&w.server, NULL);
    (void)snprintf(w.url, sizeof(w.url), "nats://127.0.0.1:%u", w.server.port);
    w.contract.url = bytes_cstr(w.url);
    failed = contract_run(&w.contract, tests, sizeof(tests) / sizeof(tests[0]));
    nats_server_stop(&w.server);
    return failed;
}
