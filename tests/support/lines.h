/* SPDX-License-Identifier: MIT */
/* Reads a file of tests/vectors line by line. */
#pragma once

#include <stdlib.h>

#include "support/check.h"

struct lines {
    char *text; /* owned; lines borrow it until lines_close */
    struct bytes rest;
    unsigned number; /* of the line last read, from 1 */
};

/* name is relative to tests/vectors. A missing file fails the test. */
static inline void lines_open(struct lines *l, const char *name)
{
    char path[512];
    FILE *file;
    long size;

    assert_true(snprintf(path, sizeof(path), "%s/%s", TEST_VECTORS, name) < (int)sizeof(path));
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    l->text = malloc((size_t)size);
    assert_non_null(l->text);
    assert_int_equal(fread(l->text, 1, (size_t)size, file), size);
    (void)fclose(file);
    l->rest = bytes_of(l->text, (size_t)size);
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
