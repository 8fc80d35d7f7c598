/* SPDX-License-Identifier: MIT */
/* Counting of local services. */
#include "registry/local_service.h"

#include "base/assert.h"

struct local_service *local_service_ref(struct local_service *s)
{
    s->refs++;
    return s;
}

void local_service_unref(struct local_service *s)
{
    if (!s) {
        return;
    }
    ASSERT(s->refs > 0);
    if (--s->refs == 0) {
        s->ops->free(s);
    }
}
