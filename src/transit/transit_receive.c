/* SPDX-License-Identifier: MIT */
/*
 * Packets in: deserialise, read the envelope, check the version, set own packets aside, dispatch
 * (docs/protocol.md, Receiving a packet). What cannot be read is logged and dropped; nothing goes
 * back.
 */
#include "base/assert.h"
#include "transit/transit_internal.h"

static void refuse(struct transit *t, enum packet_type type, const struct packet_envelope *from,
                   struct mol_error *error)
{
    struct bytes text = mol_error_text(error, &t->scratch);

    log_error(&t->log, "%s packet of '%.*s' is dropped: %.*s", packet_type_name(type),
              BYTES_ARG(from->sender), BYTES_ARG(text));
    t->call_events->on_error(t->call_owner, error, "transit", "failedProcessingPacket");
}

static void refuse_version(struct transit *t, enum packet_type type,
                           const struct packet_envelope *from)
{
    struct buf data;
    struct json_writer w = json_writer(&data);

    buf_init(&data, BUF_NO_LIMIT);
    json_begin_object(&w);
    json_member_text(&w, BYTES("nodeID"), from->sender);
    json_member_text(&w, BYTES("actual"), t->fixed == PROTOCOL_4 ? BYTES("4") : BYTES("5"));
    json_member(&w, BYTES("received"), from->version_text);
    json_end_object(&w);
    refuse(t, type, from,
           mol_error_new(&t->scratch, MOL_ERROR_PROTOCOL_VERSION_MISMATCH,
                         BYTES("Protocol version mismatch."), 0, BYTES_NONE, buf_bytes(&data)));
    buf_fini(&data);
}

static bool version_is_fine(const struct transit *t, const struct packet_envelope *from)
{
    if (t->disable_version_check) {
        return true;
    }
    return t->fixed == PROTOCOL_NONE ? from->version != PROTOCOL_NONE : from->version == t->fixed;
}

/* Whether an own packet (it came back from the transporter) is to be processed. */
static bool own_packet_counts(struct transit *t, enum packet_type type, struct bytes packet)
{
    struct packet_info info;

    if (type == PACKET_INFO && packet_info_decode(packet, &t->scratch, &info) == 0 &&
        !bytes_eq(info.instance_id, t->instance_id)) {
        t->node_events->on_conflict(t->node_owner);
        return false;
    }
    return type == PACKET_EVENT || type == PACKET_REQUEST || type == PACKET_RESPONSE;
}

static void receive_ping(struct transit *t, const struct packet_envelope *from, struct bytes packet)
{
    struct packet_ping ping;
    struct packet_sender sender = transit_sender(t, from->version);
    struct topic topic = {.type = PACKET_PONG, .node_id = from->sender};
    char arrived[24];
    struct buf text;

    if (packet_ping_decode(packet, &t->scratch, &ping) != 0) {
        return;
    }
    buf_init(&text, sizeof(arrived));
    buf_add_u64(&text, (unsigned long long)loop_unix_ms(t->loop));
    ping.arrived = buf_bytes(&text);
    packet_pong_encode(&t->out, &sender, &ping);
    if (transit_send_out(t, &topic) != 0) {
        log_debug(&t->log, "PONG to '%.*s' could not be sent.", BYTES_ARG(from->sender));
    }
    buf_fini(&text);
}

static void receive_pong(struct transit *t, const struct packet_envelope *from, struct bytes packet)
{
    struct packet_ping pong;

    if (packet_ping_decode(packet, &t->scratch, &pong) == 0) {
        t->node_events->on_pong(t->node_owner, from, &pong);
    }
}

static void receive_heartbeat(struct transit *t, const struct packet_envelope *from,
                              struct bytes packet)
{
    struct packet_heartbeat heartbeat;

    if (packet_heartbeat_decode(packet, &heartbeat) == 0) {
        t->node_events->on_heartbeat(t->node_owner, from, &heartbeat);
    }
}

static void dispatch(struct transit *t, enum packet_type type, const struct packet_envelope *from,
                     struct bytes packet)
{
    switch (type) {
    case PACKET_REQUEST:
        t->call_events->on_request(t->call_owner, from, packet);
        break;
    case PACKET_RESPONSE:
        transit_pending_answer(t, from, packet);
        break;
    case PACKET_EVENT:
        t->call_events->on_event(t->call_owner, from, packet);
        break;
    case PACKET_DISCOVER:
        t->node_events->on_discover(t->node_owner, from);
        break;
    case PACKET_INFO:
        t->node_events->on_info(t->node_owner, from, packet);
        break;
    case PACKET_DISCONNECT:
        t->node_events->on_disconnect(t->node_owner, from);
        break;
    case PACKET_HEARTBEAT:
        receive_heartbeat(t, from, packet);
        break;
    case PACKET_PING:
        receive_ping(t, from, packet);
        break;
    case PACKET_PONG:
        receive_pong(t, from, packet);
        break;
    case PACKET_UNKNOWN:
    case PACKET_TYPE_COUNT:
        break;
    }
}

static void receive(struct transit *t, enum packet_type type, struct bytes payload)
{
    struct packet_envelope from;
    struct bytes packet;
    int err = t->serializer->decode(payload, &t->scratch, &packet);

    if (err == 0) {
        err = packet_envelope_decode(packet, &t->scratch, &from);
    }
    if (err) {
        log_warn(&t->log, "Invalid incoming packet. Type: %s (%zu bytes): %s",
                 packet_type_name(type), payload.n, err_text(err));
        return;
    }
    if (!version_is_fine(t, &from)) {
        refuse_version(t, type, &from);
        return;
    }
    if (from.version == PROTOCOL_NONE) {
        from.version = t->fixed != PROTOCOL_NONE ? t->fixed : PROTOCOL_5;
    }
    if (bytes_eq(from.sender, t->node_id) && !own_packet_counts(t, type, packet)) {
        return;
    }
    dispatch(t, type, &from, packet);
}

void transit_receive(struct transit *t, enum packet_type type, struct bytes payload)
{
    receive(t, type, payload);
    arena_fini(&t->scratch);
    arena_init_in(&t->scratch, t->room, sizeof(t->room));
}
