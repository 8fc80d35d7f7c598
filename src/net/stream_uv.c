/* SPDX-License-Identifier: MIT */
/*
 * A socket as a stream. Written bytes gather in out until the end of the turn, then go to the
 * system in one call; what it does not take follows by uv_write, and bytes written meanwhile gather
 * for the call after that.
 *
 * Pausing is lazy: libuv goes on until input comes, which it is then refused (it stays with the
 * system). A receiver that pauses and resumes between messages so costs no system call.
 *
 * Ending: net_stream_close -> (rest written) -> uv_close -> on_close. net_stream_linger shuts down
 * and reads and drops input before uv_close. A write that fails leaves the input readable: an
 * answer may have come before the end. Errors of reading, the write limit and net_stream_abort skip
 * to uv_close.
 */
#include "net/stream_uv.h"

#include <stdio.h>
#include <sys/ioctl.h>

#include "base/assert.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "net/net_out.h"

enum {
    WRITE_LIMIT_BYTES = 64 * 1024 * 1024,
    WRITE_LIMIT_MOST_BYTES = 1024 * 1024 * 1024, /* libuv takes an unsigned int */
    CLOSE_MS = 5000,
    DROP_INPUT_MS = 2000,
    DROP_AT_ONCE = 16, /* read buffers of input dropped before closing */
    PEER_NAME_BYTES = 64,
};

enum stream_state {
    STREAM_OPEN,    /* -> BROKEN, CLOSING, CLOSED */
    STREAM_BROKEN,  /* writing has failed, input is still read -> CLOSED */
    STREAM_CLOSING, /* writes what is pending -> CLOSED */
    STREAM_CLOSED,  /* uv_close has been called */
};

struct stream_uv {
    struct net_stream base;
    struct loop *loop;
    union {
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } handle;
    enum stream_state state;
    bool is_unix, is_above_mark, has_eof, drops_input;
    bool is_reading; /* the receiver wants input */
    bool is_started; /* libuv reads */
    int err;         /* what on_close will say */
    size_t write_limit;
    struct net_out out;     /* gathering */
    struct net_out writing; /* given to uv_write */
    struct loop_defer flush;
    struct loop_timer deadline; /* of CLOSING and BROKEN */
    union {
        uv_write_t write;
        uv_shutdown_t shutdown;
    } req;
    char peer_name[PEER_NAME_BYTES];
};

static struct stream_uv *of(struct net_stream *stream)
{
    return container_of(stream, struct stream_uv, base);
}

static const struct stream_uv *of_const(const struct net_stream *stream)
{
    return (const struct stream_uv *)(const void *)stream;
}

/* --- ending --- */

static void set_state(struct stream_uv *s, enum stream_state next)
{
    ASSERT(next > s->state);
    ASSERT(s->state != STREAM_BROKEN || next == STREAM_CLOSED);
    s->state = next;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct stream_uv *s = handle->data;
    const struct net_stream_events *events = s->base.events;

    loop_note_activity(s->loop);
    if (events && events->on_close) {
        events->on_close(&s->base, s->err);
    }
    net_out_fini(s->loop, &s->out);
    net_out_fini(s->loop, &s->writing);
    mem_free(s);
}

static void end(struct stream_uv *s, int err)
{
    set_state(s, STREAM_CLOSED);
    s->err = err;
    s->is_reading = false;
    loop_defer_stop(&s->flush);
    loop_timer_stop(&s->deadline);
}

static void close_now(struct stream_uv *s, int err)
{
    if (s->state != STREAM_CLOSED) {
        end(s, err);
        uv_close((uv_handle_t *)&s->handle, on_handle_closed);
    }
}

static void on_deadline(struct loop_timer *timer)
{
    struct stream_uv *s = container_of(timer, struct stream_uv, deadline);

    if (s->state == STREAM_BROKEN) {
        close_now(s, s->err);
    } else {
        close_now(s, net_stream_pending_bytes(&s->base) > 0 ? ERR_TIMEOUT : 0);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct stream_uv *s = handle->data;

    *out = s->is_reading || s->drops_input ? uv_buf_init(loop_read_buffer(s->loop), LOOP_READ_BYTES)
                                           : uv_buf_init(NULL, 0);
}

static void on_dropped(uv_stream_t *handle, ssize_t n, const uv_buf_t *room)
{
    struct stream_uv *s = handle->data;

    loop_note_activity(s->loop);
    if (n < 0) {
        close_now(s, 0);
    }
}

static void on_shut_down(uv_shutdown_t *req, int status)
{
    struct stream_uv *s = req->handle->data;

    loop_note_activity(s->loop);
    if (s->state == STREAM_CLOSED) {
        return;
    }
    (void)uv_read_stop(&s->handle.stream);
    if (status != 0 || uv_read_start(&s->handle.stream, on_alloc, on_dropped) != 0) {
        close_now(s, 0);
    } else {
        loop_timer_start(&s->deadline, DROP_INPUT_MS);
    }
}

/* Unread input would make the system reset the connection and drop what it has not sent yet. */
static void drop_unread_input(struct stream_uv *s)
{
    uv_os_fd_t fd;
    int unread = 0;

    if (uv_fileno((uv_handle_t *)&s->handle, &fd) != 0 || ioctl(fd, FIONREAD, &unread) != 0) {
        return;
    }
    for (int i = 0; unread > 0 && i < DROP_AT_ONCE; i++) {
        if (recv(fd, loop_read_buffer(s->loop), LOOP_READ_BYTES, MSG_DONTWAIT) < LOOP_READ_BYTES) {
            return;
        }
    }
}

static void finish_closing(struct stream_uv *s)
{
    if (s->has_eof || !s->drops_input) {
        drop_unread_input(s);
        close_now(s, 0);
    } else if (uv_shutdown(&s->req.shutdown, &s->handle.stream, on_shut_down) != 0) {
        close_now(s, 0);
    }
}

/* --- writing --- */

static void fail_write(struct stream_uv *s, int uv_error)
{
    int err = net_error_from_uv(uv_error);

    if (s->state != STREAM_OPEN || s->has_eof || !s->is_reading) {
        close_now(s, err);
        return;
    }
    set_state(s, STREAM_BROKEN);
    s->err = err;
    net_out_fini(s->loop, &s->out);
    loop_timer_start(&s->deadline, CLOSE_MS);
}

static void after_write(struct stream_uv *s)
{
    if (s->state == STREAM_CLOSING) {
        finish_closing(s);
    } else if (s->is_above_mark) {
        s->is_above_mark = false;
        net_stream_tell_drain(&s->base);
    }
}

static void on_written(uv_write_t *req, int status)
{
    struct stream_uv *s = req->handle->data;

    loop_note_activity(s->loop);
    net_out_fini(s->loop, &s->writing);
    if (s->state == STREAM_CLOSED) {
        return;
    }
    if (status < 0) {
        fail_write(s, status);
    } else if (s->out.n > 0) {
        loop_flush_start(s->loop, &s->flush);
    } else {
        after_write(s);
    }
}

static uv_buf_t part_of(const struct net_out *out)
{
    return uv_buf_init(out->p + out->at, (unsigned)out->n);
}

static void write_rest(struct stream_uv *s)
{
    uv_buf_t part;
    int err;

    s->writing = s->out;
    s->out = (struct net_out){0};
    part = part_of(&s->writing);
    err = uv_write(&s->req.write, &s->handle.stream, &part, 1, on_written);
    if (err) {
        net_out_fini(s->loop, &s->writing);
        fail_write(s, err);
    }
}

static void on_flush(struct loop_defer *flush)
{
    struct stream_uv *s = container_of(flush, struct stream_uv, flush);
    uv_buf_t part;
    int n = 0;

    if (s->writing.n > 0) {
        return; /* on_written goes on */
    }
    if (s->out.n > 0) {
        part = part_of(&s->out);
        n = uv_try_write(&s->handle.stream, &part, 1);
    }
    if (n < 0 && n != UV_EAGAIN) {
        fail_write(s, n);
        return;
    }
    net_out_take(s->loop, &s->out, n > 0 ? (size_t)n : 0);
    if (s->out.n > 0) {
        write_rest(s);
    } else {
        after_write(s);
    }
}

static size_t stream_pending_bytes(const struct net_stream *stream)
{
    const struct stream_uv *s = of_const(stream);

    return s->out.n + uv_stream_get_write_queue_size(&s->handle.stream);
}

static void stream_write(struct net_stream *stream, struct bytes bytes)
{
    struct stream_uv *s = of(stream);
    size_t pending = stream_pending_bytes(stream);
    int err;

    if (s->state != STREAM_OPEN || bytes.n == 0) {
        return;
    }
    err = net_out_add_within(s->loop, &s->out, bytes, pending, s->write_limit);
    if (err) {
        close_now(s, err);
        return;
    }
    s->is_above_mark = s->is_above_mark || pending + bytes.n > NET_STREAM_MARK_BYTES;
    loop_flush_start(s->loop, &s->flush);
}

static void stream_set_write_limit(struct net_stream *stream, size_t bytes)
{
    of(stream)->write_limit = bytes < WRITE_LIMIT_MOST_BYTES ? bytes : WRITE_LIMIT_MOST_BYTES;
}

/* --- reading --- */

static void on_eof(struct stream_uv *s)
{
    s->has_eof = true;
    s->is_reading = false;
    if (s->state == STREAM_BROKEN) {
        close_now(s, s->err);
    } else {
        net_stream_tell_eof(&s->base);
    }
}

static void on_read(uv_stream_t *handle, ssize_t n, const uv_buf_t *room)
{
    struct stream_uv *s = handle->data;

    loop_note_activity(s->loop);
    if (n < 0) {
        (void)uv_read_stop(handle);
        s->is_started = false;
    }
    if (!s->is_reading) {
        return; /* resuming brings the same again */
    }
    if (n == UV_EOF) {
        on_eof(s);
    } else if (n < 0) {
        close_now(s, s->err ? s->err : net_error_from_uv((int)n));
    } else if (n > 0 && s->base.events) {
        s->base.events->on_read(&s->base, bytes_of(room->base, (size_t)n));
    }
}

static void stream_pause(struct net_stream *stream)
{
    of(stream)->is_reading = false;
}

static void stream_resume(struct net_stream *stream)
{
    struct stream_uv *s = of(stream);
    int err;

    if (s->state >= STREAM_CLOSING || s->has_eof) {
        return;
    }
    s->is_reading = true;
    if (!s->is_started) {
        err = uv_read_start(&s->handle.stream, on_alloc, on_read);
        if (err) {
            close_now(s, net_error_from_uv(err));
            return;
        }
        s->is_started = true;
    }
}

/* --- the rest --- */

static void stream_close(struct net_stream *stream)
{
    struct stream_uv *s = of(stream);

    if (s->state == STREAM_BROKEN) {
        close_now(s, s->err);
    } else if (s->state == STREAM_OPEN) {
        set_state(s, STREAM_CLOSING);
        s->is_reading = false;
        loop_timer_start(&s->deadline, CLOSE_MS);
        loop_flush_start(s->loop, &s->flush);
    }
}

static void stream_linger(struct net_stream *stream)
{
    struct stream_uv *s = of(stream);

    s->drops_input = s->drops_input || s->state == STREAM_OPEN;
    stream_close(stream);
}

static void stream_abort(struct net_stream *stream, bool reset)
{
    struct stream_uv *s = of(stream);

    if (s->state == STREAM_CLOSED) {
        return;
    }
    end(s, 0);
    if (!reset || s->is_unix || uv_tcp_close_reset(&s->handle.tcp, on_handle_closed) != 0) {
        uv_close((uv_handle_t *)&s->handle, on_handle_closed);
    }
}

static void stream_set_no_delay(struct net_stream *stream)
{
    struct stream_uv *s = of(stream);

    if (!s->is_unix) {
        (void)uv_tcp_nodelay(&s->handle.tcp, 1);
    }
}

static const char *stream_peer_name(const struct net_stream *stream)
{
    return of_const(stream)->peer_name;
}

void stream_uv_set_peer_name(struct net_stream *stream, const char *kind, const char *name)
{
    (void)snprintf(of(stream)->peer_name, PEER_NAME_BYTES, "%s%s", kind, name);
}

unsigned stream_uv_port_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET6) {
        return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
    }
    return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

void stream_uv_set_peer_address(struct net_stream *stream, const struct sockaddr *address)
{
    struct stream_uv *s = of(stream);
    char host[INET6_ADDRSTRLEN] = "";

    (void)uv_ip_name(address, host, sizeof(host));
    (void)snprintf(s->peer_name, PEER_NAME_BYTES,
                   address->sa_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
                   stream_uv_port_of(address));
}

int stream_uv_open(struct net_stream *stream, int fd)
{
    struct stream_uv *s = of(stream);

    return s->is_unix ? uv_pipe_open(&s->handle.pipe, fd) : uv_tcp_open(&s->handle.tcp, fd);
}

uv_stream_t *stream_uv_handle(struct net_stream *stream)
{
    return &of(stream)->handle.stream;
}

struct net_stream *stream_uv_new(struct loop *loop, bool is_unix)
{
    static const struct net_stream_ops ops = {
        .write = stream_write,
        .pending_bytes = stream_pending_bytes,
        .set_write_limit = stream_set_write_limit,
        .pause = stream_pause,
        .resume = stream_resume,
        .close = stream_close,
        .linger = stream_linger,
        .abort = stream_abort,
        .set_no_delay = stream_set_no_delay,
        .peer_name = stream_peer_name,
    };
    struct stream_uv *s = mem_new(struct stream_uv);

    s->base.ops = &ops;
    s->loop = loop;
    s->is_unix = is_unix;
    s->write_limit = WRITE_LIMIT_BYTES;
    loop_defer_init(&s->flush, on_flush);
    loop_timer_init(loop, &s->deadline, on_deadline);
    ASSERT((is_unix ? uv_pipe_init(loop_uv(loop), &s->handle.pipe, 0)
                    : uv_tcp_init(loop_uv(loop), &s->handle.tcp)) == 0);
    s->handle.stream.data = s;
    return &s->base;
}
