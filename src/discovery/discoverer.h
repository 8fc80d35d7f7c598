/* SPDX-License-Identifier: MIT */
/*
 * Learning about other nodes and telling them about us: DISCOVER, INFO, HEARTBEAT, DISCONNECT
 * (docs/protocol.md, Life of a node). The Local discoverer: everything goes through the
 * transporter.
 *
 * Happy path: connected -> DISCOVER to all -> 50 ms -> INFO to all, ready -> INFO when services
 * change, HEARTBEAT in each interval, until discoverer_leave. Failure modes: nodes that fall silent
 * are disconnected after heartbeatTimeout and forgotten after cleanOfflineNodesTimeout; a lost
 * transporter keeps the registry, and the way starts again when it is back.
 */
#pragma once

#include "model/broker_options.h"
#include "transit/transit.h"

struct discoverer;

struct discoverer_events {
    void (*on_ready)(void *owner, bool was_reconnect); /* soon after the connection */
    void (*on_lost)(void *owner, const char *reason);
    void (*on_node_connected)(void *owner, struct registry_node *node, bool reconnected);
    void (*on_node_updated)(void *owner, struct registry_node *node);
    void (*on_node_disconnected)(void *owner, struct registry_node *node, bool unexpected);
    void (*on_services_changed)(void *owner, bool local);
    void (*on_pong)(void *owner, const struct packet_envelope *from, struct bytes id,
                    double elapsed_ms, double time_diff_ms);
    void (*on_conflict)(void *owner);
};

/* Attaches to the transit as its node listener. options and events are borrowed. */
struct discoverer *discoverer_new(struct loop *loop, const struct broker_options *options,
                                  struct registry *registry, struct transit *transit,
                                  struct log_sink *sink);
void discoverer_listen(struct discoverer *d, const struct discoverer_events *events, void *owner);
void discoverer_free(struct discoverer *d);

bool discoverer_is_ready(const struct discoverer *d);
/* A local service came or went: INFO goes to everybody after the debounce. */
void discoverer_services_changed(struct discoverer *d);
/* INFO with what is registered has been sent since the last change (or nobody is to be told). */
bool discoverer_is_announced(const struct discoverer *d);
/* First step of leaving: INFO without services, at once; no more after it. */
void discoverer_withdraw(struct discoverer *d);
/* Last step: DISCONNECT. */
void discoverer_leave(struct discoverer *d);
