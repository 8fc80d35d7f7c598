/* SPDX-License-Identifier: MIT */
/* The transit's life: transporter, subscriptions, connection state, versions spoken around us. */
#include "transit/transit.h"

#include "base/assert.h"
#include "transit/transit_internal.h"

static struct transit *transit_of(struct transporter *t)
{
    return t->env.owner;
}

struct subscription {
    enum packet_type type;
    bool broadcast, targeted;
};

/* docs/protocol.md, Life of a node: in the original's order. */
static const struct subscription subscriptions[] = {
    {PACKET_EVENT, false, true},     {PACKET_REQUEST, false, true},
    {PACKET_RESPONSE, false, true},  {PACKET_DISCOVER, true, true},
    {PACKET_INFO, true, true},       {PACKET_DISCONNECT, true, false},
    {PACKET_HEARTBEAT, true, false}, {PACKET_PING, true, true},
    {PACKET_PONG, false, true},
};

static void subscribe_topic(struct transit *t, enum packet_type type, struct bytes node_id)
{
    struct topic topic = {.type = type, .node_id = node_id};
    int err = t->transporter->ops->subscribe(t->transporter, &topic);

    if (err) {
        log_error(&t->log, "Unable to subscribe %s of '%.*s': %s.", packet_type_name(type),
                  BYTES_ARG(node_id), err_text(err));
    }
}

static void subscribe_all(struct transit *t)
{
    for (size_t i = 0; i < sizeof(subscriptions) / sizeof(subscriptions[0]); i++) {
        const struct subscription *s = &subscriptions[i];

        if (s->broadcast) {
            subscribe_topic(t, s->type, BYTES_NONE);
        }
        if (s->targeted) {
            subscribe_topic(t, s->type, t->node_id);
        }
    }
}

static void on_connected(struct transporter *transporter, bool was_reconnect)
{
    struct transit *t = transit_of(transporter);

    if (!was_reconnect) { /* the transporter renews them by itself */
        subscribe_all(t);
    }
    t->is_connected = true;
    t->node_events->on_connected(t->node_owner, was_reconnect);
}

static void on_disconnected(struct transporter *transporter, const char *reason)
{
    struct transit *t = transit_of(transporter);

    t->is_connected = false;
    t->node_events->on_disconnected(t->node_owner, reason);
}

void transit_tell_error(struct transit *t, const char *module, const char *type, const char *text)
{
    struct arena arena;

    arena_init(&arena);
    t->call_events->on_error(
        t->call_owner,
        mol_error_new(&arena, MOL_ERROR_MOLECULER, bytes_cstr(text), 0, BYTES_NONE, BYTES_NONE),
        module, type);
    arena_fini(&arena);
}

static void on_error(struct transporter *transporter, const char *text)
{
    struct transit *t = transit_of(transporter);

    log_warn(&t->log, "%s transporter: %s", transporter->ops->name, text);
    transit_tell_error(t, "transporter", "clientError", text);
}

static void on_packet(struct transporter *transporter, enum packet_type type, struct bytes payload)
{
    transit_receive(transit_of(transporter), type, payload);
}

static const struct transporter_events transporter_events = {
    .on_connected = on_connected,
    .on_disconnected = on_disconnected,
    .on_error = on_error,
    .on_packet = on_packet,
};

static void transit_init(struct transit *t, const struct transit_options *options)
{
    t->serializer = options->serializer;
    t->node_id = options->node_id;
    t->instance_id = options->instance_id;
    t->fixed = options->protocol;
    t->disable_version_check = options->disable_version_check;
    t->disable_balancer = options->disable_balancer && options->transporter->has_balancer;
    t->max_queue_size = options->max_queue_size;
    map_init(&t->pending);
    list_init(&t->pending_order);
    list_init(&t->balanced);
    buf_init(&t->out, BUF_NO_LIMIT);
    arena_init_in(&t->scratch, t->room, sizeof(t->room));
}

int transit_new(struct loop *loop, const struct transit_options *options, struct registry *registry,
                struct log_sink *sink, struct transit **out)
{
    struct transit *t = mem_new(struct transit);
    struct buf prefix;
    int err;

    transit_init(t, options);
    t->loop = loop;
    t->registry = registry;
    t->log = (struct logger){sink, "transit"};
    buf_init(&prefix, BUF_NO_LIMIT);
    buf_add(&prefix, BYTES("MOL"));
    if (options->namespace_.n) {
        buf_add_char(&prefix, '-');
        buf_add(&prefix, options->namespace_);
    }
    err = options->transporter->create(
        &(struct transporter_env){
            .loop = loop,
            .prefix = buf_bytes(&prefix),
            .node_id = options->node_id,
            .log = &t->log,
            .events = &transporter_events,
            .owner = t,
        },
        options->transporter_url, options->transporter_options, &t->transporter);
    buf_fini(&prefix);
    if (err) {
        mem_free(t);
        return err;
    }
    *out = t;
    return 0;
}

void transit_listen_nodes(struct transit *t, const struct transit_node_events *events, void *owner)
{
    t->node_events = events;
    t->node_owner = owner;
}

void transit_listen_calls(struct transit *t, const struct transit_call_events *events, void *owner)
{
    t->call_events = events;
    t->call_owner = owner;
}

void transit_connect(struct transit *t)
{
    ASSERT(t->node_events && t->call_events);
    t->transporter->ops->connect(t->transporter);
}

bool transit_is_connected(const struct transit *t)
{
    return t->is_connected;
}

bool transit_is_balanced(const struct transit *t)
{
    return t->disable_balancer;
}

static void on_closed(void *owner)
{
    struct transit *t = owner;
    transporter_closed_fn *done = t->closed;
    void *closed_owner = t->closed_owner;

    transit_balanced_free(t);
    map_fini(&t->pending);
    buf_fini(&t->out);
    arena_fini(&t->scratch);
    mem_free(t);
    if (done) {
        done(closed_owner);
    }
}

void transit_close(struct transit *t, transporter_closed_fn *done, void *owner)
{
    t->is_connected = false;
    t->closed = done;
    t->closed_owner = owner;
    transit_reject_node(t, BYTES_NONE);
    t->transporter->ops->close(t->transporter, on_closed);
}

unsigned transit_versions(const struct transit *t, enum protocol out[2])
{
    unsigned n4 = 0, n5 = 0;

    if (t->fixed != PROTOCOL_NONE) {
        out[0] = t->fixed;
        return 1;
    }
    list_for_each (link, registry_nodes(t->registry)) {
        const struct registry_node *node = list_entry(link, struct registry_node, link);

        if (node->is_available && !node->speaks_both) {
            n4 += node->version == PROTOCOL_4;
            n5 += node->version == PROTOCOL_5;
        }
    }
    out[0] = n4 > n5 ? PROTOCOL_4 : PROTOCOL_5;
    out[1] = n4 > n5 ? PROTOCOL_5 : PROTOCOL_4;
    return (n4 > 0 ? 1U : 0U) + (n5 > 0 ? 1U : 0U);
}

enum protocol transit_version_of(const struct transit *t, struct bytes node_id)
{
    const struct registry_node *node = registry_find_node(t->registry, node_id);
    enum protocol versions[2];

    if (t->fixed != PROTOCOL_NONE) {
        return t->fixed;
    }
    if (node && node->version != PROTOCOL_NONE) {
        return node->version;
    }
    (void)transit_versions(t, versions);
    return versions[0];
}
