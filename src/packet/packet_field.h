/* SPDX-License-Identifier: MIT */
/*
 * What the packets share: members read with the defaults of the originals, members written as they
 * write them. Readers take the slice of a member, BYTES_NONE when it is absent.
 */
#pragma once

#include "packet/packet.h"

enum { PACKET_LEVEL_MAX = 1 << 30 /* so that nested calls can still count on */ };

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
