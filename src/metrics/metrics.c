/* SPDX-License-Identifier: MIT */
/* The metrics by name; those of the original made from their table. */
#include "metrics/metrics.h"

#define LABELS(...)                                                                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define RATE         .has_rate = true
#define QUANTILES    .has_quantiles = true
#define DISTRIBUTION .has_rate = true, .has_buckets = true, .has_quantiles = true
#define NOTHING_ELSE .has_rate = false
/* NOLINTBEGIN(bugprone-macro-parentheses): the columns are parts of initialisers */
static const struct metric_spec specs[] = {
#define METRICS(id, kind, text, names, of, features, about)                                        \
    {.type = METRIC_##kind,                                                                        \
     .name = text,                                                                                 \
     .label_names = names,                                                                         \
     .unit = of,                                                                                   \
     .description = about,                                                                         \
     features},
#include "metrics/metrics.def"
#undef METRICS
};
/* NOLINTEND(bugprone-macro-parentheses) */

struct metrics *metrics_new(struct loop *loop, struct log_sink *sink, unsigned max_items)
{
    struct metrics *m = mem_new(struct metrics);

    m->loop = loop;
    m->log = (struct logger){sink, "metrics"};
    m->max_items = max_items;
    map_init(&m->by_name);
    buf_init(&m->key, METRIC_KEY_MAX_BYTES);
    buf_init(&m->labels, METRIC_LABELS_MAX_BYTES);
    return m;
}

void metrics_free(struct metrics *m)
{
    if (!m) {
        return;
    }
    map_for_each (e, &m->by_name) {
        metric_free(e->value);
    }
    map_fini(&m->by_name);
    buf_fini(&m->key);
    buf_fini(&m->labels);
    mem_free(m);
}

/* Those of the original are found without their name. */
static void remember(struct metrics *m, struct metric *made)
{
    for (size_t i = 0; i < METRICS_COUNT; i++) {
        if (bytes_eq(bytes_cstr(made->spec->name), bytes_cstr(specs[i].name))) {
            m->known[i] = made;
        }
    }
}

struct metric *metrics_register(struct metrics *m, const struct metric_spec *spec)
{
    struct metric *made, *before;

    if (!m) {
        return NULL;
    }
    made = metric_new(m, spec);
    before = map_set(&m->by_name, bytes_cstr(spec->name), made);
    metric_free(before);
    remember(m, made);
    return made;
}

struct metric *metrics_get(struct metrics *m, enum metrics_id id)
{
    struct metric *known = m ? m->known[id] : NULL;

    return known ? known : metrics_register(m, &specs[id]);
}
