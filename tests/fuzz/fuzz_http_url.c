/* SPDX-License-Identifier: MIT */
/* URLs and what they lead to: "URL LF location". What is sent of them can never break a head. */
#include "base/assert.h"
#include "fuzz/fuzz.h"
#include "http/http_headers.h"
#include "http/http_url.h"

static bool is_visible(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f) {
            return false;
        }
    }
    return text.n > 0;
}

static void check_url(const struct http_url *url)
{
    ASSERT(url->target.n > 0 && url->target.p[0] == '/');
    ASSERT(is_visible(url->target));
    ASSERT(bytes_find(url->target, '#') == url->target.n);
    ASSERT(is_visible(url->host_header));
    ASSERT(url->host.n > 0);
    ASSERT(url->is_unix || is_visible(url->host));
    ASSERT(url->port <= 65535);
    ASSERT(!bytes_is_set(url->authorization) || http_headers_is_value(url->authorization));
}

/* What was read, written as a URL, is read the same. */
static void check_again(const struct http_url *url, struct arena *arena)
{
    struct http_url again;
    struct bytes text = arena_format(arena, "%.*s%s%.*s", BYTES_ARG(url->origin),
                                     url->is_unix ? ":" : "", BYTES_ARG(url->target));

    if (!url->is_unix && bytes_find(url->host, ':') < url->host.n) {
        return; /* an origin names IPv6 without brackets */
    }
    ASSERT(http_url_parse(text, arena, &again) == 0);
    ASSERT(bytes_eq(again.origin, url->origin));
    ASSERT(bytes_eq(again.target, url->target));
    ASSERT(bytes_eq(again.host_header, url->host_header));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of((const char *)data, size);
    size_t end = bytes_find(text, '\n');
    struct bytes location = bytes_from(text, end < size ? end + 1 : size);
    struct bytes decoded, absolute;
    struct http_url url, next;
    struct arena arena;

    arena_init(&arena);
    if (http_url_decode(text, true, &arena, &decoded)) {
        ASSERT(decoded.n <= text.n);
    }
    if (http_url_parse(bytes_of(text.p, end), &arena, &url) == 0) {
        check_url(&url);
        check_again(&url, &arena);
        if (http_url_resolve(&url, location, &arena, &absolute) == 0 &&
            http_url_parse(absolute, &arena, &next) == 0) {
            check_url(&next);
        }
    }
    arena_fini(&arena);
    return 0;
}
