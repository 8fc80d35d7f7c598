/* SPDX-License-Identifier: MIT */
/* Heap allocation that ends the process, with the size, when memory is gone. */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

_Noreturn void assert_fail(const char *expr, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expr);
    abort();
}

static _Noreturn void out_of_memory(size_t size)
{
    (void)fprintf(stderr, "out of memory: %zu bytes\n", size);
    abort();
}

void *mem_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if (!p) {
        out_of_memory(size);
    }
    return p;
}

void *mem_try_realloc(void *p, size_t size)
{
    return realloc(p, size ? size : 1);
}

void *mem_realloc(void *p, size_t size)
{
    void *grown = mem_try_realloc(p, size);

    if (!grown) {
        out_of_memory(size);
    }
    return grown;
}

char *mem_strndup(const char *text, size_t n)
{
    char *copy = mem_alloc(n + 1);

    if (n) {
        memcpy(copy, text, n);
    }
    return copy;
}

char *mem_strdup(const char *text)
{
    return mem_strndup(text, strlen(text));
}

void mem_free(void *p)
{
    free(p);
}
