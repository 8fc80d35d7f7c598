/* SPDX-License-Identifier: MIT */
/* Several event patterns, compiled together. */
#include "model/event_patterns.h"

#include "base/mem.h"

static void add(struct event_patterns *p, struct bytes item)
{
    struct arena arena;
    struct bytes text;

    arena_init(&arena);
    text = json_string(item, &arena);
    if (bytes_is_set(text)) {
        struct event_pattern *compiled = event_pattern_new(text);

        if (compiled) {
            p->all[p->n++] = compiled;
        }
    }
    arena_fini(&arena);
}

void event_patterns_init(struct event_patterns *p, struct bytes slice)
{
    struct json_iter it = json_iter(slice);
    struct bytes item;

    p->n = 0;
    if (json_type(slice) != JSON_ARRAY) {
        p->all = mem_alloc(sizeof(struct event_pattern *));
        add(p, slice);
        return;
    }
    p->all = mem_alloc((json_count(slice) + 1) * sizeof(struct event_pattern *));
    while (json_next_item(&it, &item)) {
        add(p, item);
    }
}

void event_patterns_fini(struct event_patterns *p)
{
    for (size_t i = 0; i < p->n; i++) {
        event_pattern_free(p->all[i]);
    }
    mem_free(p->all);
    *p = (struct event_patterns){0};
}

bool event_patterns_test(const struct event_patterns *p, struct bytes name)
{
    for (size_t i = 0; i < p->n; i++) {
        if (event_pattern_test(p->all[i], name)) {
            return true;
        }
    }
    return false;
}

size_t event_patterns_longest(struct bytes slice)
{
    struct json_iter it = json_iter(slice);
    struct arena arena;
    struct bytes item;
    size_t longest;

    arena_init(&arena);
    longest = json_string(slice, &arena).n;
    while (json_type(slice) == JSON_ARRAY && json_next_item(&it, &item)) {
        size_t n = json_string(item, &arena).n;

        longest = n > longest ? n : longest;
    }
    arena_fini(&arena);
    return longest;
}
