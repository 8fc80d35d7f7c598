/* SPDX-License-Identifier: MIT */
/* Query text -> tree of nodes -> JSON. */
#include "api/api_query.h"

#include "http/http_url.h"

enum { PAIRS_MAX = 1000, DEPTH_MAX = 5, INDEX_MAX = 20, SEGMENTS_MAX = DEPTH_MAX + 2 };

enum query_kind { QUERY_EMPTY, QUERY_TEXT, QUERY_LIST, QUERY_OBJECT };

struct query_node {
    enum query_kind kind;
    struct bytes key; /* in the parent */
    struct bytes text;
    unsigned long long index; /* in a list */
    struct query_node *first, *next;
};

struct query_path {
    struct bytes segments[SEGMENTS_MAX];
    unsigned n;
};

static struct bytes decode(struct bytes text, struct arena *arena)
{
    struct bytes out;

    return http_url_decode(text, true, arena, &out) ? out : text;
}

/* "a[b][c]" as a, b, c; what is deeper than DEPTH_MAX stays in one piece with its brackets. */
static void split(struct bytes key, struct query_path *path)
{
    size_t open = bytes_find(key, '[');

    path->n = 0;
    if (open > 0) {
        path->segments[path->n++] = bytes_of(key.p, open);
    }
    key = bytes_from(key, open);
    while (key.n && key.p[0] == '[') {
        size_t close = bytes_find(key, ']');

        if (close == key.n || path->n > DEPTH_MAX) {
            path->segments[path->n++] = key;
            return;
        }
        path->segments[path->n++] = bytes_of(key.p + 1, close - 1);
        key = bytes_from(key, close + 1);
    }
}

static struct query_node *append(struct query_node *parent, struct bytes key, struct arena *arena)
{
    struct query_node *node = arena_new(arena, struct query_node);
    struct query_node **at = &parent->first;
    unsigned long long n = 0;

    while (*at) {
        at = &(*at)->next;
        n++;
    }
    node->key = key;
    node->index = n;
    *at = node;
    return node;
}

static struct query_node *find(struct query_node *parent, struct bytes key)
{
    for (struct query_node *node = parent->first; node; node = node->next) {
        if (bytes_eq(node->key, key)) {
            return node;
        }
    }
    return NULL;
}

/* A text that gets company becomes the first item of a list. */
static void make_container(struct query_node *node, bool is_list, struct arena *arena)
{
    if (node->kind == QUERY_TEXT) {
        struct bytes text = node->text;
        struct query_node *item;

        node->kind = QUERY_LIST;
        item = append(node, BYTES("0"), arena);
        item->kind = QUERY_TEXT;
        item->text = text;
    } else if (node->kind == QUERY_EMPTY) {
        node->kind = is_list ? QUERY_LIST : QUERY_OBJECT;
    }
    if (!is_list) {
        node->kind = QUERY_OBJECT;
    }
}

static struct query_node *step(struct query_node *node, struct bytes segment, struct arena *arena)
{
    unsigned long long index = 0;
    bool is_index = bytes_to_u64(segment, INDEX_MAX, &index);
    struct query_node *child;

    make_container(node, segment.n == 0 || is_index, arena);
    child = segment.n ? find(node, segment) : NULL;
    if (!child) {
        child = append(node, segment, arena);
        child->index = is_index ? index : child->index;
    }
    return child;
}

static void put(struct query_node *root, struct bytes key, struct bytes value, struct arena *arena)
{
    struct query_path path;
    struct query_node *node = root;

    split(key, &path);
    for (unsigned i = 0; i < path.n; i++) {
        node = i == 0 && find(root, path.segments[0]) ? find(root, path.segments[0])
               : i == 0                               ? append(root, path.segments[0], arena)
                                                      : step(node, path.segments[i], arena);
    }
    if (path.n == 0) {
        return;
    }
    if (node->kind == QUERY_EMPTY) {
        node->kind = QUERY_TEXT;
        node->text = value;
    } else {
        make_container(node, true, arena);
        node = append(node, BYTES(""), arena);
        node->kind = QUERY_TEXT;
        node->text = value;
    }
}

static void write_node(struct json_writer *w, const struct query_node *node);

/* The item with the lowest index from there on, or NULL. */
static const struct query_node *next_item(const struct query_node *list, unsigned long long from)
{
    const struct query_node *next = NULL;

    for (const struct query_node *n = list->first; n; n = n->next) {
        if (n->index >= from && (!next || n->index < next->index)) {
            next = n;
        }
    }
    return next;
}

/* NOLINTBEGIN(misc-no-recursion): no deeper than SEGMENTS_MAX */
/* Those of one index, in their order. */
static void write_items(struct json_writer *w, const struct query_node *list,
                        unsigned long long index)
{
    for (const struct query_node *n = list->first; n; n = n->next) {
        if (n->index == index) {
            write_node(w, n);
        }
    }
}

/* By index; holes are closed. */
static void write_list(struct json_writer *w, const struct query_node *list)
{
    const struct query_node *item = next_item(list, 0);

    json_begin_array(w);
    while (item) {
        write_items(w, list, item->index);
        item = next_item(list, item->index + 1);
    }
    json_end_array(w);
}

static void write_node(struct json_writer *w, const struct query_node *node)
{
    if (node->kind == QUERY_LIST) {
        write_list(w, node);
        return;
    }
    if (node->kind == QUERY_TEXT || node->kind == QUERY_EMPTY) {
        json_text(w, node->text);
        return;
    }
    json_begin_object(w);
    for (const struct query_node *n = node->first; n; n = n->next) {
        json_key(w, n->key);
        write_node(w, n);
    }
    json_end_object(w);
}

/* NOLINTEND(misc-no-recursion) */

struct bytes api_query_to_json(struct bytes query, struct arena *arena)
{
    struct query_node root = {.kind = QUERY_OBJECT};
    struct buf out;
    struct json_writer w = json_writer(&out);
    struct bytes json;

    for (int i = 0; query.n && i < PAIRS_MAX; i++) {
        size_t end = bytes_find(query, '&');
        struct bytes pair = bytes_of(query.p, end);
        size_t equals = bytes_find(pair, '=');

        if (pair.n) {
            put(&root, decode(bytes_of(pair.p, equals), arena),
                decode(bytes_from(pair, equals < pair.n ? equals + 1 : equals), arena), arena);
        }
        query = bytes_from(query, end < query.n ? end + 1 : end);
    }
    buf_init(&out, BUF_NO_LIMIT);
    write_node(&w, &root);
    json = arena_copy(arena, buf_bytes(&out));
    buf_fini(&out);
    return json;
}
