/* SPDX-License-Identifier: MIT */
/*
 * Bytes on their way out. Small amounts lie in a chunk that the streams of a loop hand round, so
 * that writing allocates nothing and an idle stream holds nothing.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

struct loop;

struct net_out {
    char *p;    /* owned; NULL when empty */
    size_t at;  /* the first byte still to go */
    size_t n;   /* bytes still to go */
    size_t cap; /* bytes allocated */
};

int net_out_add(struct loop *loop, struct net_out *out,
                struct bytes bytes) MUST_CHECK; /* ERR_NO_MEMORY */
/* The same when pending bytes, which wait already, leave room for them: ERR_LIMIT. */
int net_out_add_within(struct loop *loop, struct net_out *out, struct bytes bytes, size_t pending,
                       size_t limit) MUST_CHECK;
/* Borrowed until the next change. */
struct bytes net_out_bytes(const struct net_out *out);
/* The first n bytes are gone; with the last one the memory is. */
void net_out_take(struct loop *loop, struct net_out *out, size_t n);
void net_out_fini(struct loop *loop, struct net_out *out); /* leaves it empty and usable */
