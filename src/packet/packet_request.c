/* SPDX-License-Identifier: MIT */
/* REQ: a call on its way to the node that runs it, or a chunk of its stream. */
#include "packet/packet_field.h"

enum {
    FIELD_ID,
    FIELD_ACTION,
    FIELD_PARAMS,
    FIELD_META,
    FIELD_HEADERS,
    FIELD_TIMEOUT,
    FIELD_TRACE,
    FIELD_STREAM = FIELD_TRACE + PACKET_TRACE_COUNT,
    FIELD_SEQ,
    FIELD_COUNT
};

static void get_fields(struct bytes slice, struct json_field fields[FIELD_COUNT])
{
    static const struct bytes names[FIELD_COUNT] = {
        [FIELD_ID] = BYTES_INIT("id"),           [FIELD_ACTION] = BYTES_INIT("action"),
        [FIELD_PARAMS] = BYTES_INIT("params"),   [FIELD_META] = BYTES_INIT("meta"),
        [FIELD_HEADERS] = BYTES_INIT("headers"), [FIELD_TIMEOUT] = BYTES_INIT("timeout"),
        [FIELD_STREAM] = BYTES_INIT("stream"),   [FIELD_SEQ] = BYTES_INIT("seq"),
    };

    packet_field_get(slice, names, fields, FIELD_COUNT, FIELD_TRACE);
}

/* Other types than number and null count as absent. */
static struct bytes read_timeout(struct bytes slice)
{
    enum json_type type = json_type(slice);

    return type == JSON_NUMBER || type == JSON_NULL ? slice : BYTES_NONE;
}

int packet_request_decode(struct bytes slice, struct arena *a, struct packet_request *out)
{
    struct json_field fields[FIELD_COUNT], *trace = &fields[FIELD_TRACE];
    struct bytes id, action;

    get_fields(slice, fields);
    id = json_string(fields[FIELD_ID].value, a);
    action = json_string(fields[FIELD_ACTION].value, a);
    if (!bytes_is_set(id) || !bytes_is_set(action)) {
        return ERR_TYPE;
    }
    *out = (struct packet_request){
        .id = id,
        .action = action,
        .params = fields[FIELD_PARAMS].value,
        .meta = packet_field_object(fields[FIELD_META].value),
        .headers = packet_field_object(fields[FIELD_HEADERS].value),
        .timeout = read_timeout(fields[FIELD_TIMEOUT].value),
        .level = packet_field_level(trace[PACKET_TRACE_LEVEL].value),
        .tracing = trace[PACKET_TRACE_TRACING].value,
        .parent_id = json_string(trace[PACKET_TRACE_PARENT_ID].value, a),
        .request_id = json_string(trace[PACKET_TRACE_REQUEST_ID].value, a),
        .caller = json_string(trace[PACKET_TRACE_CALLER].value, a),
        .stream = json_is_truthy(fields[FIELD_STREAM].value),
        .has_stream = bytes_is_set(fields[FIELD_STREAM].value),
        .seq = packet_field_seq(fields[FIELD_SEQ].value),
    };
    return 0;
}

/* Outside streams 0.14 sends falsy params as the flag itself, e.g. null for null params. */
static struct bytes plain_stream(const struct packet_sender *from, const struct packet_request *p)
{
    if (from->version == PROTOCOL_4 && bytes_is_set(p->params) && !json_is_truthy(p->params)) {
        return p->params;
    }
    return BYTES("false");
}

void packet_request_encode(struct buf *out, const struct packet_sender *from,
                           const struct packet_request *p)
{
    struct json_writer w = json_writer(out);

    json_begin_object(&w);
    json_member_text(&w, BYTES("id"), p->id);
    json_member_text(&w, BYTES("action"), p->action);
    json_member(&w, BYTES("params"), p->params);
    packet_field_write(&w, BYTES("meta"), p->meta, BYTES("{}"));
    packet_field_write_headers(&w, from, p->headers);
    json_member(&w, BYTES("timeout"), p->timeout);
    if (p->level) {
        json_member_int(&w, BYTES("level"), p->level);
    }
    packet_field_write(&w, BYTES("tracing"), p->tracing, BYTES("null"));
    packet_field_write_text(&w, BYTES("parentID"), p->parent_id);
    packet_field_write_text(&w, BYTES("requestID"), p->request_id);
    packet_field_write_text(&w, BYTES("caller"), p->caller);
    if (p->seq >= 0) {
        json_member_bool(&w, BYTES("stream"), p->stream);
        json_member_int(&w, BYTES("seq"), p->seq);
    } else {
        json_member(&w, BYTES("stream"), plain_stream(from, p));
    }
    packet_field_write_envelope(&w, from);
}
