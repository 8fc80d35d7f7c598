/* SPDX-License-Identifier: MIT */
/* Counted text. Leaks and early frees show under ASan. */
#include "base/shared.h"

#include "support/check.h"

static void test_references(void **state)
{
    char text[] = "abc";
    struct shared *s = shared_new(bytes_of(text, 3));

    (void)state;
    text[0] = 'x';
    assert_bytes(s->bytes, "abc");
    assert_int_equal(s->bytes.p[3], '\0');
    assert_ptr_equal(shared_ref(s), s);
    shared_unref(s);
    assert_bytes(s->bytes, "abc");
    shared_unref(s);
}

static void test_nothing(void **state)
{
    struct shared *empty = shared_new(BYTES_NONE);

    (void)state;
    assert_bytes(empty->bytes, "");
    shared_unref(empty);
    assert_null(shared_ref(NULL));
    shared_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
