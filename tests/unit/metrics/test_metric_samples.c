/* SPDX-License-Identifier: MIT */
/* What stays of many values: as much as is allowed, and true to all of them. */
#include "metrics/metric_samples.h"

#include <stdlib.h>

#include "support/check.h"

static const double quantiles[] = {0.5, 0.9, 0.99};

static double figure(struct bytes json, const char *name)
{
    double value = -1;

    assert_true(json_double(json_get(json, bytes_cstr(name)), &value));
    return value;
}

static struct bytes show(struct metric_samples *s, uint64_t now_ms, struct buf *out)
{
    struct json_writer w = json_writer(out);

    buf_init(out, BUF_NO_LIMIT);
    json_begin_object(&w);
    metric_samples_write(s, quantiles, 3, now_ms, &w);
    json_end_object(&w);
    return buf_bytes(out);
}

static void is_near(double got, double want, double share)
{
    if (got < want * (1 - share) || got > want * (1 + share)) {
        print_error("got %g, want %g\n", got, want);
        fail();
    }
}

static void all_is_exact_up_to_the_limit(void **state)
{
    struct metric_samples s;
    struct buf out;

    metric_samples_init(&s, 7);
    for (int i = METRIC_SAMPLES_MAX; i > 0; i--) {
        metric_samples_add(&s, i, 7);
    }
    assert_bytes(show(&s, 7, &out),
                 "{\"min\":1,\"mean\":512.5,\"variance\":87466.66666666667,\"stdDev\":"
                 "295.7476401709178,\"max\":1024,\"quantiles\":{\"0.5\":512,\"0.9\":922,\"0.99\":"
                 "1014}}");
    assert_int_equal(s.buckets[0].weight, 1);
    buf_fini(&out);
    metric_samples_fini(&s);
}

static void many_values_take_no_more_room(void **state)
{
    struct metric_samples s;
    struct buf out;
    struct bytes json;
    unsigned next = 1;

    metric_samples_init(&s, 1);
    for (int i = 0; i < 1000000; i++) {
        next = next * 1103515245 + 12345;
        metric_samples_add(&s, (next >> 8) % 1000, 1);
    }
    metric_samples_add(&s, -5, 1);
    metric_samples_add(&s, 5000, 1);
    assert_in_range(s.buckets[0].n, METRIC_SAMPLES_MAX / 2, METRIC_SAMPLES_MAX);
    assert_in_range(s.buckets[0].cap, METRIC_SAMPLES_MAX, METRIC_SAMPLES_MAX);
    json = show(&s, 1, &out);
    assert_true(figure(json, "min") == -5);
    assert_true(figure(json, "max") == 5000);
    is_near(figure(json, "mean"), 500, 0.1);
    json = json_get(json, BYTES("quantiles"));
    is_near(figure(json, "0.5"), 500, 0.1);
    is_near(figure(json, "0.9"), 900, 0.1);
    buf_fini(&out);
    metric_samples_fini(&s);
}

/* Six quiet seconds do not weigh as much as six busy ones. */
static void values_weigh_what_they_stand_for(void **state)
{
    struct metric_samples s;
    struct buf out;
    struct bytes json;

    metric_samples_init(&s, 0);
    for (int i = 0; i < METRIC_SAMPLES_MAX * 64; i++) {
        metric_samples_add(&s, 10, 0);
    }
    for (int i = 0; i < 1000; i++) {
        metric_samples_add(&s, 1000, METRIC_AGE_STEP_MS);
    }
    json = show(&s, METRIC_AGE_STEP_MS, &out);
    is_near(figure(json, "mean"), 24.9, 0.05);
    json = json_get(json, BYTES("quantiles"));
    assert_true(figure(json, "0.9") == 10);
    assert_true(figure(json, "0.99") == 1000);
    buf_fini(&out);
    metric_samples_fini(&s);
}

static void values_go_after_a_minute(void **state)
{
    struct metric_samples s;
    struct buf out;

    metric_samples_init(&s, 1000);
    metric_samples_add(&s, 1, 1000);
    metric_samples_add(&s, 2, 1000 + METRIC_AGE_STEP_MS - 1);
    metric_samples_add(&s, 3, 1000 + METRIC_AGE_STEP_MS);
    assert_true(figure(show(&s, 60999, &out), "min") == 1);
    buf_fini(&out);
    assert_true(figure(show(&s, 61000, &out), "min") == 3);
    buf_fini(&out);
    assert_true(figure(show(&s, 66999, &out), "min") == 3);
    buf_fini(&out);
    assert_bytes(show(&s, 67000, &out), "{\"min\":null,\"mean\":null,\"variance\":null,\"stdDev\":"
                                        "null,\"max\":null,\"quantiles\":{}}");
    buf_fini(&out);
    metric_samples_add(&s, 4, 1ULL << 50);
    assert_true(figure(show(&s, 1ULL << 50, &out), "max") == 4);
    buf_fini(&out);
    metric_samples_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_exact_up_to_the_limit),
        cmocka_unit_test(many_values_take_no_more_room),
        cmocka_unit_test(values_weigh_what_they_stand_for),
        cmocka_unit_test(values_go_after_a_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
