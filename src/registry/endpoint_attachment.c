/* SPDX-License-Identifier: MIT */
/* A list of few: whoever asks finds its own by walking it. */
#include "registry/endpoint_attachment.h"

#include "base/mem.h"

static struct endpoint_attachment *find(const struct endpoint *e, const void *owner)
{
    struct endpoint_attachment *a = e->attachments;

    while (a && a->owner != owner) {
        a = a->next;
    }
    return a;
}

static struct endpoint_attachment *attach(struct endpoint *e,
                                          const struct endpoint_attachment_ops *ops, void *owner)
{
    struct endpoint_attachment *a = mem_alloc(ops->size);

    a->ops = ops;
    a->owner = owner;
    a->endpoint = e;
    a->next = e->attachments;
    e->attachments = a;
    if (ops->init) {
        ops->init(a);
    }
    return a;
}

struct endpoint_attachment *
endpoint_attachment_of(struct endpoint *e, const struct endpoint_attachment_ops *ops, void *owner)
{
    struct endpoint_attachment *a = find(e, owner);

    if (!a) {
        a = attach(e, ops, owner);
    }
    if (ops->read && a->text != e->text) {
        shared_unref(a->text);
        a->text = shared_ref(e->text);
        ops->read(a);
    }
    return a;
}

void endpoint_attachment_free_all(struct endpoint *e)
{
    while (e->attachments) {
        struct endpoint_attachment *a = e->attachments;

        e->attachments = a->next;
        if (a->ops->fini) {
            a->ops->fini(a);
        }
        shared_unref(a->text);
        mem_free(a);
    }
}
