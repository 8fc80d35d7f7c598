/* SPDX-License-Identifier: MIT */
/* The arena: alignment, chunks, the owner's first room. */
#include "base/arena.h"

#include "support/check.h"

static void test_pieces_do_not_overlap(void **state)
{
    unsigned char *pieces[300];
    struct arena a;

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < 300; i++) {
        pieces[i] = arena_alloc(&a, i);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        memset(pieces[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < 300; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_equal(pieces[i][k], i & 0xff);
        }
    }
    assert_int_equal(a.used_bytes, 299 * 300 / 2);
    arena_fini(&a);
    assert_int_equal(a.used_bytes, 0);
}

static void test_large_pieces(void **state)
{
    struct arena a;
    char *small, *large;

    (void)state;
    arena_init(&a);
    small = arena_alloc(&a, 10);
    large = arena_calloc(&a, 1 << 20);
    memset(small, 1, 10);
    for (size_t i = 0; i < 1 << 20; i++) {
        assert_int_equal(large[i], 0);
    }
    arena_fini(&a);
    assert_non_null(arena_alloc(&a, 1));
    arena_fini(&a);
}

static void test_own_room_first(void **state)
{
    _Alignas(max_align_t) char room[64];
    struct arena a;
    char *p;

    (void)state;
    arena_init_in(&a, room, sizeof(room));
    p = arena_alloc(&a, 16);
    assert_ptr_equal(p, room);
    assert_ptr_equal(arena_alloc(&a, 48), room + 16);
    assert_null(a.chunks);
    p = arena_alloc(&a, 1);
    assert_true(p < room || p >= room + sizeof(room));
    arena_fini(&a);
}

static void test_unaligned_room(void **state)
{
    _Alignas(max_align_t) char room[40];
    struct arena a;

    (void)state;
    arena_init_in(&a, room + 1, 2);
    memset(arena_alloc(&a, 2), 0, 2);
    assert_non_null(a.chunks);
    arena_fini(&a);
    arena_init_in(&a, room + 1, 30);
    assert_ptr_equal(arena_alloc(&a, 8), room + 16);
    arena_fini(&a);
}

static void test_text(void **state)
{
    struct arena a;
    struct bytes copy;

    (void)state;
    arena_init(&a);
    copy = arena_copy(&a, BYTES("a\0b"));
    assert_bytes(copy, "a\0b");
    assert_int_equal(copy.p[3], '\0');
    assert_none(arena_copy(&a, BYTES_NONE));
    assert_bytes(arena_copy(&a, BYTES("")), "");
    assert_bytes(arena_format(&a, "%s-%d", "x", 7), "x-7");
    assert_bytes(arena_format(&a, "%s", ""), "");
    arena_fini(&a);
}

static void test_new_is_zeroed(void **state)
{
    struct thing {
        int a;
        void *b;
    };
    char room[256];
    struct arena a;
    struct thing *thing;

    (void)state;
    memset(room, 0xff, sizeof(room));
    arena_init_in(&a, room, sizeof(room));
    thing = arena_new(&a, struct thing);
    assert_int_equal(thing->a, 0);
    assert_null(thing->b);
    arena_fini(&a);
}

static void test_rewind(void **state)
{
    char room[64];
    struct arena a;
    struct arena_mark mark;
    char *before, *after, *small, *large;

    (void)state;
    arena_init_in(&a, room, sizeof(room));
    before = arena_alloc(&a, 10);
    mark = arena_mark(&a);
    for (int round = 0; round < 3; round++) {
        after = arena_alloc(&a, 10);
        small = arena_alloc(&a, 5000);
        large = arena_alloc(&a, 1 << 20);
        memset(after, round, 10);
        memset(small, round, 5000);
        memset(large, round, 1 << 20);
        assert_false(arena_is_since(&a, &mark, before));
        assert_false(arena_is_since(&a, &mark, NULL));
        assert_false(arena_is_since(&a, &mark, "elsewhere"));
        assert_true(arena_is_since(&a, &mark, after));
        assert_true(arena_is_since(&a, &mark, small) && arena_is_since(&a, &mark, small + 4999));
        assert_true(arena_is_since(&a, &mark, large));
        arena_rewind(&a, &mark);
        assert_int_equal(a.used_bytes, 10);
        assert_null(a.chunks);
        assert_ptr_equal(arena_alloc(&a, 10), after);
        arena_rewind(&a, &mark);
    }
    arena_fini(&a);
}

/* The chunk of the mark stays, those made after it go. */
static void test_rewind_into_a_chunk(void **state)
{
    struct arena_mark empty, mark;
    struct arena a;
    char *before, *after;

    (void)state;
    arena_init(&a);
    empty = arena_mark(&a);
    before = arena_alloc(&a, 100);
    memset(before, 1, 100);
    mark = arena_mark(&a);
    after = arena_alloc(&a, 100);
    (void)arena_alloc(&a, 5000);
    arena_rewind(&a, &mark);
    assert_ptr_equal(a.chunks, mark.chunks);
    assert_ptr_equal(arena_alloc(&a, 100), after);
    assert_int_equal(before[99], 1);
    assert_true(arena_is_since(&a, &empty, before));
    assert_false(arena_is_since(&a, &mark, before));
    arena_rewind(&a, &empty);
    assert_null(a.chunks);
    assert_int_equal(a.used_bytes, 0);
    assert_non_null(arena_alloc(&a, 1));
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_do_not_overlap),
        cmocka_unit_test(test_large_pieces),
        cmocka_unit_test(test_own_room_first),
        cmocka_unit_test(test_unaligned_room),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_new_is_zeroed),
        cmocka_unit_test(test_rewind),
        cmocka_unit_test(test_rewind_into_a_chunk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
