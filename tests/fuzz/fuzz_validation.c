/* SPDX-License-Identifier: MIT */
/* Schemas and params: an array of both, and options as a third. What comes out is JSON again. */
#include "base/assert.h"
#include "fuzz/fuzz.h"
#include "validation/validation.h"
#include "json/json.h"

static void run(const struct validation *v, struct bytes params, struct arena *arena)
{
    struct bytes sanitised, errors, out;

    validation_run(v, params, arena, &sanitised, &errors);
    ASSERT(json_scan(sanitised, JSON_DEPTH_MAX, &out, NULL) == 0);
    if (bytes_is_set(errors)) {
        ASSERT(json_scan(errors, JSON_DEPTH_MAX, &out, NULL) == 0);
        ASSERT(json_type(errors) == JSON_ARRAY && json_count(errors) > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes parts[3] = {BYTES_NONE, BYTES_NONE, BYTES_NONE};
    struct validation *v = NULL;
    struct json_iter it;
    struct arena arena;
    struct bytes all;
    struct buf error;

    if (json_scan(bytes_of((const char *)data, size), 0, &all, NULL) != 0) {
        return 0;
    }
    it = json_iter(all);
    for (int i = 0; i < 3 && json_next_item(&it, &parts[i]); i++) {
    }
    arena_init(&arena);
    buf_init(&error, BUF_NO_LIMIT);
    if (validation_compile(parts[0], parts[2], &v, &error) != 0) {
        ASSERT(error.n > 0);
    } else if (bytes_is_set(parts[1])) {
        run(v, parts[1], &arena);
    }
    validation_free(v);
    buf_fini(&error);
    arena_fini(&arena);
    return 0;
}
