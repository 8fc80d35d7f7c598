/* SPDX-License-Identifier: MIT */
/* HEARTBEAT: a node lives, and how busy it is. */
#include "packet/packet_field.h"

int packet_heartbeat_decode(struct bytes slice, struct packet_heartbeat *out)
{
    struct bytes cpu;

    if (!json_is_object(slice)) {
        return ERR_TYPE;
    }
    cpu = json_get(slice, BYTES("cpu"));
    out->cpu = json_type(cpu) == JSON_NUMBER ? cpu : BYTES("null");
    return 0;
}

void packet_heartbeat_encode(struct buf *out, const struct packet_sender *from,
                             const struct packet_heartbeat *p)
{
    struct json_writer w = json_writer(out);

    json_begin_object(&w);
    packet_field_write(&w, BYTES("cpu"), p->cpu, BYTES("null"));
    packet_field_write_envelope(&w, from);
}
