/* SPDX-License-Identifier: MIT */
/*
 * A socket as a stream. Written bytes gather in the out buffer until the end of the turn, then go
 * to the system in one call; what it does not take follows by uv_write, and bytes written meanwhile
 * gather for the call after that.
 *
 * Ending: net_stream_close -> (rest written) -> shutdown -> uv_close -> on_close. net_stream_linger
 * reads and drops input between shutdown and uv_close. An error, the write limit or
 * net_stream_abort skip to uv_close.
 */
#include "net/stream_uv.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"

enum {
    WRITE_LIMIT_BYTES = 64 * 1024 * 1024,
    DRAIN_MARK_BYTES = 256 * 1024, /* on_drain comes after the out buffer was above it */
    OUT_KEPT_BYTES = 16 * 1024,    /* a larger out buffer is freed when it is empty */
    LINGER_MS = 5000,
    DROP_INPUT_MS = 2000,
    PEER_NAME_BYTES = 64,
};

enum stream_state {
    STREAM_OPEN,    /* -> CLOSING, CLOSED */
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
    bool is_unix, is_reading, is_above_mark, has_eof, drops_input;
    int err;            /* what on_close will say */
    struct buf out;     /* gathering */
    struct buf writing; /* given to uv_write */
    size_t write_limit;
    struct loop_defer flush;
    struct loop_timer linger;
    uv_write_t write_req;
    uv_shutdown_t shutdown_req;
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

static void on_handle_closed(uv_handle_t *handle)
{
    struct stream_uv *s = handle->data;
    const struct net_stream_events *events = s->base.events;

    loop_note_activity(s->loop);
    loop_timer_stop(&s->linger);
    if (events && events->on_close) {
        events->on_close(&s->base, s->err);
    }
    buf_fini(&s->out);
    buf_fini(&s->writing);
    mem_free(s);
}

static void close_now(struct stream_uv *s, int err)
{
    if (s->state == STREAM_CLOSED) {
        return;
    }
    s->state = STREAM_CLOSED;
    s->err = err;
    s->is_reading = false;
    loop_defer_stop(&s->flush);
    uv_close((uv_handle_t *)&s->handle, on_handle_closed);
}

static void on_linger_over(struct loop_timer *timer)
{
    close_now(container_of(timer, struct stream_uv, linger), ERR_TIMEOUT);
}

static void drop_input(struct stream_uv *s);

static void on_shut_down(uv_shutdown_t *req, int status)
{
    struct stream_uv *s = req->handle->data;

    loop_note_activity(s->loop);
    if (s->drops_input && s->state == STREAM_CLOSING && !s->has_eof && status == 0) {
        drop_input(s);
    } else {
        close_now(s, 0);
    }
}

static void shut_down(struct stream_uv *s)
{
    if (uv_shutdown(&s->shutdown_req, &s->handle.stream, on_shut_down) != 0) {
        close_now(s, 0);
    }
}

/* --- writing --- */

static void fail_write(struct stream_uv *s, int uv_error)
{
    close_now(s, net_error_from_uv(uv_error));
}

static void after_write(struct stream_uv *s)
{
    if (s->out.n == 0 && s->out.cap > OUT_KEPT_BYTES) {
        buf_fini(&s->out);
    }
    if (s->state == STREAM_CLOSING) {
        shut_down(s);
    } else if (s->is_above_mark) {
        s->is_above_mark = false;
        if (s->base.events && s->base.events->on_drain) {
            s->base.events->on_drain(&s->base);
        }
    }
}

static void on_written(uv_write_t *req, int status)
{
    struct stream_uv *s = req->handle->data;

    loop_note_activity(s->loop);
    buf_fini(&s->writing);
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

static void write_rest(struct stream_uv *s)
{
    uv_buf_t part;
    int err;

    s->writing = s->out;
    buf_init(&s->out, BUF_NO_LIMIT);
    part = uv_buf_init(s->writing.p, (unsigned)s->writing.n);
    err = uv_write(&s->write_req, &s->handle.stream, &part, 1, on_written);
    if (err) {
        fail_write(s, err);
    }
}

static void on_flush(struct loop_defer *flush)
{
    struct stream_uv *s = container_of(flush, struct stream_uv, flush);
    uv_buf_t part = uv_buf_init(s->out.p, (unsigned)s->out.n);
    int n;

    if (s->writing.n > 0) {
        return; /* on_written goes on */
    }
    n = part.len ? uv_try_write(&s->handle.stream, &part, 1) : 0;
    if (n < 0 && n != UV_EAGAIN) {
        fail_write(s, n);
        return;
    }
    buf_consume(&s->out, n > 0 ? (size_t)n : 0);
    if (s->out.n > 0) {
        write_rest(s);
    } else {
        after_write(s);
    }
}

static size_t stream_pending_bytes(const struct net_stream *stream)
{
    const struct stream_uv *s = of_const(stream);

    return s->out.n + s->writing.n;
}

static void stream_write(struct net_stream *stream, struct bytes bytes)
{
    struct stream_uv *s = of(stream);

    if (s->state != STREAM_OPEN) {
        return;
    }
    if (bytes.n > s->write_limit || stream_pending_bytes(stream) > s->write_limit - bytes.n) {
        close_now(s, ERR_LIMIT);
        return;
    }
    buf_add(&s->out, bytes);
    if (s->out.failed) {
        close_now(s, ERR_NO_MEMORY);
        return;
    }
    s->is_above_mark = s->is_above_mark || stream_pending_bytes(stream) > DRAIN_MARK_BYTES;
    loop_flush_start(s->loop, &s->flush);
}

static void stream_set_write_limit(struct net_stream *stream, size_t bytes)
{
    of(stream)->write_limit = bytes;
}

/* --- reading --- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct stream_uv *s = handle->data;

    *out = uv_buf_init(loop_read_buffer(s->loop), LOOP_READ_BYTES);
}

static void on_eof(struct stream_uv *s)
{
    (void)uv_read_stop(&s->handle.stream);
    s->is_reading = false;
    s->has_eof = true;
    if (s->base.events && s->base.events->on_eof) {
        s->base.events->on_eof(&s->base);
    } else {
        net_stream_close(&s->base);
    }
}

static void on_read(uv_stream_t *handle, ssize_t n, const uv_buf_t *room)
{
    struct stream_uv *s = handle->data;

    loop_note_activity(s->loop);
    if (n == UV_EOF) {
        on_eof(s);
    } else if (n < 0) {
        close_now(s, net_error_from_uv((int)n));
    } else if (n > 0 && s->base.events) {
        s->base.events->on_read(&s->base, bytes_of(room->base, (size_t)n));
    }
}

static void stream_pause(struct net_stream *stream)
{
    struct stream_uv *s = of(stream);

    if (s->is_reading) {
        s->is_reading = false;
        (void)uv_read_stop(&s->handle.stream);
    }
}

static void stream_resume(struct net_stream *stream)
{
    struct stream_uv *s = of(stream);
    int err;

    if (s->state != STREAM_OPEN || s->is_reading || s->has_eof) {
        return;
    }
    err = uv_read_start(&s->handle.stream, on_alloc, on_read);
    if (err) {
        close_now(s, net_error_from_uv(err));
        return;
    }
    s->is_reading = true;
}

static void on_dropped(uv_stream_t *handle, ssize_t n, const uv_buf_t *room)
{
    struct stream_uv *s = handle->data;

    loop_note_activity(s->loop);
    if (n < 0) {
        close_now(s, 0);
    }
}

static void drop_input(struct stream_uv *s)
{
    loop_timer_start(&s->linger, DROP_INPUT_MS);
    if (uv_read_start(&s->handle.stream, on_alloc, on_dropped) != 0) {
        close_now(s, 0);
    }
}

/* --- the rest --- */

static void stream_close(struct net_stream *stream)
{
    struct stream_uv *s = of(stream);

    if (s->state != STREAM_OPEN) {
        return;
    }
    stream_pause(stream);
    s->state = STREAM_CLOSING;
    loop_timer_start(&s->linger, LINGER_MS);
    loop_flush_start(s->loop, &s->flush);
}

static void stream_linger(struct net_stream *stream)
{
    of(stream)->drops_input = true;
    stream_close(stream);
}

static void stream_abort(struct net_stream *stream, bool reset)
{
    struct stream_uv *s = of(stream);

    if (s->state == STREAM_CLOSED) {
        return;
    }
    if (reset && !s->is_unix && s->state == STREAM_OPEN) {
        stream_pause(stream);
        s->state = STREAM_CLOSED;
        loop_defer_stop(&s->flush);
        if (uv_tcp_close_reset(&s->handle.tcp, on_handle_closed) == 0) {
            return;
        }
        s->state = STREAM_OPEN;
    }
    close_now(s, 0);
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

void stream_uv_set_peer_name(struct net_stream *stream, const char *name)
{
    (void)snprintf(of(stream)->peer_name, PEER_NAME_BYTES, "%s", name);
}

void stream_uv_read_peer_name(struct net_stream *stream)
{
    struct stream_uv *s = of(stream);
    struct sockaddr_storage address;
    int n = sizeof(address);
    char host[INET6_ADDRSTRLEN];

    if (s->is_unix) {
        stream_uv_set_peer_name(stream, "unix");
        return;
    }
    if (uv_tcp_getpeername(&s->handle.tcp, (struct sockaddr *)&address, &n) != 0) {
        return;
    }
    if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)&address;

        (void)uv_ip6_name(in6, host, sizeof(host));
        (void)snprintf(s->peer_name, PEER_NAME_BYTES, "[%s]:%u", host, ntohs(in6->sin6_port));
    } else {
        const struct sockaddr_in *in4 = (const void *)&address;

        (void)uv_ip4_name(in4, host, sizeof(host));
        (void)snprintf(s->peer_name, PEER_NAME_BYTES, "%s:%u", host, ntohs(in4->sin_port));
    }
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
    buf_init(&s->out, BUF_NO_LIMIT);
    buf_init(&s->writing, BUF_NO_LIMIT);
    loop_defer_init(&s->flush, on_flush);
    loop_timer_init(loop, &s->linger, on_linger_over);
    ASSERT((is_unix ? uv_pipe_init(loop_uv(loop), &s->handle.pipe, 0)
                    : uv_tcp_init(loop_uv(loop), &s->handle.tcp)) == 0);
    s->handle.stream.data = s;
    return &s->base;
}
