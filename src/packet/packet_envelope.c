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

/*
 * Takes MEMBER"text" off the end of rest, where member is a comma, the name and the colon. The
 * quote behind the colon is not escaped, so it opens the string that the last quote closes.
 */
static bool cut_member(struct bytes *rest, struct bytes member, struct bytes *out_value)
{
    const char *quote;
    size_t at;

    if (rest->n < 2 || rest->p[rest->n - 1] != '"') {
        return false;
    }
    quote = memrchr(rest->p, '"', rest->n - 1);
    at = quote ? (size_t)(quote - rest->p) : 0;
    if (at < member.n || memcmp(quote - member.n, member.p, member.n) != 0) {
        return false;
    }
    *out_value = bytes_from(*rest, at);
    rest->n = at - member.n;
    return true;
}

/* The originals append both members, so most packets show them without being walked through. */
static bool find_at_end(struct bytes slice, struct bytes *out_version, struct bytes *out_sender)
{
    struct bytes rest = bytes_of(slice.p, slice.n - 1);

    return cut_member(&rest, BYTES(",\"sender\":"), out_sender) &&
           cut_member(&rest, BYTES(",\"ver\":"), out_version);
}

int packet_envelope_decode(struct bytes slice, struct arena *arena, struct packet_envelope *out)
{
    struct json_field fields[] = {{.name = BYTES_INIT("ver")}, {.name = BYTES_INIT("sender")}};
    struct bytes sender;

    if (!json_is_object(slice)) {
        return ERR_TYPE;
    }
    if (!find_at_end(slice, &fields[0].value, &fields[1].value)) {
        json_get_fields(slice, fields, 2);
    }
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
