/* SPDX-License-Identifier: MIT */
/* PING and its answer PONG, which differ in one member. */
#include "packet/packet_field.h"

int packet_ping_decode(struct bytes slice, struct arena *a, struct packet_ping *out)
{
    struct json_field fields[] = {
        {.name = BYTES_INIT("time")}, {.name = BYTES_INIT("id")}, {.name = BYTES_INIT("arrived")}};

    if (!json_is_object(slice)) {
        return ERR_TYPE;
    }
    json_get_fields(slice, fields, 3);
    *out = (struct packet_ping){
        .time = fields[0].value,
        .id = json_string(fields[1].value, a),
        .arrived = fields[2].value,
    };
    return 0;
}

static void encode(struct buf *out, const struct packet_sender *from, const struct packet_ping *p,
                   struct bytes arrived)
{
    struct json_writer w = json_writer(out);

    json_begin_object(&w);
    json_member(&w, BYTES("time"), p->time);
    json_member_text(&w, BYTES("id"), p->id);
    json_member(&w, BYTES("arrived"), arrived);
    packet_field_write_envelope(&w, from);
}

void packet_ping_encode(struct buf *out, const struct packet_sender *from,
                        const struct packet_ping *p)
{
    encode(out, from, p, BYTES_NONE);
}

void packet_pong_encode(struct buf *out, const struct packet_sender *from,
                        const struct packet_ping *p)
{
    encode(out, from, p, p->arrived);
}
