/* SPDX-License-Identifier: MIT */
/*
 * Connecting: resolve -> each address in turn -> (TLS) -> done. A failed address leads to the next;
 * the last failure is what the caller hears. The time limit covers all of it; an address that does
 * not answer gets its share of what is left, so that the others have theirs.
 */
#include "net/net_connect.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "net/stream_tls.h"
#include "net/stream_uv.h"

enum { TIMEOUT_MS = 10000, HOST_BYTES = 256, PATH_BYTES = 108 };

enum connect_state {
    CONNECT_RESOLVING,  /* -> CONNECTING, DONE */
    CONNECT_CONNECTING, /* -> CONNECTING (next address), SHAKING, DONE */
    CONNECT_SHAKING,    /* TLS -> DONE */
    CONNECT_DONE,       /* waits for the callback to run */
};

struct connecting {
    struct net_connect *request; /* NULL once done has run */
    struct loop *loop;
    enum connect_state state;
    unsigned port;
    bool is_unix;
    const struct net_tls *tls;
    int err;
    struct net_stream *stream;       /* ours until handed over */
    struct addrinfo *addresses, *at; /* owned; at borrows */
    uv_getaddrinfo_t resolve_req;
    uv_connect_t connect_req;
    bool is_resolving, is_connecting; /* libuv still has the request */
    bool is_given_up;                 /* this address has had its time */
    uint64_t deadline_ms;
    struct stream_tls_handshake handshake;
    struct loop_timer timer;
    struct loop_defer finish;
    char host[HOST_BYTES], tls_name[HOST_BYTES];
};

static void free_when_unused(struct connecting *c)
{
    if (c->request || c->is_resolving || c->is_connecting) {
        return;
    }
    if (c->addresses) {
        uv_freeaddrinfo(c->addresses);
    }
    mem_free(c);
}

static void on_finish(struct loop_defer *defer)
{
    struct connecting *c = container_of(defer, struct connecting, finish);
    struct net_connect *request = c->request;
    struct net_stream *stream = c->stream;
    int err = c->err;

    c->request = NULL;
    c->stream = NULL;
    request->state = NULL;
    free_when_unused(c);
    request->done(request, err, stream);
}

static void finish(struct connecting *c, int err)
{
    ASSERT(c->state != CONNECT_DONE);
    c->state = CONNECT_DONE;
    c->err = err;
    if (err == 0) {
        c->request->error_text[0] = '\0'; /* of an address before */
    }
    loop_timer_stop(&c->timer);
    if (err && c->stream) {
        net_stream_abort(c->stream, false);
        c->stream = NULL;
    }
    loop_defer_start(c->loop, &c->finish);
}

/* As Node.js words it: "connect ECONNREFUSED 127.0.0.1:5000". */
static void set_error_text(struct connecting *c, int uv_error)
{
    char *text = c->request->error_text;
    size_t room = sizeof(c->request->error_text);
    char host[INET6_ADDRSTRLEN] = "";

    if (c->state == CONNECT_SHAKING) {
        (void)snprintf(text, room, "TLS handshake: %s", uv_strerror(uv_error));
    } else if (c->state == CONNECT_RESOLVING) {
        (void)snprintf(text, room, "getaddrinfo %s %.100s",
                       uv_error == UV_EAI_NONAME ? "ENOTFOUND" : uv_err_name(uv_error), c->host);
    } else if (c->is_unix) {
        (void)snprintf(text, room, "connect %s %.110s", uv_err_name(uv_error), c->host);
    } else {
        ASSERT(c->at);
        (void)uv_ip_name(c->at->ai_addr, host, sizeof(host));
        (void)snprintf(text, room, "connect %s %s:%u", uv_err_name(uv_error), host, c->port);
    }
}

static void set_timer(struct connecting *c)
{
    uint64_t now = loop_now_ms(c->loop);
    uint64_t left = c->deadline_ms > now ? c->deadline_ms - now : 0;
    unsigned n = 1;

    if (c->state == CONNECT_CONNECTING && c->at) {
        for (struct addrinfo *next = c->at->ai_next; next; next = next->ai_next) {
            n++;
        }
    }
    loop_timer_start(&c->timer, left / n);
}

/* --- TLS --- */

static void on_shaken(struct stream_tls_handshake *handshake, int err, struct net_stream *stream)
{
    struct connecting *c = container_of(handshake, struct connecting, handshake);

    if (c->state == CONNECT_DONE) {
        if (stream) {
            net_stream_abort(stream, false);
        }
        return;
    }
    c->stream = stream;
    if (err) {
        (void)snprintf(c->request->error_text, sizeof(c->request->error_text), "%s",
                       handshake->error_text);
    }
    finish(c, err);
}

static void shake_hands(struct connecting *c)
{
    struct net_stream *plain = c->stream;

    c->stream = NULL;
    c->state = CONNECT_SHAKING;
    set_timer(c);
    c->handshake.done = on_shaken;
    stream_tls_connect(c->loop, &c->handshake, plain, c->tls, c->tls_name);
}

/* --- connecting --- */

/* Notes why the address failed; whether there is another. */
static bool leave_address(struct connecting *c, int uv_error)
{
    c->is_connecting = false;
    set_error_text(c, uv_error);
    net_stream_abort(c->stream, false);
    c->stream = NULL;
    c->at = c->at ? c->at->ai_next : NULL;
    return c->at != NULL;
}

static void try_addresses(struct connecting *c);

static void on_connected(uv_connect_t *req, int status)
{
    struct connecting *c = req->data;

    loop_note_activity(c->loop);
    c->is_connecting = false;
    if (c->state == CONNECT_DONE) {
        free_when_unused(c);
    } else if (status == 0 && c->tls) {
        shake_hands(c);
    } else if (status == 0) {
        finish(c, 0);
    } else {
        status = c->is_given_up ? UV_ETIMEDOUT : status;
        if (leave_address(c, status)) {
            try_addresses(c);
        } else {
            finish(c, net_error_from_uv(status));
        }
    }
}

/* An error of libuv, when there is no on_connected to come. */
static int start_connecting(struct connecting *c)
{
    c->state = CONNECT_CONNECTING;
    c->stream = stream_uv_new(c->loop, c->is_unix);
    c->connect_req.data = c;
    c->is_connecting = true;
    c->is_given_up = false;
    if (c->is_unix) {
        stream_uv_set_peer_name(c->stream, "unix:", c->host);
        uv_pipe_connect(&c->connect_req, (uv_pipe_t *)stream_uv_handle(c->stream), c->host,
                        on_connected);
        return 0;
    }
    set_timer(c);
    stream_uv_set_peer_address(c->stream, c->at->ai_addr);
    return uv_tcp_connect(&c->connect_req, (uv_tcp_t *)stream_uv_handle(c->stream), c->at->ai_addr,
                          on_connected);
}

static void try_addresses(struct connecting *c)
{
    int err;

    do {
        err = start_connecting(c);
    } while (err && leave_address(c, err));
    if (err) {
        finish(c, net_error_from_uv(err));
    }
}

/* --- resolving --- */

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
    struct connecting *c = req->data;

    loop_outside_end(c->loop);
    c->is_resolving = false;
    c->addresses = found;
    if (c->state == CONNECT_DONE) {
        free_when_unused(c);
        return;
    }
    if (status) {
        set_error_text(c, status);
        finish(c, net_error_from_uv(status));
        return;
    }
    c->at = found;
    try_addresses(c);
}

static void resolve(struct connecting *c)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    char service[8];
    struct in6_addr address;
    int err;

    if (inet_pton(AF_INET, c->host, &address) == 1 || inet_pton(AF_INET6, c->host, &address) == 1) {
        hints.ai_flags = AI_NUMERICHOST;
    }
    (void)snprintf(service, sizeof(service), "%u", c->port);
    c->resolve_req.data = c;
    c->is_resolving = true;
    loop_outside_start(c->loop);
    err = uv_getaddrinfo(loop_uv(c->loop), &c->resolve_req,
                         hints.ai_flags & AI_NUMERICHOST ? NULL : on_resolved, c->host, service,
                         &hints);
    if (err || (hints.ai_flags & AI_NUMERICHOST)) {
        on_resolved(&c->resolve_req, err, err ? NULL : c->resolve_req.addrinfo);
    }
}

/* --- the face --- */

/* Ends what is under way; what libuv still has of it comes back as cancelled. */
static void give_up(struct connecting *c, int err)
{
    if (c->state == CONNECT_RESOLVING && c->is_resolving) {
        (void)uv_cancel((uv_req_t *)&c->resolve_req);
    }
    if (c->state == CONNECT_SHAKING) {
        stream_tls_cancel(&c->handshake);
    }
    finish(c, err);
}

static void on_timeout(struct loop_timer *timer)
{
    struct connecting *c = container_of(timer, struct connecting, timer);

    if (c->state == CONNECT_CONNECTING && c->at && c->at->ai_next) {
        c->is_given_up = true;
        net_stream_abort(c->stream, false); /* on_connected takes the next address */
        return;
    }
    set_error_text(c, UV_ETIMEDOUT);
    give_up(c, ERR_TIMEOUT);
}

static struct connecting *connecting_new(struct loop *loop, struct net_connect *connect,
                                         const struct net_target *target, net_connected_fn *done)
{
    struct connecting *c = mem_new(struct connecting);
    struct bytes name = target->is_unix ? BYTES_NONE : target->host;

    connect->done = done;
    connect->state = c;
    connect->error_text[0] = '\0';
    c->request = connect;
    c->loop = loop;
    c->port = target->port;
    c->is_unix = target->is_unix;
    c->tls = target->tls;
    name = bytes_is_set(target->tls_name) ? target->tls_name : name;
    (void)snprintf(c->host, sizeof(c->host), "%.*s", BYTES_ARG(target->host));
    (void)snprintf(c->tls_name, sizeof(c->tls_name), "%.*s", BYTES_ARG(name));
    loop_defer_init(&c->finish, on_finish);
    loop_timer_init(loop, &c->timer, on_timeout);
    c->deadline_ms = loop_now_ms(loop) + (target->timeout_ms ? target->timeout_ms : TIMEOUT_MS);
    set_timer(c);
    return c;
}

void net_connect_start(struct loop *loop, struct net_connect *connect,
                       const struct net_target *target, net_connected_fn *done)
{
    struct connecting *c = connecting_new(loop, connect, target, done);

    if (target->host.n >= (c->is_unix ? PATH_BYTES : HOST_BYTES) || target->host.n == 0 ||
        target->port > UINT16_MAX || bytes_find(target->host, '\0') < target->host.n) {
        (void)snprintf(connect->error_text, sizeof(connect->error_text), "invalid address");
        finish(c, ERR_INVALID);
    } else if (c->is_unix) {
        try_addresses(c);
    } else {
        resolve(c);
    }
}

void net_connect_upgrade(struct loop *loop, struct net_connect *connect, struct net_stream *stream,
                         const struct net_target *target, net_connected_fn *done)
{
    struct connecting *c = connecting_new(loop, connect, target, done);

    ASSERT(c->tls);
    c->stream = stream;
    shake_hands(c);
}

void net_connect_cancel(struct net_connect *connect)
{
    struct connecting *c = connect->state;

    if (!c) {
        return;
    }
    (void)snprintf(connect->error_text, sizeof(connect->error_text), "%s", err_text(ERR_CANCELED));
    if (c->state != CONNECT_DONE) {
        give_up(c, ERR_CANCELED);
        return;
    }
    /* Connected or failed, and done has not heard of it yet. */
    c->err = ERR_CANCELED;
    if (c->stream) {
        net_stream_abort(c->stream, false);
        c->stream = NULL;
    }
}
