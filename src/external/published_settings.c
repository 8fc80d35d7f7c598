/* SPDX-License-Identifier: MIT */
/*
 * Leaves secret settings out while copying. Paths are read as lodash's omit does, and every member
 * of a name is meant, so that a duplicate cannot carry a secret past.
 */
#include "external/published_settings.h"

#include <stdio.h>

struct secret_path {
    struct bytes keys[PUBLISHED_SETTINGS_DEPTH_MAX];
    size_t n_keys;
};

/* The paths that lead through one object or array, which lies depth keys down. */
struct secrets {
    struct arena *arena;
    struct secret_path **paths;
    size_t n_paths;
    size_t depth;
};

static int push(struct secret_path *path, struct bytes key)
{
    if (path->n_keys == PUBLISHED_SETTINGS_DEPTH_MAX) {
        return ERR_LIMIT;
    }
    path->keys[path->n_keys++] = key;
    return 0;
}

/* The length of a key without brackets at the start of rest. */
static size_t plain_length(struct bytes rest)
{
    size_t n = 0;

    while (n < rest.n && rest.p[n] != '.' && rest.p[n] != '[' && rest.p[n] != ']') {
        n++;
    }
    return n;
}

/* rest is ["key"] or ['key'], and more. None when it is not. */
static struct bytes quoted_key(struct bytes rest)
{
    if (rest.n < 2 || (rest.p[1] != '"' && rest.p[1] != '\'')) {
        return BYTES_NONE;
    }
    for (size_t i = 2; i + 1 < rest.n; i++) {
        if (rest.p[i] == rest.p[1] && rest.p[i + 1] == ']') {
            return bytes_of(rest.p + 2, i - 2);
        }
    }
    return BYTES_NONE;
}

/* rest begins with '['. Returns the key in it, and how far it goes. */
static struct bytes bracket_key(struct bytes rest, size_t *out_length)
{
    struct bytes key = quoted_key(rest);
    size_t n;

    if (bytes_is_set(key)) {
        *out_length = key.n + 4;
        return key;
    }
    rest = bytes_from(rest, 1);
    n = bytes_find(rest, ']');
    *out_length = n < rest.n ? n + 2 : n + 1;
    return bytes_of(rest.p, n);
}

/* The first key of rest, which is not empty; none where a dot or bracket only ends one. */
static struct bytes next_key(struct bytes rest, size_t *out_length)
{
    size_t n = plain_length(rest);

    if (n == 0 && rest.p[0] == '[') {
        return bracket_key(rest, out_length);
    }
    *out_length = n ? n : 1;
    if (n > 0) {
        return bytes_of(rest.p, n);
    }
    return rest.p[0] == '.' && (rest.n == 1 || rest.p[1] == '.') ? BYTES("") : BYTES_NONE;
}

static int split(struct bytes text, struct secret_path *path)
{
    struct bytes rest = text;
    int status = 0;

    if (rest.n && rest.p[0] == '.') {
        status = push(path, BYTES(""));
    }
    while (rest.n && status == 0) {
        size_t n;
        struct bytes key = next_key(rest, &n);

        status = bytes_is_set(key) ? push(path, key) : 0;
        rest = bytes_from(rest, n);
    }
    return status;
}

/* A string that is a member's name as it stands, or that cannot be taken apart, is one key. */
static bool is_one_key(struct bytes text, struct bytes settings)
{
    size_t bracket = bytes_find(text, '[');

    return (bytes_find(text, '.') == text.n &&
            bytes_find(bytes_from(text, bracket), ']') == text.n - bracket) ||
           bytes_is_set(json_get(settings, text));
}

/* A string or a number as a key; none for anything else. */
static struct bytes scalar_key(struct bytes slice, struct arena *arena)
{
    return json_type(slice) == JSON_NUMBER ? slice : json_string(slice, arena);
}

static int read_path(struct bytes entry, struct bytes settings, struct arena *arena,
                     struct secret_path *path)
{
    struct bytes text = scalar_key(entry, arena);
    struct json_iter it = json_iter(entry);
    struct bytes item;

    if (bytes_is_set(text)) {
        return json_type(entry) == JSON_NUMBER || is_one_key(text, settings) ? push(path, text)
                                                                             : split(text, path);
    }
    while (json_type(entry) == JSON_ARRAY && json_next_item(&it, &item)) {
        struct bytes key = scalar_key(item, arena);
        int status = push(path, bytes_is_set(key) ? key : item);

        if (status != 0) {
            return status;
        }
    }
    return 0;
}

static int read_paths(struct bytes list, struct bytes settings, struct secrets *out)
{
    struct json_iter it = json_iter(list);
    struct bytes entry;
    int status;

    out->paths =
        arena_calloc(out->arena, (PUBLISHED_SETTINGS_PATHS_MAX + 1) * sizeof(struct secret_path *));
    out->paths[0] = arena_new(out->arena, struct secret_path);
    out->n_paths = 1;
    status = push(out->paths[0], BYTES("$secureSettings"));
    while (status == 0 && json_next_item(&it, &entry)) {
        struct secret_path *path = arena_new(out->arena, struct secret_path);

        if (out->n_paths > PUBLISHED_SETTINGS_PATHS_MAX) {
            return ERR_LIMIT;
        }
        status = read_path(entry, settings, out->arena, path);
        out->paths[out->n_paths] = path;
        out->n_paths += path->n_keys > 0;
    }
    return status;
}

/* Whether the member is secret; if not, inner has the paths that go on through it. */
static bool look_up(const struct secrets *s, struct bytes key, struct secrets *inner)
{
    *inner = (struct secrets){.arena = s->arena, .depth = s->depth + 1};
    for (size_t i = 0; i < s->n_paths; i++) {
        struct secret_path *path = s->paths[i];

        if (!bytes_eq(path->keys[s->depth], key)) {
            continue;
        }
        if (path->n_keys == s->depth + 1) {
            return true;
        }
        if (!inner->paths) {
            inner->paths = arena_alloc(s->arena, s->n_paths * sizeof(struct secret_path *));
        }
        inner->paths[inner->n_paths++] = path;
    }
    return false;
}

static void write_value(struct json_writer *w, struct bytes value, const struct secrets *s);

/* NOLINTNEXTLINE(misc-no-recursion): as deep as a path, PUBLISHED_SETTINGS_DEPTH_MAX */
static void write_object(struct json_writer *w, struct bytes object, const struct secrets *s)
{
    struct json_iter it = json_iter(object);
    struct bytes key, value;
    struct secrets inner;

    json_begin_object(w);
    while (json_next_member(&it, &key, &value)) {
        if (look_up(s, json_string(key, s->arena), &inner)) {
            continue;
        }
        json_raw(w, key);
        buf_add_char(w->out, ':');
        w->needs_comma = false;
        write_value(w, value, &inner);
    }
    json_end_object(w);
}

/* A deleted item leaves a hole, which JSON shows as null. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as a path, PUBLISHED_SETTINGS_DEPTH_MAX */
static void write_array(struct json_writer *w, struct bytes array, const struct secrets *s)
{
    struct json_iter it = json_iter(array);
    struct bytes value;
    struct secrets inner;
    char index[24];

    json_begin_array(w);
    for (size_t i = 0; json_next_item(&it, &value); i++) {
        (void)snprintf(index, sizeof(index), "%zu", i);
        if (look_up(s, bytes_cstr(index), &inner)) {
            json_raw(w, BYTES("null"));
        } else {
            write_value(w, value, &inner);
        }
    }
    json_end_array(w);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as a path, PUBLISHED_SETTINGS_DEPTH_MAX */
static void write_value(struct json_writer *w, struct bytes value, const struct secrets *s)
{
    if (s->n_paths > 0 && json_is_object(value)) {
        write_object(w, value, s);
    } else if (s->n_paths > 0 && json_type(value) == JSON_ARRAY) {
        write_array(w, value, s);
    } else {
        json_raw(w, value);
    }
}

int published_settings_write(struct json_writer *w, struct bytes settings)
{
    struct bytes list = json_get(settings, BYTES("$secureSettings"));
    struct arena arena;
    struct secrets secrets = {.arena = &arena};
    int status;

    if (json_type(list) != JSON_ARRAY) {
        json_raw(w, json_is_null_or_none(settings) ? BYTES("{}") : settings);
        return 0;
    }
    arena_init(&arena);
    status = read_paths(list, settings, &secrets);
    if (status == 0) {
        write_object(w, settings, &secrets);
    }
    arena_fini(&arena);
    return status;
}
