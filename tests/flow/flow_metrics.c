/* SPDX-License-Identifier: MIT */
/* Metrics of a node as short texts. */
#include "flow/flow_metrics.h"

#include "metrics/metrics.h"
#include "support/check.h"

const char *flow_metrics_items(struct flow_node *n, const char *name)
{
    static char text[2048];
    char include[128];
    struct metrics_filter filter = {0};
    struct buf out;
    struct json_writer w = json_writer(&out);
    struct json_iter it;
    struct bytes metric, item;
    size_t used = 0;

    (void)snprintf(include, sizeof(include), "\"moleculer.%s\"", name);
    filter.includes = bytes_cstr(include);
    buf_init(&out, BUF_NO_LIMIT);
    metrics_list(broker_metrics(n->broker), &filter, &w);
    it = json_iter(buf_bytes(&out));
    text[0] = '\0';
    if (!json_next_item(&it, &metric)) {
        buf_fini(&out);
        return "none";
    }
    for (it = json_iter(json_get(metric, BYTES("values"))); json_next_item(&it, &item);) {
        struct bytes value = json_get(item, BYTES("value"));
        struct arena arena;

        arena_init(&arena);
        value = bytes_is_set(value) ? value : json_get(item, BYTES("count"));
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.*s=%.*s", used ? " " : "",
                                 BYTES_ARG(json_string(json_get(item, BYTES("key")), &arena)),
                                 BYTES_ARG(value));
        arena_fini(&arena);
    }
    for (char *c = text; *c; c++) {
        *c = (char)(*c == '"' ? '\'' : *c);
    }
    buf_fini(&out);
    return text;
}

unsigned long long flow_metrics_value(struct flow_node *n, const char *name)
{
    unsigned long long value;

    assert_true(bytes_to_u64(bytes_cstr(flow_metrics_items(n, name) + 1), 1 << 30, &value));
    return value;
}
