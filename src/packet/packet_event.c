/* SPDX-License-Identifier: MIT */
/* EVENT: one event for the groups of one node. */
#include "packet/packet_field.h"

enum {
    FIELD_ID,
    FIELD_EVENT,
    FIELD_DATA,
    FIELD_GROUPS,
    FIELD_BROADCAST,
    FIELD_META,
    FIELD_HEADERS,
    FIELD_TRACE,
    FIELD_COUNT = FIELD_TRACE + PACKET_TRACE_COUNT
};

static void get_fields(struct bytes slice, struct json_field fields[FIELD_COUNT])
{
    static const struct bytes names[FIELD_COUNT] = {
        [FIELD_ID] = BYTES_INIT("id"),
        [FIELD_EVENT] = BYTES_INIT("event"),
        [FIELD_DATA] = BYTES_INIT("data"),
        [FIELD_GROUPS] = BYTES_INIT("groups"),
        [FIELD_BROADCAST] = BYTES_INIT("broadcast"),
        [FIELD_META] = BYTES_INIT("meta"),
        [FIELD_HEADERS] = BYTES_INIT("headers"),
    };

    packet_field_get(slice, names, fields, FIELD_COUNT, FIELD_TRACE);
}

int packet_event_decode(struct bytes slice, struct arena *a, struct packet_event *out)
{
    struct json_field fields[FIELD_COUNT], *trace = &fields[FIELD_TRACE];
    struct bytes event, groups;

    get_fields(slice, fields);
    event = json_string(fields[FIELD_EVENT].value, a);
    groups = packet_field_typed(fields[FIELD_GROUPS].value, JSON_ARRAY);
    /* The originals drop an event whose groups are neither an array nor falsy. */
    if (!bytes_is_set(event) ||
        (!bytes_is_set(groups) && json_is_truthy(fields[FIELD_GROUPS].value))) {
        return ERR_TYPE;
    }
    *out = (struct packet_event){
        .id = json_string(fields[FIELD_ID].value, a),
        .event = event,
        .data = fields[FIELD_DATA].value,
        .groups = groups,
        .broadcast = json_is_truthy(fields[FIELD_BROADCAST].value),
        .meta = packet_field_object(fields[FIELD_META].value),
        .headers = packet_field_object(fields[FIELD_HEADERS].value),
        .level = packet_field_level(trace[PACKET_TRACE_LEVEL].value),
        .tracing = trace[PACKET_TRACE_TRACING].value,
        .parent_id = json_string(trace[PACKET_TRACE_PARENT_ID].value, a),
        .request_id = json_string(trace[PACKET_TRACE_REQUEST_ID].value, a),
        .caller = json_string(trace[PACKET_TRACE_CALLER].value, a),
    };
    return 0;
}

void packet_event_encode(struct buf *out, const struct packet_sender *from,
                         const struct packet_event *p)
{
    struct json_writer w = json_writer(out);

    json_begin_object(&w);
    json_member_text(&w, BYTES("id"), p->id);
    json_member_text(&w, BYTES("event"), p->event);
    packet_field_write(&w, BYTES("data"), p->data, BYTES("null"));
    json_member(&w, BYTES("groups"), p->groups);
    json_member_bool(&w, BYTES("broadcast"), p->broadcast);
    packet_field_write(&w, BYTES("meta"), p->meta, BYTES("{}"));
    packet_field_write_headers(&w, from, p->headers);
    if (p->level) {
        json_member_int(&w, BYTES("level"), p->level);
    }
    packet_field_write(&w, BYTES("tracing"), p->tracing, BYTES("null"));
    packet_field_write_text(&w, BYTES("parentID"), p->parent_id);
    packet_field_write_text(&w, BYTES("requestID"), p->request_id);
    packet_field_write_text(&w, BYTES("caller"), p->caller);
    json_member(&w, BYTES("needAck"), BYTES("null"));
    packet_field_write_envelope(&w, from);
}
