/* SPDX-License-Identifier: MIT */
/* Packets decoded, checked and encoded again. */
#include "support/packet_relay.h"

#include "base/assert.h"
#include "base/utf8.h"
#include "packet/packet_field.h"

static void check_slice(struct bytes slice)
{
    struct bytes out;

    ASSERT(!bytes_is_set(slice) || (json_scan(slice, 0, &out, NULL) == 0 && out.n == slice.n));
}

static void check_type(struct bytes slice, enum json_type type)
{
    ASSERT(json_type(slice) == type);
    check_slice(slice);
}

static void check_type_or_none(struct bytes slice, enum json_type type)
{
    if (bytes_is_set(slice)) {
        check_type(slice, type);
    }
}

static void check_text(struct bytes text)
{
    ASSERT(utf8_is_valid(text));
}

/* What requests and events have in common. */
static void check_context(struct bytes meta, struct bytes headers, int level,
                          const struct bytes texts[3])
{
    check_type(meta, JSON_OBJECT);
    check_type(headers, JSON_OBJECT);
    ASSERT(level >= 0 && level <= PACKET_LEVEL_MAX);
    for (size_t i = 0; i < 3; i++) {
        check_text(texts[i]);
    }
}

static int relay_request(struct bytes slice, struct arena *arena, const struct packet_sender *from,
                         struct buf *out)
{
    struct packet_request p;
    int err = packet_request_decode(slice, arena, &p);

    if (err) {
        return err;
    }
    ASSERT(bytes_is_set(p.id) && bytes_is_set(p.action) && p.seq >= -1);
    check_text(p.id);
    check_text(p.action);
    check_slice(p.params);
    check_slice(p.tracing);
    ASSERT(!bytes_is_set(p.timeout) || json_type(p.timeout) == JSON_NUMBER ||
           json_type(p.timeout) == JSON_NULL);
    check_context(p.meta, p.headers, p.level,
                  (struct bytes[]){p.parent_id, p.request_id, p.caller});
    packet_request_encode(out, from, &p);
    return 0;
}

static int relay_response(struct bytes slice, struct arena *arena, const struct packet_sender *from,
                          struct buf *out)
{
    struct packet_response p;
    int err = packet_response_decode(slice, arena, &p);

    if (err) {
        return err;
    }
    ASSERT(bytes_is_set(p.id) && p.seq >= -1 && !p.error_out);
    ASSERT(!p.success || !bytes_is_set(p.error));
    check_text(p.id);
    check_slice(p.data);
    check_slice(p.error);
    check_type_or_none(p.meta, JSON_OBJECT);
    ASSERT(json_is_null_or_none(p.headers) || json_is_object(p.headers));
    packet_response_encode(out, from, &p);
    return 0;
}

static int relay_event(struct bytes slice, struct arena *arena, const struct packet_sender *from,
                       struct buf *out)
{
    struct packet_event p;
    int err = packet_event_decode(slice, arena, &p);

    if (err) {
        return err;
    }
    ASSERT(bytes_is_set(p.event));
    check_text(p.id);
    check_text(p.event);
    check_slice(p.data);
    check_slice(p.tracing);
    check_type_or_none(p.groups, JSON_ARRAY);
    check_context(p.meta, p.headers, p.level,
                  (struct bytes[]){p.parent_id, p.request_id, p.caller});
    packet_event_encode(out, from, &p);
    return 0;
}

static int relay_ping(struct bytes slice, struct arena *arena, const struct packet_sender *from,
                      struct buf *out)
{
    struct packet_ping p;
    int err = packet_ping_decode(slice, arena, &p);

    if (err) {
        return err;
    }
    check_text(p.id);
    check_slice(p.time);
    check_slice(p.arrived);
    packet_ping_encode(out, from, &p);
    return 0;
}

static int relay_pong(struct bytes slice, struct arena *arena, const struct packet_sender *from,
                      struct buf *out)
{
    struct packet_ping p;
    int err = packet_ping_decode(slice, arena, &p);

    if (err == 0) {
        packet_pong_encode(out, from, &p);
    }
    return err;
}

static int relay_heartbeat(struct bytes slice, const struct packet_sender *from, struct buf *out)
{
    struct packet_heartbeat p;
    int err = packet_heartbeat_decode(slice, &p);

    if (err) {
        return err;
    }
    ASSERT(json_type(p.cpu) == JSON_NUMBER || json_type(p.cpu) == JSON_NULL);
    packet_heartbeat_encode(out, from, &p);
    return 0;
}

static int relay_info(struct bytes slice, struct arena *arena, const struct packet_sender *from,
                      struct buf *out)
{
    struct packet_info p;
    int err = packet_info_decode(slice, arena, &p);

    if (err) {
        return err;
    }
    check_type(p.services, JSON_ARRAY);
    check_type(p.ip_list, JSON_ARRAY);
    check_type(p.client, JSON_OBJECT);
    check_type(p.config, JSON_OBJECT);
    check_type(p.metadata, JSON_OBJECT);
    check_type_or_none(p.hostname, JSON_STRING);
    check_type_or_none(p.port, JSON_NUMBER);
    check_text(p.instance_id);
    ASSERT(bytes_is_set(p.instance_id) && p.seq != 0);
    packet_info_encode(out, from, &p);
    return 0;
}

static int relay_empty(struct bytes slice, struct arena *arena, const struct packet_sender *from,
                       struct buf *out)
{
    struct packet_envelope p;
    int err = packet_envelope_decode(slice, arena, &p);

    if (err) {
        return err;
    }
    ASSERT(p.sender.n > 0);
    check_text(p.sender);
    check_slice(p.version_text);
    packet_empty_encode(out, from);
    return 0;
}

int packet_relay(enum packet_type type, struct bytes slice, struct arena *arena,
                 const struct packet_sender *from, struct buf *out)
{
    switch (type) {
    case PACKET_EVENT:
        return relay_event(slice, arena, from, out);
    case PACKET_REQUEST:
        return relay_request(slice, arena, from, out);
    case PACKET_RESPONSE:
        return relay_response(slice, arena, from, out);
    case PACKET_INFO:
        return relay_info(slice, arena, from, out);
    case PACKET_HEARTBEAT:
        return relay_heartbeat(slice, from, out);
    case PACKET_PING:
        return relay_ping(slice, arena, from, out);
    case PACKET_PONG:
        return relay_pong(slice, arena, from, out);
    case PACKET_DISCOVER:
    case PACKET_DISCONNECT:
        return relay_empty(slice, arena, from, out);
    case PACKET_UNKNOWN:
    case PACKET_TYPE_COUNT:
        break;
    }
    ASSERT(false);
}

static void relay_twice(enum packet_type type, struct bytes slice, enum protocol version)
{
    const struct packet_sender from = {version, BYTES("node-1")};
    struct buf once, twice;
    struct bytes again;
    struct arena arena;

    arena_init(&arena);
    buf_init(&once, BUF_NO_LIMIT);
    buf_init(&twice, BUF_NO_LIMIT);
    if (packet_relay(type, slice, &arena, &from, &once) == 0) {
        ASSERT(!once.failed && json_scan(buf_bytes(&once), 0, &again, NULL) == 0);
        ASSERT(packet_relay(type, again, &arena, &from, &twice) == 0);
        ASSERT(bytes_eq(buf_bytes(&twice), again));
    }
    buf_fini(&twice);
    buf_fini(&once);
    arena_fini(&arena);
}

void packet_relay_fuzz(enum packet_type type, struct bytes text)
{
    struct bytes slice;

    if (json_scan(text, 0, &slice, NULL) == 0) {
        relay_twice(type, slice, PROTOCOL_4);
        relay_twice(type, slice, PROTOCOL_5);
    }
}
