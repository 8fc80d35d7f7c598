/* SPDX-License-Identifier: MIT */
/* What the files of transit/ share. */
#pragma once

#include "base/map.h"
#include "serializer/serializer.h"
#include "transit/transit.h"

enum { TRANSIT_SCRATCH_BYTES = 4096 };

struct transit {
    struct loop *loop;
    struct logger log;
    struct registry *registry;       /* borrowed */
    struct transporter *transporter; /* owned */
    const struct serializer_ops *serializer;
    struct bytes node_id, instance_id; /* borrowed from the options' owner */
    enum protocol fixed;               /* PROTOCOL_NONE: auto */
    bool disable_version_check, disable_balancer, is_connected;
    unsigned max_queue_size;
    const struct transit_node_events *node_events;
    void *node_owner;
    const struct transit_call_events *call_events;
    void *call_owner;
    transporter_closed_fn *closed; /* of transit_close */
    void *closed_owner;
    struct map pending;        /* by id: struct transit_request */
    struct list pending_order; /* of struct transit_request.link */
    struct list balanced;      /* of struct balanced_topic (transit_balanced.c) */
    struct buf out;            /* the packet being encoded */
    struct arena scratch;      /* for one packet, received or sent */
    _Alignas(16) char room[TRANSIT_SCRATCH_BYTES];
};

/* --- transit_receive.c --- */
void transit_receive(struct transit *t, enum packet_type type, struct bytes payload);

/* --- transit_pending.c --- */
void transit_pending_answer(struct transit *t, const struct packet_envelope *from,
                            struct bytes packet);

/* --- transit_balanced.c --- */
void transit_balanced_free(struct transit *t);

/* --- transit.c --- */
/* Something went wrong that only $transit.error or $transporter.error tells of. */
void transit_tell_error(struct transit *t, const char *module, const char *type, const char *text);

/* --- transit_send.c --- */
struct packet_sender transit_sender(const struct transit *t, enum protocol version);
/* Sends t->out and clears it. */
int transit_send_out(struct transit *t, const struct topic *topic) MUST_CHECK;
