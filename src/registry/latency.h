/* SPDX-License-Identifier: MIT */
/*
 * How long the hosts of the cluster take to answer a PING: what the strategy Latency goes by. One
 * table and one pinger for a registry, whatever number of lists choose by it (docs/protocol.md,
 * Choosing an endpoint).
 *
 * Nothing happens until somebody wants it. Then, once the node is in the cluster, everybody is
 * pinged, and in each interval one node of every host, at random. The last times of a host are
 * averaged; they are forgotten with its last node.
 */
#pragma once

#include "base/bytes.h"

struct latency;
struct registry;
struct registry_node;

/* Whatever options say, which may be those of another node. */
enum {
    LATENCY_COLLECT_MAX = 100,      /* times kept of a host */
    LATENCY_INTERVAL_MIN_MS = 1000, /* between two pings of a host */
    LATENCY_INTERVAL_MAX_MS = 10 * 60 * 1000,
    LATENCY_HOST_BYTES = 256, /* of a host's name that count */
};

struct latency *latency_new(struct registry *r);
void latency_free(struct latency *l); /* after the nodes; NULL passes */

/* Somebody chooses by it. The options (slice) of the first count: collectCount, pingInterval (s).
 */
void latency_want(struct latency *l, struct bytes options);

/* Sends a PING to that node; none: to everybody. */
typedef void latency_ping_fn(void *owner, struct bytes node_id);
/* The node is in the cluster: pings may go out, from the loop. Again: no effect. */
void latency_start(struct latency *l, latency_ping_fn *ping, void *owner);
void latency_stop(struct latency *l);

/* Another node is there, or says something new of itself. */
void latency_node_there(struct latency *l, struct registry_node *node);
void latency_node_gone(struct latency *l, struct registry_node *node);
/* It has answered. Negative and infinite times are those of a clock that was set; they pass. */
void latency_pong(struct latency *l, struct registry_node *node, double elapsed_ms);
/* The average of the node's host, which may be the own one; NaN: not known. */
double latency_of(const struct latency *l, const struct registry_node *node);
