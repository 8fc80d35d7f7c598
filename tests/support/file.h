/* SPDX-License-Identifier: MIT */
/* Reads a file of tests/vectors. */
#pragma once

#include <stdlib.h>

#include "support/check.h"

/* name is relative to tests/vectors. The caller frees. A missing file fails the test. */
static inline char *file_read(const char *name, size_t *out_n)
{
    char path[512];
    char *text;
    FILE *file;
    long size;

    assert_true(snprintf(path, sizeof(path), "%s/%s", TEST_VECTORS, name) < (int)sizeof(path));
    file = fopen(path, "rbe");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    text = malloc((size_t)size);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    (void)fclose(file);
    *out_n = (size_t)size;
    return text;
}
