/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets, accepted from directly: libuv's own way drops clients when the process is out
 * of file descriptors, and can spin. Here accepting rests for a moment then, and clients wait in
 * the backlog.
 */
#include "net/net_listener.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "net/stream_uv.h"

enum { BACKLOG = 1024, REST_MS = 100, HOST_BYTES = 256, ACCEPTS_PER_TURN = 256 };

struct net_listener {
    struct loop *loop;
    uv_poll_t poll;
    int fd;
    char *path; /* of a Unix socket; owned, else NULL */
    unsigned port;
    bool is_closed;
    net_accept_fn *accept;
    void *owner;
    struct loop_timer rest;
};

/* --- accepting --- */

static void take(struct net_listener *l, int fd, const struct sockaddr *from)
{
    struct net_stream *stream = stream_uv_new(l->loop, l->path != NULL);

    if (stream_uv_open(stream, fd) != 0) {
        (void)close(fd);
        net_stream_abort(stream, false);
        return;
    }
    if (l->path) {
        stream_uv_set_peer_name(stream, "unix:", l->path);
    } else {
        stream_uv_set_peer_address(stream, from);
    }
    l->accept(l, stream);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct net_listener *l = poll->data;

    loop_note_activity(l->loop);
    for (int i = 0; i < ACCEPTS_PER_TURN && !l->is_closed; i++) {
        struct sockaddr_storage from;
        socklen_t n = sizeof(from);
        int fd = accept4(l->fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            take(l, fd, (const struct sockaddr *)&from);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            (void)uv_poll_stop(&l->poll);
            loop_timer_start(&l->rest, REST_MS);
            return;
        }
    }
}

static void on_rested(struct loop_timer *timer)
{
    struct net_listener *l = container_of(timer, struct net_listener, rest);

    (void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

/* --- opening: these answer with errno, 0 when it worked --- */

static int listen_at(const struct sockaddr *address, socklen_t n, int *out_fd)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    int error;

    if (fd < 0) {
        return errno;
    }
    /* A port whose last connections still linger can be taken again. */
    if ((address->sa_family == AF_UNIX ||
         setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0) &&
        bind(fd, address, n) == 0 && listen(fd, BACKLOG) == 0) {
        *out_fd = fd;
        return 0;
    }
    error = errno;
    (void)close(fd);
    return error;
}

/* A socket file that nobody listens behind any more. */
static bool is_left_over(const struct sockaddr_un *address)
{
    struct stat file;
    bool is_refused;
    int fd;

    if (lstat(address->sun_path, &file) != 0 || !S_ISSOCK(file.st_mode)) {
        return false;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    is_refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
                 errno == ECONNREFUSED;
    (void)close(fd);
    return is_refused;
}

static int listen_unix(struct net_listener *l, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int error;

    if (strlen(path) >= sizeof(address.sun_path)) {
        return ENAMETOOLONG;
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    error = listen_at((const struct sockaddr *)&address, sizeof(address), &l->fd);
    if (error == EADDRINUSE && is_left_over(&address)) {
        (void)unlink(path);
        error = listen_at((const struct sockaddr *)&address, sizeof(address), &l->fd);
    }
    if (error == 0) {
        l->path = mem_strdup(path);
    }
    return error;
}

static unsigned bound_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t n = sizeof(address);

    (void)getsockname(fd, (struct sockaddr *)&address, &n);
    return stream_uv_port_of((const struct sockaddr *)&address);
}

/* Takes the first address of the name that works; a machine may lack IPv6. */
static int listen_tcp(struct net_listener *l, const char *host, unsigned port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    char service[8];
    uv_getaddrinfo_t req;
    int error = EADDRNOTAVAIL;
    int uv_error;

    (void)snprintf(service, sizeof(service), "%u", port);
    uv_error = uv_getaddrinfo(loop_uv(l->loop), &req, NULL, host, service, &hints);
    if (uv_error) {
        return uv_error == UV_ENOMEM ? ENOMEM : ENOENT;
    }
    for (struct addrinfo *at = req.addrinfo; at && error; at = at->ai_next) {
        error = listen_at(at->ai_addr, at->ai_addrlen, &l->fd);
    }
    uv_freeaddrinfo(req.addrinfo);
    if (error == 0) {
        l->port = bound_port(l->fd);
    }
    return error;
}

static int error_of(int error, bool is_unix)
{
    if (error == ENAMETOOLONG) {
        return ERR_INVALID;
    }
    if (error == ENOENT && !is_unix) {
        return ERR_NO_HOST;
    }
    return net_error_from_uv(uv_translate_sys_error(error));
}

static void close_socket(struct net_listener *l)
{
    (void)close(l->fd);
    if (l->path) {
        (void)unlink(l->path);
    }
}

static void free_listener(struct net_listener *l)
{
    mem_free(l->path);
    mem_free(l);
}

int net_listener_open(struct loop *loop, const struct net_listen *listen, struct net_listener **out)
{
    bool is_unix = bytes_starts_with(listen->host, BYTES("/"));
    struct net_listener *l;
    char host[HOST_BYTES];
    int error;

    if (listen->host.n == 0 || listen->host.n >= sizeof(host) || listen->port > UINT16_MAX ||
        bytes_find(listen->host, '\0') < listen->host.n) {
        return ERR_INVALID;
    }
    (void)snprintf(host, sizeof(host), "%.*s", BYTES_ARG(listen->host));
    l = mem_new(struct net_listener);
    l->loop = loop;
    l->accept = listen->accept;
    l->owner = listen->owner;
    l->poll.data = l;
    loop_timer_init(loop, &l->rest, on_rested);
    error = is_unix ? listen_unix(l, host) : listen_tcp(l, host, listen->port);
    if (error) {
        mem_free(l);
        return error_of(error, is_unix);
    }
    error = uv_poll_init(loop_uv(loop), &l->poll, l->fd);
    if (error) {
        close_socket(l);
        free_listener(l);
        return net_error_from_uv(error);
    }
    ASSERT(uv_poll_start(&l->poll, UV_READABLE, on_readable) == 0);
    *out = l;
    return 0;
}

/* --- the rest --- */

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
    free_listener(handle->data);
}

void net_listener_close(struct net_listener *listener)
{
    if (listener) {
        listener->is_closed = true;
        loop_timer_stop(&listener->rest);
        uv_close((uv_handle_t *)&listener->poll, on_closed);
        close_socket(listener);
    }
}
