/* SPDX-License-Identifier: MIT */
/* Error codes are negative, distinct, and each has its text. */
#include "base/err.h"

#include "support/check.h"

static void test_texts(void **state)
{
    (void)state;
    assert_string_equal(err_text(0), "success");
    assert_string_equal(err_text(ERR_CANCELED), "canceled");
    assert_string_equal(err_text(ERR_INVALID), "invalid argument");
    assert_string_equal(err_text(1), "unknown error");
    assert_string_equal(err_text(-1 - ERR_INDEX_COUNT), "unknown error");
    for (int err = -1; err >= -ERR_INDEX_COUNT; err--) {
        for (int other = err + 1; other <= 0; other++) {
            assert_string_not_equal(err_text(err), err_text(other));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
