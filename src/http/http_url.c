/* SPDX-License-Identifier: MIT */
/* Takes URLs apart, encodes and decodes them. */
#include "http/http_url.h"

#include <arpa/inet.h>

enum { PORT_HTTP = 80, PORT_HTTPS = 443, PORT_MAX = 65535, HOST_BYTES_MAX = 253 };

/* --- percent encoding --- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode_escape(struct bytes at, char *out)
{
    int high = at.n > 2 ? hex_digit(at.p[1]) : -1;
    int low = at.n > 2 ? hex_digit(at.p[2]) : -1;

    if (high < 0 || low < 0) {
        return false;
    }
    *out = (char)(high * 16 + low);
    return true;
}

/* Decodes one character at the start of text; its length, or 0 for a bad escape. */
static size_t decode_char(struct bytes text, bool plus_is_space, char *out)
{
    *out = text.p[0];
    if (*out == '%') {
        return decode_escape(text, out) ? 3 : 0;
    }
    if (*out == '+' && plus_is_space) {
        *out = ' ';
    }
    return 1;
}

bool http_url_decode(struct bytes text, bool plus_is_space, struct arena *arena, struct bytes *out)
{
    char *p;
    size_t n = 0;

    if (bytes_find(text, '%') == text.n && (!plus_is_space || bytes_find(text, '+') == text.n)) {
        *out = text;
        return true;
    }
    p = arena_alloc(arena, text.n + 1);
    while (text.n > 0) {
        size_t used = decode_char(text, plus_is_space, &p[n++]);

        if (used == 0) {
            return false;
        }
        text = bytes_from(text, used);
    }
    *out = bytes_of(p, n);
    return true;
}

static bool has_control(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

static bool must_be_encoded(unsigned char c)
{
    return c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>';
}

static char *put(char *p, struct bytes text)
{
    memcpy(p, text.p, text.n);
    return p + text.n;
}

/* A path and query that HTTP can carry; "%" stays as it is. */
static struct bytes encode_target(struct bytes text, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEF";
    bool needs_slash = text.n == 0 || text.p[0] != '/';
    size_t n = text.n + needs_slash;
    char *p, *at;

    for (size_t i = 0; i < text.n; i++) {
        n += must_be_encoded((unsigned char)text.p[i]) ? 2 : 0;
    }
    at = p = arena_alloc(arena, n + 1);
    if (needs_slash) {
        *at++ = '/';
    }
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (must_be_encoded(c)) {
            *at++ = '%';
            *at++ = digits[c >> 4];
            *at++ = digits[c & 15];
        } else {
            *at++ = text.p[i];
        }
    }
    return bytes_of(p, n);
}

/* "host:port" after a scheme, without the speed of printf. */
static struct bytes join(struct bytes scheme, struct bytes host, unsigned port, struct arena *arena)
{
    enum { PORT_DIGITS = 5 };
    char digits[PORT_DIGITS];
    size_t i = PORT_DIGITS;
    char *p = arena_alloc(arena, scheme.n + host.n + 1 + PORT_DIGITS);
    char *at = put(put(p, scheme), host);

    do {
        digits[--i] = (char)('0' + port % 10);
        port /= 10;
    } while (port > 0);
    *at++ = ':';
    at = put(at, bytes_of(digits + i, PORT_DIGITS - i));
    return bytes_of(p, (size_t)(at - p));
}

static struct bytes base64(struct bytes text, struct arena *arena)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *p = arena_alloc(arena, (text.n + 2) / 3 * 4);
    size_t n = 0;

    for (size_t i = 0; i < text.n; i += 3) {
        size_t left = text.n - i;
        unsigned word = (unsigned)(unsigned char)text.p[i] << 16;

        word |= left > 1 ? (unsigned)(unsigned char)text.p[i + 1] << 8 : 0;
        word |= left > 2 ? (unsigned)(unsigned char)text.p[i + 2] : 0;
        p[n++] = digits[word >> 18 & 63];
        p[n++] = digits[word >> 12 & 63];
        p[n++] = (char)(left > 1 ? digits[word >> 6 & 63] : '=');
        p[n++] = (char)(left > 2 ? digits[word & 63] : '=');
    }
    return bytes_of(p, n);
}

/* --- parsing --- */

static bool take_scheme(struct bytes *text, const char *scheme)
{
    struct bytes wanted = bytes_cstr(scheme);

    if (text->n < wanted.n || !bytes_eq_nocase(bytes_of(text->p, wanted.n), wanted)) {
        return false;
    }
    *text = bytes_from(*text, wanted.n);
    return true;
}

static size_t authority_length(struct bytes text)
{
    size_t n = 0;

    while (n < text.n && text.p[n] != '/' && text.p[n] != '?' && text.p[n] != '#') {
        n++;
    }
    return n;
}

static int read_userinfo(struct bytes *authority, struct arena *arena, struct http_url *out)
{
    size_t at = authority->n;
    struct bytes user;

    while (at > 0 && authority->p[at - 1] != '@') {
        at--;
    }
    if (at == 0) {
        return 0;
    }
    if (!http_url_decode(bytes_of(authority->p, at - 1), false, arena, &user)) {
        return ERR_INVALID;
    }
    if (bytes_find(user, ':') == user.n) {
        user = arena_format(arena, "%.*s:", BYTES_ARG(user));
    }
    out->has_userinfo = true;
    out->authorization = arena_format(arena, "Basic %.*s", BYTES_ARG(base64(user, arena)));
    *authority = bytes_from(*authority, at);
    return 0;
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool is_v6(struct bytes host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (host.n >= sizeof(text) || memchr(host.p, '\0', host.n)) {
        return false;
    }
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_name(struct bytes host)
{
    for (size_t i = 0; i < host.n; i++) {
        if (!is_host_char(host.p[i])) {
            return false;
        }
    }
    return true;
}

static struct bytes lower(struct bytes text, struct arena *arena)
{
    char *p = arena_alloc(arena, text.n + 1);

    for (size_t i = 0; i < text.n; i++) {
        p[i] = (char)(text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] | 0x20 : text.p[i]);
    }
    return bytes_of(p, text.n);
}

static int read_host(struct bytes *authority, struct arena *arena, struct http_url *out)
{
    bool has_bracket = authority->n && authority->p[0] == '[';
    size_t n = bytes_find(*authority, has_bracket ? ']' : ':');
    struct bytes host;

    if (has_bracket && n == authority->n) {
        return ERR_INVALID;
    }
    host = has_bracket ? bytes_of(authority->p + 1, n - 1) : bytes_of(authority->p, n);
    *authority = bytes_from(*authority, n + (has_bracket ? 1 : 0));
    if (host.n == 0 || host.n > HOST_BYTES_MAX) {
        return ERR_INVALID;
    }
    out->host = lower(host, arena);
    if (has_bracket ? !is_v6(out->host) : !is_name(out->host)) {
        return ERR_INVALID;
    }
    out->host_header =
        has_bracket ? arena_format(arena, "[%.*s]", BYTES_ARG(out->host)) : out->host;
    return 0;
}

static int read_port(struct bytes authority, struct arena *arena, struct http_url *out)
{
    unsigned usual = out->is_tls ? PORT_HTTPS : PORT_HTTP;
    unsigned long long port = usual;

    if (authority.n > 1 || (authority.n == 1 && authority.p[0] != ':')) {
        if (authority.p[0] != ':' || !bytes_to_u64(bytes_from(authority, 1), PORT_MAX, &port)) {
            return ERR_INVALID;
        }
    }
    out->port = (unsigned)port;
    if (out->port != usual) {
        out->host_header = join(BYTES(""), out->host_header, out->port, arena);
    }
    return 0;
}

/* unix:/run/app.sock:/path */
static int parse_unix(struct bytes text, struct arena *arena, struct http_url *out)
{
    size_t colon = bytes_find(text, ':');

    if (text.n == 0 || text.p[0] != '/' || colon < 2) {
        return ERR_INVALID;
    }
    out->is_unix = true;
    out->host = arena_copy(arena, bytes_of(text.p, colon));
    out->host_header = BYTES("localhost");
    text = bytes_from(text, colon < text.n ? colon + 1 : colon);
    out->target = encode_target(bytes_of(text.p, bytes_find(text, '#')), arena);
    out->origin = arena_format(arena, "unix:%.*s", BYTES_ARG(out->host));
    return 0;
}

int http_url_parse(struct bytes text, struct arena *arena, struct http_url *out)
{
    struct bytes authority;
    int err;

    *out = (struct http_url){0};
    if (has_control(text)) {
        return ERR_INVALID;
    }
    if (take_scheme(&text, "unix:")) {
        return parse_unix(text, arena, out);
    }
    out->is_tls = take_scheme(&text, "https://");
    if (!out->is_tls && !take_scheme(&text, "http://")) {
        return ERR_INVALID;
    }
    authority = bytes_of(text.p, authority_length(text));
    text = bytes_from(text, authority.n);
    err = read_userinfo(&authority, arena, out);
    if (err == 0) {
        err = read_host(&authority, arena, out);
    }
    if (err == 0) {
        err = read_port(authority, arena, out);
    }
    if (err) {
        return err;
    }
    out->target = encode_target(bytes_of(text.p, bytes_find(text, '#')), arena);
    out->origin =
        join(out->is_tls ? BYTES("https://") : BYTES("http://"), out->host, out->port, arena);
    return 0;
}

/* --- relative references --- */

static bool has_scheme(struct bytes text)
{
    size_t colon = bytes_find(text, ':');

    return colon > 0 && colon < text.n && colon < authority_length(text);
}

static struct bytes prefix_of(const struct http_url *base, struct arena *arena)
{
    return base->is_unix ? arena_format(arena, "%.*s:", BYTES_ARG(base->origin))
                         : arena_format(arena, "%s://%.*s", base->is_tls ? "https" : "http",
                                        BYTES_ARG(base->host_header));
}

/* The base's path up to its last slash, or all of it for "?query". */
static struct bytes directory_of(const struct http_url *base, bool whole)
{
    struct bytes path = bytes_of(base->target.p, bytes_find(base->target, '?'));

    while (!whole && path.n > 0 && path.p[path.n - 1] != '/') {
        path.n--;
    }
    return path;
}

/* Adds "/segment" to the n bytes at p, or takes the last one away for "/.."; the new n. */
static size_t add_segment(char *p, size_t n, struct bytes segment, bool is_last)
{
    bool is_up = bytes_eq(segment, BYTES("/.."));

    if (!is_up && !bytes_eq(segment, BYTES("/."))) {
        memcpy(p + n, segment.p, segment.n);
        return n + segment.n;
    }
    while (is_up && n > 0 && p[--n] != '/') {
    }
    if (is_last) {
        p[n++] = '/';
    }
    return n;
}

static struct bytes remove_dots(struct bytes path, struct arena *arena)
{
    char *p = arena_alloc(arena, path.n + 1);
    size_t end = bytes_find(path, '?');
    struct bytes query = bytes_from(path, end);
    size_t n = 0;

    path.n = end;
    while (path.n > 0) {
        size_t next = 1 + bytes_find(bytes_from(path, 1), '/');
        struct bytes segment = bytes_of(path.p, next);

        path = bytes_from(path, next);
        n = add_segment(p, n, segment, path.n == 0);
    }
    memcpy(p + n, query.p, query.n);
    return bytes_of(p, n + query.n);
}

int http_url_resolve(const struct http_url *base, struct bytes location, struct arena *arena,
                     struct bytes *out)
{
    struct bytes prefix = prefix_of(base, arena);
    struct bytes directory;

    if (has_control(location)) {
        return ERR_INVALID;
    }
    if (has_scheme(location)) {
        *out = location;
        return 0;
    }
    if (bytes_starts_with(location, BYTES("//")) && !base->is_unix) {
        *out = arena_format(arena, "%s:%.*s", base->is_tls ? "https" : "http", BYTES_ARG(location));
        return 0;
    }
    if (bytes_starts_with(location, BYTES("/"))) {
        directory = BYTES("");
    } else {
        directory = directory_of(base, location.n == 0 || location.p[0] == '?');
    }
    location = arena_format(arena, "%.*s%.*s", BYTES_ARG(directory), BYTES_ARG(location));
    *out =
        arena_format(arena, "%.*s%.*s", BYTES_ARG(prefix), BYTES_ARG(remove_dots(location, arena)));
    return 0;
}
