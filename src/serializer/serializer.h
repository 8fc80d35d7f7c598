/* SPDX-License-Identifier: MIT */
/*
 * Packet bodies on the wire <-> JSON text. JSON is the identity after validation; other formats
 * transcode. One file a format, behind this table.
 */
#pragma once

#include "json/json.h"

struct serializer_ops {
    const char *name; /* "JSON" */
    /* Gives a validated json slice, borrowed from wire or in the arena. ERR_SYNTAX, ERR_LIMIT... */
    int (*decode)(struct bytes wire, struct arena *arena, struct bytes *out_slice);
    /* Turns JSON text into the wire form; may return text itself. */
    int (*encode)(struct bytes text, struct arena *arena, struct bytes *out_wire);
};

extern const struct serializer_ops serializer_json_ops;

/* By name without case, NULL when unknown. */
const struct serializer_ops *serializer_find(struct bytes name);
