/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "bench_nats.h"

/* The Moleculer nodes that this process plays: announces them, answers discovery, sends heartbeats.
 */
struct bench_cluster {
    struct bench_nats *nats;
    const char *name_space; /* "" for none */
    const char *protocol;   /* "4" or "5" */
    const char *node_id;    /* of the only node, or what the ids of several begin with */
    unsigned n_nodes;
    /* Appends the JSON objects of the services of node `index`, separated by commas; or NULL. */
    void (*write_services)(struct bench_cluster *cluster, unsigned index, struct bench_buf *out);

    struct bench_timer heartbeat;
    unsigned next_heartbeat;    /* index of the node whose turn it is */
    struct bench_buf packet;    /* reused for each packet made here */
    unsigned long long started; /* makes the instance ids of this run */
};

/* Subscriptions made here; the program's own begin with the last. */
enum bench_cluster_sid {
    BENCH_CLUSTER_SID_DISCOVER = 1,
    BENCH_CLUSTER_SID_DISCOVER_NODE,
    BENCH_CLUSTER_SID_FREE,
};

#define BENCH_TOPIC_MAX 256U

/* Writes "<prefix>.<type>.<node>", or "<prefix>.<type>" when `node` is empty. */
void bench_cluster_topic(const struct bench_cluster *cluster, char out_topic[BENCH_TOPIC_MAX],
                         const char *type, struct bench_text node);

/* The first six members must be set, `nats` connected. */
void bench_cluster_start(struct bench_cluster *cluster, struct bench_loop *loop);

/* Handles a message of one of the subscriptions above; false when it is of another one. */
bool bench_cluster_handle(struct bench_cluster *cluster, const struct bench_nats_message *message);

/* Says goodbye for all nodes and frees what is owned. */
void bench_cluster_leave(struct bench_cluster *cluster);
