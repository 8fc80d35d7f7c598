/* SPDX-License-Identifier: MIT */
/*
 * Heap. mem_* never returns NULL: small allocations of our own abort the process when memory
 * is gone. mem_try_* may return NULL and serves whatever a peer sizes.
 */
#pragma once

#include <stddef.h>

void *mem_alloc(size_t size);                /* zeroed */
void *mem_realloc(void *p, size_t size);     /* grown part undefined */
void *mem_try_realloc(void *p, size_t size); /* NULL: p is untouched */
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t n); /* always terminated */
void mem_free(void *p);

#define mem_new(type) ((type *)mem_alloc(sizeof(type)))

#define container_of(ptr, type, member)                                                            \
    ((type *)(void *)((char *)(1 ? (ptr) : &((type *)0)->member) - offsetof(type, member)))
#define container_of_const(ptr, type, member)                                                      \
    ((const type *)(const void *)((const char *)(1 ? (ptr) : &((const type *)0)->member) -         \
                                  offsetof(type, member)))
