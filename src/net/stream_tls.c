/* SPDX-License-Identifier: MIT */
/*
 * TLS over another stream. OpenSSL reads from the bytes that the other stream just brought (what a
 * paused receiver leaves of them is held) and writes straight into the other stream. What the owner
 * writes in a turn gathers and leaves as few records.
 *
 * Happy path: SHAKING -> done(stream) -> OPEN -> net_stream_close: close_notify -> CLOSED ->
 * on_close of the other stream -> on_close of ours. Failure modes: a handshake or a record that is
 * refused (ERR_TLS; the alert still leaves), the end of the other stream without close_notify
 * (ERR_CLOSED: somebody may have cut it), errors of the other stream.
 */
#include "net/stream_tls.h"

#include <stdio.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <uv.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "net/net_out.h"
#include "net/net_tls_internal.h"

enum {
    WRITE_LIMIT_BYTES = 64 * 1024 * 1024,
    WRITE_LIMIT_MOST_BYTES = 512 * 1024 * 1024, /* encrypted, the other stream still takes it */
    ENCRYPT_STEP_BYTES = 64 * 1024,
    HELD_MAX_BYTES = 4 * LOOP_READ_BYTES, /* the other stream is paused long before */
};

enum tls_state {
    TLS_SHAKING, /* -> OPEN, CLOSED */
    TLS_OPEN,    /* -> CLOSED */
    TLS_CLOSED,  /* the other stream is closing; its on_close ends us */
};

/* What a step of OpenSSL led to. */
enum tls_step { TLS_STEP_DONE, TLS_STEP_WANTS_INPUT, TLS_STEP_EOF, TLS_STEP_FAILED };

struct stream_tls {
    struct net_stream base;
    struct loop *loop;
    struct net_stream *under;               /* owned until its on_close */
    SSL *ssl;                               /* owned; NULL when memory was gone */
    struct stream_tls_handshake *handshake; /* NULL when over */
    enum tls_state state;
    bool is_reading, has_eof, under_has_eof, is_above_mark;
    int err;              /* what on_close will say */
    struct bytes input;   /* not yet taken by OpenSSL; borrowed from on_read or from held */
    struct buf held;      /* input left by a paused receiver */
    struct net_out plain; /* gathering */
    size_t write_limit;
    struct loop_defer flush, pump;
};

static struct stream_tls *of(struct net_stream *stream)
{
    return container_of(stream, struct stream_tls, base);
}

static const struct stream_tls *of_const(const struct net_stream *stream)
{
    return (const struct stream_tls *)(const void *)stream;
}

/* --- OpenSSL's way to the other stream --- */

static int bio_write(BIO *bio, const char *p, int n)
{
    struct stream_tls *s = BIO_get_data(bio);

    net_stream_write(s->under, bytes_of(p, (size_t)n));
    return n;
}

static int bio_read(BIO *bio, char *out, int room)
{
    struct stream_tls *s = BIO_get_data(bio);
    size_t n = s->input.n < (size_t)room ? s->input.n : (size_t)room;

    BIO_clear_retry_flags(bio);
    if (n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(out, s->input.p, n);
    s->input = bytes_from(s->input, n);
    return (int)n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *stream_tls_new_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "net_stream");

    if (method &&
        (BIO_meth_set_write(method, bio_write) != 1 || BIO_meth_set_read(method, bio_read) != 1 ||
         BIO_meth_set_ctrl(method, bio_ctrl) != 1)) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}

static enum tls_step step_of(struct stream_tls *s, int result)
{
    if (result > 0) {
        return TLS_STEP_DONE;
    }
    switch (SSL_get_error(s->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TLS_STEP_WANTS_INPUT;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_STEP_EOF;
    default:
        return TLS_STEP_FAILED;
    }
}

/* --- ending --- */

static void stop(struct stream_tls *s, int err)
{
    s->state = TLS_CLOSED;
    s->err = err;
    s->is_reading = false;
    loop_defer_stop(&s->flush);
    loop_defer_stop(&s->pump);
}

/* Lets what is written (an alert at least) leave. */
static void close_with(struct stream_tls *s, int err)
{
    if (s->state != TLS_CLOSED) {
        stop(s, err);
        net_stream_close(s->under);
    }
}

static void abort_with(struct stream_tls *s, int err, bool reset)
{
    if (s->state != TLS_CLOSED) {
        stop(s, err);
        net_stream_abort(s->under, reset);
    }
}

static void fail_handshake(struct stream_tls *s, int err, const char *reason)
{
    struct stream_tls_handshake *handshake = s->handshake;

    s->handshake = NULL;
    (void)snprintf(handshake->error_text, sizeof(handshake->error_text), "TLS handshake: %s",
                   reason);
    close_with(s, err);
    handshake->state = NULL;
    handshake->done(handshake, err, NULL);
}

static void on_under_close(struct net_stream *under, int err)
{
    struct stream_tls *s = net_stream_owner(under);
    const struct net_stream_events *events = s->base.events;

    if (s->state != TLS_CLOSED) {
        stop(s, err);
    }
    if (s->handshake) {
        fail_handshake(s, err ? err : ERR_CLOSED, err_text(err ? err : ERR_CLOSED));
    } else if (events && events->on_close) {
        events->on_close(&s->base, s->err ? s->err : err);
    }
    SSL_free(s->ssl);
    buf_fini(&s->held);
    net_out_fini(s->loop, &s->plain);
    mem_free(s);
}

/* --- handshake --- */

static void fail_shaking(struct stream_tls *s)
{
    long verified = SSL_get_verify_result(s->ssl);
    char reason[128];

    net_tls_take_error(reason, sizeof(reason));
    fail_handshake(s, ERR_TLS,
                   verified == X509_V_OK ? reason : X509_verify_cert_error_string(verified));
}

static void shake_hands(struct stream_tls *s)
{
    struct stream_tls_handshake *handshake = s->handshake;
    enum tls_step step;

    ERR_clear_error();
    step = step_of(s, SSL_do_handshake(s->ssl));
    if (step == TLS_STEP_WANTS_INPUT) {
        return;
    }
    if (step != TLS_STEP_DONE) {
        fail_shaking(s);
        return;
    }
    s->state = TLS_OPEN;
    s->handshake = NULL;
    net_stream_pause(s->under);
    handshake->state = NULL;
    handshake->done(handshake, 0, &s->base);
}

/* --- reading --- */

static void end_reading(struct stream_tls *s, enum tls_step step)
{
    if (step == TLS_STEP_FAILED) {
        ERR_clear_error();
        close_with(s, ERR_TLS);
    } else if (step == TLS_STEP_EOF) {
        s->has_eof = true;
        s->is_reading = false;
        net_stream_pause(s->under);
        net_stream_tell_eof(&s->base);
    } else if (s->under_has_eof) {
        abort_with(s, ERR_CLOSED, false);
    }
}

/* Fills the buffer as far as input goes. */
static enum tls_step decrypt(struct stream_tls *s, char *out, size_t room, size_t *out_n)
{
    enum tls_step step = TLS_STEP_DONE;
    size_t n = 0;

    *out_n = 0;
    ERR_clear_error();
    while (step == TLS_STEP_DONE && *out_n < room) {
        step = step_of(s, SSL_read_ex(s->ssl, out + *out_n, room - *out_n, &n));
        *out_n += step == TLS_STEP_DONE ? n : 0;
    }
    return step;
}

static void read_input(struct stream_tls *s)
{
    char *room = loop_filter_buffer(s->loop);
    enum tls_step step = TLS_STEP_DONE;
    size_t n;

    while (step == TLS_STEP_DONE && s->is_reading) {
        step = decrypt(s, room, LOOP_READ_BYTES, &n);
        if (n > 0 && s->base.events) {
            s->base.events->on_read(&s->base, bytes_of(room, n));
        }
    }
    /* A receiver that paused meanwhile hears of the end when it resumes. */
    if (s->is_reading) {
        end_reading(s, step);
    }
}

static void take_input(struct stream_tls *s)
{
    if (s->state == TLS_SHAKING) {
        shake_hands(s);
    } else if (s->state == TLS_OPEN) {
        read_input(s);
    }
}

static void on_under_read(struct net_stream *under, struct bytes bytes)
{
    struct stream_tls *s = net_stream_owner(under);
    bool is_held = s->held.n > 0;

    if (is_held) {
        buf_add(&s->held, bytes);
        bytes = buf_bytes(&s->held);
    }
    s->input = bytes;
    if (!s->held.failed) {
        take_input(s);
    }
    if (is_held) {
        buf_consume(&s->held, s->held.n - s->input.n);
    } else {
        buf_add(&s->held, s->input);
    }
    s->input = BYTES_NONE;
    if (s->held.failed) {
        abort_with(s, ERR_LIMIT, false);
    }
    if (s->held.n == 0) {
        buf_fini(&s->held);
    }
}

/* After resuming: what was held, and what OpenSSL itself still has. */
static void on_pump(struct loop_defer *defer)
{
    struct stream_tls *s = container_of(defer, struct stream_tls, pump);

    if (!s->ssl) {
        fail_handshake(s, ERR_NO_MEMORY, err_text(ERR_NO_MEMORY));
        return;
    }
    on_under_read(s->under, BYTES_NONE);
}

static void on_under_eof(struct net_stream *under)
{
    struct stream_tls *s = net_stream_owner(under);

    s->under_has_eof = true;
    if (s->state == TLS_SHAKING) {
        fail_handshake(s, ERR_CLOSED, err_text(ERR_CLOSED));
    } else if (s->is_reading) {
        loop_defer_start(s->loop, &s->pump);
    }
}

static void stream_pause(struct net_stream *stream)
{
    struct stream_tls *s = of(stream);

    if (s->is_reading) {
        s->is_reading = false;
        net_stream_pause(s->under);
    }
}

static void stream_resume(struct net_stream *stream)
{
    struct stream_tls *s = of(stream);

    if (s->state == TLS_OPEN && !s->is_reading && !s->has_eof) {
        s->is_reading = true;
        net_stream_resume(s->under);
        loop_defer_start(s->loop, &s->pump);
    }
}

/* --- writing --- */

static size_t stream_pending_bytes(const struct net_stream *stream)
{
    const struct stream_tls *s = of_const(stream);

    return s->plain.n + net_stream_pending_bytes(s->under);
}

static bool encrypt(struct stream_tls *s)
{
    bool is_ok = true;

    ERR_clear_error();
    while (is_ok && s->plain.n > 0) {
        struct bytes bytes = net_out_bytes(&s->plain);
        size_t n = bytes.n < ENCRYPT_STEP_BYTES ? bytes.n : ENCRYPT_STEP_BYTES;

        is_ok = SSL_write_ex(s->ssl, bytes.p, n, &n) == 1;
        net_out_take(s->loop, &s->plain, is_ok ? n : bytes.n);
    }
    return is_ok;
}

static void on_flush(struct loop_defer *flush)
{
    struct stream_tls *s = container_of(flush, struct stream_tls, flush);

    if (!encrypt(s)) {
        ERR_clear_error();
        abort_with(s, ERR_TLS, false);
    }
}

static void stream_write(struct net_stream *stream, struct bytes bytes)
{
    struct stream_tls *s = of(stream);
    size_t pending = stream_pending_bytes(stream);
    int err;

    if (s->state != TLS_OPEN || bytes.n == 0) {
        return;
    }
    err = net_out_add_within(s->loop, &s->plain, bytes, pending, s->write_limit);
    if (err) {
        abort_with(s, err, false);
        return;
    }
    s->is_above_mark = s->is_above_mark || pending + bytes.n > NET_STREAM_MARK_BYTES;
    loop_flush_start(s->loop, &s->flush);
}

static void on_under_drain(struct net_stream *under)
{
    struct stream_tls *s = net_stream_owner(under);

    if (s->state == TLS_OPEN && s->is_above_mark && s->plain.n == 0) {
        s->is_above_mark = false;
        net_stream_tell_drain(&s->base);
    }
}

static void stream_set_write_limit(struct net_stream *stream, size_t bytes)
{
    of(stream)->write_limit = bytes < WRITE_LIMIT_MOST_BYTES ? bytes : WRITE_LIMIT_MOST_BYTES;
}

/* --- the rest --- */

/* The last records and close_notify. */
static void say_goodbye(struct stream_tls *s)
{
    if (encrypt(s)) {
        (void)SSL_shutdown(s->ssl);
    }
    ERR_clear_error();
}

static void stream_close(struct net_stream *stream)
{
    struct stream_tls *s = of(stream);

    if (s->state == TLS_OPEN) {
        say_goodbye(s);
        close_with(s, 0);
    }
}

static void stream_linger(struct net_stream *stream)
{
    struct stream_tls *s = of(stream);

    if (s->state == TLS_OPEN) {
        say_goodbye(s);
        stop(s, 0);
        net_stream_linger(s->under);
    }
}

static void stream_abort(struct net_stream *stream, bool reset)
{
    struct stream_tls *s = of(stream);

    if (s->state == TLS_CLOSED) {
        net_stream_abort(s->under, reset);
    } else {
        abort_with(s, 0, reset);
    }
}

static void stream_set_no_delay(struct net_stream *stream)
{
    net_stream_set_no_delay(of(stream)->under);
}

static const char *stream_peer_name(const struct net_stream *stream)
{
    return net_stream_peer_name(of_const(stream)->under);
}

static const struct net_stream_ops tls_ops = {
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

/* --- beginning --- */

static bool set_server_name(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *verify = SSL_get0_param(ssl);
    unsigned char address[sizeof(struct in6_addr)];

    if (name[0] == '\0') {
        return true;
    }
    if (uv_inet_pton(AF_INET, name, address) == 0 || uv_inet_pton(AF_INET6, name, address) == 0) {
        return X509_VERIFY_PARAM_set1_ip_asc(verify, name) == 1;
    }
    X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(verify, name, 0) == 1 &&
           SSL_set_tlsext_host_name(ssl, (uintptr_t)name) == 1; /* its macro casts const away */
}

/* NULL when memory is gone. */
static SSL *ssl_new(struct stream_tls *s, const struct net_tls *tls, const char *server_name)
{
    SSL *ssl = SSL_new(tls->context);
    BIO *bio = BIO_new(tls->bio_method);

    if (!ssl || !bio || (server_name && !set_server_name(ssl, server_name))) {
        SSL_free(ssl);
        (void)BIO_free(bio);
        ERR_clear_error();
        return NULL;
    }
    BIO_set_data(bio, s);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    if (server_name) {
        SSL_set_connect_state(ssl);
    } else {
        SSL_set_accept_state(ssl);
    }
    return ssl;
}

/* server_name: NULL for the server's side. */
static void start(struct loop *loop, struct stream_tls_handshake *handshake,
                  struct net_stream *plain, const struct net_tls *tls, const char *server_name)
{
    static const struct net_stream_events events = {
        .on_read = on_under_read,
        .on_eof = on_under_eof,
        .on_drain = on_under_drain,
        .on_close = on_under_close,
    };
    struct stream_tls *s = mem_new(struct stream_tls);

    ASSERT(tls->is_server == !server_name);
    s->base.ops = &tls_ops;
    s->loop = loop;
    s->under = plain;
    s->handshake = handshake;
    s->write_limit = WRITE_LIMIT_BYTES;
    buf_init(&s->held, HELD_MAX_BYTES);
    loop_defer_init(&s->flush, on_flush);
    loop_defer_init(&s->pump, on_pump);
    s->ssl = ssl_new(s, tls, server_name);
    handshake->state = s;
    handshake->error_text[0] = '\0';
    net_stream_set_events(plain, &events, s);
    net_stream_set_write_limit(plain, BUF_NO_LIMIT); /* ours counts both */
    net_stream_resume(plain);
    loop_defer_start(loop, &s->pump);
}

void stream_tls_connect(struct loop *loop, struct stream_tls_handshake *handshake,
                        struct net_stream *plain, const struct net_tls *tls,
                        const char *server_name)
{
    start(loop, handshake, plain, tls, server_name);
}

void stream_tls_accept(struct loop *loop, struct stream_tls_handshake *handshake,
                       struct net_stream *plain, const struct net_tls *tls)
{
    start(loop, handshake, plain, tls, NULL);
}

void stream_tls_cancel(struct stream_tls_handshake *handshake)
{
    struct stream_tls *s = handshake->state;

    if (s) {
        handshake->state = NULL;
        s->handshake = NULL;
        abort_with(s, ERR_CANCELED, false);
    }
}
