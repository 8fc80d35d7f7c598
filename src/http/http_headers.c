/* SPDX-License-Identifier: MIT */
/* Looking up header lines. */
#include "http/http_headers.h"

#include "http/http_chars.h"

struct bytes http_headers_get(const struct http_headers *headers, struct bytes name)
{
    for (unsigned i = 0; i < headers->count; i++) {
        if (bytes_eq_nocase(headers->items[i].name, name)) {
            return headers->items[i].value;
        }
    }
    return BYTES_NONE;
}

bool http_headers_list_has(struct bytes list, struct bytes token)
{
    while (list.n) {
        size_t comma = bytes_find(list, ',');

        if (bytes_eq_nocase(bytes_trim(bytes_of(list.p, comma)), token)) {
            return true;
        }
        list = bytes_from(list, comma < list.n ? comma + 1 : list.n);
    }
    return false;
}

bool http_headers_has_token(const struct http_headers *headers, struct bytes name,
                            struct bytes token)
{
    for (unsigned i = 0; i < headers->count; i++) {
        if (bytes_eq_nocase(headers->items[i].name, name) &&
            http_headers_list_has(headers->items[i].value, token)) {
            return true;
        }
    }
    return false;
}

bool http_headers_is_token(struct bytes text)
{
    return text.n > 0 && http_chars_token_run(text.p, text.n) == text.n;
}

bool http_headers_is_value(struct bytes text)
{
    return http_chars_value_run(text.p, text.n) == text.n;
}
