/* SPDX-License-Identifier: MIT */
/* The in-process bus: the contract, virtual clocks, cut links, its limit. */
#include "transporter/transporter_memory.h"

#include "base/mem.h"
#include "contract.h"

static void lose(struct contract *contract, struct transporter *t)
{
    transporter_memory_cut(t, true);
}

static void restore(struct contract *contract, struct transporter *t)
{
    if (t) {
        transporter_memory_cut(t, false);
    }
}

struct receiver {
    struct transporter *t;
    unsigned n_connected, n_disconnected, n_packets, n_closed;
    struct receiver *cuts; /* at the first packet */
};

static void on_connected(struct transporter *t, bool was_reconnect)
{
    ((struct receiver *)t->env.owner)->n_connected++;
}

static void on_disconnected(struct transporter *t, const char *reason)
{
    ((struct receiver *)t->env.owner)->n_disconnected++;
}

static void on_packet(struct transporter *t, enum packet_type type, struct bytes payload)
{
    struct receiver *r = t->env.owner;

    r->n_packets++;
    if (r->cuts) {
        transporter_memory_cut(r->cuts->t, true);
    }
}

static void on_closed(void *owner)
{
    ((struct receiver *)owner)->n_closed++;
}

static void receiver_init(struct receiver *r, struct loop *loop, struct bytes node_id)
{
    static const struct transporter_events events = {
        .on_connected = on_connected,
        .on_disconnected = on_disconnected,
        .on_packet = on_packet,
    };
    struct transporter_env env = {
        .loop = loop, .prefix = BYTES("MOL"), .node_id = node_id, .events = &events, .owner = r};

    *r = (struct receiver){0};
    assert_int_equal(transporter_memory_ops.create(&env, BYTES_NONE, BYTES_NONE, &r->t), 0);
    r->t->ops->connect(r->t);
    assert_int_equal(
        r->t->ops->subscribe(r->t, &(struct topic){.type = PACKET_INFO, .node_id = BYTES_NONE}), 0);
}

static void test_works_on_a_virtual_clock_and_loops_are_apart(void **state)
{
    struct loop *here = loop_new_virtual(0);
    struct loop *there = loop_new_virtual(0);
    struct receiver a, b, c;

    receiver_init(&a, here, BYTES("a"));
    receiver_init(&b, here, BYTES("b"));
    receiver_init(&c, there, BYTES("c"));
    loop_advance(here, 0);
    loop_advance(there, 0);
    assert_int_equal(transporter_publish(a.t, &(struct topic){.type = PACKET_INFO}, BYTES("hello")),
                     0);
    loop_advance(here, 0);
    loop_advance(there, 0);
    assert_int_equal(a.n_packets, 1);
    assert_int_equal(b.n_packets, 1);
    assert_int_equal(c.n_packets, 0);
    a.t->ops->close(a.t, on_closed);
    b.t->ops->close(b.t, NULL);
    c.t->ops->close(c.t, on_closed);
    loop_advance(here, 0);
    loop_advance(there, 0);
    assert_int_equal(a.n_closed, 1);
    assert_int_equal(c.n_closed, 1);
    loop_free(here);
    loop_free(there);
}

static void test_a_cut_loses_what_is_under_way(void **state)
{
    struct loop *loop = loop_new_virtual(0);
    struct receiver a, b;

    receiver_init(&a, loop, BYTES("a"));
    receiver_init(&b, loop, BYTES("b"));
    loop_advance(loop, 0);
    a.cuts = &b; /* a hears first, b's copy waits in the same round */
    assert_int_equal(transporter_publish(a.t, &(struct topic){.type = PACKET_INFO}, BYTES("x")), 0);
    loop_advance(loop, 0);
    assert_int_equal(a.n_packets, 1);
    assert_int_equal(b.n_packets, 0);
    assert_int_equal(b.n_disconnected, 1);
    /* Cut and mended before anything could be told: both are told, in order. */
    transporter_memory_cut(b.t, false);
    loop_advance(loop, 0);
    assert_int_equal(b.n_connected, 2);
    transporter_memory_cut(b.t, true);
    transporter_memory_cut(b.t, false);
    loop_advance(loop, 0);
    assert_int_equal(b.n_disconnected, 2);
    assert_int_equal(b.n_connected, 3);
    a.t->ops->close(a.t, on_closed);
    b.t->ops->close(b.t, on_closed);
    loop_advance(loop, 0);
    assert_int_equal(a.n_closed + b.n_closed, 2);
    loop_free(loop);
}

static void test_refuses_when_too_much_waits(void **state)
{
    struct loop *loop = loop_new_virtual(0);
    struct receiver a;
    size_t n = (size_t)16 * 1024 * 1024;
    char *large = mem_alloc(n);
    int n_taken = 0;

    receiver_init(&a, loop, BYTES("a"));
    loop_advance(loop, 0);
    while (n_taken < 100 && transporter_publish(a.t, &(struct topic){.type = PACKET_INFO},
                                                bytes_of(large, n)) == 0) {
        n_taken++;
    }
    assert_int_equal(n_taken, 5);
    assert_int_equal(transporter_publish(a.t, &(struct topic){.type = PACKET_INFO}, BYTES("x")),
                     ERR_LIMIT);
    loop_advance(loop, 0);
    assert_int_equal(a.n_packets, 5);
    assert_int_equal(transporter_publish(a.t, &(struct topic){.type = PACKET_INFO}, BYTES("x")), 0);
    a.t->ops->close(a.t, on_closed); /* with one delivery waiting */
    loop_advance(loop, 0);
    assert_int_equal(a.n_closed, 1);
    assert_int_equal(a.n_packets, 5);
    mem_free(large);
    loop_free(loop);
}

static void test_balanced_packets_go_round(void **state)
{
    struct loop *loop = loop_new_virtual(0);
    struct receiver r[3];
    struct topic queue = {.type = PACKET_REQUEST, .balanced = true, .name = BYTES("math.add")};

    for (int i = 0; i < 3; i++) {
        receiver_init(&r[i], loop, BYTES("n"));
        assert_int_equal(r[i].t->ops->subscribe(r[i].t, &queue), 0);
    }
    loop_advance(loop, 0);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(transporter_publish(r[0].t, &queue, BYTES("x")), 0);
    }
    loop_advance(loop, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(r[i].n_packets, 3);
        r[i].t->ops->close(r[i].t, NULL);
    }
    loop_advance(loop, 0);
    loop_free(loop);
}

int main(void)
{
    struct contract contract = {
        .ops = &transporter_memory_ops,
        .url = BYTES_NONE,
        .options = BYTES_NONE,
        .lose = lose,
        .restore = restore,
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_works_on_a_virtual_clock_and_loops_are_apart),
        cmocka_unit_test(test_a_cut_loses_what_is_under_way),
        cmocka_unit_test(test_refuses_when_too_much_waits),
        cmocka_unit_test(test_balanced_packets_go_round),
    };

    return contract_run(&contract, tests, sizeof(tests) / sizeof(tests[0]));
}
