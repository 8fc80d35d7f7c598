/* SPDX-License-Identifier: MIT */
/*
 * Who offers what: nodes, services, actions and events of the whole cluster, in order of
 * appearance. Fed by discovery (INFO of others) and by the broker (own services).
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "loop/loop.h"
#include "packet/packet.h"
#include "registry/endpoint.h"

struct registry;
struct strategy_ops;

struct registry_options {
    struct bytes node_id; /* own, text */
    bool prefer_local;
    const struct strategy_ops *strategy; /* NULL: round robin */
};

struct registry *registry_new(struct loop *loop, const struct registry_options *options);
void registry_free(struct registry *r);

/* --- nodes --- */
struct registry_node {
    struct shared *id; /* owned ref, text */
    bool is_local, is_available;
    enum protocol version; /* of its last packet; PROTOCOL_NONE for the own node */
    struct shared *info;   /* owned ref: the INFO it sent last; slices below are in it */
    struct bytes ip_list, hostname, client, config, metadata, port; /* json slices */
    struct bytes instance_id;                                       /* text */
    int64_t seq;
    double last_heartbeat_s; /* process uptime, whole seconds */
    double offline_since_s;  /* < 0: online */
    struct bytes cpu;        /* json slice: number or null */
    char cpu_text[32];
    int64_t cpu_seq;      /* < 0: null */
    struct list services; /* of struct registry_service.link */
    struct list link;     /* in the registry, order of appearance */
};

struct registry_node *registry_local_node(struct registry *r);
struct registry_node *registry_find_node(struct registry *r, struct bytes node_id);
/* All nodes: list of struct registry_node.link, the local one first. */
const struct list *registry_nodes(const struct registry *r);

enum registry_change { REGISTRY_NODE_NEW, REGISTRY_NODE_RETURNED, REGISTRY_NODE_UPDATED };

/*
 * Takes an INFO of another node (text: the whole packet, kept). Re-registers its services when seq
 * grew, it was offline or its instance changed (protocol.md 3). Faulty services are skipped.
 * *out_services_changed tells whether any service, action or event came or went.
 */
enum registry_change registry_node_info(struct registry *r, struct bytes node_id,
                                        enum protocol version, struct bytes packet,
                                        struct registry_node **out_node,
                                        bool *out_services_changed);
void registry_node_heartbeat(struct registry *r, struct registry_node *node, struct bytes cpu);
/* Marks offline and removes its services. Returns whether it was online. */
bool registry_node_disconnected(struct registry *r, struct registry_node *node);
/* Forgets an offline node. The local node never. */
void registry_node_remove(struct registry *r, struct registry_node *node);

/* --- services --- */
struct registry_service {
    struct list link; /* in its node */
    struct registry_node *node;
    struct shared *text;                              /* owned ref; owner of the slices */
    struct bytes name, full_name;                     /* texts */
    struct bytes version;                             /* slice or none */
    struct bytes settings, metadata, actions, events; /* slices: objects */
    struct local_service *local;                      /* owned ref or NULL */
    struct list registry_link;                        /* in the registry, order of appearance */
    unsigned generation;                              /* private */
};

/*
 * Registers a service of this node, or replaces the one with the same full name in one step: no
 * selection in between finds nothing. Takes its own reference. seq grows at the next info.
 */
void registry_add_local_service(struct registry *r, struct local_service *service);
/* By full name; false when there is none. */
bool registry_remove_local_service(struct registry *r, struct bytes full_name);
struct registry_service *registry_find_local_service(struct registry *r, struct bytes full_name);
/* Whether any available node offers it (dependencies). */
bool registry_has_service(struct registry *r, struct bytes full_name);
/* The own services as the INFO packet has them (json array) appended to out. with_services false:
 * the empty list of a node that stops. */
void registry_local_services_json(struct registry *r, struct buf *out);

/* --- choosing --- */
struct endpoint_list {
    struct shared *name; /* owned ref: action name or event pattern */
    struct bytes group;  /* events: text, in group_text */
    struct shared *group_text;
    struct endpoint **items; /* owned array of owned refs, order of registration */
    unsigned n_items, cap_items;
    unsigned n_local;
    bool is_internal;              /* name starts with '$' */
    struct strategy *strategy;     /* owned */
    struct event_pattern *pattern; /* events; NULL: literal */
    struct list link;              /* in the registry, order of appearance */
};

/* NULL: never seen. Lists stay known when their last endpoint has gone. */
struct endpoint_list *registry_find_action(struct registry *r, struct bytes action);
/* Balanced choice as protocol.md 14 says; NULL: none available. */
struct endpoint *registry_choose(struct registry *r, struct endpoint_list *list,
                                 struct context *ctx);
struct endpoint *registry_choose_local(struct registry *r, struct endpoint_list *list,
                                       struct context *ctx);
/* The endpoint on that node if it is available, else NULL. */
struct endpoint *registry_choose_node(struct registry *r, struct endpoint_list *list,
                                      struct bytes node_id);
/* Next event list (after previous, NULL: from the start) whose pattern matches. */
struct endpoint_list *registry_next_event(struct registry *r, struct endpoint_list *previous,
                                          struct bytes event);
