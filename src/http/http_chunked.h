/* SPDX-License-Identifier: MIT */
/*
 * Incremental decoder of a chunked body (RFC 9112, 7.1). Extensions and trailers are checked and
 * dropped. Stricter than the grammar: no blank before ';' or at a line's end.
 */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

enum http_chunked_event {
    HTTP_CHUNKED_MORE, /* the input is used up */
    HTTP_CHUNKED_DATA,
    HTTP_CHUNKED_END,
    HTTP_CHUNKED_FAULT,
};

struct http_chunked {
    unsigned state; /* private */
    unsigned n_digits;
    uint64_t left;      /* of this chunk */
    size_t extra_bytes; /* extensions and trailers so far */
    size_t extra_limit;
    const char *fault; /* static text */
};

/* extra_limit_bytes bounds all extensions and trailers of the body together. */
void http_chunked_init(struct http_chunked *chunked, size_t extra_limit_bytes);
/* Advances *input over what it used; *out_piece is a slice of it, never empty. */
enum http_chunked_event http_chunked_next(struct http_chunked *chunked, struct bytes *input,
                                          struct bytes *out_piece);
