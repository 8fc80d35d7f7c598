/* SPDX-License-Identifier: MIT */
/* Two connected streams, of any kind, over a listener of their own. */
#include "pair.h"

#include <stdlib.h>
#include <unistd.h>

#include "net/net_tls.h"

static void on_read(struct net_stream *stream, struct bytes bytes)
{
    struct end *end = net_stream_owner(stream);

    assert_true(bytes.n > 0);
    assert_int_equal(end->n_closes, 0);
    end->n_reads++;
    buf_add(&end->got, bytes);
    if (end->pauses_at_read) {
        net_stream_pause(stream);
    }
    if (end->aborts_at_read) {
        net_stream_abort(stream, false);
    }
}

static void on_eof(struct net_stream *stream)
{
    struct end *end = net_stream_owner(stream);

    end->n_eofs++;
}

static void on_drain(struct net_stream *stream)
{
    struct end *end = net_stream_owner(stream);
    size_t pending = net_stream_pending_bytes(stream);

    end->n_drains++;
    end->drains_pending_most =
        pending > end->drains_pending_most ? pending : end->drains_pending_most;
}

static void on_close(struct net_stream *stream, int err)
{
    struct end *end = net_stream_owner(stream);

    end->n_closes++;
    end->err = err;
    end->stream = NULL;
}

const struct net_stream_events pair_events = {on_read, on_eof, on_drain, on_close};
const struct net_stream_events pair_events_without_eof = {on_read, NULL, on_drain, on_close};

static void take(struct end *end, struct net_stream *stream)
{
    assert_null(end->stream);
    end->stream = stream;
    buf_init(&end->got, BUF_NO_LIMIT);
    net_stream_set_events(stream, &pair_events, end);
    net_stream_resume(stream);
}

static void on_connected(struct net_connect *connect, int err, struct net_stream *stream)
{
    struct pair *pair = container_of(connect, struct pair, connect);

    pair->has_connected = true;
    pair->connect_err = err;
    if (stream) {
        take(&pair->client, stream);
    }
}

static void on_shaken(struct stream_tls_handshake *handshake, int err, struct net_stream *stream)
{
    struct pair *pair = container_of(handshake, struct pair, accept);

    pair->accept_err = err;
    if (stream) {
        take(&pair->server, stream);
    }
}

static void on_accept(struct net_listener *listener, struct net_stream *stream)
{
    struct pair *pair = net_listener_owner(listener);

    if (pair->kind == PAIR_TLS) {
        pair->accept.done = on_shaken;
        stream_tls_accept(pair->loop, &pair->accept, stream, pair->server_tls);
    } else {
        take(&pair->server, stream);
    }
}

static void make_tls(struct pair *pair)
{
    struct net_tls_options server = {.is_server = true};
    struct net_tls_options client = {0};
    char text[200];

    certs_make(&pair->certs);
    server.cert_file = bytes_cstr(pair->certs.server_cert);
    server.key_file = bytes_cstr(pair->certs.server_key);
    client.ca_file = bytes_cstr(pair->certs.ca);
    assert_int_equal(net_tls_new(&server, text, sizeof(text), &pair->server_tls), 0);
    assert_int_equal(net_tls_new(&client, text, sizeof(text), &pair->client_tls), 0);
}

void pair_open(struct pair *pair, enum pair_kind kind)
{
    struct net_target target = {.host = BYTES("127.0.0.1"), .is_unix = kind == PAIR_UNIX};
    struct net_listen listen = {.accept = on_accept, .owner = pair};

    *pair = (struct pair){.kind = kind, .loop = loop_new_virtual(0)};
    if (kind == PAIR_TLS) {
        make_tls(pair);
        target.tls = pair->client_tls;
    }
    if (kind == PAIR_UNIX) {
        (void)snprintf(pair->path, sizeof(pair->path), "/tmp/test-pair-%d.sock", (int)getpid());
        target.host = bytes_cstr(pair->path);
    }
    listen.host = target.host;
    assert_int_equal(net_listener_open(pair->loop, &listen, &pair->listener), 0);
    target.port = net_listener_port(pair->listener);
    net_connect_start(pair->loop, &pair->connect, &target, on_connected);
    assert_false(pair->has_connected);
    run_until(pair->loop, pair->client.stream && pair->server.stream);
}

void pair_close(struct pair *pair)
{
    struct end *ends[] = {&pair->client, &pair->server};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (ends[i]->stream) {
            net_stream_abort(ends[i]->stream, false);
            assert_int_equal(ends[i]->n_closes, 0);
            run_until(pair->loop, !ends[i]->stream);
        }
        buf_fini(&ends[i]->got);
    }
    net_listener_close(pair->listener);
    loop_free(pair->loop);
    if (pair->kind == PAIR_TLS) {
        net_tls_free(pair->client_tls);
        net_tls_free(pair->server_tls);
        certs_remove(&pair->certs);
    }
}
