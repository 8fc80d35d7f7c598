/* SPDX-License-Identifier: MIT */
/* The tree: reading, writing, members in JavaScript's order. */
#include "value/value.h"

#include <stdlib.h>

#include "base/assert.h"

enum { FEW_MEMBERS = 8 };

static struct value *new_value(enum json_type type, struct arena *arena)
{
    struct value *v = arena_new(arena, struct value);

    v->type = type;
    return v;
}

struct value *value_null(struct arena *arena)
{
    return new_value(JSON_NULL, arena);
}

struct value *value_bool(bool boolean, struct arena *arena)
{
    struct value *v = new_value(JSON_BOOL, arena);

    v->boolean = boolean;
    return v;
}

struct value *value_number(double number, struct arena *arena)
{
    struct value *v = new_value(JSON_NUMBER, arena);

    v->number = number;
    return v;
}

struct value *value_string(struct bytes text, struct arena *arena)
{
    struct value *v = new_value(JSON_STRING, arena);

    v->text = text;
    return v;
}

struct value *value_array(struct arena *arena)
{
    return new_value(JSON_ARRAY, arena);
}

struct value *value_object(struct arena *arena)
{
    return new_value(JSON_OBJECT, arena);
}

bool value_is_true(const struct value *v)
{
    return value_is(v, JSON_BOOL) && v->boolean;
}

bool value_is_nullish(const struct value *v)
{
    return !v || v->type == JSON_NULL;
}

bool value_is_truthy(const struct value *v)
{
    if (value_is_nullish(v)) {
        return false;
    }
    switch (v->type) {
    case JSON_BOOL:
        return v->boolean;
    case JSON_NUMBER:
        return v->number < 0 || v->number > 0;
    case JSON_STRING:
        return v->text.n > 0;
    case JSON_NONE:
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return true;
}

/* Room for one more element of that size in a growing array. */
static void *grow(struct value *v, void *elements, size_t size, struct arena *arena)
{
    void *grown;

    if (v->n < v->cap) {
        return elements;
    }
    v->cap = v->cap ? v->cap * 2 : 4;
    grown = arena_alloc(arena, v->cap * size);
    if (elements) {
        memcpy(grown, elements, v->n * size);
    }
    return grown;
}

void value_append(struct value *array, struct value *item, struct arena *arena)
{
    ASSERT(array->type == JSON_ARRAY);
    array->items = grow(array, array->items, sizeof(struct value *), arena);
    array->items[array->n++] = item;
}

void value_add(struct value *object, struct bytes name, struct value *v, struct arena *arena)
{
    ASSERT(object->type == JSON_OBJECT);
    object->members = grow(object, object->members, sizeof(*object->members), arena);
    object->members[object->n++] = (struct value_member){name, v};
}

/* The canonical text of an array index: those names come first, in their numbers' order. */
static bool is_index(struct bytes name, unsigned long long *out)
{
    return (name.n == 1 || (name.n > 1 && name.p[0] != '0')) && bytes_to_u64(name, 0xfffffffe, out);
}

/* --- arranging --- */
struct ranked {
    struct value_member member;
    size_t position;
    unsigned long long index;
    bool has_index;
};

static int compare_size(unsigned long long a, unsigned long long b)
{
    return (a > b) - (a < b);
}

static int compare_names(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;
    int order = bytes_compare(left->member.name, right->member.name);

    return order ? order : compare_size(left->position, right->position);
}

static int compare_ranks(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;

    if (left->has_index != right->has_index) {
        return left->has_index ? -1 : 1;
    }
    return left->has_index ? compare_size(left->index, right->index)
                           : compare_size(left->position, right->position);
}

/* Where among the members the name is, or n. */
static size_t position(const struct value_member *members, size_t n, struct bytes name)
{
    size_t at = 0;

    while (at < n && !bytes_eq(members[at].name, name)) {
        at++;
    }
    return at;
}

/* The usual object needs nothing: a few members, no index, none twice. */
static bool is_arranged(const struct value *object)
{
    unsigned long long index;

    if (object->n > FEW_MEMBERS) {
        return false;
    }
    for (size_t i = 0; i < object->n; i++) {
        struct bytes name = object->members[i].name;

        if (is_index(name, &index) || position(object->members, i, name) < i) {
            return false;
        }
    }
    return true;
}

void value_arrange(struct value *object, struct arena *arena)
{
    struct ranked *ranked;
    size_t unique = 0;

    ASSERT(object->type == JSON_OBJECT);
    if (is_arranged(object)) {
        return;
    }
    ranked = arena_alloc(arena, object->n * sizeof(*ranked));
    for (size_t i = 0; i < object->n; i++) {
        ranked[i] = (struct ranked){.member = object->members[i], .position = i};
        ranked[i].has_index = is_index(ranked[i].member.name, &ranked[i].index);
    }
    qsort(ranked, object->n, sizeof(*ranked), compare_names);
    for (size_t i = 0; i < object->n; i++) {
        if (unique && bytes_eq(ranked[unique - 1].member.name, ranked[i].member.name)) {
            ranked[unique - 1].member.value = ranked[i].member.value;
        } else {
            ranked[unique++] = ranked[i];
        }
    }
    qsort(ranked, unique, sizeof(*ranked), compare_ranks);
    for (size_t i = 0; i < unique; i++) {
        object->members[i] = ranked[i].member;
    }
    object->n = unique;
}

/* --- members --- */
static struct value_member *find(const struct value *v, struct bytes name)
{
    size_t at = value_is(v, JSON_OBJECT) ? position(v->members, v->n, name) : 0;

    return value_is(v, JSON_OBJECT) && at < v->n ? &v->members[at] : NULL;
}

struct value *value_get(const struct value *v, struct bytes name)
{
    const struct value_member *member = find(v, name);

    return member ? member->value : NULL;
}

bool value_has(const struct value *v, struct bytes name)
{
    return find(v, name) != NULL;
}

void value_set(struct value *object, struct bytes name, struct value *v, struct arena *arena)
{
    struct value_member *member = find(object, name);
    unsigned long long index, other;
    size_t at;

    if (member) {
        member->value = v;
        return;
    }
    value_add(object, name, v, arena);
    if (!is_index(name, &index)) {
        return;
    }
    for (at = 0; at < object->n - 1; at++) {
        if (!is_index(object->members[at].name, &other) || other > index) {
            break;
        }
    }
    memmove(&object->members[at + 1], &object->members[at],
            (object->n - 1 - at) * sizeof(*object->members));
    object->members[at] = (struct value_member){name, v};
}

void value_remove(struct value *object, struct bytes name)
{
    struct value_member *member = find(object, name);

    if (member) {
        size_t at = (size_t)(member - object->members);

        object->n--;
        memmove(member, member + 1, (object->n - at) * sizeof(*member));
    }
}

/* --- reading and writing --- */
/* NOLINTBEGIN(misc-no-recursion): the scanner has limited the depth */
static struct value *parse_token(struct json_iter *it, struct bytes token, struct arena *arena);

static struct value *parse_object(struct json_iter *it, struct arena *arena)
{
    struct value *v = value_object(arena);
    struct bytes key, member;

    while (json_next_token(it, &key) && key.p[0] != '}' && json_next_token(it, &member)) {
        struct bytes name = json_string(key, arena);

        value_add(v, name, parse_token(it, member, arena), arena);
    }
    value_arrange(v, arena);
    return v;
}

static struct value *parse_array(struct json_iter *it, struct arena *arena)
{
    struct value *v = value_array(arena);
    struct bytes item;

    while (json_next_token(it, &item) && item.p[0] != ']') {
        value_append(v, parse_token(it, item, arena), arena);
    }
    return v;
}

static struct value *parse_token(struct json_iter *it, struct bytes token, struct arena *arena)
{
    enum json_type type = json_type(token);
    struct value *v;

    if (type == JSON_OBJECT) {
        return parse_object(it, arena);
    }
    if (type == JSON_ARRAY) {
        return parse_array(it, arena);
    }
    v = new_value(type, arena);
    v->boolean = json_is_true(token);
    v->text = type == JSON_NUMBER ? token : json_string(token, arena);
    (void)json_double(token, &v->number);
    return v;
}

struct value *value_parse(struct bytes slice, struct arena *arena)
{
    struct json_iter it = {slice};
    struct bytes token;

    return json_next_token(&it, &token) ? parse_token(&it, token, arena) : NULL;
}

static void write_members(const struct value *v, struct json_writer *w);

static void write_value(const struct value *v, struct json_writer *w)
{
    if (!v) {
        json_raw(w, BYTES_NONE);
        return;
    }
    switch (v->type) {
    case JSON_NONE:
    case JSON_NULL:
        json_raw(w, BYTES_NONE);
        break;
    case JSON_BOOL:
        json_bool(w, v->boolean);
        break;
    case JSON_NUMBER:
        if (v->text.n) {
            json_raw(w, v->text);
        } else {
            json_number(w, v->number);
        }
        break;
    case JSON_STRING:
        json_text(w, v->text);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        write_members(v, w);
        break;
    }
}

static void write_members(const struct value *v, struct json_writer *w)
{
    if (v->type == JSON_ARRAY) {
        json_begin_array(w);
        for (size_t i = 0; i < v->n; i++) {
            write_value(v->items[i], w);
        }
        json_end_array(w);
        return;
    }
    json_begin_object(w);
    for (size_t i = 0; i < v->n; i++) {
        if (v->members[i].value) {
            json_key(w, v->members[i].name);
            write_value(v->members[i].value, w);
        }
    }
    json_end_object(w);
}

void value_to_json(const struct value *v, struct buf *out)
{
    struct json_writer w = json_writer(out);

    write_value(v, &w);
}

struct value *value_copy(const struct value *v, struct arena *arena)
{
    struct value *copy;

    if (!v) {
        return NULL;
    }
    copy = arena_new(arena, struct value);
    *copy = *v;
    copy->cap = v->n;
    if (v->type == JSON_ARRAY) {
        copy->items = arena_alloc(arena, v->n * sizeof(struct value *));
        for (size_t i = 0; i < v->n; i++) {
            copy->items[i] = value_copy(v->items[i], arena);
        }
    } else if (v->type == JSON_OBJECT) {
        copy->members = arena_alloc(arena, v->n * sizeof(*v->members));
        for (size_t i = 0; i < v->n; i++) {
            copy->members[i] =
                (struct value_member){v->members[i].name, value_copy(v->members[i].value, arena)};
        }
    }
    return copy;
}
/* NOLINTEND(misc-no-recursion) */
