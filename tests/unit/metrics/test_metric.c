/* SPDX-License-Identifier: MIT */
/* Items and how they are listed: what the registry of the original gives for the same steps. */
#include "metrics/metric.h"

#include "metrics/metrics.h"
#include "support/check.h"

static const struct metric_spec counter = {.type = METRIC_COUNTER,
                                           .name = "c",
                                           .label_names = {"a", "b", "c", "d"},
                                           .unit = "request",
                                           .description = "D",
                                           .has_rate = true};
static const struct metric_spec gauge = {.type = METRIC_GAUGE, .name = "g"};
static const struct metric_spec info = {.type = METRIC_INFO, .name = "i", .label_names = {"x"}};
static const struct metric_spec histogram = {.type = METRIC_HISTOGRAM,
                                             .name = "h",
                                             .label_names = {"l"},
                                             .unit = "millisecond",
                                             .has_rate = true,
                                             .has_buckets = true,
                                             .has_quantiles = true};
static const struct metric_spec quantiles = {
    .type = METRIC_HISTOGRAM, .name = "q", .has_quantiles = true};

static struct {
    struct loop *loop;
    struct metrics *metrics;
    struct buf out;
} t;

static void begin(unsigned max_items)
{
    t.loop = loop_new_virtual(1700000000000);
    t.metrics = metrics_new(t.loop, NULL, max_items);
    buf_init(&t.out, BUF_NO_LIMIT);
}

static void end(void)
{
    buf_fini(&t.out);
    metrics_free(t.metrics);
    loop_free(t.loop);
}

static struct bytes show(struct metric *m)
{
    struct json_writer w = json_writer(&t.out);

    buf_clear(&t.out);
    metric_write(m, &w);
    return buf_bytes(&t.out);
}

/* Its only item, or the one of that index. */
static struct bytes item(struct metric *m, size_t index)
{
    struct json_iter it = json_iter(json_get(show(m), BYTES("values")));
    struct bytes value = BYTES_NONE;

    for (size_t i = 0; i <= index; i++) {
        assert_true(json_next_item(&it, &value));
    }
    return value;
}

static void nothing_is_listed_at_first(void **state)
{
    begin(10);
    assert_bytes(show(metrics_register(t.metrics, &counter)),
                 "{\"type\":\"counter\",\"name\":\"c\",\"description\":\"D\",\"labelNames\":[\"a\","
                 "\"b\",\"c\",\"d\"],\"unit\":\"request\",\"values\":[]}");
    assert_bytes(show(metrics_register(t.metrics, &gauge)),
                 "{\"type\":\"gauge\",\"name\":\"g\",\"labelNames\":[],\"values\":[]}");
    assert_bytes(show(metrics_register(t.metrics, &info)),
                 "{\"type\":\"info\",\"name\":\"i\",\"labelNames\":[\"x\"],\"values\":[]}");
    assert_bytes(show(metrics_register(t.metrics, &histogram)),
                 "{\"type\":\"histogram\",\"name\":\"h\",\"labelNames\":[\"l\"],\"unit\":"
                 "\"millisecond\",\"values\":[]}");
    end();
}

static void items_have_the_keys_of_their_labels(void **state)
{
    struct metric *m;
    const struct metric_label first[] = {metric_slice(BYTES("\"x|\\\"y\"")), metric_number(1.5),
                                         metric_slice(BYTES("true")), metric_text(BYTES_NONE)};
    const struct metric_label same[] = {metric_text(BYTES("x|\"y")), metric_slice(BYTES("15e-1")),
                                        metric_slice(BYTES("true")), metric_slice(BYTES_NONE)};
    const struct metric_label odd[] = {metric_slice(BYTES_NONE), metric_slice(BYTES("1e21")),
                                       metric_slice(BYTES("{\"z\":1}")), metric_slice(BYTES_NONE)};

    begin(10);
    m = metrics_register(t.metrics, &counter);
    metric_add(metric_item(m, first), 2);
    loop_advance(t.loop, 1000);
    metric_add(metric_item(m, same), 1);
    metric_add(metric_item(m, odd), 1);
    assert_bytes(
        json_get(show(m), BYTES("values")),
        "[{\"key\":\"\\\"x|\\\"y\\\"|1.5|true|\",\"value\":3,\"labels\":{\"a\":\"x|\\\"y\",\"b\":"
        "1.5,\"c\":true,\"d\":null},\"timestamp\":1700000001000,\"rate\":0},{\"key\":\"|1e+21||\","
        "\"value\":1,\"labels\":{\"b\":1e21,\"c\":{\"z\":1}},\"timestamp\":1700000001000,\"rate\":"
        "0}]");
    loop_advance(t.loop, 3999);
    assert_bytes(json_get(item(m, 0), BYTES("rate")), "0");
    loop_advance(t.loop, 1);
    assert_bytes(json_get(item(m, 0), BYTES("rate")), "18");
    assert_bytes(json_get(item(m, 1), BYTES("rate")), "0");
    loop_advance(t.loop, 5000);
    assert_bytes(json_get(item(m, 0), BYTES("rate")), "9");
    assert_bytes(json_get(item(m, 1), BYTES("rate")), "6");
    assert_bytes(json_get(item(m, 0), BYTES("timestamp")), "1700000001000");
    end();
}

static void an_equal_value_is_no_change(void **state)
{
    struct metric *m;

    begin(10);
    m = metrics_register(t.metrics, &gauge);
    metric_set(metric_item(m, NULL), 0);
    loop_advance(t.loop, 500);
    metric_set(metric_item(m, NULL), 0);
    assert_bytes(item(m, 0),
                 "{\"key\":\"\",\"value\":0,\"labels\":{},\"timestamp\":1700000000000}");
    metric_add(metric_item(m, NULL), 5);
    metric_add(metric_item(m, NULL), -7);
    assert_bytes(item(m, 0),
                 "{\"key\":\"\",\"value\":-2,\"labels\":{},\"timestamp\":1700000000500}");
    end();
}

static void infos_have_any_value(void **state)
{
    struct metric *m;

    begin(10);
    m = metrics_register(t.metrics, &info);
    metric_set_info(metric_item(m, (struct metric_label[]){metric_text(BYTES("1"))}),
                    BYTES("\"text\""));
    metric_set_info(metric_item(m, (struct metric_label[]){metric_number(1)}), BYTES("1"));
    metric_set_info(metric_item(m, (struct metric_label[]){metric_number(1)}),
                    BYTES("{\"o\":[1]}"));
    assert_bytes(json_get(show(m), BYTES("values")),
                 "[{\"key\":\"\\\"1\\\"\",\"value\":\"text\",\"labels\":{\"x\":\"1\"},"
                 "\"timestamp\":1700000000000},{\"key\":\"1\",\"value\":{\"o\":[1]},\"labels\":{"
                 "\"x\":1},\"timestamp\":1700000000000}]");
    loop_advance(t.loop, 10);
    metric_set_info(metric_item(m, (struct metric_label[]){metric_number(1)}),
                    BYTES("{\"o\":[1]}"));
    assert_bytes(json_get(item(m, 1), BYTES("timestamp")), "1700000000000");
    end();
}

static void histograms_have_buckets_and_quantiles(void **state)
{
    static const double values[] = {3, 1.25, 100, 7, 0.5, 20000, 1000};
    struct metric *m;
    struct metric_label a[] = {metric_text(BYTES("a"))};

    begin(10);
    m = metrics_register(t.metrics, &histogram);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        metric_observe(metric_item(m, a), values[i]);
    }
    assert_bytes(
        item(m, 0),
        "{\"key\":\"\\\"a\\\"\",\"labels\":{\"l\":\"a\"},\"count\":7,\"sum\":21111.75,"
        "\"lastValue\":1000,\"timestamp\":1700000000000,\"buckets\":{\"1\":1,\"5\":3,\"10\":4,"
        "\"25\":4,\"50\":4,\"100\":5,\"250\":5,\"500\":5,\"1000\":6,\"2500\":6,\"5000\":6,"
        "\"10000\":6},\"min\":0.5,\"mean\":3015.964285714286,\"variance\":56222962.63392857,"
        "\"stdDev\":7498.197292278229,\"max\":20000,\"quantiles\":{\"0.5\":7,\"0.9\":20000,"
        "\"0.95\":20000,\"0.99\":20000,\"0.999\":20000},\"rate\":0}");
    loop_advance(t.loop, 30000);
    for (int i = 1; i <= 1000; i++) {
        metric_observe(metric_item(m, a), i / 10.0);
    }
    assert_bytes(
        item(m, 0),
        "{\"key\":\"\\\"a\\\"\",\"labels\":{\"l\":\"a\"},\"count\":1007,\"sum\":71161.74999999999,"
        "\"lastValue\":100,\"timestamp\":1700000030000,\"buckets\":{\"1\":11,\"5\":53,\"10\":104,"
        "\"25\":254,\"50\":504,\"100\":1005,\"250\":1005,\"500\":1005,\"1000\":1006,\"2500\":1006,"
        "\"5000\":1006,\"10000\":1006},\"min\":0.1,\"mean\":70.6670804369414,\"variance\":"
        "396937.97385806806,\"stdDev\":630.0301372617567,\"max\":20000,\"quantiles\":{\"0.5\":50,"
        "\"0.9\":90.3,\"0.95\":95.3,\"0.99\":99.3,\"0.999\":1000},\"rate\":1.3125}");
    loop_advance(t.loop, 30000);
    assert_bytes(
        bytes_from(item(m, 0), 248),
        "\"min\":0.1,\"mean\":50.05,\"variance\":834.1666666666666,\"stdDev\":28.88194360957494,"
        "\"max\":100,\"quantiles\":{\"0.5\":50,\"0.9\":90,\"0.95\":95,\"0.99\":99,\"0.999\":99.9},"
        "\"rate\":187.5205078125}");
    end();
}

static void equal_values_have_no_deviation(void **state)
{
    struct metric *m;

    begin(10);
    m = metrics_register(t.metrics, &quantiles);
    metric_observe(metric_item(m, NULL), 4);
    assert_bytes(item(m, 0),
                 "{\"key\":\"\",\"labels\":{},\"count\":1,\"sum\":4,\"lastValue\":4,\"timestamp\":"
                 "1700000000000,\"min\":4,\"mean\":4,\"variance\":null,\"stdDev\":null,\"max\":4,"
                 "\"quantiles\":{\"0.5\":4,\"0.9\":4,\"0.95\":4,\"0.99\":4,\"0.999\":4}}");
    metric_observe(metric_item(m, NULL), 4);
    assert_bytes(json_get(item(m, 0), BYTES("variance")), "0");
    assert_bytes(json_get(item(m, 0), BYTES("stdDev")), "null");
    loop_advance(t.loop, 60000);
    assert_bytes(item(m, 0),
                 "{\"key\":\"\",\"labels\":{},\"count\":2,\"sum\":8,\"lastValue\":4,\"timestamp\":"
                 "1700000000000,\"min\":null,\"mean\":null,\"variance\":null,\"stdDev\":null,"
                 "\"max\":null,\"quantiles\":{}}");
    end();
}

static void there_is_a_limit_to_items(void **state)
{
    struct metric *m;

    begin(3);
    m = metrics_register(t.metrics, &info);
    for (int i = 0; i < 3; i++) {
        assert_non_null(metric_item(m, (struct metric_label[]){metric_number(i)}));
    }
    assert_null(metric_item(m, (struct metric_label[]){metric_number(3)}));
    assert_non_null(metric_item(m, (struct metric_label[]){metric_number(2)}));
    assert_int_equal(m->items.count, 3);
    assert_true(m->is_full);
    end();
}

static void there_is_a_limit_to_labels(void **state)
{
    char text[METRIC_LABELS_MAX_BYTES + 1];
    struct metric *m;

    begin(10);
    m = metrics_register(t.metrics, &info);
    memset(text, 'a', sizeof(text));
    assert_non_null(metric_item(
        m, (struct metric_label[]){metric_text(bytes_of(text, METRIC_KEY_MAX_BYTES - 2))}));
    assert_null(metric_item(
        m, (struct metric_label[]){metric_text(bytes_of(text, METRIC_KEY_MAX_BYTES - 1))}));
    text[0] = '[';
    text[1] = '"';
    text[sizeof(text) - 2] = '"';
    text[sizeof(text) - 1] = ']';
    assert_null(
        metric_item(m, (struct metric_label[]){metric_slice(bytes_of(text, sizeof(text)))}));
    assert_int_equal(m->items.count, 1);
    end();
}

static void off_is_nothing(void **state)
{
    assert_null(metric_item(NULL, NULL));
    metric_set(NULL, 1);
    metric_add(NULL, 1);
    metric_observe(NULL, 1);
    metric_set_info(NULL, BYTES("1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_listed_at_first),
        cmocka_unit_test(items_have_the_keys_of_their_labels),
        cmocka_unit_test(an_equal_value_is_no_change),
        cmocka_unit_test(infos_have_any_value),
        cmocka_unit_test(histograms_have_buckets_and_quantiles),
        cmocka_unit_test(equal_values_have_no_deviation),
        cmocka_unit_test(there_is_a_limit_to_items),
        cmocka_unit_test(there_is_a_limit_to_labels),
        cmocka_unit_test(off_is_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
