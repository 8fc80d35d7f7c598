/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets. When the process is out of file descriptors, accepting rests for a moment
 * instead of spinning; clients wait in the backlog meanwhile.
 */
#include "net/net_listener.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "net/stream_uv.h"

enum { BACKLOG = 1024, REST_MS = 100, HOST_BYTES = 256 };

struct net_listener {
    struct loop *loop;
    union {
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } handle;
    bool is_unix;
    unsigned port;
    net_accept_fn *accept;
    void *owner;
    struct loop_timer rest;
};

static void accept_one(struct net_listener *l)
{
    struct net_stream *stream = stream_uv_new(l->loop, l->is_unix);

    if (uv_accept(&l->handle.stream, stream_uv_handle(stream)) != 0) {
        net_stream_abort(stream, false);
        return;
    }
    stream_uv_read_peer_name(stream);
    l->accept(l, stream);
}

static void on_connection(uv_stream_t *handle, int status)
{
    struct net_listener *l = handle->data;

    loop_note_activity(l->loop);
    if (status == 0) {
        accept_one(l);
    } else if (!loop_timer_is_running(&l->rest)) {
        loop_timer_start(&l->rest, REST_MS);
    }
}

static void on_rested(struct loop_timer *timer)
{
    struct net_listener *l = container_of(timer, struct net_listener, rest);

    (void)uv_listen(&l->handle.stream, BACKLOG, on_connection);
}

static int bind_unix(struct net_listener *l, const char *path)
{
    struct stat old;

    if (stat(path, &old) == 0 && S_ISSOCK(old.st_mode)) {
        (void)unlink(path);
    }
    return uv_pipe_bind(&l->handle.pipe, path);
}

static int bind_tcp(struct net_listener *l, const char *host, unsigned port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char service[8];
    uv_getaddrinfo_t req;
    int err;

    (void)snprintf(service, sizeof(service), "%u", port);
    err = uv_getaddrinfo(loop_uv(l->loop), &req, NULL, host, service, &hints);
    if (err) {
        return err;
    }
    found = req.addrinfo;
    err = uv_tcp_bind(&l->handle.tcp, found->ai_addr, 0);
    uv_freeaddrinfo(found);
    return err;
}

static unsigned bound_port(const struct net_listener *l)
{
    struct sockaddr_storage address;
    int n = sizeof(address);

    if (l->is_unix || uv_tcp_getsockname(&l->handle.tcp, (struct sockaddr *)&address, &n) != 0) {
        return 0;
    }
    return ntohs(address.ss_family == AF_INET6
                     ? ((const struct sockaddr_in6 *)(const void *)&address)->sin6_port
                     : ((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

int net_listener_open(struct loop *loop, const struct net_listen *listen, struct net_listener **out)
{
    struct bytes host = listen->host;
    unsigned port = listen->port;
    struct net_listener *l = mem_new(struct net_listener);
    char name[HOST_BYTES];
    int err;

    l->loop = loop;
    l->accept = listen->accept;
    l->owner = listen->owner;
    l->is_unix = bytes_starts_with(host, BYTES("/"));
    loop_timer_init(loop, &l->rest, on_rested);
    ASSERT((l->is_unix ? uv_pipe_init(loop_uv(loop), &l->handle.pipe, 0)
                       : uv_tcp_init(loop_uv(loop), &l->handle.tcp)) == 0);
    l->handle.stream.data = l;
    if (host.n >= sizeof(name) || port > UINT16_MAX) {
        net_listener_close(l);
        return ERR_INVALID;
    }
    (void)snprintf(name, sizeof(name), "%.*s", BYTES_ARG(host));
    err = l->is_unix ? bind_unix(l, name) : bind_tcp(l, name, port);
    if (err == 0) {
        err = uv_listen(&l->handle.stream, BACKLOG, on_connection);
    }
    if (err) {
        net_listener_close(l);
        return net_error_from_uv(err);
    }
    l->port = bound_port(l);
    *out = l;
    return 0;
}

void *net_listener_owner(const struct net_listener *listener)
{
    return listener->owner;
}

unsigned net_listener_port(const struct net_listener *listener)
{
    return listener->port;
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void net_listener_close(struct net_listener *listener)
{
    if (listener) {
        loop_timer_stop(&listener->rest);
        uv_close((uv_handle_t *)&listener->handle, on_closed);
    }
}
