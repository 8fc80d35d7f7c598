/* SPDX-License-Identifier: MIT */
/* Which metrics somebody wants to see, and the list of them. */
#include "metrics/metrics.h"
#include "model/event_match.h"

typedef bool match_fn(struct bytes text, struct bytes wanted);

static bool item_matches(struct bytes item, struct bytes text, match_fn *match)
{
    struct arena arena;
    struct bytes wanted;
    bool matches;

    arena_init(&arena);
    wanted = json_string(item, &arena);
    matches = bytes_is_set(wanted) && match(text, wanted);
    arena_fini(&arena);
    return matches;
}

/* wanted: a text, or an array of texts. */
static bool any_matches(struct bytes wanted, struct bytes text, match_fn *match)
{
    struct json_iter it = json_iter(wanted);
    struct bytes item;

    if (json_type(wanted) != JSON_ARRAY) {
        return item_matches(wanted, text, match);
    }
    while (json_next_item(&it, &item)) {
        if (item_matches(item, text, match)) {
            return true;
        }
    }
    return false;
}

static bool is_wanted(const struct metrics_filter *f, const struct metric_spec *spec)
{
    struct bytes type = bytes_cstr(metric_type_name(spec->type));
    struct bytes name = bytes_cstr(spec->name);

    if (!json_is_null_or_none(f->types) && !any_matches(f->types, type, bytes_eq)) {
        return false;
    }
    if (!json_is_null_or_none(f->includes) && !any_matches(f->includes, name, event_match)) {
        return false;
    }
    return json_is_null_or_none(f->excludes) || !any_matches(f->excludes, name, event_match);
}

void metrics_list(struct metrics *m, const struct metrics_filter *filter, struct json_writer *w)
{
    json_begin_array(w);
    if (m) {
        map_for_each (e, &m->by_name) {
            struct metric *metric = e->value;

            if (is_wanted(filter, metric->spec)) {
                metric_write(metric, w);
            }
        }
    }
    json_end_array(w);
}
