/* SPDX-License-Identifier: MIT */
/* Request bodies: which are read, in which encoding, and what is wrong with them (docs/api.md).
 */
#include <iconv.h>

#include "api/api_internal.h"

static void refuse(struct api_request *request, unsigned code, const char *type,
                   struct bytes message)
{
    api_reply_error(request, &(struct api_error){
                                 .name = "MoleculerError",
                                 .message = message,
                                 .code = code,
                                 .type = bytes_cstr(type),
                             });
}

/* The value of one "name=value" when its name is charset, without quotes; else none. */
static struct bytes charset_value(struct bytes parameter)
{
    size_t equals = bytes_find(parameter, '=');
    struct bytes value;

    if (equals == parameter.n ||
        !bytes_eq_nocase(bytes_trim(bytes_of(parameter.p, equals)), BYTES("charset"))) {
        return BYTES_NONE;
    }
    value = bytes_trim(bytes_from(parameter, equals + 1));
    if (value.n > 1 && value.p[0] == '"' && value.p[value.n - 1] == '"') {
        return bytes_of(value.p + 1, value.n - 2);
    }
    return value;
}

/* The value of "; charset=...", or none. */
static struct bytes charset_of(struct bytes content_type)
{
    struct bytes rest = bytes_from(content_type, bytes_find(content_type, ';'));
    struct bytes charset = BYTES_NONE;

    while (rest.n && !bytes_is_set(charset)) {
        rest = bytes_from(rest, 1);
        charset = charset_value(bytes_of(rest.p, bytes_find(rest, ';')));
        rest = bytes_from(rest, bytes_find(rest, ';'));
    }
    return charset;
}

static struct bytes upper(struct bytes text, struct arena *arena)
{
    char *p = arena_alloc(arena, text.n + 1);

    for (size_t i = 0; i < text.n; i++) {
        p[i] = (char)(text.p[i] >= 'a' && text.p[i] <= 'z' ? text.p[i] - ('a' - 'A') : text.p[i]);
    }
    p[text.n] = '\0';
    return bytes_of(p, text.n);
}

/* UTF-16 and UTF-32 text as UTF-8; false when it is malformed. */
static bool transcode(struct bytes charset, struct bytes text, struct arena *arena,
                      struct bytes *out)
{
    iconv_t conversion = iconv_open("UTF-8", charset.p);
    size_t room = text.n * 2 + 4;
    char *to = arena_alloc(arena, room);
    char *start = to;
    char *from = arena_alloc(arena, text.n + 1);
    size_t left = text.n;
    size_t result;

    if (conversion == (iconv_t)-1) { /* NOLINT(performance-no-int-to-ptr): iconv's own constant */
        return false;
    }
    memcpy(from, text.p, text.n);
    result = iconv(conversion, &from, &left, &to, &room);
    (void)iconv_close(conversion);
    *out = bytes_of(start, (size_t)(to - start));
    return result != (size_t)-1 && left == 0;
}

/* Brings the text to UTF-8; false when a fault has been answered. */
static bool to_utf8(struct api_request *request, struct bytes content_type, struct bytes *text)
{
    struct arena *arena = api_arena(request);
    struct bytes charset = charset_of(content_type);

    if (charset.n == 0 || bytes_eq_nocase(charset, BYTES("utf-8")) ||
        bytes_eq_nocase(charset, BYTES("utf8"))) {
        return true;
    }
    charset = upper(charset, arena);
    if (!bytes_starts_with(charset, BYTES("UTF-16")) &&
        !bytes_starts_with(charset, BYTES("UTF-32"))) {
        refuse(request, 415, "charset.unsupported",
               arena_format(arena, "unsupported charset \"%.*s\"", BYTES_ARG(charset)));
        return false;
    }
    if (!transcode(charset, *text, arena, text)) {
        refuse(request, 400, "entity.parse.failed",
               arena_format(arena, "The body is no valid %.*s.", BYTES_ARG(charset)));
        return false;
    }
    return true;
}

static bool check_encoding(struct api_request *request)
{
    struct http_request *http = request->http;
    struct bytes encoding = http_headers_get(&http->headers, BYTES("Content-Encoding"));

    switch (http->body_fault) {
    case HTTP_BODY_OK:
        return true;
    case HTTP_BODY_TOO_LARGE:
        refuse(request, 413, "entity.too.large", BYTES("request entity too large"));
        break;
    case HTTP_BODY_BAD_ENCODING:
        refuse(request, 415, "encoding.unsupported",
               arena_format(api_arena(request), "unsupported content encoding \"%.*s\"",
                            BYTES_ARG(encoding)));
        break;
    case HTTP_BODY_BAD_COMPRESSION:
        refuse(request, 400, "entity.parse.failed", BYTES("The compressed body is broken."));
        break;
    }
    return false;
}

static bool parse(struct api_request *request, struct bytes text)
{
    struct json_fault fault = {0};
    struct bytes json;

    if (bytes_starts_with(text, BYTES("\xef\xbb\xbf"))) {
        text = bytes_from(text, 3);
    }
    if (json_scan_fields(text, request->members, API_MEMBERS, &json, &fault) != 0) {
        refuse(request, 400, "entity.parse.failed",
               arena_format(api_arena(request), "Invalid JSON: %s at position %zu", fault.text,
                            fault.position));
        return false;
    }
    if (json_type(json) != JSON_OBJECT && json_type(json) != JSON_ARRAY) {
        refuse(request, 400, "entity.parse.failed",
               BYTES("Invalid JSON: the body must be an object or an array at position 0"));
        return false;
    }
    request->body = json;
    return true;
}

static bool is_json(struct bytes content_type)
{
    struct bytes type = bytes_trim(bytes_of(content_type.p, bytes_find(content_type, ';')));

    return bytes_eq_nocase(type, BYTES("application/json"));
}

bool api_body_read(struct api_request *request)
{
    struct http_request *http = request->http;
    struct bytes type = http_headers_get(&http->headers, BYTES("Content-Type"));
    struct bytes text = http->body;

    request->body = BYTES("{}");
    if (!is_json(type)) {
        return true;
    }
    if (!check_encoding(request)) {
        return false;
    }
    if (text.n == 0) {
        return true;
    }
    return to_utf8(request, type, &text) && parse(request, text);
}
