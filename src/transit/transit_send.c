/* SPDX-License-Identifier: MIT */
/* Packets out: encoded in the version of who gets them, serialised, published. */
#include "transit/transit_internal.h"

struct packet_sender transit_sender(const struct transit *t, enum protocol version)
{
    return (struct packet_sender){version, t->node_id};
}

static int publish(struct transit *t, const struct topic *topic, struct bytes wire)
{
    size_t most = t->transporter->ops->max_payload(t->transporter);

    if (most && wire.n > most) {
        log_error(&t->log, "%s packet to '%.*s' has %zu bytes, the transporter takes %zu.",
                  packet_type_name(topic->type), BYTES_ARG(topic->node_id), wire.n, most);
        return ERR_LIMIT;
    }
    if (t->metrics) {
        transit_metrics_sent(t, wire.n);
    }
    return transporter_publish(t->transporter, topic, wire);
}

static int serialize_and_publish(struct transit *t, const struct topic *topic)
{
    struct arena arena;
    struct bytes wire;
    int err;

    if (t->out.failed) {
        return ERR_NO_MEMORY;
    }
    arena_init(&arena);
    err = t->serializer->encode(buf_bytes(&t->out), &arena, &wire);
    if (err == 0) {
        err = publish(t, topic, wire);
    }
    arena_fini(&arena);
    return err;
}

enum { OUT_KEPT_BYTES = 256 * 1024 };

/* The "type" of $transit.error for a packet that could not be sent. */
static const char *failure_of(enum packet_type type)
{
    static const char *const types[PACKET_TYPE_COUNT] = {
        [PACKET_EVENT] = "failedSendEventPacket",
        [PACKET_REQUEST] = "failedSendRequestPacket",
        [PACKET_RESPONSE] = "failedSendResponsePacket",
        [PACKET_DISCOVER] = "failedNodesDiscovery",
        [PACKET_INFO] = "failedSendInfoPacket",
        [PACKET_HEARTBEAT] = "failedSendHeartbeatPacket",
        [PACKET_PING] = "failedSendPingPacket",
        [PACKET_PONG] = "failedSendPongPacket",
    };

    return types[type];
}

int transit_send_out(struct transit *t, const struct topic *topic)
{
    int err;

    if (t->metrics) {
        transit_metrics_packet(t, METRICS_TRANSIT_PUBLISH_TOTAL, topic->type);
    }
    err = t->is_connected ? serialize_and_publish(t, topic) : ERR_NOT_CONNECTED;
    buf_clear(&t->out); /* who is told of the error may send, too */
    if (t->out.cap > OUT_KEPT_BYTES) {
        buf_fini(&t->out);
    }
    if (err && err != ERR_NOT_CONNECTED && failure_of(topic->type)) {
        transit_tell_error(t, "transit", failure_of(topic->type), err_text(err));
    }
    return err;
}

/* For packets that nobody waits for: the next heartbeat or discovery makes up for a lost one. */
static void send_out_logged(struct transit *t, const struct topic *topic)
{
    int err = transit_send_out(t, topic);

    if (err) {
        log_debug(&t->log, "%s packet could not be sent: %s", packet_type_name(topic->type),
                  err_text(err));
    }
}

int transit_send_response(struct transit *t, const struct packet_envelope *to,
                          const struct packet_response *packet)
{
    struct packet_sender sender = transit_sender(t, to->version);
    struct topic topic = {.type = PACKET_RESPONSE, .node_id = to->sender};

    packet_response_encode(&t->out, &sender, packet);
    return transit_send_out(t, &topic);
}

int transit_send_event(struct transit *t, struct bytes node_id, const struct packet_event *packet)
{
    struct packet_sender sender = transit_sender(t, transit_version_of(t, node_id));
    struct topic topic = {.type = PACKET_EVENT, .node_id = node_id};

    packet_event_encode(&t->out, &sender, packet);
    return transit_send_out(t, &topic);
}

int transit_send_balanced_event(struct transit *t, struct bytes group,
                                const struct packet_event *packet)
{
    struct packet_sender sender = transit_sender(t, transit_version_of(t, BYTES_NONE));
    struct topic topic = {
        .type = PACKET_EVENT, .balanced = true, .name = packet->event, .group = group};

    packet_event_encode(&t->out, &sender, packet);
    return transit_send_out(t, &topic);
}

void transit_send_info(struct transit *t, struct bytes node_id, enum protocol version,
                       const struct packet_info *packet)
{
    struct packet_sender sender = transit_sender(t, version);
    struct topic topic = {.type = PACKET_INFO, .node_id = node_id};

    packet_info_encode(&t->out, &sender, packet);
    send_out_logged(t, &topic);
}

void transit_send_discover(struct transit *t, struct bytes node_id, enum protocol version)
{
    struct packet_sender sender = transit_sender(t, version);
    struct topic topic = {.type = PACKET_DISCOVER, .node_id = node_id};

    packet_empty_encode(&t->out, &sender);
    send_out_logged(t, &topic);
}

static void send_ping(struct transit *t, struct bytes node_id, enum protocol version)
{
    struct packet_sender sender = transit_sender(t, version);
    struct topic topic = {.type = PACKET_PING, .node_id = node_id};
    char id[UUID_TEXT_BYTES];
    char room[24];
    struct buf time;

    uuid_make(id);
    buf_init(&time, sizeof(room));
    buf_add_u64(&time, (unsigned long long)loop_unix_ms(t->loop));
    packet_ping_encode(
        &t->out, &sender,
        &(struct packet_ping){.time = buf_bytes(&time), .id = bytes_of(id, UUID_TEXT_BYTES)});
    send_out_logged(t, &topic);
    buf_fini(&time);
}

void transit_send_ping(struct transit *t, struct bytes node_id)
{
    enum protocol versions[2];

    if (bytes_is_set(node_id)) {
        send_ping(t, node_id, transit_version_of(t, node_id));
        return;
    }
    if (transit_versions(t, versions) < 2) {
        send_ping(t, BYTES_NONE, versions[0]);
        return;
    }
    list_for_each (link, registry_nodes(t->registry)) {
        const struct registry_node *node = list_entry(link, struct registry_node, link);

        if (!node->is_local && node->is_available) {
            send_ping(t, node->id->bytes, node->version);
        }
    }
}

void transit_send_disconnect(struct transit *t, enum protocol version)
{
    struct packet_sender sender = transit_sender(t, version);
    struct topic topic = {.type = PACKET_DISCONNECT};

    packet_empty_encode(&t->out, &sender);
    send_out_logged(t, &topic);
}

void transit_send_heartbeat(struct transit *t, enum protocol version,
                            const struct packet_heartbeat *packet)
{
    struct packet_sender sender = transit_sender(t, version);
    struct topic topic = {.type = PACKET_HEARTBEAT};

    packet_heartbeat_encode(&t->out, &sender, packet);
    send_out_logged(t, &topic);
}
