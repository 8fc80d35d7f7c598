/* SPDX-License-Identifier: MIT */
/* Compares JSON as values. */
#include "support/json_same.h"

#include "support/check.h"

static bool same_string(struct bytes a, struct bytes b)
{
    struct arena arena;
    bool same;

    arena_init(&arena);
    same = bytes_eq(json_string(a, &arena), json_string(b, &arena));
    arena_fini(&arena);
    return same;
}

/* The scanner limited the depth. NOLINTBEGIN(misc-no-recursion) */
static bool same_object(struct bytes a, struct bytes b)
{
    struct json_iter it = json_iter(a);
    struct bytes key, value;

    if (json_count(a) != json_count(b)) {
        return false;
    }
    while (json_next_member(&it, &key, &value)) {
        struct arena arena;
        bool same;

        arena_init(&arena);
        same = json_same(value, json_get(b, json_string(key, &arena)));
        arena_fini(&arena);
        if (!same) {
            return false;
        }
    }
    return true;
}

static bool same_array(struct bytes a, struct bytes b)
{
    struct json_iter at_a = json_iter(a), at_b = json_iter(b);
    struct bytes item_a, item_b;

    if (json_count(a) != json_count(b)) {
        return false;
    }
    while (json_next_item(&at_a, &item_a) && json_next_item(&at_b, &item_b)) {
        if (!json_same(item_a, item_b)) {
            return false;
        }
    }
    return true;
}

bool json_same(struct bytes a, struct bytes b)
{
    if (json_type(a) != json_type(b)) {
        return false;
    }
    switch (json_type(a)) {
    case JSON_STRING:
        return same_string(a, b);
    case JSON_OBJECT:
        return same_object(a, b);
    case JSON_ARRAY:
        return same_array(a, b);
    case JSON_NONE:
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_NUMBER:
        break;
    }
    return bytes_eq(a, b);
}

/* NOLINTEND(misc-no-recursion) */

void json_check_same(struct bytes got, struct bytes want, const char *file, int line)
{
    if (!json_same(got, want)) {
        got = bytes_is_set(got) ? got : BYTES("(none)");
        want = bytes_is_set(want) ? want : BYTES("(none)");
        print_error("got  %.*s\nwant %.*s\n", BYTES_ARG(got), BYTES_ARG(want));
        _fail(file, line);
    }
}
