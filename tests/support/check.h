/* SPDX-License-Identifier: MIT */
/* cmocka with what it needs included before it, and assertions on struct bytes. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/bytes.h"

/* Fails showing both texts. */
static inline void check_bytes(struct bytes got, struct bytes want, const char *file, int line)
{
    if (bytes_is_set(got) != bytes_is_set(want) || !bytes_eq(got, want)) {
        got = bytes_is_set(got) ? got : BYTES("(none)");
        want = bytes_is_set(want) ? want : BYTES("(none)");
        print_error("got  %.*s\nwant %.*s\n", BYTES_ARG(got), BYTES_ARG(want));
        _fail(file, line);
    }
}

#define assert_bytes(got, literal) check_bytes(got, BYTES(literal), __FILE__, __LINE__)
#define assert_bytes_eq(got, want) check_bytes(got, want, __FILE__, __LINE__)
#define assert_none(got)           check_bytes(got, BYTES_NONE, __FILE__, __LINE__)
