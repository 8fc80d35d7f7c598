/* SPDX-License-Identifier: MIT */
/* Object.assign({}, base, over) on text. */
#include "json/json.h"

#include "support/check.h"

static void check_merged(struct bytes base, struct bytes over, struct bytes want)
{
    struct arena arena;
    struct bytes merged, out;

    arena_init(&arena);
    merged = json_merge(base, over, &arena);
    assert_bytes_eq(merged, want);
    assert_int_equal(json_scan(merged, 0, &out, NULL), 0);
    arena_fini(&arena);
}

static void test_unchanged(void **state)
{
    struct bytes some = BYTES("{ \"a\" : 1 }");
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_ptr_equal(json_merge(some, BYTES_NONE, &arena).p, some.p);
    assert_ptr_equal(json_merge(some, BYTES("{ }"), &arena).p, some.p);
    assert_ptr_equal(json_merge(some, BYTES("[1]"), &arena).p, some.p);
    assert_ptr_equal(json_merge(BYTES("null"), some, &arena).p, some.p);
    assert_ptr_equal(json_merge(BYTES("{}"), some, &arena).p, some.p);
    assert_int_equal(arena.used_bytes, 0);
    arena_fini(&arena);
}

static void test_nothing(void **state)
{
    (void)state;
    check_merged(BYTES_NONE, BYTES_NONE, BYTES("{}"));
    check_merged(BYTES("5"), BYTES("null"), BYTES("{}"));
    check_merged(BYTES("[1]"), BYTES("{}"), BYTES("{}"));
}

static void test_order(void **state)
{
    (void)state;
    check_merged(BYTES("{\"a\":1,\"b\":[2]}"), BYTES("{\"c\":3,\"a\":{}}"),
                 BYTES("{\"a\":{},\"b\":[2],\"c\":3}"));
    check_merged(BYTES("{\"z\":1}"), BYTES("{\"y\":1,\"x\":2,\"w\":3}"),
                 BYTES("{\"z\":1,\"y\":1,\"x\":2,\"w\":3}"));
}

static void test_same_name_spelled_otherwise(void **state)
{
    (void)state;
    check_merged(BYTES("{\"a\":1}"), BYTES("{\"\\u0061\":2}"), BYTES("{\"a\":2}"));
    check_merged(BYTES("{\"\\n\":1}"), BYTES("{\"\\u000a\":2,\"n\":3}"),
                 BYTES("{\"\\n\":2,\"n\":3}"));
}

static void test_last_duplicate_counts(void **state)
{
    (void)state;
    check_merged(BYTES("{\"a\":1}"), BYTES("{\"b\":1,\"c\":2,\"b\":3,\"a\":4,\"a\":5}"),
                 BYTES("{\"a\":5,\"b\":3,\"c\":2}"));
    check_merged(BYTES("{\"a\":1,\"a\":2,\"b\":0}"), BYTES("{\"a\":3}"),
                 BYTES("{\"a\":3,\"a\":3,\"b\":0}"));
}

static void test_many(void **state)
{
    struct buf base, over;
    struct arena arena;
    struct bytes merged;

    (void)state;
    buf_init(&base, BUF_NO_LIMIT);
    buf_init(&over, BUF_NO_LIMIT);
    for (unsigned i = 0; i < 20000; i++) {
        buf_add_format(&base, "%c\"k%u\":0", i ? ',' : '{', i);
        buf_add_format(&over, "%c\"k%u\":1", i ? ',' : '{', i * 2);
    }
    buf_add_char(&base, '}');
    buf_add_char(&over, '}');
    arena_init(&arena);
    merged = json_merge(buf_bytes(&base), buf_bytes(&over), &arena);
    assert_int_equal(json_count(merged), 30000);
    assert_bytes(json_get(merged, BYTES("k19998")), "1");
    assert_bytes(json_get(merged, BYTES("k19999")), "0");
    assert_bytes(json_get(merged, BYTES("k39998")), "1");
    arena_fini(&arena);
    buf_fini(&base);
    buf_fini(&over);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unchanged),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_same_name_spelled_otherwise),
        cmocka_unit_test(test_last_duplicate_counts),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
