/* SPDX-License-Identifier: MIT */
#pragma once

#include "bench_buf.h"

/* One HTTP/1.1 message with a Content-Length, or with none and so without a body. */
struct bench_http_msg {
    struct bench_text start_line; /* without the line break */
    struct bench_text body;
    size_t len; /* of the whole message */
};

enum bench_http_result {
    BENCH_HTTP_COMPLETE,
    BENCH_HTTP_PARTIAL,
    BENCH_HTTP_UNSUPPORTED, /* chunked or malformed */
};

/* Reads the message at the front of `in`; the texts in `out_msg` point into it. */
enum bench_http_result bench_http_msg_read(struct bench_text in, struct bench_http_msg *out_msg);

/* The status of an answer; 0 when the start line is none of an answer. */
unsigned bench_http_msg_status(const struct bench_http_msg *msg);
