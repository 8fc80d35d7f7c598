/* SPDX-License-Identifier: MIT */
/*
 * The head of one HTTP/1.1 message: first line, header lines, and what they say about the body.
 * Parses strictly (RFC 9112 without its leniencies): whatever two programs could read differently
 * is refused.
 */
#pragma once

#include <stdint.h>

#include "http/http_headers.h"

enum http_framing {
    HTTP_FRAMING_NONE, /* no body */
    HTTP_FRAMING_LENGTH,
    HTTP_FRAMING_CHUNKED,
    HTTP_FRAMING_CLOSE, /* answers only: until the connection ends */
};

enum http_expect {
    HTTP_EXPECT_NOTHING,
    HTTP_EXPECT_CONTINUE,
    HTTP_EXPECT_OTHER, /* to be answered 417 */
};

struct http_head {
    struct bytes block;           /* first byte to the empty line's end; all slices lie in it */
    struct http_headers *headers; /* storage given by the caller */
    /* request; a CONNECT or OPTIONS * target is its own path */
    struct bytes method, target, path, query; /* query without '?', BYTES_NONE if none */
    enum http_expect expect;
    /* answer */
    unsigned status;
    struct bytes reason;
    /* both */
    bool is_http10;
    bool keep_alive;
    enum http_framing framing;
    uint64_t length; /* HTTP_FRAMING_LENGTH */
};

/* Why a message is refused. */
struct http_fault {
    unsigned status;  /* what to answer a bad request with */
    const char *text; /* static */
};

enum { HTTP_HEAD_MORE = 0, HTTP_HEAD_BAD = -1 };

/*
 * Parses a head at the start of in. Returns its length, HTTP_HEAD_MORE when it is not complete, or
 * HTTP_HEAD_BAD with *out_fault set. Never takes more than limit bytes. head->headers must be set;
 * the slices lie in in.
 */
long http_head_parse_request(struct bytes in, size_t limit, struct http_head *head,
                             struct http_fault *out_fault);
/* The framing is that of an answer to a method other than HEAD. */
long http_head_parse_answer(struct bytes in, size_t limit, struct http_head *head,
                            struct http_fault *out_fault);

/* Copies the block to room (block.n bytes) and lets all slices point there. */
void http_head_move(struct http_head *head, char *room);
