/* SPDX-License-Identifier: MIT */
/* With a sanitizer its hooks count; else the program's own malloc stands before the C library's. */
#include "support/heap_count.h"

#include <stdlib.h>

static volatile size_t n_allocations;

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define HEAP_COUNT_BY_HOOKS
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define HEAP_COUNT_BY_HOOKS
#endif

#ifdef HEAP_COUNT_BY_HOOKS
/* Of sanitizer/allocator_interface.h, which not every compiler brings along. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));

static void on_malloc(const volatile void *p, size_t size)
{
    (void)p;
    (void)size;
    n_allocations++;
}

static void on_free(const volatile void *p)
{
    (void)p;
}

size_t heap_count(void)
{
    static int is_installed;

    if (!is_installed) {
        is_installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    }
    return n_allocations;
}
#else
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the C library's names */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

void *malloc(size_t size)
{
    n_allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    n_allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    n_allocations++;
    return __libc_realloc(p, size);
}

size_t heap_count(void)
{
    return n_allocations;
}
#endif
