/* SPDX-License-Identifier: MIT */
/*
 * Writes the heads of messages; no I/O. Texts given are checked by the caller (no control
 * characters), except reasons, which are replaced by the standard one when they cannot be sent.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"

/* The Date line, written anew when the second has changed. Zeroed to begin with. */
struct http_encoder_date {
    int64_t unix_s;
    char line[40];
    size_t n;
};

/* "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", borrowed until the next call. */
struct bytes http_encoder_date_line(struct http_encoder_date *date, int64_t unix_ms);

/* RFC 9110's words for a status; "Unknown" for those it has none for. */
struct bytes http_encoder_reason(unsigned status);
/* Whether answers with that status have a body. */
bool http_encoder_has_body(unsigned status);

struct http_encoder_answer {
    unsigned status;            /* 100 to 999 */
    struct bytes reason;        /* BYTES_NONE: the standard one */
    struct bytes content_type;  /* BYTES_NONE: none */
    struct bytes extra_headers; /* complete lines */
    struct bytes date_line;
    size_t body_bytes;
    bool keep_alive;
    unsigned keep_alive_s;
};

void http_encoder_add_answer(struct buf *out, const struct http_encoder_answer *answer);

struct http_encoder_request {
    struct bytes method, target, host; /* host as for the Host line */
    struct bytes authorization;        /* value, BYTES_NONE: none */
    struct bytes content_type;
    struct bytes extra_headers; /* complete lines; they replace our Accept, User-Agent, ... */
    bool has_body;
    size_t body_bytes;
};

void http_encoder_add_request(struct buf *out, const struct http_encoder_request *request);
/* Whether complete header lines hold one of that name. */
bool http_encoder_lines_have(struct bytes lines, struct bytes name);
