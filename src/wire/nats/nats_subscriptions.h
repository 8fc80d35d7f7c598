/* SPDX-License-Identifier: MIT */
/* The subscriptions of a NATS client, by id, to be found for each message and to be repeated. */
#pragma once

#include "base/buf.h"

struct nats_subscription {
    int id; /* > 0, never used twice: messages for an old one may be under way */
    void *owner;
    struct shared *subject, *queue; /* queue: NULL for none */
};

struct nats_subscriptions {
    struct nats_subscription *items; /* owned, in order of id */
    size_t n, cap;
    int last_id;
};

void nats_subscriptions_fini(struct nats_subscriptions *s);
/* Copies the texts. Returns the id, or ERR_LIMIT when ids are used up. */
int nats_subscriptions_add(struct nats_subscriptions *s, struct bytes subject, struct bytes queue,
                           void *owner) MUST_CHECK;
/* False when there is none. */
bool nats_subscriptions_remove(struct nats_subscriptions *s, int id);
/* NULL: unknown. Valid until the next change. */
const struct nats_subscription *nats_subscriptions_find(const struct nats_subscriptions *s,
                                                        unsigned long long id);
/* The SUB line of one, and the lines of all. */
void nats_subscription_add_line(struct buf *out, const struct nats_subscription *subscription);
void nats_subscriptions_add_lines(struct buf *out, const struct nats_subscriptions *s);
