/* SPDX-License-Identifier: MIT */
/*
 * Who offers what: nodes, services, actions and events of the whole cluster, in order of
 * appearance. Fed by discovery (INFO of others) and by the broker (own services).
 */
#pragma once

#include "base/map.h"
#include "loop/loop.h"
#include "packet/packet.h"
#include "registry/endpoint_list.h"

/* What other nodes may make us keep. An INFO that goes beyond is refused as a whole. */
enum {
    REGISTRY_MAX_NODES = 10000,
    REGISTRY_MAX_NODE_SERVICES = 10000, /* of one node, as the next two */
    REGISTRY_MAX_NODE_ACTIONS = 100000,
    REGISTRY_MAX_NODE_EVENTS = 100000,
    REGISTRY_MAX_ENDPOINTS = 1000000,    /* actions and events of all nodes */
    REGISTRY_MAX_LISTS = 1000000,        /* different action names, event names and groups */
    REGISTRY_MAX_TEXT_BYTES = 512 << 20, /* of all nodes and services */
};

struct registry;
struct registry_text;

struct registry_options {
    struct bytes node_id; /* own, text */
    bool prefer_local;
    const struct strategy_ops *strategy; /* NULL: round robin */
};

struct registry *registry_new(struct loop *loop, const struct registry_options *options);
void registry_free(struct registry *r); /* NULL passes */
/* Whole seconds since registry_new: the clock of last_heartbeat_s and offline_since_s. */
double registry_uptime_s(const struct registry *r);

/* --- nodes --- */
struct registry_node {
    struct shared *id; /* owned ref, text */
    bool is_local, is_available;
    enum protocol version; /* of its last INFO; PROTOCOL_NONE for the own node */
    bool speaks_both;      /* this run of it was heard in both versions: a node like us */
    struct shared *info;   /* owned ref: its last INFO with "services":[]; has the slices below */
    struct bytes ip_list, hostname, client, config, metadata, port; /* json slices */
    struct shared *instance_text;                                   /* owned ref or NULL */
    struct bytes instance_id;                                       /* text, in instance_text */
    int64_t seq;
    double last_heartbeat_s; /* see registry_uptime_s */
    double offline_since_s;  /* < 0: online */
    struct bytes cpu;        /* json slice: number or null */
    char cpu_text[32];
    int64_t cpu_seq;                  /* < 0: null */
    struct list services;             /* of struct registry_service.link */
    struct registry_text **published; /* private, owned: the services of its last INFO */
    unsigned n_published;
    struct list link; /* in the registry, order of appearance */
};

/* A packet of that node (available, not the own one) came in this version. */
void registry_node_heard(struct registry_node *node, enum protocol version);
struct registry_node *registry_local_node(struct registry *r);
struct registry_node *registry_find_node(struct registry *r, struct bytes node_id);
/* All nodes: list of struct registry_node.link, the local one first. */
const struct list *registry_nodes(const struct registry *r);

enum registry_change {
    REGISTRY_NODE_NEW,
    REGISTRY_NODE_RETURNED,
    REGISTRY_NODE_UPDATED,
    REGISTRY_INFO_FAULTY,  /* no INFO, or one of the own node: nothing changed */
    REGISTRY_INFO_REFUSED, /* a limit above is reached: nothing changed */
};

/*
 * Takes an INFO of another node (packet: the whole packet, a json slice, copied). Re-registers its
 * services when seq grew, it was offline or its instance changed (docs/protocol.md, INFO). Faulty
 * services are skipped. *out_services_changed tells whether any service, action or event came or
 * went. With REGISTRY_INFO_* both outputs are untouched.
 */
enum registry_change registry_node_info(struct registry *r, const struct packet_envelope *from,
                                        struct bytes packet, struct registry_node **out_node,
                                        bool *out_services_changed);
/*
 * Another node: it lives, and this is its cpu (json slice; null changes nothing). The own node: its
 * cpu; cpu_seq grows when that is another number.
 */
void registry_node_heartbeat(struct registry *r, struct registry_node *node, struct bytes cpu);
/* Marks offline and removes its services. Returns whether it was online. */
bool registry_node_disconnected(struct registry *r, struct registry_node *node);
/* Forgets an offline node. The local node never. */
void registry_node_remove(struct registry *r, struct registry_node *node);

/* What the own node says of itself; copied. */
struct registry_local_info {
    struct bytes ip_list, hostname, client, config,
        metadata;             /* json slices; none: [] "" {} {} {} */
    struct bytes port;        /* json slice; none: null */
    struct bytes instance_id; /* text */
};
void registry_set_local_info(struct registry *r, const struct registry_local_info *info);
/* The seq of the INFO to be made now: one more than before if services changed since the last. */
int64_t registry_take_local_seq(struct registry *r);
/* One more at once (stopping, the TCP transporter). */
void registry_bump_local_seq(struct registry *r);

/* --- services --- */
struct registry_service {
    struct list link; /* in its node */
    struct registry_node *node;
    struct registry_text *source;                     /* owned ref; owner of the slices */
    struct bytes name, full_name;                     /* texts */
    struct bytes version;                             /* slice or none */
    struct bytes settings, metadata, actions, events; /* slices, {} where there was none */
    struct local_service *local;                      /* owned ref or NULL */
    struct endpoint **endpoints; /* owned array, as published: actions, hidden ones, events */
    unsigned n_endpoints;
    bool is_seen;              /* private to the diff */
    struct list registry_link; /* in the registry, order of appearance */
};

/* Whether these may be registered, or replaced, without going beyond what other nodes take of one.
 */
bool registry_has_local_room(struct registry *r, struct local_service *const *services, size_t n);
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
/* The own services as the INFO packet has them (json array) appended to out. */
void registry_local_services_json(struct registry *r, struct buf *out);

/*
 * --- choosing: lists and endpoints are borrowed until the registry changes ---
 * A list stays known when its last endpoint has gone (but for very many of them).
 */
/* NULL: never seen. */
struct endpoint_list *registry_find_action(struct registry *r, struct bytes action);
/* Balanced choice (docs/protocol.md, Choosing an endpoint); NULL: none available. */
struct endpoint *registry_choose(struct registry *r, struct endpoint_list *list,
                                 struct context *ctx);
struct endpoint *registry_choose_local(struct registry *r, struct endpoint_list *list,
                                       struct context *ctx);
/* The endpoint on that node if it is available, else NULL. */
struct endpoint *registry_choose_node(struct registry *r, struct endpoint_list *list,
                                      struct bytes node_id);
/* Next event list (after previous, NULL: from the start) whose pattern matches; wildcards that
 * nobody has any more are left out. */
struct endpoint_list *registry_next_event(struct registry *r, struct endpoint_list *previous,
                                          struct bytes event);
/* All lists: of struct endpoint_list.link, in order of appearance. */
const struct list *registry_action_lists(const struct registry *r);
const struct list *registry_event_lists(const struct registry *r);
