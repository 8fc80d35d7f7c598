/* SPDX-License-Identifier: MIT */
/* Gathers bytes in a chunk of the loop, or in memory of its own when they are many. */
#include "net/net_out.h"

#include "base/assert.h"
#include "base/mem.h"
#include "loop/loop.h"

static void give_back(struct loop *loop, struct net_out *out)
{
    if (out->cap == LOOP_CHUNK_BYTES) {
        loop_chunk_give(loop, out->p);
    } else {
        mem_free(out->p);
    }
}

static int grow(struct loop *loop, struct net_out *out, size_t need)
{
    size_t cap = out->cap ? out->cap : LOOP_CHUNK_BYTES;
    char *p;

    while (cap < need) {
        cap *= 2;
    }
    p = cap == LOOP_CHUNK_BYTES ? loop_chunk_take(loop) : mem_try_realloc(NULL, cap);
    if (!p) {
        return ERR_NO_MEMORY;
    }
    if (out->n > 0) {
        memcpy(p, out->p + out->at, out->n);
    }
    if (out->p) {
        give_back(loop, out);
    }
    *out = (struct net_out){.p = p, .n = out->n, .cap = cap};
    return 0;
}

int net_out_add(struct loop *loop, struct net_out *out, struct bytes bytes)
{
    if (bytes.n > out->cap - out->n) {
        int err = grow(loop, out, out->n + bytes.n);

        if (err) {
            return err;
        }
    } else if (bytes.n > out->cap - out->n - out->at) {
        memmove(out->p, out->p + out->at, out->n);
        out->at = 0;
    }
    if (bytes.n > 0) {
        memcpy(out->p + out->at + out->n, bytes.p, bytes.n);
        out->n += bytes.n;
    }
    return 0;
}

int net_out_add_within(struct loop *loop, struct net_out *out, struct bytes bytes, size_t pending,
                       size_t limit)
{
    if (pending > limit || bytes.n > limit - pending) {
        return ERR_LIMIT;
    }
    return net_out_add(loop, out, bytes);
}

struct bytes net_out_bytes(const struct net_out *out)
{
    return bytes_of(out->p ? out->p + out->at : "", out->n);
}

void net_out_take(struct loop *loop, struct net_out *out, size_t n)
{
    ASSERT(n <= out->n);
    out->at += n;
    out->n -= n;
    if (out->n == 0) {
        net_out_fini(loop, out);
    }
}

void net_out_fini(struct loop *loop, struct net_out *out)
{
    if (out->p) {
        give_back(loop, out);
    }
    *out = (struct net_out){0};
}
