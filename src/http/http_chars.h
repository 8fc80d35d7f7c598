/* SPDX-License-Identifier: MIT */
/* Which bytes may stand where in an HTTP/1.1 head (RFC 9110, 9112), and fast runs over them. */
#pragma once

#include "base/bytes.h"

enum http_chars_class {
    HTTP_CHARS_TOKEN = 1,  /* tchar */
    HTTP_CHARS_VALUE = 2,  /* tab, space, visible, 0x80 and above */
    HTTP_CHARS_TARGET = 4, /* visible ASCII */
    HTTP_CHARS_HOST = 8,   /* of host and port: unreserved, sub-delims, '%', ':', brackets */
};

extern const unsigned char http_chars_table[256];

static inline bool http_chars_is(char c, enum http_chars_class class)
{
    return (http_chars_table[(unsigned char)c] & class) != 0;
}

/* Length of the leading run of that class. */
size_t http_chars_token_run(const char *p, size_t n);
size_t http_chars_value_run(const char *p, size_t n);
size_t http_chars_target_run(const char *p, size_t n);
