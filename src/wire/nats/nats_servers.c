/* SPDX-License-Identifier: MIT */
/* Reads URLs of NATS servers and keeps the list. */
#include "wire/nats/nats_servers.h"

#include <arpa/inet.h>

#include "json/json.h"

enum { PORT_MAX = 65535 };

/* --- URLs --- */

/* Cuts "scheme://" off the front; false for a scheme that is none of NATS. */
static bool take_scheme(struct bytes *text, bool *out_is_tls)
{
    static const struct bytes schemes[] = {BYTES_INIT("nats://"), BYTES_INIT("tls://")};
    size_t colon = bytes_find(*text, ':');

    *out_is_tls = false;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        struct bytes scheme = schemes[i];

        if (text->n >= scheme.n && bytes_eq_nocase(bytes_of(text->p, scheme.n), scheme)) {
            *out_is_tls = i == 1;
            *text = bytes_from(*text, scheme.n);
            return true;
        }
    }
    return !bytes_starts_with(bytes_from(*text, colon), BYTES("://"));
}

/* Up to the path, the query or the fragment. */
static struct bytes authority(struct bytes text)
{
    static const char ends[] = {'/', '?', '#'};

    for (size_t i = 0; i < sizeof(ends); i++) {
        text.n = bytes_find(text, ends[i]);
    }
    return text;
}

static void take_credentials(struct bytes *text, struct nats_url *out)
{
    const char *at = text->n ? memrchr(text->p, '@', text->n) : NULL;
    struct bytes both;
    size_t colon;

    if (!at) {
        return;
    }
    both = bytes_of(text->p, (size_t)(at - text->p));
    *text = bytes_from(*text, both.n + 1);
    colon = bytes_find(both, ':');
    if (colon > 0) {
        out->user = bytes_of(both.p, colon);
    }
    if (colon + 1 < both.n) {
        out->pass = bytes_from(both, colon + 1);
    }
}

static bool is_host(struct bytes host)
{
    for (size_t i = 0; i < host.n; i++) {
        if ((unsigned char)host.p[i] <= ' ' || host.p[i] == 0x7f || host.p[i] == '@') {
            return false;
        }
    }
    return host.n > 0 && host.n <= NATS_HOST_MAX;
}

/* The host off the front; what is left is empty or begins with the port's colon. */
static bool take_host(struct bytes *text, struct bytes *out)
{
    size_t end = bytes_find(*text, ':');
    size_t bracket = bytes_find(*text, ']');

    if (text->n > 0 && text->p[0] == '[') {
        if (bracket == text->n) {
            return false;
        }
        *out = bytes_of(text->p + 1, bracket - 1);
        *text = bytes_from(*text, bracket + 1);
        return is_host(*out) && (text->n == 0 || text->p[0] == ':');
    }
    if (end < text->n && bytes_find(bytes_from(*text, end + 1), ':') < text->n - end - 1) {
        end = text->n; /* two colons: an IPv6 address without brackets */
    }
    *out = bytes_of(text->p, end);
    *text = bytes_from(*text, end);
    return is_host(*out);
}

int nats_url_parse(struct bytes text, struct nats_url *out)
{
    struct nats_url url = {.port = NATS_PORT};
    unsigned long long port;

    if (!take_scheme(&text, &url.is_tls)) {
        return ERR_INVALID;
    }
    text = authority(text);
    take_credentials(&text, &url);
    if (!take_host(&text, &url.host)) {
        return ERR_INVALID;
    }
    if (text.n > 1) { /* "host:" has the default port */
        if (!bytes_to_u64(bytes_from(text, 1), PORT_MAX, &port) || port == 0) {
            return ERR_INVALID;
        }
        url.port = (unsigned)port;
    }
    *out = url;
    return 0;
}

/* --- the list --- */

static bool has(const struct nats_servers *servers, const struct nats_url *url)
{
    for (unsigned i = 0; i < servers->n; i++) {
        if (servers->items[i].port == url->port &&
            bytes_eq_nocase(servers->items[i].host, url->host)) {
            return true;
        }
    }
    return false;
}

static int add_configured(struct nats_servers *servers, struct bytes text)
{
    struct nats_url url;
    int err = nats_url_parse(text, &url);

    if (err) {
        return err;
    }
    if (servers->n == NATS_SERVERS_MAX) {
        return ERR_LIMIT;
    }
    servers->items[servers->n++] = (struct nats_server){
        .host = arena_copy(&servers->arena, url.host), .port = url.port, .is_tls = url.is_tls};
    servers->n_configured = servers->n;
    if (!bytes_is_set(servers->user)) {
        servers->user = arena_copy(&servers->arena, url.user);
    }
    if (!bytes_is_set(servers->pass)) {
        servers->pass = arena_copy(&servers->arena, url.pass);
    }
    return 0;
}

int nats_servers_init(struct nats_servers *servers, struct bytes list)
{
    int err = 0;

    *servers = (struct nats_servers){0};
    arena_init(&servers->arena);
    arena_init(&servers->learned);
    while (list.n > 0 && !err) {
        size_t end = bytes_find(list, ',');
        struct bytes text = bytes_trim(bytes_of(list.p, end));

        if (text.n > 0) {
            err = add_configured(servers, text);
        }
        list = bytes_from(list, end < list.n ? end + 1 : end);
    }
    if (!err && servers->n == 0) {
        err = add_configured(servers, BYTES("127.0.0.1"));
    }
    if (err) {
        nats_servers_fini(servers);
    }
    return err;
}

void nats_servers_fini(struct nats_servers *servers)
{
    arena_fini(&servers->arena);
    arena_fini(&servers->learned);
}

const struct nats_server *nats_servers_current(const struct nats_servers *servers)
{
    return &servers->items[servers->at];
}

void nats_servers_advance(struct nats_servers *servers)
{
    servers->at = (servers->at + 1) % servers->n;
}

static bool is_address(struct bytes host)
{
    char text[NATS_HOST_MAX + 1];
    struct in6_addr address;

    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

static void learn(struct nats_servers *servers, struct bytes text, const struct nats_server *from)
{
    struct nats_url url;

    if (servers->n == NATS_SERVERS_MAX || nats_url_parse(text, &url) || has(servers, &url)) {
        return;
    }
    servers->items[servers->n++] = (struct nats_server){
        .host = arena_copy(&servers->learned, url.host),
        .port = url.port,
        .is_tls = from->is_tls,
        .tls_name =
            is_address(url.host) ? arena_copy(&servers->learned, from->tls_name) : BYTES_NONE,
    };
}

/* After the learned ones were replaced: the one that was current, or the first. */
static unsigned find_again(const struct nats_servers *servers, const struct nats_server *was)
{
    for (unsigned i = 0; i < servers->n; i++) {
        if (servers->items[i].port == was->port &&
            bytes_eq_nocase(servers->items[i].host, was->host)) {
            return i;
        }
    }
    return 0;
}

void nats_servers_learn(struct nats_servers *servers, struct bytes connect_urls)
{
    struct arena old = servers->learned;
    struct nats_server from = *nats_servers_current(servers);
    struct json_iter it = json_iter(connect_urls);
    struct bytes value;

    if (!bytes_is_set(from.tls_name) && !is_address(from.host)) {
        from.tls_name = from.host;
    }
    arena_init(&servers->learned);
    servers->n = servers->n_configured;
    while (json_type(connect_urls) == JSON_ARRAY && json_next_item(&it, &value)) {
        learn(servers, json_string(value, &servers->learned), &from);
    }
    if (servers->at >= servers->n_configured) {
        servers->at = find_again(servers, &from);
    }
    arena_fini(&old);
}
