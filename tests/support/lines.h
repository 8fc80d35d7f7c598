/* SPDX-License-Identifier: MIT */
/* Reads a file of tests/vectors line by line. */
#pragma once

#include "support/file.h"

struct lines {
    char *text; /* owned; lines borrow it until lines_close */
    struct bytes rest;
    unsigned number; /* of the line last read, from 1 */
};

/* name is relative to tests/vectors. A missing file fails the test. */
static inline void lines_open(struct lines *l, const char *name)
{
    size_t size;

    l->text = file_read(name, &size);
    l->rest = bytes_of(l->text, size);
    l->number = 0;
}

static inline bool lines_next(struct lines *l, struct bytes *out)
{
    size_t n = bytes_find(l->rest, '\n');

    if (l->rest.n == 0) {
        return false;
    }
    *out = bytes_of(l->rest.p, n);
    l->rest = bytes_from(l->rest, n < l->rest.n ? n + 1 : n);
    l->number++;
    return true;
}

static inline void lines_close(struct lines *l)
{
    free(l->text);
}
