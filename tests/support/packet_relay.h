/* SPDX-License-Identifier: MIT */
/*
 * Reads a packet of any type and writes it again, asserting on the way what packet.h promises about
 * the decoded structs. Unit tests compare what comes out; fuzz targets care that it can be read.
 */
#pragma once

#include "packet/packet.h"

/* The decoder's result; out is only written to on success. slice is a json slice. */
int packet_relay(enum packet_type type, struct bytes slice, struct arena *arena,
                 const struct packet_sender *from, struct buf *out);
/* What a fuzz target does with its input: relays it twice; the second time nothing may change. */
void packet_relay_fuzz(enum packet_type type, struct bytes text);
