/* SPDX-License-Identifier: MIT */
/* Version 4 UUIDs: form, and that bits are not stuck. */
#include "base/uuid.h"

#include "support/check.h"

static void test_form(void **state)
{
    (void)state;
    for (int round = 0; round < 1000; round++) {
        char text[UUID_TEXT_BYTES];

        uuid_make(text);
        for (int i = 0; i < UUID_TEXT_BYTES; i++) {
            bool dash = i == 8 || i == 13 || i == 18 || i == 23;

            assert_true(dash ? text[i] == '-'
                             : text[i] && strchr("0123456789abcdef", text[i]) != NULL);
        }
        assert_int_equal(text[14], '4');
        assert_true(text[19] && strchr("89ab", text[19]));
    }
}

static void test_every_free_bit_moves(void **state)
{
    uint64_t ones = 0, zeros = 0;
    bool seen[UUID_TEXT_BYTES][16] = {{false}};

    (void)state;
    for (int round = 0; round < 1000; round++) {
        uint64_t word = uuid_random();
        char text[UUID_TEXT_BYTES];

        ones |= word;
        zeros |= ~word;
        uuid_make(text);
        for (int i = 0; i < UUID_TEXT_BYTES; i++) {
            if (text[i] != '-') {
                seen[i][text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10] = true;
            }
        }
    }
    assert_true(ones == UINT64_MAX && zeros == UINT64_MAX);
    for (int i = 0; i < UUID_TEXT_BYTES; i++) {
        int want = i == 8 || i == 13 || i == 18 || i == 23 ? 0 : i == 14 ? 1 : i == 19 ? 4 : 16;
        int n = 0;

        for (int digit = 0; digit < 16; digit++) {
            n += seen[i][digit];
        }
        assert_int_equal(n, want);
    }
}

static void test_below(void **state)
{
    bool seen[7] = {false};

    (void)state;
    for (int round = 0; round < 1000; round++) {
        uint64_t value = uuid_random_below(7);

        assert_in_range(value, 0, 6);
        seen[value] = true;
    }
    for (int i = 0; i < 7; i++) {
        assert_true(seen[i]);
    }
    assert_int_equal(uuid_random_below(1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_every_free_bit_moves),
        cmocka_unit_test(test_below),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
