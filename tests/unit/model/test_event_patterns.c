/* SPDX-License-Identifier: MIT */
/* Lists of event patterns. */
#include "support/check.h"

#include "model/event_patterns.h"

static bool test(const char *slice, const char *name)
{
    struct event_patterns p;
    bool matches;

    event_patterns_init(&p, bytes_cstr(slice));
    matches = event_patterns_test(&p, bytes_cstr(name));
    event_patterns_fini(&p);
    event_patterns_fini(&p);
    return matches;
}

static void one_that_matches_is_enough(void **state)
{
    assert_true(test("\"a.*\"", "a.b"));
    assert_false(test("\"a.*\"", "b.a"));
    assert_true(test("[\"a.*\",\"b.?\"]", "b.a"));
    assert_false(test("[\"a.*\",\"b.?\"]", "c"));
    assert_true(test("[\"\\u0061\"]", "a"));
    assert_true(test("\"\"", ""));
}

static void what_is_no_pattern_matches_nothing(void **state)
{
    assert_false(test("[]", ""));
    assert_false(test("null", "null"));
    assert_false(test("5", "5"));
    assert_false(test("{\"a\":\"a\"}", "a"));
    assert_true(test("[5,\"(a?\",\"a\"]", "a"));
    assert_false(test(NULL, ""));
}

static void the_longest_is_found(void **state)
{
    assert_int_equal(event_patterns_longest(BYTES("\"ab\"")), 2);
    assert_int_equal(event_patterns_longest(BYTES("[\"a\",\"\\u0061bc\",\"ab\",12345]")), 3);
    assert_int_equal(event_patterns_longest(BYTES("[]")), 0);
    assert_int_equal(event_patterns_longest(BYTES("true")), 0);
    assert_int_equal(event_patterns_longest(BYTES_NONE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_matches_is_enough),
        cmocka_unit_test(what_is_no_pattern_matches_nothing),
        cmocka_unit_test(the_longest_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
