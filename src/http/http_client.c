/* SPDX-License-Identifier: MIT */
/* The client's face: exchanges from start to done, over any number of redirects. */
#include "http/http_client.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"
#include "http/http_client_internal.h"
#include "http/http_coding.h"

enum { BODY_LIMIT_BYTES = 64 * 1024 * 1024, REDIRECTS_MAX = 20, SPARE_MAX = 512 };

/* --- exchanges --- */

static struct http_exchange *exchange_new(struct http_client *client)
{
    struct list *spare = list_pop(&client->spare);
    struct http_exchange *x =
        spare ? list_entry(spare, struct http_exchange, link) : mem_realloc(NULL, sizeof(*x));
    size_t limit = client->options.body_limit_bytes;

    client->n_spare -= spare ? 1 : 0;
    memset(x, 0, offsetof(struct http_exchange, headers));
    x->piece = BYTES_NONE;
    x->client = client;
    list_init(&x->link);
    buf_init(&x->collected, limit ? limit : BODY_LIMIT_BYTES);
    arena_init_in(&x->arena, x->room, sizeof(x->room));
    return x;
}

static void exchange_free(struct http_exchange *x)
{
    struct http_client *client = x->client;

    loop_timer_stop(&x->timeout);
    list_remove(&x->link);
    buf_fini(&x->collected);
    arena_fini(&x->arena);
    if (client->n_spare < SPARE_MAX) {
        list_prepend(&client->spare, &x->link);
        client->n_spare++;
    } else {
        mem_free(x);
    }
}

/* Takes it from wherever it is; the connection it used is closed. */
static void detach(struct http_exchange *x)
{
    struct http_connection *c = x->connection;

    if (c) {
        c->exchange = NULL;
        x->connection = NULL;
        http_connection_close(c);
    } else if (x->origin && !list_is_empty(&x->link)) {
        list_remove(&x->link);
        x->origin->n_waiting--;
    }
}

void http_exchange_fail(struct http_exchange *x, int err, const char *text)
{
    struct http_client_request *request = x->request;

    if (text) {
        (void)snprintf(request->error_text, sizeof(request->error_text), "%s", text);
    }
    request->exchange = NULL;
    exchange_free(x);
    request->done(request, err, NULL);
}

void http_exchange_fail_later(struct http_exchange *x, int err, const char *text)
{
    if (text) {
        (void)snprintf(x->request->error_text, sizeof(x->request->error_text), "%s", text);
    }
    x->err = err;
    x->origin = NULL;
    list_append(&x->client->failed, &x->link);
    loop_defer_start(x->client->loop, &x->client->settle);
}

static void on_timeout(struct loop_timer *timer)
{
    struct http_exchange *x = container_of(timer, struct http_exchange, timeout);

    detach(x);
    http_exchange_fail(x, ERR_TIMEOUT, "the time is up");
}

/* --- answers --- */

static bool is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Header lines without those that are meant for one server only. */
static struct bytes without_credentials(struct bytes lines, struct arena *arena)
{
    char *p = arena_alloc(arena, lines.n + 1);
    size_t n = 0;

    while (lines.n > 0) {
        size_t end = bytes_find(lines, '\n');
        struct bytes line = bytes_of(lines.p, end < lines.n ? end + 1 : end);
        struct bytes name = bytes_of(line.p, bytes_find(line, ':'));

        if (!bytes_eq_nocase(name, BYTES("Authorization")) &&
            !bytes_eq_nocase(name, BYTES("Cookie")) &&
            !bytes_eq_nocase(name, BYTES("Proxy-Authorization"))) {
            memcpy(p + n, line.p, line.n);
            n += line.n;
        }
        lines = bytes_from(lines, line.n);
    }
    return bytes_of(p, n);
}

/* The URL of the next hop. A server must not lead to a socket of this machine. */
static int find_next_hop(struct http_exchange *x, struct bytes location)
{
    struct http_url from = x->url;
    struct bytes url;
    int err = http_url_resolve(&from, location, &x->arena, &url);

    if (err == 0) {
        err = http_url_parse(url, &x->arena, &x->url);
    }
    if (err) {
        return err;
    }
    if (bytes_eq(x->url.origin, from.origin)) {
        if (!x->url.has_userinfo) {
            x->url.authorization = from.authorization;
        }
    } else if (x->url.is_unix) {
        return ERR_INVALID;
    } else {
        x->extra_headers = without_credentials(x->extra_headers, &x->arena);
    }
    return 0;
}

/* Prepares the next hop as node-fetch does; the answer of this one is dropped. */
static int redirect(struct http_exchange *x, struct bytes location)
{
    unsigned status = x->head.status;
    int err = find_next_hop(x, location);

    if (err) {
        return err;
    }
    if (status == 303 || (status < 303 && bytes_eq(x->method, BYTES("POST")))) {
        x->method = BYTES("GET");
        x->body = BYTES_NONE;
    }
    x->has_head = false;
    x->piece = BYTES_NONE;
    buf_fini(&x->collected);
    return 0;
}

static void fail_redirects(struct http_exchange *x)
{
    char text[sizeof(x->request->error_text)];

    (void)snprintf(text, sizeof(text), "maximum redirect reached at: %.*s",
                   BYTES_ARG(x->request->url));
    http_exchange_fail(x, ERR_REDIRECTS, text);
}

static void hand_over(struct http_exchange *x, struct bytes body)
{
    struct http_client_request *request = x->request;
    struct http_response response = {
        .status = x->head.status,
        .reason = x->head.reason,
        .headers = &x->headers,
        .body = body,
    };

    request->exchange = NULL;
    loop_timer_stop(&x->timeout);
    request->done(request, 0, &response);
    exchange_free(x);
}

static void hand_over_decoded(struct http_exchange *x, enum http_coding coding, struct bytes body)
{
    struct buf decoded;
    int err;

    buf_init(&decoded, x->collected.max);
    err = http_coding_decode(coding, body, &decoded);
    if (err) {
        http_exchange_fail(x, err == ERR_SYNTAX ? ERR_PROTOCOL : ERR_LIMIT,
                           err == ERR_SYNTAX ? "the compressed answer is broken"
                                             : "the answer is too large");
    } else {
        hand_over(x, buf_bytes(&decoded));
    }
    buf_fini(&decoded);
}

void http_exchange_answered(struct http_exchange *x, struct bytes body)
{
    struct bytes location = http_headers_get(&x->headers, BYTES("Location"));
    struct bytes encoding = http_headers_get(&x->headers, BYTES("Content-Encoding"));
    enum http_coding coding;

    if (is_redirect(x->head.status) && bytes_is_set(location)) {
        if (x->n_redirects++ == REDIRECTS_MAX) {
            fail_redirects(x);
        } else if (redirect(x, location) != 0) {
            http_exchange_fail(x, ERR_PROTOCOL, "the redirect leads nowhere");
        } else {
            http_origin_serve(x);
        }
        return;
    }
    coding = body.n ? http_coding_parse(encoding) : HTTP_CODING_IDENTITY;
    if (coding == HTTP_CODING_IDENTITY || coding == HTTP_CODING_UNKNOWN) {
        hand_over(x, body);
    } else {
        hand_over_decoded(x, coding, body);
    }
}

/* --- the face --- */

int http_client_start(struct http_client *client, struct http_client_request *request)
{
    struct http_exchange *x = exchange_new(client);
    int err = http_url_parse(request->url, &x->arena, &x->url);

    request->error_text[0] = '\0';
    request->sent = false;
    request->exchange = NULL;
    loop_timer_init(client->loop, &x->timeout, on_timeout);
    if (err) {
        exchange_free(x);
        return err;
    }
    request->exchange = x;
    x->request = request;
    x->method = request->method;
    x->body = request->body;
    x->extra_headers = request->extra_headers;
    if (request->timeout_ms) {
        loop_timer_start(&x->timeout, request->timeout_ms);
    }
    http_origin_serve(x);
    return 0;
}

void http_client_cancel(struct http_client_request *request)
{
    struct http_exchange *x = request->exchange;

    if (x) {
        request->exchange = NULL;
        detach(x);
        exchange_free(x);
    }
}

/* Ends what runs; nobody is told from here. Closed connections stay until their streams are. */
static void close_all(struct http_client *client)
{
    struct map_entry *entry;

    client->is_closing = true;
    list_for_each_safe (link, &client->connections) {
        struct http_connection *c = list_entry(link, struct http_connection, link);
        struct http_exchange *x = c->exchange;

        if (x) {
            detach(x);
            http_exchange_fail_later(x, ERR_CANCELED, NULL);
        }
    }
    /* Each origin goes with its last connection, and has one as long as it is there. */
    while ((entry = map_next(&client->origins, NULL))) {
        struct http_origin *origin = entry->value;

        while (!list_is_empty(&origin->waiting)) {
            struct http_exchange *x = list_entry(origin->waiting.next, struct http_exchange, link);

            detach(x);
            http_exchange_fail_later(x, ERR_CANCELED, NULL);
        }
        if (list_is_empty(&origin->idle)) {
            http_origin_free_unused(origin);
        } else {
            http_connection_close(list_entry(origin->idle.next, struct http_connection, link));
        }
    }
}

static void finalize(struct http_client *client)
{
    for (struct list *link; (link = list_pop(&client->spare));) {
        mem_free(list_entry(link, struct http_exchange, link));
    }
    map_fini(&client->origins);
    buf_fini(&client->head);
    net_tls_free(client->tls);
    mem_free(client);
}

static void on_settle(struct loop_defer *defer)
{
    struct http_client *client = container_of(defer, struct http_client, settle);

    for (struct list *link; (link = list_pop(&client->failed));) {
        struct http_exchange *x = list_entry(link, struct http_exchange, link);

        http_exchange_fail(x, x->err, NULL);
    }
    if (client->is_closing && list_is_empty(&client->connections)) {
        loop_defer_stop(defer);
        finalize(client);
    }
}

void http_client_connection_gone(struct http_client *client)
{
    if (client->is_closing) {
        loop_defer_start(client->loop, &client->settle);
    }
}

struct http_client *http_client_new(struct loop *loop, const struct http_client_options *options)
{
    struct http_client *client = mem_new(struct http_client);

    client->loop = loop;
    client->options = *options;
    map_init(&client->origins);
    list_init(&client->connections);
    list_init(&client->failed);
    list_init(&client->spare);
    loop_defer_init(&client->settle, on_settle);
    buf_init(&client->head, BUF_NO_LIMIT);
    return client;
}

void http_client_free(struct http_client *client)
{
    if (client) {
        ASSERT(!client->is_closing);
        close_all(client);
        loop_defer_start(client->loop, &client->settle);
    }
}
