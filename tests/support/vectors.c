/* SPDX-License-Identifier: MIT */
/* Rows of golden files. */
#include "support/vectors.h"

#include <stdio.h>

#include "support/check.h"

#ifndef TEST_VECTORS
#error "tests/meson.build defines TEST_VECTORS"
#endif

enum { CHUNK_BYTES = 65536 };

void vectors_open(struct vectors *v, const char *name)
{
    char path[1024];
    FILE *file;
    size_t n;

    *v = (struct vectors){0};
    arena_init(&v->arena);
    buf_init(&v->text, BUF_NO_LIMIT);
    assert_true(snprintf(path, sizeof(path), "%s/%s", TEST_VECTORS, name) < (int)sizeof(path));
    file = fopen(path, "re");
    if (!file) {
        fail_msg("cannot open %s", path);
    }
    do {
        assert_int_equal(buf_reserve(&v->text, CHUNK_BYTES), 0);
        n = fread(v->text.p + v->text.n, 1, CHUNK_BYTES, file);
        v->text.n += n;
    } while (n);
    assert_int_equal(ferror(file), 0);
    assert_int_equal(fclose(file), 0);
    vectors_rewind(v);
}

void vectors_rewind(struct vectors *v)
{
    v->rest = buf_bytes(&v->text);
    v->row = BYTES_NONE;
    v->line = 0;
}

bool vectors_next(struct vectors *v)
{
    size_t n = bytes_find(v->rest, '\n');
    struct bytes line = bytes_of(v->rest.p, n);

    if (v->rest.n == 0) {
        return false;
    }
    v->rest = bytes_from(v->rest, n < v->rest.n ? n + 1 : n);
    v->line++;
    if (json_scan(line, 0, &v->row, NULL) != 0 || !json_is_object(v->row)) {
        fail_msg("line %u is no JSON object", v->line);
    }
    return true;
}

void vectors_close(struct vectors *v)
{
    buf_fini(&v->text);
    arena_fini(&v->arena);
}

struct bytes vectors_text(struct vectors *v, const char *member)
{
    return json_string(json_get(v->row, bytes_cstr(member)), &v->arena);
}

bool vectors_is(struct vectors *v, const char *member, const char *text)
{
    return json_string_eq(json_get(v->row, bytes_cstr(member)), bytes_cstr(text));
}
