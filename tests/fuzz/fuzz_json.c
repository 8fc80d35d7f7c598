/* SPDX-License-Identifier: MIT */
/* The JSON scanner, and on what it accepts: that the walkers see the same, that writing is stable.
 */
#include <math.h>

#include "base/assert.h"
#include "fuzz/fuzz.h"
#include "json/json.h"
#include "json/json_internal.h"

/* What has come of the document: the tokens must come along with the walk. */
struct visit {
    struct arena *arena;
    struct json_iter tokens;
};

static void walk(struct bytes slice, struct visit *visit, int depth);

static void expect_token(struct visit *visit, struct bytes wanted)
{
    struct bytes token;

    ASSERT(json_next_token(&visit->tokens, &token));
    ASSERT(token.p == wanted.p && token.n == wanted.n);
}

static void check_string(struct bytes slice, struct arena *arena)
{
    struct bytes text = json_string(slice, arena);
    struct bytes quoted = json_quote(text, arena);
    struct bytes out;

    ASSERT(bytes_is_set(text));
    ASSERT(json_string_eq(slice, text));
    ASSERT(json_string_eq(quoted, text));
    ASSERT(json_scan(quoted, 0, &out, NULL) == 0);
}

static void check_number(struct bytes slice)
{
    struct buf printed;
    double value, back;

    buf_init(&printed, BUF_NO_LIMIT);
    ASSERT(json_double(slice, &value));
    json_add_double(&printed, value);
    if (isfinite(value)) {
        ASSERT(json_double(buf_bytes(&printed), &back) && back == value);
    }
    buf_fini(&printed);
}

static void walk_members(struct bytes slice, struct visit *visit, int depth)
{
    struct json_iter it = json_iter(slice);
    struct bytes key, value;
    size_t n = 0;

    expect_token(visit, bytes_of(slice.p, 1));
    if (json_is_object(slice)) {
        while (json_next_member(&it, &key, &value)) {
            expect_token(visit, key);
            check_string(key, visit->arena);
            walk(value, visit, depth + 1);
            n++;
        }
        ASSERT(json_count(json_merge(slice, slice, visit->arena)) <= n);
    } else {
        while (json_next_item(&it, &value)) {
            walk(value, visit, depth + 1);
            n++;
        }
    }
    expect_token(visit, bytes_of(slice.p + slice.n - 1, 1));
    ASSERT(n == json_count(slice));
}

static void walk(struct bytes slice, struct visit *visit, int depth)
{
    ASSERT(depth <= JSON_DEPTH_DEFAULT);
    ASSERT(json_value_length(slice) == slice.n);
    if (json_type(slice) != JSON_ARRAY && json_type(slice) != JSON_OBJECT) {
        expect_token(visit, slice);
    }
    switch (json_type(slice)) {
    case JSON_STRING:
        check_string(slice, visit->arena);
        break;
    case JSON_NUMBER:
        check_number(slice);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        walk_members(slice, visit, depth);
        break;
    case JSON_NONE:
        ASSERT(false);
        break;
    case JSON_NULL:
    case JSON_BOOL:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_field field = {BYTES("a"), BYTES_NONE};
    struct bytes text = bytes_of((const char *)data, size);
    struct json_fault fault = {0};
    struct arena arena;
    struct visit visit;
    struct bytes out;
    int err = json_scan(text, 0, &out, &fault);

    ASSERT(json_scan_fields(text, &field, 1, &out, NULL) == err);
    if (err) {
        ASSERT(fault.position <= size && fault.text);
        return 0;
    }
    ASSERT(bytes_eq(json_get(out, BYTES("a")), field.value));
    arena_init(&arena);
    visit = (struct visit){&arena, {out}};
    walk(out, &visit, 0);
    ASSERT(!json_next_token(&visit.tokens, &out));
    arena_fini(&arena);
    return 0;
}
