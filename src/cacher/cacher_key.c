/* SPDX-License-Identifier: MIT */
/* Writes parameters as texts, and shortens long ones by a hash. */
#include "cacher/cacher_key.h"

#include <openssl/evp.h>

#include "base/utf8.h"
#include "value/value_convert.h"
#include "value/value_path.h"

/* The room is that of a few scalars, as keys name them. */
enum { SHA256_BYTES = 32, HASH_CHARS = 44, ROOM_BYTES = 512 };

/* --- values as texts --- */

static bool has_members(const struct value *v)
{
    return value_is(v, JSON_OBJECT) || value_is(v, JSON_ARRAY);
}

static void add_scalar(struct buf *out, const struct value *v, enum cacher_key_form form)
{
    bool is_quoted = form == CACHER_KEY_015 && value_is(v, JSON_STRING);

    if (!v) {
        buf_add(out, BYTES("undefined"));
        return;
    }
    if (is_quoted) {
        buf_add_char(out, '"');
    }
    value_convert_add_text(out, v);
    if (is_quoted) {
        buf_add_char(out, '"');
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the JSON, which has a limit */
static void add_value(struct buf *out, const struct value *v, enum cacher_key_form form)
{
    bool is_array = value_is(v, JSON_ARRAY);

    if (!has_members(v)) {
        bool is_null = !v && form == CACHER_KEY_014; /* 0.14 knows no undefined here */

        if (is_null) {
            buf_add(out, BYTES("null"));
        } else {
            add_scalar(out, v, form);
        }
        return;
    }
    if (is_array) {
        buf_add_char(out, '[');
    }
    for (size_t i = 0; i < v->n && !out->failed; i++) {
        if (i > 0) {
            buf_add_char(out, '|');
        }
        if (!is_array) {
            buf_add(out, v->members[i].name);
            buf_add_char(out, '|');
        }
        add_value(out, is_array ? v->items[i] : v->members[i].value, form);
    }
    if (is_array) {
        buf_add_char(out, ']');
    }
}

/* --- hashing --- */

/* Length of the first so many UTF-16 units; *out_split: the last is half of a pair. */
static size_t length_of_units(struct bytes text, size_t units, bool *out_split)
{
    size_t n = 0;

    *out_split = false;
    while (units > 0 && n < text.n) {
        uint32_t c;
        size_t length = utf8_read(bytes_from(text, n), &c);

        if (c > 0xffff && units == 1) {
            *out_split = true;
            break;
        }
        units -= c > 0xffff ? 2 : 1;
        n += length;
    }
    return n;
}

/* What stands in out from start on is shortened when it is too long. */
static void shorten(struct buf *out, size_t start, size_t max_length)
{
    unsigned char digest[SHA256_BYTES];
    unsigned char hash[HASH_CHARS + 1];
    struct bytes text;
    bool is_split;

    if (max_length < HASH_CHARS || out->failed) {
        return;
    }
    text = bytes_from(buf_bytes(out), start);
    if (text.n <= max_length || value_convert_units(text) <= max_length ||
        !EVP_Digest(text.p, text.n, digest, NULL, EVP_sha256(), NULL)) {
        return;
    }
    (void)EVP_EncodeBlock(hash, digest, SHA256_BYTES);
    out->n = start + length_of_units(text, max_length - HASH_CHARS, &is_split);
    if (is_split) {
        buf_add(out, BYTES(UTF8_REPLACEMENT));
    }
    buf_add(out, bytes_of((const char *)hash, HASH_CHARS));
}

/* --- keys --- */

struct value *cacher_key_value(const struct cacher_key_call *call, enum cacher_key_form form,
                               struct bytes path, struct arena *arena)
{
    struct bytes from = call->params;
    struct bytes own;

    if (bytes_starts_with(path, BYTES("#")) && json_is_truthy(call->meta)) {
        from = call->meta;
        path = bytes_from(path, 1);
    } else if (form == CACHER_KEY_015 && bytes_starts_with(path, BYTES("@")) &&
               json_is_truthy(call->headers)) {
        from = call->headers;
        path = bytes_from(path, 1);
    }
    own = json_get(from, path);
    if (bytes_is_set(own)) {
        return value_parse(own, arena);
    }
    return value_path_get(value_parse(from, arena), path, arena);
}

static void add_keys(struct buf *out, const struct cacher_key_call *call,
                     const struct cacher_key_options *o, struct arena *arena)
{
    size_t start = out->n;

    for (size_t i = 0; i < o->n_keys && !out->failed; i++) {
        struct value *v = cacher_key_value(call, o->form, o->keys[i], arena);
        size_t part;

        if (i > 0) {
            buf_add_char(out, '|');
        }
        part = out->n;
        if (has_members(v)) {
            add_value(out, v, o->form);
            shorten(out, part, o->max_length);
        } else {
            add_scalar(out, v, o->form);
        }
    }
    shorten(out, start, o->max_length);
}

static bool has_anything(const struct cacher_key_call *call, enum cacher_key_form form)
{
    return json_is_truthy(call->params) || json_is_truthy(call->meta) ||
           (form == CACHER_KEY_015 && json_is_truthy(call->headers));
}

void cacher_key_add(struct buf *out, const struct cacher_key_call *call,
                    const struct cacher_key_options *o)
{
    char room[ROOM_BYTES];
    struct arena arena;
    size_t start;

    buf_add(out, call->action);
    if ((o->has_keys && o->n_keys == 0) || !has_anything(call, o->form)) {
        return;
    }
    buf_add_char(out, ':');
    start = out->n;
    arena_init_in(&arena, room, sizeof(room));
    if (o->has_keys) {
        add_keys(out, call, o, &arena);
    } else {
        add_value(out, value_parse(call->params, &arena), o->form);
        shorten(out, start, o->max_length);
    }
    arena_fini(&arena);
}
