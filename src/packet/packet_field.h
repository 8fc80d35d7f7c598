/* SPDX-License-Identifier: MIT */
/*
 * What the packets share: members read with the defaults of the originals, members written as they
 * write them. Readers take the slice of a member, BYTES_NONE when it is absent.
 */
#pragma once

#include "packet/packet.h"

enum { PACKET_LEVEL_MAX = 1 << 30 /* so that nested calls can still count on */ };

/* What REQ and EVENT tell of the call they come from, in the order of the originals. */
enum packet_trace {
    PACKET_TRACE_LEVEL,
    PACKET_TRACE_TRACING,
    PACKET_TRACE_PARENT_ID,
    PACKET_TRACE_REQUEST_ID,
    PACKET_TRACE_CALLER,
    PACKET_TRACE_COUNT
};

/* Finds n members by name, and those of the trace from trace on: they have no name in names. */
void packet_field_get(struct bytes slice, const struct bytes *names, struct json_field *fields,
                      size_t n, size_t trace);

/* The object, or "{}". */
struct bytes packet_field_object(struct bytes slice);
/* The slice when it is of that type, else BYTES_NONE. */
struct bytes packet_field_typed(struct bytes slice, enum json_type type);
/* Call depth: its integral part, at most PACKET_LEVEL_MAX; 0 when it is no positive number. */
int packet_field_level(struct bytes slice);
/* Number of a chunk, or -1. */
int64_t packet_field_seq(struct bytes slice);

/* A text, or null when it is absent. */
void packet_field_write_text(struct json_writer *w, struct bytes name, struct bytes text);
/* A slice, or what stands for an absent one. */
void packet_field_write(struct json_writer *w, struct bytes name, struct bytes slice,
                        struct bytes otherwise);
/* Headers exist from protocol 5 on. */
void packet_field_write_headers(struct json_writer *w, const struct packet_sender *from,
                                struct bytes headers);
/* Envelope and the closing brace. */
void packet_field_write_envelope(struct json_writer *w, const struct packet_sender *from);
