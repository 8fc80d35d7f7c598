/* SPDX-License-Identifier: MIT */
/* The keys of cached results, to the byte as the original makes them (docs/protocol.md, Cache
 * keys). */
#pragma once

#include "value/value.h"

enum cacher_key_form {
    CACHER_KEY_015, /* texts in quotes; '@' names headers */
    CACHER_KEY_014,
};

/* What a call has. Slices; BYTES_NONE: undefined. */
struct cacher_key_call {
    struct bytes action; /* text */
    struct bytes params, meta, headers;
};

struct cacher_key_options {
    enum cacher_key_form form;
    bool has_keys;            /* else the key is made of all params */
    const struct bytes *keys; /* paths: "a.b", "#of.meta", "@of-headers" */
    size_t n_keys;
    size_t max_length; /* UTF-16 units from which on they are hashed; below 44: never */
};

/* Appends the key to out, whose limit it may reach (then out has failed). */
void cacher_key_add(struct buf *out, const struct cacher_key_call *call,
                    const struct cacher_key_options *options);
/* What a path names; NULL: undefined. In the arena, borrowing from the call. */
struct value *cacher_key_value(const struct cacher_key_call *call, enum cacher_key_form form,
                               struct bytes path, struct arena *arena);
