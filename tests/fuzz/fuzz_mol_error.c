/* SPDX-License-Identifier: MIT */
/* Errors of peers: always rebuilt, always written as JSON, and then rebuilt to the same. */
#include "base/assert.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "model/mol_error.h"

static void check_slice(struct bytes slice)
{
    struct bytes out;

    ASSERT(!bytes_is_set(slice) || (json_scan(slice, 0, &out, NULL) == 0 && out.n == slice.n));
}

static struct bytes write_error(const struct mol_error *error, struct buf *out)
{
    struct json_writer w = json_writer(out);
    struct bytes slice;

    mol_error_to_wire(&w, error, BYTES("own"));
    ASSERT(!out->failed && json_scan(buf_bytes(out), 0, &slice, NULL) == 0);
    return slice;
}

static void check_error(const struct mol_error *error, struct arena *arena)
{
    ASSERT(json_type(error->name) == JSON_STRING);
    ASSERT(bytes_is_set(error->message) && bytes_is_set(error->node_id));
    check_slice(error->name);
    check_slice(error->message);
    check_slice(error->code);
    check_slice(error->type);
    check_slice(error->data);
    check_slice(error->node_id);
    check_slice(error->retryable);
    check_slice(error->stack);
    ASSERT(utf8_is_valid(mol_error_text(error, arena)));
    (void)mol_error_code(error);
    (void)mol_error_is_retryable(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of((const char *)data, size);
    struct mol_error *error, *again;
    struct buf once, twice;
    struct arena arena;
    struct bytes slice;

    if (json_scan(text, 0, &slice, NULL) != 0) {
        return 0;
    }
    arena_init(&arena);
    buf_init(&once, BUF_NO_LIMIT);
    buf_init(&twice, BUF_NO_LIMIT);
    error = mol_error_from_wire(&arena, slice, BYTES("peer"));
    check_error(error, &arena);
    again = mol_error_from_wire(&arena, write_error(error, &once), BYTES("peer"));
    check_error(again, &arena);
    ASSERT(bytes_eq(again->name, error->name) && bytes_eq(again->message, error->message));
    ASSERT(bytes_eq(again->code, error->code) && bytes_eq(again->data, error->data));
    again = mol_error_copy(&arena, error);
    ASSERT(bytes_eq(write_error(again, &twice), buf_bytes(&once)));
    buf_fini(&twice);
    buf_fini(&once);
    arena_fini(&arena);
    return 0;
}
