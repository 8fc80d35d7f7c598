/* SPDX-License-Identifier: MIT */
/* Items by the key that the original makes of their labels; what is counted in them, and shown. */
#include "metrics/metric.h"

#include "metrics/metrics.h"

struct metric *metric_new(struct metrics *owner, const struct metric_spec *spec)
{
    struct metric *m = mem_new(struct metric);

    m->owner = owner;
    m->spec = spec;
    map_init(&m->items);
    return m;
}

static void item_free(struct metric_item *item)
{
    metric_histogram_free(item->histogram);
    shared_unref(item->info);
    mem_free(item);
}

void metric_free(struct metric *m)
{
    if (!m) {
        return;
    }
    map_for_each (e, &m->items) {
        item_free(e->value);
    }
    map_fini(&m->items);
    mem_free(m);
}

/* --- keys and labels --- */

static void add_quoted(struct buf *key, struct bytes text)
{
    buf_add_char(key, '"');
    buf_add(key, text);
    buf_add_char(key, '"');
}

static void add_slice(struct buf *key, struct bytes slice)
{
    enum json_type type = json_type(slice);
    struct arena arena;
    double number;

    if (type == JSON_STRING) {
        arena_init(&arena);
        add_quoted(key, json_string(slice, &arena));
        arena_fini(&arena);
    } else if (type == JSON_NUMBER && json_double(slice, &number)) {
        json_add_double(key, number);
    } else if (type == JSON_BOOL) {
        buf_add(key, slice);
    }
}

static void add_label(struct buf *key, const struct metric_label *label)
{
    switch (label->kind) {
    case METRIC_LABEL_SLICE:
        add_slice(key, label->bytes);
        break;
    case METRIC_LABEL_TEXT:
        add_quoted(key, label->bytes);
        break;
    case METRIC_LABEL_NUMBER:
        json_add_double(key, label->number);
        break;
    }
}

static size_t count_labels(const struct metric_spec *spec)
{
    size_t n = 0;

    while (n < METRIC_LABELS_MAX && spec->label_names[n]) {
        n++;
    }
    return n;
}

static struct bytes make_key(struct metric *m, const struct metric_label *labels)
{
    struct buf *key = &m->owner->key;
    size_t n = labels ? count_labels(m->spec) : 0;

    buf_clear(key);
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            buf_add_char(key, '|');
        }
        add_label(key, &labels[i]);
    }
    return buf_bytes(key);
}

static void write_label(struct json_writer *w, struct bytes name, const struct metric_label *label)
{
    switch (label->kind) {
    case METRIC_LABEL_SLICE:
        json_member(w, name, label->bytes);
        break;
    case METRIC_LABEL_TEXT:
        json_member_text(w, name, label->bytes);
        break;
    case METRIC_LABEL_NUMBER:
        json_key(w, name);
        json_number(w, label->number);
        break;
    }
}

static struct bytes make_labels(struct metric *m, const struct metric_label *labels)
{
    struct buf *out = &m->owner->labels;
    struct json_writer w = json_writer(out);
    size_t n = labels ? count_labels(m->spec) : 0;

    buf_clear(out);
    json_begin_object(&w);
    for (size_t i = 0; i < n; i++) {
        write_label(&w, bytes_cstr(m->spec->label_names[i]), &labels[i]);
    }
    json_end_object(&w);
    return buf_bytes(out);
}

/* --- items --- */

static void refuse_item(struct metric *m)
{
    if (!m->is_full) {
        m->is_full = true;
        log_warn(&m->owner->log, "Not all of '%s' is counted: too many or too long labels.",
                 m->spec->name);
    }
}

static struct metric_item *item_new(struct metric *m, struct bytes key, struct bytes labels)
{
    struct metric_item *item = mem_alloc(sizeof(*item) + key.n + labels.n);
    uint64_t now_ms = loop_now_ms(m->owner->loop);
    char *text = (char *)(item + 1);

    memcpy(text, labels.p, labels.n);
    item->labels = bytes_of(text, labels.n);
    if (key.n) {
        memcpy(text + labels.n, key.p, key.n);
    }
    item->key = bytes_of(text + labels.n, key.n);
    item->metric = m;
    item->changed_unix_ms = loop_unix_ms(m->owner->loop);
    metric_rate_init(&item->rate, now_ms);
    if (m->spec->type == METRIC_HISTOGRAM) {
        item->histogram = metric_histogram_new(m->spec->has_quantiles, now_ms);
    }
    (void)map_set(&m->items, item->key, item);
    return item;
}

/* NULL: a limit is reached. */
static struct metric_item *item_make(struct metric *m, struct bytes key,
                                     const struct metric_label *labels)
{
    const struct metrics *owner = m->owner;

    if (!owner->key.failed && m->items.count < owner->max_items) {
        struct bytes texts = make_labels(m, labels);

        if (!owner->labels.failed) {
            return item_new(m, key, texts);
        }
    }
    refuse_item(m);
    return NULL;
}

struct metric_item *metric_item(struct metric *m, const struct metric_label *labels)
{
    struct metric_item *item;
    struct bytes key;

    if (!m) {
        return NULL;
    }
    key = make_key(m, labels);
    item = m->owner->key.failed ? NULL : map_get(&m->items, key);
    return item ? item : item_make(m, key, labels);
}

/* --- counting --- */

static void changes(struct metric_item *item, double figure)
{
    const struct metrics *owner = item->metric->owner;

    item->changed_unix_ms = loop_unix_ms(owner->loop);
    if (item->metric->spec->has_rate) {
        metric_rate_look(&item->rate, figure, loop_now_ms(owner->loop));
    }
}

void metric_set(struct metric_item *item, double value)
{
    if (item && item->value != value) {
        changes(item, item->value);
        item->value = value;
    }
}

void metric_add(struct metric_item *item, double n)
{
    if (item) {
        metric_set(item, item->value + n);
    }
}

void metric_observe(struct metric_item *item, double value)
{
    if (item) {
        changes(item, (double)item->histogram->count);
        metric_histogram_add(item->histogram, value, loop_now_ms(item->metric->owner->loop));
    }
}

void metric_set_info(struct metric_item *item, struct bytes slice)
{
    if (item && !(item->info && bytes_eq(item->info->bytes, slice))) {
        shared_unref(item->info);
        item->info = shared_new(slice);
        item->changed_unix_ms = loop_unix_ms(item->metric->owner->loop);
    }
}

/* --- showing --- */

const char *metric_type_name(enum metric_type type)
{
    static const char *const names[] = {
        [METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
        [METRIC_INFO] = "info",
    };

    return names[type];
}

static void write_rate(struct metric_item *item, double figure, uint64_t now_ms,
                       struct json_writer *w)
{
    if (item->metric->spec->has_rate) {
        metric_rate_look(&item->rate, figure, now_ms);
        json_key(w, BYTES("rate"));
        json_number(w, item->rate.per_minute);
    }
}

static void write_histogram(struct metric_item *item, uint64_t now_ms, struct json_writer *w)
{
    json_member(w, BYTES("labels"), item->labels);
    metric_histogram_write(item->histogram, w);
    json_member_int(w, BYTES("timestamp"), item->changed_unix_ms);
    if (item->metric->spec->has_buckets) {
        metric_histogram_write_buckets(item->histogram, w);
    }
    metric_histogram_write_samples(item->histogram, now_ms, w);
    write_rate(item, (double)item->histogram->count, now_ms, w);
}

static void write_value(struct metric_item *item, uint64_t now_ms, struct json_writer *w)
{
    json_key(w, BYTES("value"));
    if (item->metric->spec->type == METRIC_INFO) {
        json_raw(w, item->info ? item->info->bytes : BYTES_NONE);
    } else {
        json_number(w, item->value);
    }
    json_member(w, BYTES("labels"), item->labels);
    json_member_int(w, BYTES("timestamp"), item->changed_unix_ms);
    if (item->metric->spec->type != METRIC_INFO) {
        write_rate(item, item->value, now_ms, w);
    }
}

static void write_item(struct metric_item *item, struct json_writer *w)
{
    uint64_t now_ms = loop_now_ms(item->metric->owner->loop);

    json_begin_object(w);
    json_member_text(w, BYTES("key"), item->key);
    if (item->histogram) {
        write_histogram(item, now_ms, w);
    } else {
        write_value(item, now_ms, w);
    }
    json_end_object(w);
}

static void write_items(struct metric *m, struct json_writer *w)
{
    json_key(w, BYTES("values"));
    json_begin_array(w);
    map_for_each (e, &m->items) {
        write_item(e->value, w);
    }
    json_end_array(w);
}

void metric_write(struct metric *m, struct json_writer *w)
{
    const struct metric_spec *spec = m->spec;

    json_begin_object(w);
    json_member_text(w, BYTES("type"), bytes_cstr(metric_type_name(spec->type)));
    json_member_text(w, BYTES("name"), bytes_cstr(spec->name));
    json_member_text(w, BYTES("description"), bytes_cstr(spec->description));
    json_key(w, BYTES("labelNames"));
    json_begin_array(w);
    for (size_t i = 0; i < count_labels(spec); i++) {
        json_text(w, bytes_cstr(spec->label_names[i]));
    }
    json_end_array(w);
    json_member_text(w, BYTES("unit"), bytes_cstr(spec->unit));
    write_items(m, w);
    json_end_object(w);
}

void metric_count_action(struct metric *m, struct bytes service, struct bytes action)
{
    if (m) {
        const struct metric_label labels[] = {
            bytes_is_set(service) ? metric_text(service) : metric_slice(BYTES_NONE),
            metric_text(action),
        };

        metric_add(metric_item(m, labels), 1);
    }
}
