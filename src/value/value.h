/* SPDX-License-Identifier: MIT */
/*
 * JSON as a tree that can be changed, for the few places that must look inside or rewrite it
 * (validation, cache keys, settings); everything else passes slices on. Nodes live in an arena.
 * A NULL pointer is JavaScript's undefined: left out of objects, null in arrays.
 */
#pragma once

#include "base/arena.h"
#include "json/json.h"

struct value_member {
    struct bytes name; /* decoded */
    struct value *value;
};

struct value {
    enum json_type type; /* never JSON_NONE */
    bool boolean;
    double number;
    struct bytes text; /* string: decoded; number: as it was written, or none */
    size_t n, cap;     /* items or members */
    union {
        struct value **items;
        struct value_member *members; /* in JavaScript's order, each name once */
    };
};

/* A validated slice, which must outlive the tree. BYTES_NONE gives NULL. */
struct value *value_parse(struct bytes slice, struct arena *arena);
/* Numbers are written as they were read, else as JavaScript prints them. */
void value_to_json(const struct value *v, struct buf *out);
struct value *value_copy(const struct value *v, struct arena *arena); /* deep; texts are shared */

struct value *value_null(struct arena *arena);
struct value *value_bool(bool boolean, struct arena *arena);
struct value *value_number(double number, struct arena *arena);
struct value *value_string(struct bytes text, struct arena *arena); /* borrows text */
struct value *value_array(struct arena *arena);
struct value *value_object(struct arena *arena);

static inline bool value_is(const struct value *v, enum json_type type)
{
    return v && v->type == type;
}
bool value_is_true(const struct value *v); /* exactly true */
bool value_is_nullish(const struct value *v);
bool value_is_truthy(const struct value *v);

void value_append(struct value *array, struct value *item, struct arena *arena);
/* NULL when there is none, or when v is no object; NULL passes. */
struct value *value_get(const struct value *v, struct bytes name);
bool value_has(const struct value *v, struct bytes name); /* also when it is undefined */
/* Replaces in place, or adds where JavaScript's order has it: array indices ascending, then others.
 */
void value_set(struct value *object, struct bytes name, struct value *v, struct arena *arena);
void value_remove(struct value *object, struct bytes name);
/*
 * Many members at once: add them in any order and number, then arrange the object. Until then no
 * other function may see it. A name that comes again keeps its place and takes the later value.
 */
void value_add(struct value *object, struct bytes name, struct value *v, struct arena *arena);
void value_arrange(struct value *object, struct arena *arena);
