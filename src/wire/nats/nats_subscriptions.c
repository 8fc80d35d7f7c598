/* SPDX-License-Identifier: MIT */
/* An array sorted by id, as ids only grow. */
#include "wire/nats/nats_subscriptions.h"

#include <limits.h>

#include "base/mem.h"
#include "base/shared.h"
#include "wire/nats/nats_codec.h"

enum { CAP_FIRST = 16 };

static void release(struct nats_subscription *subscription)
{
    shared_unref(subscription->subject);
    shared_unref(subscription->queue);
}

void nats_subscriptions_fini(struct nats_subscriptions *s)
{
    for (size_t i = 0; i < s->n; i++) {
        release(&s->items[i]);
    }
    mem_free(s->items);
    *s = (struct nats_subscriptions){.last_id = s->last_id};
}

int nats_subscriptions_add(struct nats_subscriptions *s, struct bytes subject, struct bytes queue,
                           void *owner)
{
    if (s->last_id == INT_MAX) {
        return ERR_LIMIT;
    }
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : CAP_FIRST;
        s->items = mem_realloc(s->items, s->cap * sizeof(*s->items));
    }
    s->items[s->n++] = (struct nats_subscription){
        .id = ++s->last_id,
        .owner = owner,
        .subject = shared_new(subject),
        .queue = bytes_is_set(queue) ? shared_new(queue) : NULL,
    };
    return s->last_id;
}

/* Index of the first one with at least that id. */
static size_t lower_bound(const struct nats_subscriptions *s, unsigned long long id)
{
    size_t low = 0, high = s->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if ((unsigned long long)s->items[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct nats_subscription *nats_subscriptions_find(const struct nats_subscriptions *s,
                                                        unsigned long long id)
{
    size_t i = lower_bound(s, id);

    return i < s->n && (unsigned long long)s->items[i].id == id ? &s->items[i] : NULL;
}

bool nats_subscriptions_remove(struct nats_subscriptions *s, int id)
{
    size_t i = lower_bound(s, id > 0 ? (unsigned long long)id : 0);

    if (i == s->n || s->items[i].id != id) {
        return false;
    }
    release(&s->items[i]);
    s->n--;
    memmove(&s->items[i], &s->items[i + 1], (s->n - i) * sizeof(*s->items));
    return true;
}

void nats_subscription_add_line(struct buf *out, const struct nats_subscription *subscription)
{
    nats_codec_add_sub(out, subscription->subject->bytes,
                       subscription->queue ? subscription->queue->bytes : BYTES_NONE,
                       (unsigned)subscription->id);
}

void nats_subscriptions_add_lines(struct buf *out, const struct nats_subscriptions *s)
{
    for (size_t i = 0; i < s->n; i++) {
        nats_subscription_add_line(out, &s->items[i]);
    }
}
