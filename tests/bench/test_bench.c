/* SPDX-License-Identifier: MIT */
/* The parts of the load tools that published figures depend on: the histogram, the comparison of
 * answers, and the reading of packets and HTTP messages cut off anywhere. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench_hist.h"
#include "bench_http_msg.h"
#include "bench_json.h"
#include "bench_payload.h"

static void hist_quantiles_are_exact_to_a_64th(void **state)
{
    static struct bench_hist hist;

    bench_hist_clear(&hist);
    for (uint64_t ns = 1; ns <= 1000000; ns++) {
        bench_hist_add(&hist, ns);
    }
    for (unsigned percent = 1; percent <= 100; percent++) {
        double wanted_us = percent * 10.0;

        assert_true(fabs(bench_hist_quantile_us(&hist, percent / 100.0) - wanted_us) <=
                    wanted_us / 64);
    }
    assert_int_equal(hist.n, 1000000);
    assert_int_equal(hist.max_ns, 1000000);
    assert_true(fabs(bench_hist_mean_us(&hist) - 500.0005) < 1e-6);
}

static void hist_keeps_small_and_huge_times(void **state)
{
    static struct bench_hist hist;

    bench_hist_clear(&hist);
    assert_true(bench_hist_quantile_us(&hist, 0.5) <= 0);
    bench_hist_add(&hist, 3);
    bench_hist_add(&hist, UINT64_MAX / 2);
    assert_true(fabs(bench_hist_quantile_us(&hist, 0.5) - 0.003) < 1e-9);
    assert_true(bench_hist_quantile_us(&hist, 1) > 60e6);
}

static void payloads_have_their_size_and_match_only_themselves(void **state)
{
    static const size_t sizes[] = {32, 33, 60, 100, 200, 1000, 10000, 100000};
    struct bench_payloads payloads = {0};
    char copy[1001];

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        struct bench_text payload = bench_payloads_get(&payloads, sizes[i]);

        assert_int_equal(payload.len, sizes[i]);
        assert_int_equal(payload.at[payload.len - 1], '}');
        assert_int_equal(bench_payloads_match(&payloads, payload), sizes[i]);
    }
    memcpy(copy, bench_payloads_get(&payloads, 1000).at, 1000);
    copy[1000] = ',';
    assert_int_equal(bench_payloads_match(&payloads, (struct bench_text){copy, 1001}), 1000);
    assert_int_equal(bench_payloads_match(&payloads, (struct bench_text){copy, 999}), 0);
    copy[500] ^= 1;
    assert_int_equal(bench_payloads_match(&payloads, (struct bench_text){copy, 1001}), 0);
    bench_payloads_fini(&payloads);
}

static void json_walk_finds_members_around_anything(void **state)
{
    static const char text[] =
        " { \"a\" : \"x\\\"}\" ,\"b\":{\"c\":[1,{\"d\":\"]}\"}]},\"e\":-1.5e3,"
        "\"f\":null}";
    static const char *const wanted[][2] = {
        {"a", "\"x\\\"}\""}, {"b", "{\"c\":[1,{\"d\":\"]}\"}]}"}, {"e", "-1.5e3"}, {"f", "null"}};
    struct bench_json_walk walk;
    struct bench_text all = BENCH_TEXT(text);

    bench_json_walk_init(&walk, all, NULL);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
        assert_true(bench_json_walk_next(&walk));
        assert_true(bench_text_is(walk.key, wanted[i][0]));
        assert_true(bench_text_is(walk.value, wanted[i][1]));
    }
    assert_false(bench_json_walk_next(&walk));
}

static void http_messages_are_complete_at_their_last_byte(void **state)
{
    static const char text[] = "HTTP/1.1 201 Created\r\nDate: x\r\ncontent-LENGTH:  5\r\n\r\nhello";
    struct bench_http_msg msg;

    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        assert_int_equal(bench_http_msg_read((struct bench_text){text, len}, &msg),
                         BENCH_HTTP_PARTIAL);
    }
    assert_int_equal(bench_http_msg_read(BENCH_TEXT(text), &msg), BENCH_HTTP_COMPLETE);
    assert_int_equal(bench_http_msg_status(&msg), 201);
    assert_true(bench_text_is(msg.body, "hello"));
    assert_int_equal(msg.len, sizeof(text) - 1);
}

static void http_messages_of_unknown_length_are_refused(void **state)
{
    struct bench_http_msg msg;
    struct bench_text chunked = BENCH_TEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    struct bench_text negative = BENCH_TEXT("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n");

    assert_int_equal(bench_http_msg_read(chunked, &msg), BENCH_HTTP_UNSUPPORTED);
    assert_int_equal(bench_http_msg_read(negative, &msg), BENCH_HTTP_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hist_quantiles_are_exact_to_a_64th),
        cmocka_unit_test(hist_keeps_small_and_huge_times),
        cmocka_unit_test(payloads_have_their_size_and_match_only_themselves),
        cmocka_unit_test(json_walk_finds_members_around_anything),
        cmocka_unit_test(http_messages_are_complete_at_their_last_byte),
        cmocka_unit_test(http_messages_of_unknown_length_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
