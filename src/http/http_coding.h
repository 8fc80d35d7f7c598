/* SPDX-License-Identifier: MIT */
/* Content codings: gzip, deflate (zlib's format and the bare one), br when built with it. */
#pragma once

#include "base/buf.h"

enum http_coding {
    HTTP_CODING_IDENTITY,
    HTTP_CODING_GZIP,
    HTTP_CODING_DEFLATE,
    HTTP_CODING_BR,
    HTTP_CODING_UNKNOWN, /* also more than one */
};

/* Value of a Content-Encoding line; BYTES_NONE is identity. HTTP_CODING_BR only when built in. */
enum http_coding http_coding_parse(struct bytes value);
/*
 * Appends what in decodes to. ERR_LIMIT (or ERR_NO_MEMORY): more than out->max; ERR_SYNTAX: not of
 * that coding, or cut off. coding is a known one.
 */
int http_coding_decode(enum http_coding coding, struct bytes in, struct buf *out) MUST_CHECK;
