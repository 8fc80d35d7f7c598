/* SPDX-License-Identifier: MIT */
/* Waiting times: doubled up to the most, of which up to a fifth is random. */
#include "net/net_backoff.h"

#include "support/check.h"

static void test_doubles_up_to_the_most(void **state)
{
    struct net_backoff backoff = {.first_ms = 100, .most_ms = 2000};
    const uint64_t want[] = {100, 200, 400, 800, 1600, 2000, 2000};

    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
            assert_in_range(net_backoff_next_ms(&backoff), want[i] - want[i] / 5, want[i]);
        }
        net_backoff_reset(&backoff);
        assert_int_equal(backoff.attempt, 0);
    }
}

static void test_stays_at_the_most_for_ever(void **state)
{
    struct net_backoff backoff = {.first_ms = 1000, .most_ms = 3000};

    for (unsigned i = 0; i < 10000; i++) {
        assert_in_range(net_backoff_next_ms(&backoff), 800, 3000);
        if (i >= 2) {
            assert_in_range(net_backoff_next_ms(&backoff), 2400, 3000);
        }
    }
}

static void test_is_random(void **state)
{
    struct net_backoff backoff = {.first_ms = 1000000, .most_ms = 1000000};
    uint64_t first = net_backoff_next_ms(&backoff);
    unsigned n_same = 0;

    for (unsigned i = 0; i < 10; i++) {
        n_same += net_backoff_next_ms(&backoff) == first;
    }
    assert_true(n_same < 10);
}

static void test_no_delay_at_all(void **state)
{
    struct net_backoff backoff = {0};

    assert_int_equal(net_backoff_next_ms(&backoff), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubles_up_to_the_most),
        cmocka_unit_test(test_stays_at_the_most_for_ever),
        cmocka_unit_test(test_is_random),
        cmocka_unit_test(test_no_delay_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
