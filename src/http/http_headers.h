/* SPDX-License-Identifier: MIT */
/* The header lines of one message, as borrowed slices in their order. */
#pragma once

#include "base/bytes.h"

enum { HTTP_HEADERS_MAX = 100 };

struct http_header {
    struct bytes name;  /* as sent */
    struct bytes value; /* trimmed */
};

struct http_headers {
    struct http_header items[HTTP_HEADERS_MAX];
    unsigned count;
};

/* The first of that name (ASCII case ignored), or BYTES_NONE. */
struct bytes http_headers_get(const struct http_headers *headers, struct bytes name);
/* Whether a comma-separated list header has the token, over all lines of that name. */
bool http_headers_has_token(const struct http_headers *headers, struct bytes name,
                            struct bytes token);
/* The same for one list. */
bool http_headers_list_has(struct bytes list, struct bytes token);
/* RFC 9110 token: what a header name may be. */
bool http_headers_is_token(struct bytes text);
/* No control characters but tab: what a header value may be. */
bool http_headers_is_value(struct bytes text);
