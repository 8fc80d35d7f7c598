/* SPDX-License-Identifier: MIT */
/*
 * One action or event subscription on one node: what a balancer chooses from. Counted, because a
 * call may outlive the registration. When a service is published anew, an endpoint that stays keeps
 * its object; only its definition, local and timeout_ms become what is new.
 */
#pragma once

#include "base/shared.h"
#include "registry/local_service.h"

struct registry_node;
struct endpoint_list;

/*
 * What a middleware keeps with an endpoint: first member of its struct. Found by its owner; freed
 * with the endpoint.
 */
struct endpoint_attachment {
    const void *owner;
    void (*free)(struct endpoint_attachment *a);
    struct endpoint_attachment *next;
};

struct endpoint {
    unsigned refs;
    bool is_protected;           /* visibility "protected": not for other nodes */
    bool is_available;           /* breaker closed; changed by endpoint_set_available only */
    bool is_seen;                /* private to the registry's diff */
    struct endpoint_list *list;  /* NULL once unregistered */
    struct registry_node *node;  /* NULL once unregistered */
    struct shared *node_id;      /* ref */
    struct shared *name_text;    /* ref; owner of name: valid as long as the endpoint */
    struct bytes name;           /* text: full action name, or event pattern */
    struct shared *service_text; /* ref; owner of service_name: valid as long as the endpoint */
    struct bytes service_name;   /* text: full name of its service */
    struct shared *text;         /* ref; owner of definition: valid until it is published anew */
    struct bytes definition;     /* json slice as published */
    struct local_service *local; /* ref; NULL: on another node */
    double timeout_ms;           /* the definition's; < 0: none given */
    struct endpoint_attachment *attachments; /* owned */
};

struct endpoint *endpoint_ref(struct endpoint *e);
void endpoint_unref(struct endpoint *e); /* NULL passes */

/* NULL when there is none. */
struct endpoint_attachment *endpoint_attached(const struct endpoint *e, const void *owner);
/* Takes it over; the owner has none there yet. */
void endpoint_attach(struct endpoint *e, struct endpoint_attachment *a);

/* Opens (false) or closes (true) the breaker of this endpoint. Fine after unregistration, too. */
void endpoint_set_available(struct endpoint *e, bool is_available);
