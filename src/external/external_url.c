/* SPDX-License-Identifier: MIT */
/* What kind of URL a text of a schema is, by its scheme. */
#include "external/external_internal.h"

/* Length of "scheme:" at the start, 0 when there is none. */
static size_t scheme_length(struct bytes url)
{
    for (size_t i = 0; i < url.n; i++) {
        char c = url.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (c == ':') {
            return i > 0 ? i + 1 : 0;
        }
        if (!is_letter && (i == 0 || ((c < '0' || c > '9') && c != '+' && c != '-' && c != '.'))) {
            return 0;
        }
    }
    return 0;
}

enum external_url_kind external_url_kind(struct bytes url)
{
    static const char *const known[] = {"http:", "https:", "unix:"};
    struct bytes scheme = bytes_of(url.p, scheme_length(url));

    for (size_t i = 0; scheme.n > 0 && i < sizeof(known) / sizeof(known[0]); i++) {
        if (bytes_eq_nocase(scheme, bytes_cstr(known[i]))) {
            return EXTERNAL_URL_ABSOLUTE;
        }
    }
    return scheme.n > 0 ? EXTERNAL_URL_FOREIGN : EXTERNAL_URL_RELATIVE;
}

bool external_is_url(struct bytes text)
{
    return external_url_kind(text) == EXTERNAL_URL_ABSOLUTE && !external_check_has_control(text);
}
