/* SPDX-License-Identifier: MIT */
/* What the files of the registry share among themselves. */
#pragma once

#include "registry/latency.h"
#include "registry/registry.h"
#include "registry/registry_text.h"

struct registry {
    struct loop *loop;                       /* borrowed */
    const struct strategy_ops *strategy_ops; /* the registry's own, as its options */
    struct bytes strategy_options;
    struct latency *latency; /* owned */
    bool prefer_local;
    uint64_t started_ms;
    struct registry_node *local_node;
    bool is_local_changed; /* services came or went since registry_take_local_seq */
    struct list nodes;     /* of registry_node.link */
    struct map nodes_by_id;
    struct map texts;          /* struct registry_text by slice */
    struct map local_services; /* by full name */
    size_t n_text_bytes;       /* of texts and of what the nodes say of themselves */
    struct list services;      /* of registry_service.registry_link */
    unsigned n_endpoints;
    struct list action_lists; /* of endpoint_list.link */
    struct map actions;       /* by name */
    struct list event_lists;
    struct map events;                     /* by group_text */
    struct map literal_events;             /* name: the last list of it, next_alike is a ring */
    struct endpoint_list *wildcard_events; /* first, linked by next_alike */
    struct endpoint_list **wildcard_tail;
    unsigned next_order;
};

/* --- registry_node.c --- */
struct registry_node *registry_node_new(struct registry *r, struct bytes id);
/* Whatever its state; it leaves the registry. */
void registry_node_free(struct registry *r, struct registry_node *node);

/* --- registry_service.c --- */

/*
 * Registers source as the service sync->service of node (NULL: a new one), which becomes
 * sync->service. Takes source's reference over. sync->changed is set when a service, an action or
 * an event came or went.
 */
struct registry_sync;
void registry_service_put(struct registry_sync *sync, struct registry_node *node,
                          struct registry_text *source, struct local_service *local);
void registry_service_remove(struct registry *r, struct registry_service *s);

/* A service while its endpoints are brought up to date. */
struct registry_sync {
    struct registry *registry;
    struct registry_service *service;
    bool changed;
    unsigned cap_endpoints; /* private to registry_service.c */
};
/* The definition belongs to this list: keeps or makes the endpoint. */
void registry_service_offer(struct registry_sync *sync, struct endpoint_list *list,
                            struct bytes definition, bool is_protected);

/* --- registry_action.c, registry_event.c --- */

/*
 * Offers each valid definition of a container: an object, or an array of objects with names; any
 * other slice has none.
 */
void registry_action_offer_all(struct registry_sync *sync, struct bytes actions);
void registry_event_offer_all(struct registry_sync *sync, struct bytes events);
/* Forgets lists without endpoints. */
void registry_action_sweep(struct registry *r);
void registry_event_sweep(struct registry *r);
struct endpoint_list *registry_event_next(struct registry *r, struct endpoint_list *previous,
                                          struct bytes event);
/* What a definition asks for by its slices strategy and strategyOptions; NULL: the registry's. */
struct strategy *registry_action_strategy(struct registry *r, struct bytes wanted,
                                          struct bytes options);

/* --- registry.c --- */
/* One of the registry's own kind. */
struct strategy *registry_strategy_new(struct registry *r);

/* --- registry_list.c --- */
/* A definition without the members that are never published. */
void registry_list_definition(struct json_writer *w, struct bytes definition);
