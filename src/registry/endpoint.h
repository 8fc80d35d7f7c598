/* SPDX-License-Identifier: MIT */
/*
 * One action or event subscription on one node: what a balancer chooses from. Counted, because a
 * call may outlive the registration.
 */
#pragma once

#include "base/shared.h"
#include "registry/local_service.h"

struct registry_node;
struct endpoint_list;

struct endpoint {
    unsigned refs;
    struct endpoint_list *list;  /* NULL once unregistered */
    struct registry_node *node;  /* NULL once unregistered */
    struct shared *node_id;      /* ref */
    struct shared *text;         /* ref; owner of the slices below */
    struct bytes name;           /* text: full action name, or event pattern */
    struct bytes definition;     /* json slice as published */
    struct bytes service_name;   /* text: full name of its service */
    struct local_service *local; /* ref; NULL: on another node */
    double timeout_ms;           /* the definition's; < 0: none given */
    bool is_protected;           /* visibility "protected": not for other nodes */
    bool is_available;           /* breaker closed */
    unsigned generation;         /* private to the registry's diff */
};

struct endpoint *endpoint_ref(struct endpoint *e);
void endpoint_unref(struct endpoint *e); /* NULL passes */
