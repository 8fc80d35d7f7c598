/* SPDX-License-Identifier: MIT */
/*
 * Packets to and from other nodes over one transporter: topics, versions, pending requests. Knows
 * packets, not what they mean: discovery/ and broker/ listen.
 *
 * Both protocols at once (protocol "auto"): a packet to a node carries the version that the node
 * itself speaks; an answer carries the request's; a broadcast goes out once per version that some
 * node speaks (transit_broadcast_*), so that a cluster of one version hears that one only.
 */
#pragma once

#include "base/log.h"
#include "packet/packet.h"
#include "registry/registry.h"
#include "transporter/transporter.h"

struct transit;
struct serializer_ops;

struct transit_options {
    struct bytes namespace_, node_id, instance_id;
    const struct transporter_ops *transporter;
    struct bytes transporter_url, transporter_options;
    const struct serializer_ops *serializer;
    enum protocol protocol; /* PROTOCOL_NONE: auto */
    bool disable_version_check;
    bool disable_balancer;
    unsigned max_queue_size; /* 0: no limit */
};

/* Who is there: implemented by discovery/. */
struct transit_node_events {
    void (*on_connected)(void *owner, bool was_reconnect); /* subscribed */
    void (*on_disconnected)(void *owner, const char *reason);
    void (*on_discover)(void *owner, const struct packet_envelope *from);
    void (*on_info)(void *owner, const struct packet_envelope *from, struct bytes packet);
    void (*on_heartbeat)(void *owner, const struct packet_envelope *from,
                         const struct packet_heartbeat *heartbeat);
    void (*on_disconnect)(void *owner, const struct packet_envelope *from);
    void (*on_pong)(void *owner, const struct packet_envelope *from,
                    const struct packet_ping *pong);
    void (*on_conflict)(void *owner); /* another node uses our nodeID */
};

/* What is asked of us: implemented by broker/broker_remote.c. packet: slice, borrowed. */
struct transit_call_events {
    void (*on_request)(void *owner, const struct packet_envelope *from, struct bytes packet);
    void (*on_event)(void *owner, const struct packet_envelope *from, struct bytes packet);
    /* Something went wrong that nobody waits for; module: "transit", "transporter"; type as
     * $transit.error and $transporter.error have it, "failedProcessingPacket". */
    void (*on_error)(void *owner, const struct mol_error *error, const char *module,
                     const char *type);
};

int transit_new(struct loop *loop, const struct transit_options *options, struct registry *registry,
                struct log_sink *sink, struct transit **out) MUST_CHECK;
void transit_listen_nodes(struct transit *t, const struct transit_node_events *events, void *owner);
void transit_listen_calls(struct transit *t, const struct transit_call_events *events, void *owner);
void transit_connect(struct transit *t);
bool transit_is_connected(const struct transit *t);
/* disableBalancer is in force: the transporter balances. */
bool transit_is_balanced(const struct transit *t);
/* Rejects what is pending, closes the transporter, frees. */
void transit_close(struct transit *t, transporter_closed_fn *done, void *owner);

/* --- requests --- */
struct transit_request;
/* response NULL: error says why there is none (its arena is the one given). Called from the loop or
 * from within transit_close, exactly once unless cancelled. */
typedef void transit_answer_fn(struct transit_request *request, struct bytes sender,
                               const struct packet_response *response, struct mol_error *error);

/* Embedded by the caller. */
struct transit_request {
    struct bytes id, action, node_id; /* texts, borrowed; node_id none: balanced */
    struct arena *arena;              /* for errors */
    transit_answer_fn *answered;
    struct list link;
};

/*
 * Sends REQ and waits for RES. On failure *out_error is set, answered will not come: not connected
 * (BrokerDisconnected), queue full, too large for the transporter.
 */
int transit_send_request(struct transit *t, struct transit_request *request,
                         const struct packet_request *packet,
                         struct mol_error **out_error) MUST_CHECK;
void transit_cancel_request(struct transit *t, struct transit_request *request);
/* All requests pending at that node (none: at any) fail with RequestRejectedError. */
void transit_reject_node(struct transit *t, struct bytes node_id);
unsigned transit_pending(const struct transit *t);

/* --- sending; ERR_NOT_CONNECTED, ERR_LIMIT (logged with its size), ERR_INVALID --- */
int transit_send_response(struct transit *t, const struct packet_envelope *to,
                          const struct packet_response *packet) MUST_CHECK;
int transit_send_event(struct transit *t, struct bytes node_id,
                       const struct packet_event *packet) MUST_CHECK;
/* disableBalancer: one copy to the queue of a group. */
int transit_send_balanced_event(struct transit *t, struct bytes group,
                                const struct packet_event *packet) MUST_CHECK;
/* node_id none: to everybody who speaks that version. */
void transit_send_info(struct transit *t, struct bytes node_id, enum protocol version,
                       const struct packet_info *packet);
void transit_send_discover(struct transit *t, struct bytes node_id, enum protocol version);
void transit_send_ping(struct transit *t, struct bytes node_id);
void transit_send_heartbeat(struct transit *t, enum protocol version,
                            const struct packet_heartbeat *packet);
void transit_send_disconnect(struct transit *t, enum protocol version);
/* Balanced subscriptions of the own services, made anew (new ones first, then old ones dropped). */
void transit_subscribe_balanced(struct transit *t);

/* Versions that online nodes speak: fills out (most spoken first) and returns how many, 0 to 2.
 * Nodes that speak both do not count. A fixed protocol is always the only one. */
unsigned transit_versions(const struct transit *t, enum protocol out[2]);
/* What that node speaks; unknown nodes: the most spoken version, 5 when nobody is there. */
enum protocol transit_version_of(const struct transit *t, struct bytes node_id);
