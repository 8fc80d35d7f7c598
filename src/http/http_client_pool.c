/* SPDX-License-Identifier: MIT */
/* Which connection serves which exchange: idle ones first, then new ones, then a row. */
#include "base/assert.h"
#include "base/mem.h"
#include "http/http_client_internal.h"

enum { CONNECTIONS_PER_ORIGIN = 256, WAITING_PER_ORIGIN = 10000 };

static unsigned or_default(unsigned value, unsigned initial)
{
    return value ? value : initial;
}

static struct http_origin *origin_of(struct http_exchange *x)
{
    struct http_client *client = x->client;
    struct http_origin *origin = map_get(&client->origins, x->url.origin);

    if (origin) {
        return origin;
    }
    origin = mem_new(struct http_origin);
    origin->client = client;
    origin->key_text = mem_strndup(x->url.origin.p, x->url.origin.n);
    list_init(&origin->idle);
    list_init(&origin->waiting);
    (void)map_set(&client->origins, bytes_cstr(origin->key_text), origin);
    return origin;
}

static struct http_connection *idle_connection(struct http_origin *origin)
{
    return list_is_empty(&origin->idle)
               ? NULL
               : list_entry(origin->idle.next, struct http_connection, link);
}

static bool may_open(const struct http_origin *origin)
{
    return origin->n_connections <
           or_default(origin->client->options.connections_per_origin, CONNECTIONS_PER_ORIGIN);
}

/* False: it has to wait. */
static bool serve_now(struct http_exchange *x)
{
    struct http_origin *origin = x->origin;
    struct http_connection *c = idle_connection(origin);

    if (c) {
        http_connection_send(c, x);
    } else if (may_open(origin)) {
        http_connection_open(x);
    } else {
        return false;
    }
    return true;
}

static int ready_tls(struct http_exchange *x)
{
    struct http_client *client = x->client;

    if (!x->url.is_tls || client->tls) {
        return 0;
    }
    return net_tls_new(&(struct net_tls_options){0}, x->request->error_text,
                       sizeof(x->request->error_text), &client->tls);
}

void http_origin_serve(struct http_exchange *x)
{
    unsigned most = or_default(x->client->options.waiting_per_origin, WAITING_PER_ORIGIN);
    int err = x->client->is_closing ? ERR_CANCELED : ready_tls(x);

    if (err) {
        http_exchange_fail_later(x, err, NULL);
        return;
    }
    x->origin = origin_of(x);
    if (serve_now(x)) {
        return;
    }
    if (x->origin->n_waiting >= most) {
        http_exchange_fail_later(x, ERR_LIMIT, "too many requests wait for a connection");
        return;
    }
    list_append(&x->origin->waiting, &x->link);
    x->origin->n_waiting++;
}

void http_origin_next(struct http_origin *origin)
{
    while (!list_is_empty(&origin->waiting) && !origin->client->is_closing) {
        struct http_exchange *x = list_entry(origin->waiting.next, struct http_exchange, link);

        list_remove(&x->link);
        origin->n_waiting--;
        if (!serve_now(x)) {
            list_prepend(&origin->waiting, &x->link);
            origin->n_waiting++;
            return;
        }
    }
}

void http_origin_free_unused(struct http_origin *origin)
{
    if (origin->n_connections == 0 && list_is_empty(&origin->waiting)) {
        (void)map_remove(&origin->client->origins, bytes_cstr(origin->key_text));
        mem_free(origin->key_text);
        mem_free(origin);
    }
}

void http_origin_leave(struct http_origin *origin)
{
    ASSERT(origin->n_connections > 0);
    origin->n_connections--;
    http_origin_next(origin);
    http_origin_free_unused(origin);
}
