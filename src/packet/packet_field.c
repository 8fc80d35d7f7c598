/* SPDX-License-Identifier: MIT */
/* Members that several packets share. */
#include "packet/packet_field.h"

void packet_field_get(struct bytes slice, const struct bytes *names, struct json_field *fields,
                      size_t n, size_t trace)
{
    static const struct bytes trace_names[PACKET_TRACE_COUNT] = {
        [PACKET_TRACE_LEVEL] = BYTES_INIT("level"),
        [PACKET_TRACE_TRACING] = BYTES_INIT("tracing"),
        [PACKET_TRACE_PARENT_ID] = BYTES_INIT("parentID"),
        [PACKET_TRACE_REQUEST_ID] = BYTES_INIT("requestID"),
        [PACKET_TRACE_CALLER] = BYTES_INIT("caller"),
    };

    for (size_t i = 0; i < n; i++) {
        fields[i].name = bytes_is_set(names[i]) ? names[i] : trace_names[i - trace];
    }
    json_get_fields(slice, fields, n);
}

struct bytes packet_field_object(struct bytes slice)
{
    return json_is_object(slice) ? slice : BYTES("{}");
}

struct bytes packet_field_typed(struct bytes slice, enum json_type type)
{
    return json_type(slice) == type ? slice : BYTES_NONE;
}

int packet_field_level(struct bytes slice)
{
    double level;

    if (!json_double(slice, &level) || level < 1) {
        return 0;
    }
    return level < PACKET_LEVEL_MAX ? (int)level : PACKET_LEVEL_MAX;
}

int64_t packet_field_seq(struct bytes slice)
{
    int64_t seq;

    return json_integer(slice, &seq) && seq >= 0 ? seq : -1;
}

void packet_field_write_text(struct json_writer *w, struct bytes name, struct bytes text)
{
    json_key(w, name);
    if (bytes_is_set(text)) {
        json_text(w, text);
    } else {
        json_raw(w, BYTES_NONE);
    }
}

void packet_field_write(struct json_writer *w, struct bytes name, struct bytes slice,
                        struct bytes otherwise)
{
    json_key(w, name);
    json_raw(w, bytes_is_set(slice) ? slice : otherwise);
}

void packet_field_write_headers(struct json_writer *w, const struct packet_sender *from,
                                struct bytes headers)
{
    if (from->version != PROTOCOL_4) {
        packet_field_write(w, BYTES("headers"), headers, BYTES("{}"));
    }
}

void packet_field_write_envelope(struct json_writer *w, const struct packet_sender *from)
{
    json_member(w, BYTES("ver"), from->version == PROTOCOL_4 ? BYTES("\"4\"") : BYTES("\"5\""));
    json_member_text(w, BYTES("sender"), from->node_id);
    json_end_object(w);
}
