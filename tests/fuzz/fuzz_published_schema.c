/* SPDX-License-Identifier: MIT */
/* Posted schemas: what is published of them is JSON and, posted to the registry, a service. */
#include "base/assert.h"
#include "external/published_schema.h"
#include "fuzz/fuzz.h"

static void check(struct bytes schema, const struct buf *published, const struct buf *hidden)
{
    struct published_names names;
    struct arena arena;
    struct bytes slice;

    arena_init(&arena);
    ASSERT(json_scan(buf_bytes(published), JSON_DEPTH_DEFAULT, &slice, NULL) == 0);
    ASSERT(published_schema_names(schema, &arena, &names) == 0);
    ASSERT(bytes_eq(json_string(json_get(slice, BYTES("name")), &arena), names.name));
    ASSERT(bytes_eq(json_string(json_get(slice, BYTES("fullName")), &arena), names.full_name));
    ASSERT(json_is_object(json_get(slice, BYTES("actions"))));
    ASSERT(json_is_object(json_get(slice, BYTES("events"))));
    if (hidden->n > 0) {
        ASSERT(json_scan(buf_bytes(hidden), JSON_DEPTH_DEFAULT, &slice, NULL) == 0);
        ASSERT(json_is_object(slice) && json_count(slice) > 0);
    }
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes schema;
    struct buf published, hidden;

    if (json_scan(bytes_of((const char *)data, size), 0, &schema, NULL) != 0) {
        return 0;
    }
    buf_init(&published, BUF_NO_LIMIT);
    buf_init(&hidden, BUF_NO_LIMIT);
    if (published_schema_build(schema, &published, &hidden) == 0) {
        check(schema, &published, &hidden);
    }
    buf_fini(&published);
    buf_fini(&hidden);
    return 0;
}
