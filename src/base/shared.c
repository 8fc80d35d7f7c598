/* SPDX-License-Identifier: MIT */
/* Reference-counted immutable text. */
#include "base/shared.h"

#include "base/assert.h"
#include "base/mem.h"

struct shared *shared_new(struct bytes text)
{
    struct shared *s = mem_realloc(NULL, sizeof(*s) + text.n + 1);
    char *p = (char *)(s + 1);

    if (text.n) {
        memcpy(p, text.p, text.n);
    }
    p[text.n] = '\0';
    *s = (struct shared){.refs = 1, .bytes = bytes_of(p, text.n)};
    return s;
}

struct shared *shared_ref(struct shared *s)
{
    if (s) {
        s->refs++;
    }
    return s;
}

void shared_unref(struct shared *s)
{
    if (!s) {
        return;
    }
    ASSERT(s->refs > 0);
    if (--s->refs == 0) {
        mem_free(s);
    }
}
