/* SPDX-License-Identifier: MIT */
/* Which metrics somebody wants to see, and the list of them. */
#include "metrics/metrics.h"
#include "model/event_patterns.h"

static bool has_type(struct bytes types, struct bytes type)
{
    struct json_iter it = json_iter(types);
    struct bytes item;

    if (json_type(types) != JSON_ARRAY) {
        return json_string_eq(types, type);
    }
    while (json_next_item(&it, &item)) {
        if (json_string_eq(item, type)) {
            return true;
        }
    }
    return false;
}

/* Patterns are compiled once for all metrics. */
struct wanted {
    struct bytes types; /* slice */
    bool has_includes;
    struct event_patterns includes, excludes;
};

static bool is_wanted(const struct wanted *wanted, const struct metric_spec *spec)
{
    struct bytes name = bytes_cstr(spec->name);

    if (!json_is_null_or_none(wanted->types) &&
        !has_type(wanted->types, bytes_cstr(metric_type_name(spec->type)))) {
        return false;
    }
    if (wanted->has_includes && !event_patterns_test(&wanted->includes, name)) {
        return false;
    }
    return !event_patterns_test(&wanted->excludes, name);
}

static void write_wanted(struct metrics *m, const struct wanted *wanted, struct json_writer *w)
{
    map_for_each (e, &m->by_name) {
        struct metric *metric = e->value;

        if (is_wanted(wanted, metric->spec)) {
            metric_write(metric, w);
        }
    }
}

void metrics_list(struct metrics *m, const struct metrics_filter *filter, struct json_writer *w)
{
    struct wanted wanted = {
        .types = filter->types,
        .has_includes = !json_is_null_or_none(filter->includes),
    };

    event_patterns_init(&wanted.includes, filter->includes);
    event_patterns_init(&wanted.excludes, filter->excludes);
    json_begin_array(w);
    if (m) {
        write_wanted(m, &wanted, w);
    }
    json_end_array(w);
    event_patterns_fini(&wanted.includes);
    event_patterns_fini(&wanted.excludes);
}
