/* SPDX-License-Identifier: MIT */
/* The state of tests that decode into an arena and encode into a buffer; set up for each test. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

struct scratch {
    struct arena arena;
    struct buf out;
};

static inline int scratch_set_up(void **state)
{
    static struct scratch scratch;

    arena_init(&scratch.arena);
    buf_init(&scratch.out, BUF_NO_LIMIT);
    *state = &scratch;
    return 0;
}

static inline int scratch_tear_down(void **state)
{
    struct scratch *scratch = *state;

    buf_fini(&scratch->out);
    arena_fini(&scratch->arena);
    return 0;
}

#define scratch_test(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)
