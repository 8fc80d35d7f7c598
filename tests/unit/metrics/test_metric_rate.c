/* SPDX-License-Identifier: MIT */
/* Rates as the original's timers make them; it gave these figures for the same values. */
#include "metrics/metric_rate.h"

#include "support/check.h"

static void it_goes_half_of_the_way_each_time(void **state)
{
    static const double want[] = {18, 9, 4.5, 2.25, 1.125, 0.5625, 0.28125, 0.140625, 0.0703125, 0};
    struct metric_rate r;

    metric_rate_init(&r, 100);
    metric_rate_look(&r, 0, 100);
    metric_rate_look(&r, 3, 5099);
    assert_true(r.per_minute == 0);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        metric_rate_look(&r, 3, 5100 + 5000 * i);
        assert_true(r.per_minute == want[i]);
    }
}

static void missed_looks_are_made_up_for(void **state)
{
    struct metric_rate r;

    metric_rate_init(&r, 1);
    metric_rate_look(&r, 3, 15001); /* at 5001: 18, at 10001: 9 */
    assert_true(r.per_minute == 4.5);
    metric_rate_look(&r, 3, 16000);
    assert_true(r.per_minute == 4.5);
    metric_rate_look(&r, 3, 1ULL << 60);
    assert_true(r.per_minute == 0);
    assert_true((1ULL << 60) - r.last_look_ms < 5000);
}

static void it_follows_a_value_down(void **state)
{
    struct metric_rate r;

    metric_rate_init(&r, 0);
    metric_rate_look(&r, 10, 5000);
    assert_true(r.per_minute == 60);
    metric_rate_look(&r, 0, 10000);
    assert_true(r.per_minute == -30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_goes_half_of_the_way_each_time),
        cmocka_unit_test(missed_looks_are_made_up_for),
        cmocka_unit_test(it_follows_a_value_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
