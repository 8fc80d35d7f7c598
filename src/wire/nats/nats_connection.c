/* SPDX-License-Identifier: MIT */
/*
 * One connection. Happy path: connecting -> waiting for INFO -> (TLS handshake) -> open. Failure
 * modes: no TCP connection, no INFO in time, garbage, an -ERR instead of INFO, TLS refused by
 * either side, the stream lost: each ends in on_closed with its reason.
 */
#include "wire/nats/nats_connection.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/shared.h"

enum { TEXT_BYTES = 256, NAME_BYTES = NATS_HOST_MAX + 16 };

enum connection_state {
    CONNECTION_DIALING,       /* -> AWAITING_INFO, CLOSING */
    CONNECTION_AWAITING_INFO, /* -> UPGRADING, OPEN, CLOSING */
    CONNECTION_UPGRADING,     /* TLS -> OPEN, CLOSING */
    CONNECTION_OPEN,          /* -> CLOSING */
    CONNECTION_CLOSING,       /* waits for net_connect or the stream to end */
};

struct nats_connection {
    struct loop *loop;
    const struct nats_connection_events *events;
    void *owner;
    struct nats_connection_options options;
    enum connection_state state;
    struct net_connect connect;
    struct net_stream *stream; /* ours; NULL while net_connect has it */
    struct nats_codec codec;
    struct shared *info; /* the text of the first INFO */
    struct loop_timer timer;
    bool is_tls;
    int err; /* what on_closed will say */
    char text[TEXT_BYTES];
    char host[NATS_HOST_MAX + 1], tls_name[NATS_HOST_MAX + 1];
    unsigned port;
    char name[NAME_BYTES];
};

static void set_state(struct nats_connection *c, enum connection_state state)
{
    ASSERT(state > c->state && (state != CONNECTION_UPGRADING || !c->stream));
    c->state = state;
}

/* --- ending --- */

static void finish(struct nats_connection *c)
{
    c->events->on_closed(c, c->err, c->text);
    loop_timer_stop(&c->timer);
    nats_codec_fini(&c->codec);
    shared_unref(c->info);
    mem_free(c);
}

/* The first reason counts. */
static void begin_closing(struct nats_connection *c, int err, struct bytes text)
{
    set_state(c, CONNECTION_CLOSING);
    loop_timer_stop(&c->timer);
    c->err = err;
    (void)snprintf(c->text, sizeof(c->text), "%.*s", BYTES_ARG(text));
}

void nats_connection_abort(struct nats_connection *c, int err, struct bytes text)
{
    if (c->state == CONNECTION_CLOSING) {
        return;
    }
    begin_closing(c, err, text);
    if (c->stream) {
        net_stream_abort(c->stream, false);
    } else {
        net_connect_cancel(&c->connect);
    }
}

void nats_connection_close(struct nats_connection *c)
{
    if (c->state == CONNECTION_OPEN) {
        begin_closing(c, 0, BYTES("closed"));
        net_stream_close(c->stream);
    } else {
        nats_connection_abort(c, 0, BYTES("closed"));
    }
}

static void on_stream_close(struct net_stream *stream, int err)
{
    struct nats_connection *c = net_stream_owner(stream);

    if (c->state != CONNECTION_CLOSING) {
        begin_closing(c, err ? err : ERR_CLOSED, bytes_cstr(err_text(err ? err : ERR_CLOSED)));
    }
    finish(c);
}

static void on_timeout(struct loop_timer *timer)
{
    struct nats_connection *c = container_of(timer, struct nats_connection, timer);

    nats_connection_abort(c, ERR_TIMEOUT, BYTES("timed out waiting for the server's INFO"));
}

/* --- opening --- */

static void on_upgraded(struct net_connect *connect, int err, struct net_stream *stream);

static void open_up(struct nats_connection *c)
{
    struct nats_info info;

    set_state(c, CONNECTION_OPEN);
    loop_timer_stop(&c->timer);
    ASSERT(nats_info_read(c->info->bytes, &info) == 0);
    c->events->on_open(c, &info);
}

static void upgrade(struct nats_connection *c)
{
    struct net_target target = {
        .host = bytes_cstr(c->host),
        .port = c->port,
        .tls = c->events->get_tls(c),
        .tls_name = c->tls_name[0] ? bytes_cstr(c->tls_name) : BYTES_NONE,
        .timeout_ms = c->options.timeout_ms,
    };
    struct net_stream *plain = c->stream;

    if (!target.tls) {
        nats_connection_abort(c, ERR_TLS, BYTES("the system's certificates cannot be loaded"));
        return;
    }
    c->stream = NULL;
    set_state(c, CONNECTION_UPGRADING);
    loop_timer_stop(&c->timer); /* the handshake has its own limit */
    net_stream_pause(plain);
    net_connect_upgrade(c->loop, &c->connect, plain, &target, on_upgraded);
}

/* The first frame. has_more: bytes follow it already. */
static void take_first_frame(struct nats_connection *c, const struct nats_frame *frame,
                             bool has_more)
{
    struct nats_info info;
    bool wants_tls;

    if (frame->op == NATS_OP_ERR) {
        nats_connection_abort(c, ERR_REFUSED, frame->text);
        return;
    }
    if (frame->op != NATS_OP_INFO || nats_info_read(frame->text, &info)) {
        nats_connection_abort(c, ERR_PROTOCOL, BYTES("the server is no NATS server"));
        return;
    }
    c->info = shared_new(frame->text);
    wants_tls = info.tls_required || c->options.wants_tls ||
                (info.tls_available && !c->options.refuses_tls);
    if (!wants_tls) {
        open_up(c);
    } else if (!info.tls_required && !info.tls_available) {
        nats_connection_abort(c, ERR_TLS, BYTES("the server does not offer TLS"));
    } else if (has_more) { /* somebody else's plain text must not pass for the server's */
        nats_connection_abort(c, ERR_PROTOCOL, BYTES("plain bytes before the TLS handshake"));
    } else {
        upgrade(c);
    }
}

static void take_frame(struct nats_connection *c, const struct nats_frame *frame, bool has_more)
{
    if (c->state == CONNECTION_AWAITING_INFO) {
        take_first_frame(c, frame, has_more);
    } else if (frame->op == NATS_OP_PING) {
        net_stream_write(c->stream, NATS_PONG);
    } else {
        c->events->on_frame(c, frame);
    }
}

static void on_read(struct net_stream *stream, struct bytes bytes)
{
    struct nats_connection *c = net_stream_owner(stream);
    struct nats_frame frame;
    int result;

    while (c->state == CONNECTION_AWAITING_INFO || c->state == CONNECTION_OPEN) {
        result = nats_codec_next(&c->codec, &bytes, &frame);
        if (result < 0) {
            nats_connection_abort(c, result,
                                  result == ERR_LIMIT ? BYTES("message above the size limit")
                                                      : BYTES("malformed bytes from the server"));
        } else if (result == 0) {
            return;
        } else {
            take_frame(c, &frame, bytes.n > 0);
        }
    }
}

static const struct net_stream_events stream_events = {
    .on_read = on_read,
    .on_close = on_stream_close,
};

/* Takes the stream that net_connect made, or ends with its error. */
static bool take_stream(struct nats_connection *c, int err, struct net_stream *stream)
{
    c->stream = stream;
    if (stream) {
        net_stream_set_events(stream, &stream_events, c);
        net_stream_set_write_limit(stream, c->options.write_limit);
    }
    if (c->state == CONNECTION_CLOSING) { /* cancelled, perhaps too late */
        if (stream) {
            net_stream_abort(stream, false);
        } else {
            finish(c);
        }
        return false;
    }
    if (err) {
        const char *text = c->connect.error_text[0] ? c->connect.error_text : err_text(err);

        begin_closing(c, err, bytes_cstr(text));
        finish(c);
        return false;
    }
    return true;
}

static void on_upgraded(struct net_connect *connect, int err, struct net_stream *stream)
{
    struct nats_connection *c = container_of(connect, struct nats_connection, connect);

    if (take_stream(c, err, stream)) {
        c->is_tls = true;
        net_stream_resume(stream);
        open_up(c);
    }
}

static void on_dialed(struct net_connect *connect, int err, struct net_stream *stream)
{
    struct nats_connection *c = container_of(connect, struct nats_connection, connect);

    if (take_stream(c, err, stream)) {
        set_state(c, CONNECTION_AWAITING_INFO);
        loop_timer_start(&c->timer, c->options.timeout_ms);
        net_stream_set_no_delay(stream);
        net_stream_resume(stream);
    }
}

/* --- the face --- */

struct nats_connection *nats_connection_new(struct loop *loop, const struct nats_server *server,
                                            const struct nats_connection_options *options,
                                            const struct nats_connection_events *events,
                                            void *owner)
{
    struct nats_connection *c = mem_new(struct nats_connection);
    struct net_target target = {
        .host = server->host, .port = server->port, .timeout_ms = options->timeout_ms};
    bool is_v6 = bytes_find(server->host, ':') < server->host.n;

    c->loop = loop;
    c->events = events;
    c->owner = owner;
    c->options = *options;
    c->options.wants_tls = options->wants_tls || server->is_tls;
    c->port = server->port;
    (void)snprintf(c->host, sizeof(c->host), "%.*s", BYTES_ARG(server->host));
    (void)snprintf(c->tls_name, sizeof(c->tls_name), "%.*s", BYTES_ARG(server->tls_name));
    (void)snprintf(c->name, sizeof(c->name), is_v6 ? "[%s]:%u" : "%s:%u", c->host, c->port);
    nats_codec_init(&c->codec, NATS_PAYLOAD_MAX);
    loop_timer_init(loop, &c->timer, on_timeout);
    net_connect_start(loop, &c->connect, &target, on_dialed);
    return c;
}

void *nats_connection_owner(const struct nats_connection *c)
{
    return c->owner;
}

const char *nats_connection_name(const struct nats_connection *c)
{
    return c->name;
}

bool nats_connection_is_open(const struct nats_connection *c)
{
    return c->state == CONNECTION_OPEN;
}

bool nats_connection_is_tls(const struct nats_connection *c)
{
    return c->is_tls;
}

void nats_connection_write(struct nats_connection *c, struct bytes bytes)
{
    if (c->state == CONNECTION_OPEN) {
        net_stream_write(c->stream, bytes);
    }
}

size_t nats_connection_pending_bytes(const struct nats_connection *c)
{
    return c->state == CONNECTION_OPEN ? net_stream_pending_bytes(c->stream) : 0;
}
