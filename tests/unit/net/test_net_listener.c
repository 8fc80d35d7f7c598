/* SPDX-License-Identifier: MIT */
/* Listening: addresses, ports, socket files, closing, and running out of file descriptors. */
#include "net/net_listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/net_connect.h"
#include "support/run_until.h"

enum { ACCEPTED_MAX = 64 };

struct host {
    struct loop *loop;
    struct net_listener *listener;
    unsigned n_accepted, n_closed;
    struct net_stream *streams[ACCEPTED_MAX];
    bool closes_at_accept;
};

static void on_read(struct net_stream *stream, struct bytes bytes)
{
    net_stream_write(stream, bytes);
}

static void on_close(struct net_stream *stream, int err)
{
    struct host *host = net_stream_owner(stream);

    host->n_closed++;
}

static const struct net_stream_events echo = {.on_read = on_read, .on_close = on_close};

static void on_accept(struct net_listener *listener, struct net_stream *stream)
{
    struct host *host = net_listener_owner(listener);

    net_stream_set_events(stream, &echo, host);
    net_stream_resume(stream);
    host->streams[host->n_accepted++] = stream;
    if (host->closes_at_accept) {
        net_listener_close(listener);
        host->listener = NULL;
    }
}

static int open_host(void **state)
{
    struct host *host = mem_new(struct host);

    host->loop = loop_new_virtual(0);
    *state = host;
    return 0;
}

static int close_host(void **state)
{
    struct host *host = *state;

    net_listener_close(host->listener);
    net_listener_close(NULL);
    for (unsigned i = 0; i < host->n_accepted && host->n_closed == 0; i++) {
        net_stream_abort(host->streams[i], false);
    }
    run_until(host->loop, host->n_closed == host->n_accepted);
    loop_free(host->loop);
    mem_free(host);
    return 0;
}

static int listen_at(struct host *host, const char *name, unsigned port)
{
    struct net_listen listen = {
        .host = bytes_cstr(name), .port = port, .accept = on_accept, .owner = host};

    return net_listener_open(host->loop, &listen, &host->listener);
}

/* A client of the system's own making; its connection stands when this returns. */
static int dial(const struct sockaddr *address, socklen_t n)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, address, n), 0);
    return fd;
}

static int dial_port(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    return dial((const struct sockaddr *)&address, sizeof(address));
}

static int dial_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return dial((const struct sockaddr *)&address, sizeof(address));
}

static void check_echo(struct host *host, int fd)
{
    char c = 0;

    assert_int_equal(send(fd, "x", 1, 0), 1);
    run_until(host->loop, recv(fd, &c, 1, MSG_DONTWAIT) == 1);
    assert_int_equal(c, 'x');
}

static void test_a_free_port(void **state)
{
    struct host *host = *state;
    struct net_listener *first;
    unsigned port;
    int fd;

    assert_int_equal(listen_at(host, "127.0.0.1", 0), 0);
    first = host->listener;
    port = net_listener_port(first);
    assert_in_range(port, 1, 65535);
    assert_int_equal(listen_at(host, "127.0.0.1", port), ERR_IN_USE);
    assert_ptr_equal(host->listener, first);
    fd = dial_port(port);
    run_until(host->loop, host->n_accepted == 1);
    check_echo(host, fd);
    assert_int_equal(close(fd), 0);
    run_until(host->loop, host->n_closed == 1);
    net_listener_close(host->listener);
    /* What is left of the connection does not block the port. */
    assert_int_equal(listen_at(host, "127.0.0.1", port), 0);
    assert_int_equal(net_listener_port(host->listener), port);
}

static void test_a_name(void **state)
{
    struct host *host = *state;

    assert_int_equal(listen_at(host, "localhost", 0), 0);
    assert_in_range(net_listener_port(host->listener), 1, 65535);
}

static void test_ipv6(void **state)
{
    struct host *host = *state;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int err = listen_at(host, "::1", 0);
    int fd;

    if (err == ERR_UNREACHABLE || err == ERR_IO) {
        print_message("# this machine has no IPv6: not tested\n");
        return;
    }
    assert_int_equal(err, 0);
    address.sin6_port = htons((uint16_t)net_listener_port(host->listener));
    fd = dial((const struct sockaddr *)&address, sizeof(address));
    run_until(host->loop, host->n_accepted == 1);
    assert_memory_equal(net_stream_peer_name(host->streams[0]), "[::1]:", 6);
    check_echo(host, fd);
    assert_int_equal(close(fd), 0);
    run_until(host->loop, host->n_closed == 1);
}

static void test_addresses_that_cannot_be(void **state)
{
    struct host *host = *state;
    char longest[300];

    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(listen_at(host, "", 0), ERR_INVALID);
    assert_int_equal(listen_at(host, longest, 0), ERR_INVALID);
    assert_int_equal(listen_at(host, "127.0.0.1", 65536), ERR_INVALID);
    assert_int_equal(listen_at(host, "192.0.2.1", 0), ERR_UNREACHABLE);
    assert_int_equal(listen_at(host, "no such host", 0), ERR_NO_HOST);
    longest[0] = '/';
    longest[120] = '\0';
    assert_int_equal(listen_at(host, longest, 0), ERR_INVALID);
    assert_null(host->listener);
}

static void test_a_socket_file(void **state)
{
    struct host *host = *state;
    struct net_listener *first;
    char path[64];
    struct stat file;
    int fd;

    (void)snprintf(path, sizeof(path), "/tmp/test-listener-%d.sock", (int)getpid());
    assert_int_equal(listen_at(host, path, 0), 0);
    assert_int_equal(net_listener_port(host->listener), 0);
    first = host->listener;
    /* Somebody is there: the file stays his. */
    assert_int_equal(listen_at(host, path, 0), ERR_IN_USE);
    assert_ptr_equal(host->listener, first);
    fd = dial_path(path);
    run_until(host->loop, host->n_accepted > 0);
    check_echo(host, fd);
    assert_int_equal(close(fd), 0);
    net_listener_close(first);
    host->listener = NULL;
    assert_int_not_equal(stat(path, &file), 0);
}

static void test_a_socket_file_left_over(void **state)
{
    struct host *host = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/test-left-%d.sock",
                   (int)getpid());
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(listen_at(host, address.sun_path, 0), 0);
    fd = dial_path(address.sun_path);
    run_until(host->loop, host->n_accepted == 1);
    assert_int_equal(close(fd), 0);
}

static void test_a_file_that_is_no_socket_is_left_alone(void **state)
{
    struct host *host = *state;
    char path[64];
    struct stat file;
    int fd;

    (void)snprintf(path, sizeof(path), "/tmp/test-plain-%d", (int)getpid());
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(listen_at(host, path, 0), ERR_IN_USE);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(listen_at(host, "/tmp/no/such/folder/x.sock", 0), ERR_REFUSED);
}

static void test_closing_while_accepting(void **state)
{
    struct host *host = *state;
    unsigned port;
    int fds[3];

    assert_int_equal(listen_at(host, "127.0.0.1", 0), 0);
    port = net_listener_port(host->listener);
    host->closes_at_accept = true;
    for (size_t i = 0; i < 3; i++) {
        fds[i] = dial_port(port);
    }
    run_until(host->loop, host->n_accepted == 1);
    run_until_quiet(host->loop);
    assert_int_equal(host->n_accepted, 1);
    check_echo(host, fds[0]); /* streams live on */
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(close(fds[i]), 0);
    }
    run_until(host->loop, host->n_closed == 1);
}

static void test_out_of_file_descriptors(void **state)
{
    enum { CLIENTS = 5 };
    struct host *host = *state;
    struct rlimit old, low;
    int fds[CLIENTS];
    unsigned n_before;

    assert_int_equal(listen_at(host, "127.0.0.1", 0), 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        fds[i] = dial_port(net_listener_port(host->listener));
    }
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = (struct rlimit){.rlim_cur = (rlim_t)fds[CLIENTS - 1] + 3, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    run_until_quiet(host->loop);
    n_before = host->n_accepted;
    assert_true(n_before < CLIENTS);
    /* No spinning: until the rest is over nothing runs at all. */
    for (int i = 0; i < 100; i++) {
        assert_false(loop_run_once(host->loop));
    }
    loop_advance(host->loop, 100);
    assert_int_equal(host->n_accepted, n_before);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    loop_advance(host->loop, 100);
    assert_int_equal(host->n_accepted, CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++) {
        check_echo(host, fds[i]);
        assert_int_equal(close(fds[i]), 0);
    }
    run_until(host->loop, host->n_closed == CLIENTS);
}

static void test_closing_while_resting(void **state)
{
    struct host *host = *state;
    struct rlimit old, low;
    int fd;

    assert_int_equal(listen_at(host, "127.0.0.1", 0), 0);
    fd = dial_port(net_listener_port(host->listener));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = (struct rlimit){.rlim_cur = (rlim_t)fd + 1, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    run_until_quiet(host->loop);
    assert_int_equal(host->n_accepted, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    net_listener_close(host->listener);
    host->listener = NULL;
    loop_advance(host->loop, 1000);
    assert_int_equal(host->n_accepted, 0);
    assert_int_equal(close(fd), 0);
}

#define HOST(test) cmocka_unit_test_setup_teardown(test, open_host, close_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST(test_a_free_port),
        HOST(test_a_name),
        HOST(test_ipv6),
        HOST(test_addresses_that_cannot_be),
        HOST(test_a_socket_file),
        HOST(test_a_socket_file_left_over),
        HOST(test_a_file_that_is_no_socket_is_left_alone),
        HOST(test_closing_while_accepting),
        HOST(test_out_of_file_descriptors),
        HOST(test_closing_while_resting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
