/* SPDX-License-Identifier: MIT */
/* Object.assign on JSON text. Sorted, not hashed: a peer that chooses the keys gains nothing. */
#include <stdlib.h>

#include "json/json.h"

struct member {
    struct bytes name; /* decoded */
    struct bytes key, value;
    size_t position;
    bool written;
};

static int compare_names(const void *a, const void *b)
{
    const struct member *left = a;
    const struct member *right = b;

    return bytes_compare(left->name, right->name);
}

static int compare_members(const void *a, const void *b)
{
    const struct member *left = a;
    const struct member *right = b;
    int order = compare_names(a, b);

    return order ? order : (left->position > right->position) - (left->position < right->position);
}

static int compare_positions(const void *a, const void *b)
{
    const struct member *left = *(struct member *const *)a;
    const struct member *right = *(struct member *const *)b;

    return (left->position > right->position) - (left->position < right->position);
}

/* The members sorted by name, each once: at its first position with its last value. */
static struct member *read_members(struct bytes object, struct arena *arena, size_t *out_n)
{
    struct member *members = arena_alloc(arena, json_count(object) * sizeof(*members));
    struct json_iter it = json_iter(object);
    struct member m = {0};
    size_t n = 0, unique = 0;

    while (json_next_member(&it, &m.key, &m.value)) {
        m.name = json_string(m.key, arena);
        m.position = n;
        members[n++] = m;
    }
    qsort(members, n, sizeof(*members), compare_members);
    for (size_t i = 0; i < n; i++) {
        if (unique && bytes_eq(members[unique - 1].name, members[i].name)) {
            members[unique - 1].value = members[i].value;
        } else {
            members[unique++] = members[i];
        }
    }
    *out_n = unique;
    return members;
}

static void write_member(struct json_writer *w, struct bytes key, struct bytes value)
{
    json_raw(w, key);
    buf_add_char(w->out, ':');
    w->needs_comma = false;
    json_raw(w, value);
}

static void write_base(struct json_writer *w, struct bytes base, struct member *over, size_t n,
                       struct arena *arena)
{
    struct json_iter it = json_iter(base);
    struct member m = {0};

    while (json_next_member(&it, &m.key, &m.value)) {
        struct member *newer;

        m.name = json_string(m.key, arena);
        newer = bsearch(&m, over, n, sizeof(m), compare_names);
        write_member(w, m.key, newer ? newer->value : m.value);
        if (newer) {
            newer->written = true;
        }
    }
}

static void write_new(struct json_writer *w, struct member *over, size_t n, struct arena *arena)
{
    struct member **left = arena_alloc(arena, n * sizeof(struct member *));
    size_t n_left = 0;

    for (size_t i = 0; i < n; i++) {
        if (!over[i].written) {
            left[n_left++] = &over[i];
        }
    }
    qsort(left, n_left, sizeof(struct member *), compare_positions);
    for (size_t i = 0; i < n_left; i++) {
        write_member(w, left[i]->key, left[i]->value);
    }
}

static bool has_members(struct bytes slice)
{
    return json_is_object(slice) && json_iter(slice).rest.n > 0;
}

struct bytes json_merge(struct bytes base, struct bytes over, struct arena *arena)
{
    struct member *members;
    struct json_writer w;
    struct bytes merged;
    struct buf out;
    size_t n;

    if (!has_members(over)) {
        return json_is_object(base) ? base : json_is_object(over) ? over : BYTES("{}");
    }
    if (!has_members(base)) {
        return over;
    }
    members = read_members(over, arena, &n);
    buf_init(&out, BUF_NO_LIMIT);
    w = json_writer(&out);
    json_begin_object(&w);
    write_base(&w, base, members, n, arena);
    write_new(&w, members, n, arena);
    json_end_object(&w);
    merged = arena_copy(arena, buf_bytes(&out));
    buf_fini(&out);
    return merged;
}
