/* SPDX-License-Identifier: MIT */
/*
 * What a middleware keeps with each endpoint it meets: a bulkhead's row, a breaker's state, options
 * read from the definition. Made at the first meeting, freed with the endpoint.
 */
#pragma once

#include "registry/endpoint.h"

struct endpoint_attachment;

struct endpoint_attachment_ops {
    size_t size; /* of the owner's struct, whose first member is struct endpoint_attachment */
    void (*init)(struct endpoint_attachment *a); /* after zeroing; NULL: that is enough */
    /* The endpoint has a definition that was not read before. NULL: nobody reads it. */
    void (*read)(struct endpoint_attachment *a);
    void (*fini)(struct endpoint_attachment *a); /* NULL: nothing to give back */
};

struct endpoint_attachment {
    const struct endpoint_attachment_ops *ops;
    void *owner;               /* borrowed; may have gone when fini runs */
    struct endpoint *endpoint; /* borrowed: it owns this */
    struct shared *text;       /* owned ref: the definition that was read last */
    struct endpoint_attachment *next;
};

/*
 * The owner's attachment of e, made when there is none. When e has been published anew since, its
 * definition is read again.
 */
struct endpoint_attachment *
endpoint_attachment_of(struct endpoint *e, const struct endpoint_attachment_ops *ops, void *owner);
/* All of e; for endpoint_unref. */
void endpoint_attachment_free_all(struct endpoint *e);
