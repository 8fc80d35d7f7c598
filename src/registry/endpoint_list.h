/* SPDX-License-Identifier: MIT */
/*
 * The endpoints of one action, or of one event pattern and group, in order of registration, and the
 * choice among them (docs/protocol.md, Choosing an endpoint).
 */
#pragma once

#include "base/list.h"
#include "registry/endpoint.h"

struct context;
struct event_pattern;
struct strategy;
struct strategy_ops;

struct endpoint_list {
    struct shared *name; /* owned ref: action name or event pattern */
    struct bytes group;  /* events: text, in group_text */
    struct shared *group_text;
    struct endpoint **items;  /* owned refs, order of registration; owned array, or &one */
    struct endpoint **locals; /* owned array: those of this node, borrowed from items */
    struct endpoint *one;     /* room for what most lists of a small cluster hold */
    unsigned n_items, cap_items;
    unsigned n_local, cap_locals;
    unsigned n_unavailable; /* breakers open among items */
    bool is_internal;       /* name starts with '$' */
    bool is_literal;        /* events: the pattern has no wildcards */
    const struct strategy_ops *strategy_ops;
    struct strategy *strategy;        /* owned; made when first asked; else NULL */
    struct event_pattern *pattern;    /* owned; events with wildcards, else NULL */
    unsigned order;                   /* events: grows with appearance */
    struct endpoint_list *next_alike; /* events: next with this literal name, or next wildcard */
    struct endpoint *synced;          /* private to the registry's diff */
    struct list link;                 /* in the registry, order of appearance */
};

/* name's reference is taken over. */
struct endpoint_list *endpoint_list_new(struct shared *name, const struct strategy_ops *ops);
void endpoint_list_free(struct endpoint_list *list); /* drops what is in it; NULL passes */

/* Takes its own reference. */
void endpoint_list_add(struct endpoint_list *list, struct endpoint *e);
/* e is in the list; its reference is dropped, list and node become NULL. */
void endpoint_list_remove(struct endpoint_list *list, struct endpoint *e);

bool endpoint_list_has_available(const struct endpoint_list *list);
/* Borrowed; NULL: none available. ctx may be NULL where the strategy allows. */
struct endpoint *endpoint_list_choose(struct endpoint_list *list, bool prefer_local,
                                      struct context *ctx);
struct endpoint *endpoint_list_choose_local(struct endpoint_list *list, struct context *ctx);
/* The first available one of that node. */
struct endpoint *endpoint_list_choose_node(struct endpoint_list *list,
                                           const struct registry_node *node);
