/* SPDX-License-Identifier: MIT */
/*
 * In-process bus: all transporters of one loop with one prefix hear each other, as the original's
 * Fake. Unlike that one it serves balanced topics too.
 *
 * Flow: publish -> one delivery a subscriber waits in the bus -> deferred: on_packet, in the order
 * of publishing, never from within publish. Failure modes: a cut link (transporter_memory_cut)
 * loses what waits for that member; too much waiting refuses the publisher.
 */
#include "transporter/transporter_memory.h"

#include "base/assert.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/shared.h"
#include "loop/loop.h"
#include "model/event_match.h"
#include "transporter/transporter.h"

enum { BUS_WAITING_BYTES_MAX = 64 * 1024 * 1024 };

/* One a loop, born with its first member and gone with its last. */
struct bus {
    struct loop_local local;
    unsigned n_members;
    struct list subscriptions; /* of all members; balanced ones: the longest unserved first */
    struct list deliveries;    /* published */
    struct list delivering;    /* published before the current round */
    size_t waiting_bytes;
    struct loop_defer deliver;
};

struct subscription {
    struct list link;
    struct memory *member;
    struct topic topic; /* texts in the arena */
    struct arena arena;
    struct event_pattern *pattern; /* balanced events; NULL also when the pattern is invalid */
};

struct delivery {
    struct list link;
    struct memory *to;
    enum packet_type type;
    struct shared *payload;
};

enum memory_state {
    MEMORY_IDLE,   /* -> DOWN by connect, CLOSED */
    MEMORY_DOWN,   /* -> UP while the link is whole, CLOSED */
    MEMORY_UP,     /* -> DOWN by a cut, CLOSED */
    MEMORY_CLOSED, /* waits to be freed */
};

struct memory {
    struct transporter base;
    struct bus *bus;
    enum memory_state state;
    bool is_cut, was_connected, has_loss_to_tell;
    struct loop_defer announce; /* tells of connections and losses; frees when closed */
    transporter_closed_fn *closed;
};

static const char bus_key;

static struct memory *of(struct transporter *t)
{
    return container_of(t, struct memory, base);
}

static void set_state(struct memory *m, enum memory_state state)
{
    ASSERT(m->state != MEMORY_CLOSED && m->state != state);
    ASSERT(state != MEMORY_IDLE && (state != MEMORY_UP || m->state == MEMORY_DOWN));
    m->state = state;
}

/* --- the bus --- */

static void delivery_free(struct bus *bus, struct delivery *d)
{
    list_remove(&d->link);
    bus->waiting_bytes -= d->payload->bytes.n;
    shared_unref(d->payload);
    mem_free(d);
}

static void on_deliver(struct loop_defer *defer)
{
    struct bus *bus = container_of(defer, struct bus, deliver);

    list_splice(&bus->delivering, &bus->deliveries);
    /* A receiver may cut or close any member, which takes deliveries off the list. */
    for (struct list *link; (link = list_pop(&bus->delivering));) {
        struct delivery *d = list_entry(link, struct delivery, link);
        struct transporter *t = &d->to->base;
        struct shared *payload = shared_ref(d->payload);
        enum packet_type type = d->type;

        delivery_free(bus, d);
        t->env.events->on_packet(t, type, payload->bytes);
        shared_unref(payload);
    }
}

static void drop_deliveries(struct bus *bus, struct list *list, const struct memory *to)
{
    list_for_each_safe (link, list) {
        struct delivery *d = list_entry(link, struct delivery, link);

        if (d->to == to) {
            delivery_free(bus, d);
        }
    }
}

static void drop_all_deliveries(const struct memory *m)
{
    drop_deliveries(m->bus, &m->bus->deliveries, m);
    drop_deliveries(m->bus, &m->bus->delivering, m);
}

static struct bus *bus_join(struct loop *loop)
{
    struct loop_local *local = loop_local_find(loop, &bus_key);
    struct bus *bus;

    if (local) {
        bus = container_of(local, struct bus, local);
    } else {
        bus = mem_new(struct bus);
        list_init(&bus->subscriptions);
        list_init(&bus->deliveries);
        list_init(&bus->delivering);
        loop_defer_init(&bus->deliver, on_deliver);
        loop_local_add(loop, &bus->local, &bus_key);
    }
    bus->n_members++;
    return bus;
}

static void bus_leave(struct bus *bus)
{
    if (--bus->n_members > 0) {
        return;
    }
    ASSERT(list_is_empty(&bus->subscriptions) && list_is_empty(&bus->deliveries));
    loop_defer_stop(&bus->deliver);
    loop_local_remove(&bus->local);
    mem_free(bus);
}

/* --- subscriptions --- */

static bool is_same_topic(const struct topic *a, const struct topic *b)
{
    return a->type == b->type && a->balanced == b->balanced &&
           bytes_is_set(a->node_id) == bytes_is_set(b->node_id) &&
           bytes_eq(a->node_id, b->node_id) && bytes_eq(a->name, b->name) &&
           bytes_eq(a->group, b->group);
}

/* Whether what is published to topic by a member with that prefix reaches the subscription. */
static bool hears(const struct subscription *s, struct bytes prefix, const struct topic *topic)
{
    if (s->member->state != MEMORY_UP || !bytes_eq(s->member->base.env.prefix, prefix)) {
        return false;
    }
    if (topic->balanced && topic->type == PACKET_EVENT) {
        return s->topic.balanced && s->topic.type == PACKET_EVENT &&
               bytes_eq(s->topic.group, topic->group) && s->pattern &&
               event_pattern_test(s->pattern, topic->name);
    }
    return is_same_topic(&s->topic, topic);
}

static struct subscription *find(const struct memory *m, const struct topic *topic)
{
    list_for_each (link, &m->bus->subscriptions) {
        struct subscription *s = list_entry(link, struct subscription, link);

        if (s->member == m && is_same_topic(&s->topic, topic)) {
            return s;
        }
    }
    return NULL;
}

static void subscription_free(struct subscription *s)
{
    list_remove(&s->link);
    event_pattern_free(s->pattern);
    arena_fini(&s->arena);
    mem_free(s);
}

static bool is_valid(const struct memory *m, const struct topic *topic)
{
    char room[TRANSPORTER_TOPIC_MAX];
    struct bytes text;

    return transporter_topic_text(&m->base, topic, room, sizeof(room), &text);
}

static int memory_subscribe(struct transporter *t, const struct topic *topic)
{
    struct memory *m = of(t);
    struct subscription *s;

    if (!is_valid(m, topic)) {
        return ERR_INVALID;
    }
    if (find(m, topic)) {
        return 0;
    }
    s = mem_new(struct subscription);
    arena_init(&s->arena);
    s->member = m;
    s->topic = *topic;
    s->topic.node_id = arena_copy(&s->arena, topic->node_id);
    s->topic.name = arena_copy(&s->arena, topic->name);
    s->topic.group = arena_copy(&s->arena, topic->group);
    if (topic->balanced && topic->type == PACKET_EVENT) {
        s->pattern = event_pattern_new(topic->name);
    }
    list_append(&m->bus->subscriptions, &s->link);
    return 0;
}

static int memory_unsubscribe(struct transporter *t, const struct topic *topic)
{
    struct subscription *s = find(of(t), topic);

    if (s) {
        subscription_free(s);
    }
    return 0;
}

/* --- publishing --- */

static void deliver(struct bus *bus, struct memory *to, enum packet_type type,
                    struct shared *payload)
{
    struct delivery *d = mem_new(struct delivery);

    *d = (struct delivery){.to = to, .type = type, .payload = shared_ref(payload)};
    list_append(&bus->deliveries, &d->link);
    bus->waiting_bytes += payload->bytes.n;
    loop_defer_start(to->base.env.loop, &bus->deliver);
}

static int memory_publish(struct transporter *t, const struct topic *topic, struct bytes payload)
{
    struct memory *m = of(t);
    struct bus *bus = m->bus;
    struct shared *text;

    if (m->state != MEMORY_UP) {
        return ERR_NOT_CONNECTED;
    }
    if (!is_valid(m, topic)) {
        return ERR_INVALID;
    }
    if (bus->waiting_bytes > BUS_WAITING_BYTES_MAX) {
        return ERR_LIMIT;
    }
    text = shared_new(payload);
    list_for_each_safe (link, &bus->subscriptions) {
        struct subscription *s = list_entry(link, struct subscription, link);

        if (!hears(s, m->base.env.prefix, topic)) {
            continue;
        }
        deliver(bus, s->member, topic->type, text);
        if (topic->balanced) { /* to one of the group, which queues again */
            list_remove(&s->link);
            list_append(&bus->subscriptions, &s->link);
            break;
        }
    }
    shared_unref(text);
    return 0;
}

static size_t memory_max_payload(const struct transporter *t)
{
    return 0;
}

/* --- life --- */

static void memory_free(struct memory *m)
{
    transporter_closed_fn *closed = m->closed;
    void *owner = m->base.env.owner;

    bus_leave(m->bus);
    transporter_fini(&m->base);
    mem_free(m);
    if (closed) {
        closed(owner);
    }
}

static void on_announce(struct loop_defer *defer)
{
    struct memory *m = container_of(defer, struct memory, announce);
    struct transporter *t = &m->base;
    bool was_connected = m->was_connected;

    if (m->state == MEMORY_CLOSED) {
        memory_free(m);
    } else if (m->has_loss_to_tell) {
        m->has_loss_to_tell = false;
        loop_defer_start(t->env.loop, &m->announce);
        t->env.events->on_disconnected(t, "the link is cut");
    } else if (m->state == MEMORY_DOWN && !m->is_cut) {
        set_state(m, MEMORY_UP);
        m->was_connected = true;
        t->env.events->on_connected(t, was_connected);
    }
}

static int memory_create(const struct transporter_env *env, struct bytes url, struct bytes options,
                         struct transporter **out)
{
    struct memory *m = mem_new(struct memory);

    transporter_init(&m->base, &transporter_memory_ops, env);
    loop_defer_init(&m->announce, on_announce);
    m->bus = bus_join(env->loop);
    *out = &m->base;
    return 0;
}

static void memory_connect(struct transporter *t)
{
    struct memory *m = of(t);

    set_state(m, MEMORY_DOWN);
    loop_defer_start(t->env.loop, &m->announce);
}

static void memory_close(struct transporter *t, transporter_closed_fn *done)
{
    struct memory *m = of(t);

    set_state(m, MEMORY_CLOSED);
    m->closed = done;
    drop_all_deliveries(m);
    list_for_each_safe (link, &m->bus->subscriptions) {
        struct subscription *s = list_entry(link, struct subscription, link);

        if (s->member == m) {
            subscription_free(s);
        }
    }
    loop_defer_start(t->env.loop, &m->announce);
}

void transporter_memory_cut(struct transporter *t, bool is_cut)
{
    struct memory *m = of(t);

    ASSERT(t->ops == &transporter_memory_ops);
    if (m->state == MEMORY_CLOSED) {
        return;
    }
    m->is_cut = is_cut;
    if (is_cut && m->state == MEMORY_UP) {
        set_state(m, MEMORY_DOWN);
        m->has_loss_to_tell = true;
        drop_all_deliveries(m);
    }
    loop_defer_start(t->env.loop, &m->announce);
}

const struct transporter_ops transporter_memory_ops = {
    .name = "Fake",
    .has_balancer = true,
    .create = memory_create,
    .connect = memory_connect,
    .subscribe = memory_subscribe,
    .unsubscribe = memory_unsubscribe,
    .publish = memory_publish,
    .max_payload = memory_max_payload,
    .close = memory_close,
};
