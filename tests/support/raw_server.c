/* SPDX-License-Identifier: MIT */
/* Listening sockets against a loop in the same thread. */
#include "support/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/check.h"

enum { WAIT_TURNS_MAX = 100000, BACKLOG = 64 };

static void listen_on_path(struct raw_server *server, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_in_range(strlen(path), 1, sizeof(address.sun_path) - 1);
    memcpy(address.sun_path, path, strlen(path));
    server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void listen_on_loopback(struct raw_server *server)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t n = sizeof(address);

    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &n), 0);
    server->port = ntohs(address.sin_port);
}

void raw_server_open(struct raw_server *server, struct loop *loop, const char *path)
{
    *server = (struct raw_server){.loop = loop};
    if (path) {
        listen_on_path(server, path);
    } else {
        listen_on_loopback(server);
    }
    assert_int_equal(listen(server->fd, BACKLOG), 0);
}

void raw_server_close(struct raw_server *server)
{
    (void)close(server->fd);
}

static int try_accept(struct raw_server *server)
{
    return accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void raw_server_accept(struct raw_server *server, struct raw_client *out)
{
    int fd = try_accept(server);

    for (int i = 0; fd < 0 && i < WAIT_TURNS_MAX; i++) {
        (void)loop_run_once(server->loop);
        fd = try_accept(server);
    }
    assert_true(fd >= 0);
    *out = (struct raw_client){.loop = server->loop, .fd = fd};
    buf_init(&out->in, BUF_NO_LIMIT);
}

bool raw_server_has_connection(struct raw_server *server)
{
    struct pollfd ready = {.fd = server->fd, .events = POLLIN};

    while (loop_run_once(server->loop)) {
    }
    return poll(&ready, 1, 0) == 1;
}
