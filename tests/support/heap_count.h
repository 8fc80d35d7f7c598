/* SPDX-License-Identifier: MIT */
/* Counts the allocations of the whole test program, those of the libraries, too. */
#pragma once

#include <stddef.h>

/* Since the start; only differences tell anything. */
size_t heap_count(void);
