/* SPDX-License-Identifier: MIT */
/* RES: what came of a call, or a chunk of the stream it answers with. */
#include "packet/packet_field.h"

int packet_response_decode(struct bytes slice, struct arena *a, struct packet_response *out)
{
    enum { ID, SUCCESS, DATA, ERROR, META, HEADERS, STREAM, SEQ, COUNT };
    struct json_field fields[] = {
        [ID] = {.name = BYTES_INIT("id")},         [SUCCESS] = {.name = BYTES_INIT("success")},
        [DATA] = {.name = BYTES_INIT("data")},     [ERROR] = {.name = BYTES_INIT("error")},
        [META] = {.name = BYTES_INIT("meta")},     [HEADERS] = {.name = BYTES_INIT("headers")},
        [STREAM] = {.name = BYTES_INIT("stream")}, [SEQ] = {.name = BYTES_INIT("seq")},
    };
    struct bytes headers, id;
    bool success;

    json_get_fields(slice, fields, COUNT);
    id = json_string(fields[ID].value, a);
    if (!bytes_is_set(id)) {
        return ERR_TYPE;
    }
    success = json_is_truthy(fields[SUCCESS].value);
    headers = fields[HEADERS].value;
    *out = (struct packet_response){
        .id = id,
        .success = success,
        .data = fields[DATA].value,
        .error = success ? BYTES_NONE : fields[ERROR].value,
        .meta = packet_field_typed(fields[META].value, JSON_OBJECT),
        .headers =
            packet_field_typed(headers, json_type(headers) == JSON_NULL ? JSON_NULL : JSON_OBJECT),
        .stream = json_is_truthy(fields[STREAM].value),
        .has_stream = !json_is_null_or_none(fields[STREAM].value),
        .seq = packet_field_seq(fields[SEQ].value),
    };
    return 0;
}

static void write_result(struct json_writer *w, const struct packet_sender *from,
                         const struct packet_response *p)
{
    json_member_bool(w, BYTES("success"), p->success);
    if (p->success) {
        json_member(w, BYTES("data"), p->data);
        return;
    }
    packet_field_write(w, BYTES("data"), p->data, BYTES("null"));
    if (p->error_out) {
        json_key(w, BYTES("error"));
        mol_error_to_wire(w, p->error_out, from->node_id);
    } else {
        json_member(w, BYTES("error"), p->error);
    }
}

void packet_response_encode(struct buf *out, const struct packet_sender *from,
                            const struct packet_response *p)
{
    struct json_writer w = json_writer(out);

    json_begin_object(&w);
    json_member_text(&w, BYTES("id"), p->id);
    json_member(&w, BYTES("meta"), p->meta);
    packet_field_write_headers(&w, from, p->headers);
    write_result(&w, from, p);
    if (p->has_stream) {
        json_member_bool(&w, BYTES("stream"), p->stream);
    }
    if (p->seq >= 0) {
        json_member_int(&w, BYTES("seq"), p->seq);
    }
    packet_field_write_envelope(&w, from);
}
