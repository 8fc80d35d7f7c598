/* SPDX-License-Identifier: MIT */
/* Counting of endpoints, and their breaker's mark. */
#include "registry/endpoint.h"

#include "base/assert.h"
#include "base/mem.h"
#include "registry/endpoint_attachment.h"
#include "registry/endpoint_list.h"

struct endpoint *endpoint_ref(struct endpoint *e)
{
    e->refs++;
    return e;
}

void endpoint_unref(struct endpoint *e)
{
    if (!e) {
        return;
    }
    ASSERT(e->refs > 0);
    if (--e->refs > 0) {
        return;
    }
    ASSERT(!e->list);
    endpoint_attachment_free_all(e);
    shared_unref(e->node_id);
    shared_unref(e->name_text);
    shared_unref(e->service_text);
    shared_unref(e->text);
    local_service_unref(e->local);
    mem_free(e);
}

void endpoint_set_available(struct endpoint *e, bool is_available)
{
    if (e->is_available == is_available) {
        return;
    }
    e->is_available = is_available;
    if (!e->list) {
        return;
    }
    if (is_available) {
        ASSERT(e->list->n_unavailable > 0);
        e->list->n_unavailable--;
    } else {
        e->list->n_unavailable++;
    }
}
