/* SPDX-License-Identifier: MIT */
#pragma once

#include "bench_cluster.h"
#include "bench_load.h"
#include "bench_payload.h"

/* What bench_peer is told on its command line. */
struct peer_options {
    unsigned long port; /* of the NATS server */
    const char *node_id;
    const char *name_space;
    const char *protocol;

    const char *target; /* node to call; NULL: answer calls, or play many nodes */
    const char *action;
    unsigned long payload; /* bytes of params */
    struct bench_load_options load;

    unsigned long nodes; /* nodes to play; 0: one, that answers calls */
    unsigned long services;
    unsigned long names; /* different services among all nodes */
};

/* One process as a member of a cluster; each part below embeds one. */
struct peer {
    const struct peer_options *options;
    const char *packets; /* type of packets for us besides those of the cluster; or NULL */
    struct bench_loop loop;
    struct bench_nats nats;
    struct bench_cluster cluster;
    struct bench_payloads payloads;
    /* A message that is not for the cluster. */
    void (*on_message)(struct peer *peer, const struct bench_nats_message *message);
    /* The NATS server has handled what we subscribed to and announced. */
    void (*on_joined)(struct peer *peer);
};

typedef void peer_write_services_fn(struct bench_cluster *cluster, unsigned index,
                                    struct bench_buf *out);

/* Joins the cluster with `n_nodes` nodes; `write_services` may be NULL. options and the callbacks
 * must be set, the rest zero. */
void peer_join(struct peer *peer, unsigned n_nodes, peer_write_services_fn *write_services);

void peer_leave(struct peer *peer);

/* Tells whoever started us, on stdout. */
void peer_say_ready(struct peer *peer);

/* The three parts a peer can play; each returns when the loop was stopped. */
void peer_serve(const struct peer_options *options);
void peer_call(const struct peer_options *options);
void peer_crowd(const struct peer_options *options);
