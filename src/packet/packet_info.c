/* SPDX-License-Identifier: MIT */
/* INFO: what a node is and the services it offers. */
#include "packet/packet_field.h"

static int64_t read_seq(struct bytes slice)
{
    int64_t seq;

    return json_integer(slice, &seq) && seq != 0 ? seq : 1;
}

int packet_info_decode(struct bytes slice, struct arena *a, struct packet_info *out)
{
    enum { SERVICES, IPS, HOST, CLIENT, CONFIG, INSTANCE, METADATA, SEQ, PORT, COUNT };
    struct json_field fields[] = {
        [SERVICES] = {.name = BYTES_INIT("services")},
        [IPS] = {.name = BYTES_INIT("ipList")},
        [HOST] = {.name = BYTES_INIT("hostname")},
        [CLIENT] = {.name = BYTES_INIT("client")},
        [CONFIG] = {.name = BYTES_INIT("config")},
        [INSTANCE] = {.name = BYTES_INIT("instanceID")},
        [METADATA] = {.name = BYTES_INIT("metadata")},
        [SEQ] = {.name = BYTES_INIT("seq")},
        [PORT] = {.name = BYTES_INIT("port")},
    };
    struct bytes instance_id, ips, services;

    json_get_fields(slice, fields, COUNT);
    services = packet_field_typed(fields[SERVICES].value, JSON_ARRAY);
    /* The originals choke on services that are neither an array nor falsy; taking them for none
     * would drop what the node really offers. */
    if (!json_is_object(slice) ||
        (!bytes_is_set(services) && json_is_truthy(fields[SERVICES].value))) {
        return ERR_TYPE;
    }
    ips = packet_field_typed(fields[IPS].value, JSON_ARRAY);
    instance_id = json_string(fields[INSTANCE].value, a);
    *out = (struct packet_info){
        .services = bytes_is_set(services) ? services : BYTES("[]"),
        .ip_list = bytes_is_set(ips) ? ips : BYTES("[]"),
        .hostname = packet_field_typed(fields[HOST].value, JSON_STRING),
        .client = packet_field_object(fields[CLIENT].value),
        .config = packet_field_object(fields[CONFIG].value),
        .metadata = packet_field_object(fields[METADATA].value),
        .instance_id = bytes_is_set(instance_id) ? instance_id : BYTES(""),
        .seq = read_seq(fields[SEQ].value),
        .port = packet_field_typed(fields[PORT].value, JSON_NUMBER),
    };
    return 0;
}

void packet_info_encode(struct buf *out, const struct packet_sender *from,
                        const struct packet_info *p)
{
    struct json_writer w = json_writer(out);

    json_begin_object(&w);
    packet_field_write(&w, BYTES("services"), p->services, BYTES("[]"));
    packet_field_write(&w, BYTES("ipList"), p->ip_list, BYTES("[]"));
    packet_field_write(&w, BYTES("hostname"), p->hostname, BYTES("\"\""));
    packet_field_write(&w, BYTES("client"), p->client, BYTES("{}"));
    packet_field_write(&w, BYTES("config"), p->config, BYTES("{}"));
    json_member_text(&w, BYTES("instanceID"), p->instance_id);
    packet_field_write(&w, BYTES("metadata"), p->metadata, BYTES("{}"));
    json_member_int(&w, BYTES("seq"), p->seq);
    packet_field_write_envelope(&w, from);
}
