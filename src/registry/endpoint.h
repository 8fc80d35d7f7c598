/* SPDX-License-Identifier: MIT */
/*
 * One action or event subscription on one node: what a balancer chooses from. Counted, because a
 * call may outlive the registration. When a service is published anew, an endpoint that stays keeps
 * its object; only its definition, local, handler and timeout_ms become what is new.
 */
#pragma once

#include "base/shared.h"
#include "registry/local_service.h"

struct registry_node;
struct endpoint_attachment;
struct endpoint_list;

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
    const struct local_handler *handler;     /* of local, borrowed from it; or NULL */
    double timeout_ms;                       /* the definition's; < 0: none given */
    struct endpoint_attachment *attachments; /* owned, see endpoint_attachment.h */
};

struct endpoint *endpoint_ref(struct endpoint *e);
void endpoint_unref(struct endpoint *e); /* NULL passes */

/* Opens (false) or closes (true) the breaker of this endpoint. Fine after unregistration, too. */
void endpoint_set_available(struct endpoint *e, bool is_available);
