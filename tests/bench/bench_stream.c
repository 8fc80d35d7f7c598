/* SPDX-License-Identifier: MIT */
/* TCP connections of the load tools. Input is gathered until the socket is empty and then handed
 * over once; output goes out directly or, when many small messages make up a turn, in one write at
 * its end. */
#include "bench_stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench_die.h"

#define STREAM_READ_BYTES 16384U
#define LISTEN_BACKLOG    4096

/* Writes from `text` until the socket is full; returns how much. */
static size_t write_some(struct bench_stream *stream, struct bench_text text)
{
    size_t written = 0;

    while (written < text.len) {
        ssize_t n = write(stream->watch.fd, text.at + written, text.len - written);

        if (n < 0) {
            /* A broken connection shows as an event too, where it is handled. */
            break;
        }
        written += (size_t)n;
    }
    return written;
}

static void flush_out(struct bench_stream *stream)
{
    struct bench_text text = bench_buf_text(&stream->out);

    if (text.len > 0) {
        bench_buf_consume(&stream->out, write_some(stream, text));
    }
}

static void on_flush_job(struct bench_job *job)
{
    flush_out(container_of(job, struct bench_stream, flush));
}

/* Reads until the socket is empty; returns false at the end of the stream. */
static bool fill_in(struct bench_stream *stream)
{
    for (;;) {
        char *place = bench_buf_reserve(&stream->in, STREAM_READ_BYTES);
        size_t room = bench_buf_room(&stream->in);
        ssize_t n = read(stream->watch.fd, place, room);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == EAGAIN;
        }
        if (n == 0) {
            return false;
        }
        bench_buf_commit(&stream->in, (size_t)n);
        if ((size_t)n < room) {
            return true;
        }
    }
}

static void on_ready(struct bench_watch *watch, uint32_t events)
{
    struct bench_stream *stream = container_of(watch, struct bench_stream, watch);
    bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;

    if ((events & EPOLLOUT) != 0) {
        flush_out(stream);
    }
    if ((events & EPOLLIN) != 0) {
        ended = !fill_in(stream) || ended;
    }
    if (ended) {
        stream->on_end(stream);
    } else if ((events & EPOLLIN) != 0) {
        stream->on_data(stream);
    }
}

void bench_stream_adopt(struct bench_stream *stream, struct bench_loop *loop, int fd)
{
    int on = 1;

    stream->watch = (struct bench_watch){.fd = fd, .on_ready = on_ready};
    stream->flush = (struct bench_job){.run = on_flush_job};
    stream->loop = loop;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        bench_die("cannot make a socket non-blocking: %s", strerror(errno));
    }
    bench_loop_watch(loop, &stream->watch);
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

void bench_stream_connect(struct bench_stream *stream, struct bench_loop *loop, uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        bench_die("cannot connect to port %u: %s", (unsigned)port, strerror(errno));
    }
    bench_stream_adopt(stream, loop, fd);
}

void bench_stream_send(struct bench_stream *stream, struct bench_text text)
{
    size_t written = 0;

    if (bench_buf_text(&stream->out).len == 0) {
        written = write_some(stream, text);
    }
    bench_buf_append(&stream->out, (struct bench_text){text.at + written, text.len - written});
}

void bench_stream_send_later(struct bench_stream *stream)
{
    bench_loop_queue(stream->loop, &stream->flush);
}

void bench_stream_drain(struct bench_stream *stream)
{
    struct pollfd fd = {.fd = stream->watch.fd, .events = POLLOUT};

    flush_out(stream);
    while (bench_buf_text(&stream->out).len > 0 && poll(&fd, 1, -1) == 1 &&
           (fd.revents & (POLLERR | POLLHUP)) == 0) {
        flush_out(stream);
    }
}

void bench_stream_close(struct bench_stream *stream)
{
    (void)close(stream->watch.fd);
    stream->watch.fd = -1;
    bench_buf_fini(&stream->in);
    bench_buf_fini(&stream->out);
}

static void on_incoming(struct bench_watch *watch, uint32_t events)
{
    struct bench_listener *listener = container_of(watch, struct bench_listener, watch);

    for (;;) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0) {
            listener->on_accept(listener, fd);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

void bench_listener_open(struct bench_listener *listener, struct bench_loop *loop, uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, LISTEN_BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        bench_die("cannot listen on port %u: %s", (unsigned)port, strerror(errno));
    }
    listener->port = ntohs(address.sin_port);
    listener->watch = (struct bench_watch){.fd = fd, .on_ready = on_incoming};
    bench_loop_watch(loop, &listener->watch);
}
