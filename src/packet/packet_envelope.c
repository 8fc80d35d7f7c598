/* SPDX-License-Identifier: MIT */
/* The envelope, and the packets that are nothing but it: DISCOVER and DISCONNECT. */
#include "packet/packet_field.h"

static enum protocol read_version(struct bytes slice)
{
    if (json_string_eq(slice, BYTES("5"))) {
        return PROTOCOL_5;
    }
    return json_string_eq(slice, BYTES("4")) ? PROTOCOL_4 : PROTOCOL_NONE;
}

int packet_envelope_decode(struct bytes slice, struct arena *arena, struct packet_envelope *out)
{
    struct json_field fields[] = {{.name = BYTES_INIT("ver")}, {.name = BYTES_INIT("sender")}};
    struct bytes sender;

    json_get_fields(slice, fields, 2);
    sender = json_string(fields[1].value, arena);
    if (sender.n == 0) {
        return ERR_TYPE;
    }
    *out = (struct packet_envelope){read_version(fields[0].value), fields[0].value, sender};
    return 0;
}

void packet_empty_encode(struct buf *out, const struct packet_sender *from)
{
    struct json_writer w = json_writer(out);

    json_begin_object(&w);
    packet_field_write_envelope(&w, from);
}
