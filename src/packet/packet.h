/* SPDX-License-Identifier: MIT */
/*
 * The packets of protocol 4 and 5 as plain structs (docs/protocol.md, Packets). Decoding reads a
 * json slice (the serializer has already run) and borrows from it and from the arena; encoding
 * appends JSON to a buffer, envelope last, in the member order of the originals. Texts are decoded
 * strings, members marked "slice" are json slices; BYTES_NONE: absent.
 *
 * Decoders accept whatever the originals accept (missing meta, headers, level...) and return
 * ERR_TYPE for packets that miss what cannot be done without, or have it in a wrong type.
 */
#pragma once

#include "model/mol_error.h"
#include "model/packet_type.h"
#include "json/json.h"

/* Who sent it and how it speaks. */
struct packet_envelope {
    enum protocol version;     /* PROTOCOL_NONE: neither "4" nor "5" (a number is none either) */
    struct bytes version_text; /* slice, for the mismatch message */
    struct bytes sender;       /* text */
};
/* ERR_TYPE when it is no object or has no sender. */
int packet_envelope_decode(struct bytes slice, struct arena *arena,
                           struct packet_envelope *out) MUST_CHECK;

struct packet_request {
    struct bytes id, action;    /* text, required */
    struct bytes params;        /* slice or none */
    struct bytes meta, headers; /* slices; objects ("{}" when missing or of another type) */
    struct bytes timeout;       /* slice: number, null or none */
    int level;                  /* 0: absent */
    struct bytes tracing;       /* slice or none */
    struct bytes parent_id, request_id, caller; /* text or none */
    bool stream, has_stream;                    /* encoding: stream counts when seq is set */
    int64_t seq;                                /* -1: absent */
};

struct packet_response {
    struct bytes id; /* text, required */
    bool success;
    struct bytes data;                 /* slice; none = undefined */
    struct bytes error;                /* slice, when !success (decoding) */
    const struct mol_error *error_out; /* encoding: the error, or NULL */
    struct bytes meta;                 /* slice; none: absent */
    struct bytes headers;              /* slice; protocol 5 only; "null" when undispatched */
    bool stream, has_stream;
    int64_t seq;
};

struct packet_event {
    struct bytes id, event; /* text; event required */
    struct bytes data;      /* slice or none (encoded as null) */
    struct bytes groups;    /* slice (array) or none; another truthy value is ERR_TYPE */
    bool broadcast;
    struct bytes meta, headers;
    int level;
    struct bytes tracing, parent_id, request_id, caller; /* as in packet_request */
};

struct packet_ping {      /* and pong */
    struct bytes time;    /* slice: a number from the originals; echoed as it came */
    struct bytes id;      /* text or none */
    struct bytes arrived; /* slice, pong only */
};

struct packet_heartbeat {
    struct bytes cpu; /* slice: number or null */
};

/* INFO; services stay slices, the registry walks them. */
struct packet_info {
    struct bytes services;                          /* slice: array ("[]" when missing) */
    struct bytes ip_list, client, config, metadata; /* slices: "[]" or "{}" when missing */
    struct bytes hostname;                          /* slice: string or none */
    struct bytes instance_id;                       /* text, may be empty */
    int64_t seq;                                    /* missing: 1 */
    struct bytes port; /* slice: number or none; only in stored records, never encoded here */
};

int packet_request_decode(struct bytes slice, struct arena *a,
                          struct packet_request *out) MUST_CHECK;
int packet_response_decode(struct bytes slice, struct arena *a,
                           struct packet_response *out) MUST_CHECK;
int packet_event_decode(struct bytes slice, struct arena *a, struct packet_event *out) MUST_CHECK;
int packet_ping_decode(struct bytes slice, struct arena *a, struct packet_ping *out) MUST_CHECK;
int packet_heartbeat_decode(struct bytes slice, struct packet_heartbeat *out) MUST_CHECK;
int packet_info_decode(struct bytes slice, struct arena *a, struct packet_info *out) MUST_CHECK;

/* Encoders write a whole packet; own_node_id is the sender. A failed buffer says so itself. */
struct packet_sender {
    enum protocol version;
    struct bytes node_id;
};
void packet_request_encode(struct buf *out, const struct packet_sender *from,
                           const struct packet_request *p);
void packet_response_encode(struct buf *out, const struct packet_sender *from,
                            const struct packet_response *p);
void packet_event_encode(struct buf *out, const struct packet_sender *from,
                         const struct packet_event *p);
void packet_ping_encode(struct buf *out, const struct packet_sender *from,
                        const struct packet_ping *p);
void packet_pong_encode(struct buf *out, const struct packet_sender *from,
                        const struct packet_ping *p);
void packet_heartbeat_encode(struct buf *out, const struct packet_sender *from,
                             const struct packet_heartbeat *p);
void packet_info_encode(struct buf *out, const struct packet_sender *from,
                        const struct packet_info *p);
/* DISCOVER and DISCONNECT. */
void packet_empty_encode(struct buf *out, const struct packet_sender *from);
