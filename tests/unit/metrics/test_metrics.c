/* SPDX-License-Identifier: MIT */
/* The registry: names, order, filters. */
#include "metrics/metrics.h"

#include "support/check.h"

static struct {
    struct loop *loop;
    struct metrics *metrics;
    char names[4096];
} t;

static void begin(void)
{
    t.loop = loop_new_virtual(1700000000000);
    t.metrics = metrics_new(t.loop, NULL, 10);
    (void)metrics_get(t.metrics, METRICS_BROKER_NAMESPACE);
    (void)metrics_get(t.metrics, METRICS_REQUEST_TIME);
    (void)metrics_get(t.metrics, METRICS_CACHER_GET_TOTAL);
    (void)metrics_get(t.metrics, METRICS_REQUEST_TOTAL);
    (void)metrics_get(t.metrics, METRICS_REQUEST_ACTIVE);
}

static void end(void)
{
    metrics_free(t.metrics);
    loop_free(t.loop);
}

/* Names of what passes, without "moleculer.". */
static const char *list(const char *types, const char *includes, const char *excludes)
{
    struct metrics_filter filter = {bytes_cstr(types), bytes_cstr(includes), bytes_cstr(excludes)};
    struct buf out;
    struct json_writer w = json_writer(&out);
    struct json_iter it;
    struct bytes metric;
    size_t n = 0;

    buf_init(&out, BUF_NO_LIMIT);
    metrics_list(t.metrics, &filter, &w);
    it = json_iter(buf_bytes(&out));
    t.names[0] = '\0';
    while (json_next_item(&it, &metric)) {
        struct bytes name = json_get(metric, BYTES("name"));

        n += (size_t)snprintf(t.names + n, sizeof(t.names) - n, "%s%.*s", n ? " " : "",
                              (int)name.n - 12, name.p + 11);
    }
    buf_fini(&out);
    return t.names;
}

static void all_are_listed_in_order(void **state)
{
    begin();
    assert_string_equal(list(NULL, NULL, NULL),
                        "broker.namespace request.time cacher.get.total request.total "
                        "request.active");
    assert_string_equal(list("null", "null", "null"),
                        "broker.namespace request.time cacher.get.total request.total "
                        "request.active");
    end();
}

static void types_choose(void **state)
{
    begin();
    assert_string_equal(list("\"counter\"", NULL, NULL), "cacher.get.total request.total");
    assert_string_equal(list("[\"info\",\"histogram\",5]", NULL, NULL),
                        "broker.namespace request.time");
    assert_string_equal(list("[]", NULL, NULL), "");
    assert_string_equal(list("\"count\"", NULL, NULL), "");
    end();
}

static void patterns_choose(void **state)
{
    begin();
    assert_string_equal(list(NULL, "\"moleculer.request.*\"", NULL),
                        "request.time request.total request.active");
    assert_string_equal(list(NULL, "[\"**.total\",\"**.namespace\"]", NULL),
                        "broker.namespace cacher.get.total request.total");
    assert_string_equal(list(NULL, NULL, "[\"moleculer.request.**\"]"),
                        "broker.namespace cacher.get.total");
    assert_string_equal(list("\"counter\"", "\"moleculer.**\"", "\"moleculer.cacher.**\""),
                        "request.total");
    assert_string_equal(list(NULL, NULL, "[]"),
                        "broker.namespace request.time cacher.get.total request.total "
                        "request.active");
    end();
}

static void getting_again_keeps_what_is_there(void **state)
{
    struct metric *m;

    begin();
    m = metrics_get(t.metrics, METRICS_REQUEST_TOTAL);
    metric_add(metric_item(m, NULL), 1);
    assert_ptr_equal(metrics_get(t.metrics, METRICS_REQUEST_TOTAL), m);
    assert_int_equal(m->items.count, 1);
    end();
}

static void registering_again_begins_anew(void **state)
{
    struct metric *m;

    begin();
    m = metrics_get(t.metrics, METRICS_REQUEST_TOTAL);
    metric_add(metric_item(m, NULL), 1);
    m = metrics_register(t.metrics, m->spec);
    assert_int_equal(m->items.count, 0);
    assert_ptr_equal(metrics_get(t.metrics, METRICS_REQUEST_TOTAL), m);
    assert_string_equal(list(NULL, "\"**.request.t*\"", NULL), "request.time request.total");
    end();
}

static void off_is_nothing(void **state)
{
    struct metrics_filter filter = {BYTES_NONE, BYTES_NONE, BYTES_NONE};
    struct buf out;
    struct json_writer w = json_writer(&out);

    assert_null(metrics_get(NULL, METRICS_REQUEST_TOTAL));
    buf_init(&out, BUF_NO_LIMIT);
    metrics_list(NULL, &filter, &w);
    assert_bytes(buf_bytes(&out), "[]");
    buf_fini(&out);
    metrics_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_listed_in_order),
        cmocka_unit_test(types_choose),
        cmocka_unit_test(patterns_choose),
        cmocka_unit_test(getting_again_keeps_what_is_there),
        cmocka_unit_test(registering_again_begins_anew),
        cmocka_unit_test(off_is_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
