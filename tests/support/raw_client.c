/* SPDX-License-Identifier: MIT */
/* Bare sockets against a loop in the same thread. */
#include "support/raw_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/check.h"

enum { WAIT_MAX_MS = 10000, IDLE_TURNS = 3, RECEIVE_BYTES = 8192 };

static long now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void raw_client_open(struct raw_client *client, struct loop *loop, unsigned port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    *client = (struct raw_client){.loop = loop};
    buf_init(&client->in, BUF_NO_LIMIT);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client->fd >= 0);
    assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(fcntl(client->fd, F_SETFL, O_NONBLOCK), 0);
}

void raw_client_close(struct raw_client *client)
{
    if (client->fd >= 0) {
        (void)close(client->fd);
    }
    client->fd = -1;
    buf_fini(&client->in);
}

void raw_client_reset(struct raw_client *client)
{
    struct linger now = {.l_onoff = 1};

    assert_int_equal(setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
    raw_client_close(client);
}

void raw_client_shut_down(struct raw_client *client)
{
    assert_int_equal(shutdown(client->fd, SHUT_WR), 0);
}

/* Returns whether anything came. */
static bool receive(struct raw_client *client)
{
    char room[RECEIVE_BYTES];
    ssize_t n = recv(client->fd, room, sizeof(room), 0);

    if (n > 0) {
        buf_add(&client->in, bytes_of(room, (size_t)n));
        return true;
    }
    if (n == 0) {
        client->has_eof = true;
    } else if (errno != EAGAIN) {
        client->was_reset = true;
    }
    return false;
}

static void turn(struct raw_client *client, long deadline)
{
    (void)loop_run_once(client->loop);
    (void)receive(client);
    if (now_ms() > deadline) {
        print_error("after %d ms only this had come:\n%.*s\n", WAIT_MAX_MS,
                    BYTES_ARG(buf_bytes(&client->in)));
        fail();
    }
}

void raw_client_send(struct raw_client *client, struct bytes bytes)
{
    long deadline = now_ms() + WAIT_MAX_MS;

    while (bytes.n > 0) {
        ssize_t n = send(client->fd, bytes.p, bytes.n, MSG_NOSIGNAL);

        if (n > 0) {
            bytes = bytes_from(bytes, (size_t)n);
        } else if (errno != EAGAIN) {
            client->was_refused = true;
            return;
        } else {
            turn(client, deadline);
        }
    }
}

unsigned raw_client_count(const struct raw_client *client, const char *text)
{
    struct bytes rest = buf_bytes(&client->in);
    size_t n = strlen(text);
    unsigned count = 0;
    const char *at;

    while (rest.n >= n && (at = memmem(rest.p, rest.n, text, n))) {
        rest = bytes_from(rest, (size_t)(at - rest.p) + n);
        count++;
    }
    return count;
}

void raw_client_wait_times(struct raw_client *client, const char *text, unsigned n)
{
    long deadline = now_ms() + WAIT_MAX_MS;

    while (raw_client_count(client, text) < n) {
        turn(client, deadline);
    }
}

void raw_client_wait(struct raw_client *client, const char *text)
{
    raw_client_wait_times(client, text, 1);
}

void raw_client_wait_bytes(struct raw_client *client, size_t n)
{
    long deadline = now_ms() + WAIT_MAX_MS;

    while (client->in.n < n) {
        turn(client, deadline);
    }
}

void raw_client_wait_end(struct raw_client *client)
{
    long deadline = now_ms() + WAIT_MAX_MS;

    while (!client->has_eof && !client->was_reset) {
        turn(client, deadline);
    }
}

void raw_client_settle(struct raw_client *client)
{
    for (int idle = 0; idle < IDLE_TURNS;) {
        bool ran = loop_run_once(client->loop);

        idle = (client->fd >= 0 && receive(client)) || ran ? 0 : idle + 1;
    }
}

void raw_client_until(struct loop *loop, const bool *flag)
{
    long deadline = now_ms() + WAIT_MAX_MS;

    while (!*flag) {
        (void)loop_run_once(loop);
        assert_true(now_ms() <= deadline);
    }
}
