/* SPDX-License-Identifier: MIT */
/* TLS beyond what all streams share (test_net_stream.c): trust, handshakes that fail, cut ends. */
#include "net/stream_tls.h"

#include <openssl/pem.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/net_connect.h"
#include "net/net_listener.h"
#include "net/net_tls.h"
#include "support/certs.h"
#include "support/run_until.h"

struct side {
    struct net_stream *stream;
    unsigned n_dones, n_eofs, n_closes;
    int err, close_err;
    struct buf got;
};

/* A client that connects and a server that shakes hands, or does something else. */
struct scene {
    struct loop *loop;
    struct net_listener *listener;
    struct net_connect connect;
    struct stream_tls_handshake accept;
    struct net_tls *server_tls, *client_tls;
    struct net_stream *plain; /* of the server, when it does not shake hands */
    struct bytes says;        /* ... but says this */
    struct bytes greeting;    /* written by the server right after its handshake */
    bool is_plain, closes;
    struct side client, server;
};

static struct certs certs;

static void on_read(struct net_stream *stream, struct bytes bytes)
{
    struct side *side = net_stream_owner(stream);

    buf_add(&side->got, bytes);
}

static void on_eof(struct net_stream *stream)
{
    struct side *side = net_stream_owner(stream);

    side->n_eofs++;
}

static void on_close(struct net_stream *stream, int err)
{
    struct side *side = net_stream_owner(stream);

    side->n_closes++;
    side->close_err = err;
    side->stream = NULL;
}

static const struct net_stream_events events = {
    .on_read = on_read, .on_eof = on_eof, .on_close = on_close};

static void take(struct side *side, int err, struct net_stream *stream)
{
    side->n_dones++;
    side->err = err;
    side->stream = stream;
    assert_true(stream ? err == 0 : err != 0);
    if (stream) {
        net_stream_set_events(stream, &events, side);
        net_stream_resume(stream);
    }
}

static void on_shaken(struct stream_tls_handshake *handshake, int err, struct net_stream *stream)
{
    struct scene *scene = container_of(handshake, struct scene, accept);

    take(&scene->server, err, stream);
    if (stream && bytes_is_set(scene->greeting)) {
        net_stream_write(stream, scene->greeting);
    }
}

static void on_plain_read(struct net_stream *stream, struct bytes bytes)
{
}

static void on_plain_close(struct net_stream *stream, int err)
{
    struct scene *scene = net_stream_owner(stream);

    scene->plain = NULL;
}

static const struct net_stream_events plain_events = {.on_read = on_plain_read,
                                                      .on_close = on_plain_close};

static void on_accept(struct net_listener *listener, struct net_stream *stream)
{
    struct scene *scene = net_listener_owner(listener);

    if (!scene->is_plain) {
        scene->accept.done = on_shaken;
        stream_tls_accept(scene->loop, &scene->accept, stream, scene->server_tls);
        return;
    }
    scene->plain = stream;
    net_stream_set_events(stream, &plain_events, scene);
    net_stream_resume(stream);
    net_stream_write(stream, scene->says);
    if (scene->closes) {
        net_stream_close(stream);
    }
}

static void on_connected(struct net_connect *connect, int err, struct net_stream *stream)
{
    struct scene *scene = container_of(connect, struct scene, connect);

    take(&scene->client, err, stream);
}

static int open_scene(void **state)
{
    struct scene *scene = mem_new(struct scene);
    struct net_listen listen = {.host = BYTES("127.0.0.1"), .accept = on_accept, .owner = scene};

    scene->loop = loop_new_virtual(0);
    buf_init(&scene->client.got, BUF_NO_LIMIT);
    buf_init(&scene->server.got, BUF_NO_LIMIT);
    assert_int_equal(net_listener_open(scene->loop, &listen, &scene->listener), 0);
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    struct net_stream *streams[] = {scene->client.stream, scene->server.stream, scene->plain};

    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        if (streams[i]) {
            net_stream_abort(streams[i], false);
        }
    }
    run_until(scene->loop, !scene->client.stream && !scene->server.stream && !scene->plain);
    run_until_quiet(scene->loop);
    net_listener_close(scene->listener);
    loop_free(scene->loop);
    net_tls_free(scene->client_tls);
    net_tls_free(scene->server_tls);
    buf_fini(&scene->client.got);
    buf_fini(&scene->server.got);
    mem_free(scene);
    return 0;
}

static struct net_tls *tls_new(struct net_tls_options options)
{
    struct net_tls *tls = NULL;
    char text[256] = "";

    if (net_tls_new(&options, text, sizeof(text), &tls) != 0) {
        fail_msg("%s", text);
    }
    return tls;
}

static struct net_tls_options server_options(void)
{
    return (struct net_tls_options){.is_server = true,
                                    .cert_file = bytes_cstr(certs.server_cert),
                                    .key_file = bytes_cstr(certs.server_key)};
}

static struct net_tls_options client_options(void)
{
    return (struct net_tls_options){.ca_file = bytes_cstr(certs.ca)};
}

static struct net_target target_of(struct scene *scene)
{
    return (struct net_target){.host = BYTES("127.0.0.1"),
                               .port = net_listener_port(scene->listener),
                               .tls = scene->client_tls};
}

static void connect_with(struct scene *scene, struct net_tls_options server,
                         struct net_tls_options client, struct bytes name)
{
    struct net_target target;

    scene->server_tls = tls_new(server);
    scene->client_tls = tls_new(client);
    target = target_of(scene);
    target.tls_name = name;
    net_connect_start(scene->loop, &scene->connect, &target, on_connected);
    run_until(scene->loop, scene->client.n_dones);
}

static void check_refusal(struct scene *scene, const char *text)
{
    assert_int_equal(scene->client.err, ERR_TLS);
    assert_string_equal(scene->connect.error_text, text);
    run_until(scene->loop, scene->server.n_dones);
    assert_int_equal(scene->server.err, ERR_TLS); /* it got the alert */
    run_until_quiet(scene->loop);
    assert_int_equal(scene->client.n_dones, 1);
    assert_int_equal(scene->server.n_dones, 1);
}

static void check_talk(struct scene *scene)
{
    run_until(scene->loop, scene->client.n_dones && scene->server.n_dones);
    assert_int_equal(scene->client.err, 0);
    assert_int_equal(scene->server.err, 0);
    net_stream_write(scene->client.stream, BYTES("ping"));
    net_stream_write(scene->server.stream, BYTES("pong"));
    run_until(scene->loop, scene->client.got.n >= 4 && scene->server.got.n >= 4);
    assert_bytes(buf_bytes(&scene->server.got), "ping");
    assert_bytes(buf_bytes(&scene->client.got), "pong");
}

static void test_address_is_verified(void **state)
{
    connect_with(*state, server_options(), client_options(), BYTES_NONE);
    check_talk(*state);
}

static void test_name_is_verified(void **state)
{
    connect_with(*state, server_options(), client_options(), BYTES("localhost"));
    check_talk(*state);
}

static void test_another_name_is_refused(void **state)
{
    connect_with(*state, server_options(), client_options(), BYTES("example.com"));
    check_refusal(*state, "TLS handshake: hostname mismatch");
}

static void test_another_address_is_refused(void **state)
{
    connect_with(*state, server_options(), client_options(), BYTES("127.0.0.2"));
    check_refusal(*state, "TLS handshake: IP address mismatch");
}

static void test_a_stranger_is_refused(void **state)
{
    struct net_tls_options server = server_options();

    server.cert_file = bytes_cstr(certs.stranger_cert);
    server.key_file = bytes_cstr(certs.stranger_key);
    connect_with(*state, server, client_options(), BYTES_NONE);
    check_refusal(*state, "TLS handshake: self-signed certificate");
}

static void test_the_system_does_not_know_our_ca(void **state)
{
    connect_with(*state, server_options(), (struct net_tls_options){0}, BYTES_NONE);
    check_refusal(*state, "TLS handshake: unable to get local issuer certificate");
}

static void test_no_verify(void **state)
{
    struct net_tls_options server = server_options();

    server.cert_file = bytes_cstr(certs.stranger_cert);
    server.key_file = bytes_cstr(certs.stranger_key);
    connect_with(*state, server, (struct net_tls_options){.no_verify = true}, BYTES("example.com"));
    check_talk(*state);
}

static void test_client_certificate(void **state)
{
    struct net_tls_options server = server_options();
    struct net_tls_options client = client_options();

    server.ca_file = bytes_cstr(certs.ca);
    client.cert_file = bytes_cstr(certs.client_cert);
    client.key_file = bytes_cstr(certs.client_key);
    connect_with(*state, server, client, BYTES_NONE);
    check_talk(*state);
}

/* With TLS 1.3 the client believes to be done before the server has seen its certificate. */
static void test_client_certificate_is_missing(void **state)
{
    struct scene *scene = *state;
    struct net_tls_options server = server_options();

    server.ca_file = bytes_cstr(certs.ca);
    connect_with(scene, server, client_options(), BYTES_NONE);
    run_until(scene->loop, scene->server.n_dones);
    assert_int_equal(scene->server.err, ERR_TLS);
    assert_string_equal(scene->accept.error_text,
                        "TLS handshake: peer did not return a certificate");
    run_until(scene->loop, scene->client.n_closes || scene->client.err);
    assert_int_equal(scene->client.err ? scene->client.err : scene->client.close_err, ERR_TLS);
}

static void test_client_certificate_of_a_stranger(void **state)
{
    struct scene *scene = *state;
    struct net_tls_options server = server_options();
    struct net_tls_options client = client_options();

    server.ca_file = bytes_cstr(certs.ca);
    client.cert_file = bytes_cstr(certs.stranger_cert);
    client.key_file = bytes_cstr(certs.stranger_key);
    connect_with(scene, server, client, BYTES_NONE);
    run_until(scene->loop, scene->server.n_dones);
    assert_int_equal(scene->server.err, ERR_TLS);
}

/* What the server says with the end of its handshake waits for the client. */
static void test_greeting(void **state)
{
    struct scene *scene = *state;

    scene->greeting = BYTES("welcome");
    connect_with(scene, server_options(), client_options(), BYTES_NONE);
    run_until(scene->loop, scene->client.got.n == 7);
    assert_bytes(buf_bytes(&scene->client.got), "welcome");
}

/* --- a peer that does not speak TLS --- */

static void start_against_plain(struct scene *scene)
{
    struct net_target target;

    scene->is_plain = true;
    scene->client_tls = tls_new(client_options());
    target = target_of(scene);
    target.timeout_ms = 1000;
    net_connect_start(scene->loop, &scene->connect, &target, on_connected);
}

static void test_a_server_without_tls(void **state)
{
    struct scene *scene = *state;

    scene->says = BYTES("HTTP/1.1 400 Bad Request\r\n\r\n");
    start_against_plain(scene);
    run_until(scene->loop, scene->client.n_dones);
    assert_int_equal(scene->client.err, ERR_TLS);
    assert_string_equal(scene->connect.error_text, "TLS handshake: wrong version number");
}

static void test_a_server_that_closes(void **state)
{
    struct scene *scene = *state;

    scene->closes = true;
    start_against_plain(scene);
    run_until(scene->loop, scene->client.n_dones);
    assert_true(scene->client.err == ERR_CLOSED || scene->client.err == ERR_RESET);
    assert_memory_equal(scene->connect.error_text, "TLS handshake: connection ", 26);
}

static void test_a_server_that_says_nothing(void **state)
{
    struct scene *scene = *state;

    start_against_plain(scene);
    loop_advance(scene->loop, 999);
    assert_int_equal(scene->client.n_dones, 0);
    loop_advance(scene->loop, 1);
    assert_int_equal(scene->client.n_dones, 1);
    assert_int_equal(scene->client.err, ERR_TIMEOUT);
    assert_string_equal(scene->connect.error_text, "TLS handshake: connection timed out");
    run_until(scene->loop, !scene->plain);
}

static void test_cancel_while_shaking_hands(void **state)
{
    struct scene *scene = *state;

    start_against_plain(scene);
    run_until(scene->loop, scene->plain);
    run_until_quiet(scene->loop);
    net_connect_cancel(&scene->connect);
    assert_int_equal(scene->client.n_dones, 0);
    run_until(scene->loop, scene->client.n_dones);
    assert_int_equal(scene->client.err, ERR_CANCELED);
    run_until(scene->loop, !scene->plain);
    assert_int_equal(scene->client.n_dones, 1);
}

/* Cancelled at each turn of a handshake that would work: told so once, or connected before. */
static void test_cancel_at_each_turn(void **state)
{
    struct scene *scene = *state;
    unsigned n_connected = 0;

    scene->server_tls = tls_new(server_options());
    scene->client_tls = tls_new(client_options());
    for (int turns = 0; turns < 40; turns++) {
        struct net_target target = target_of(scene);

        scene->client.n_dones = scene->server.n_dones = 0;
        net_connect_start(scene->loop, &scene->connect, &target, on_connected);
        for (int i = 0; i < turns; i++) {
            (void)loop_run_once(scene->loop);
        }
        if (scene->client.n_dones == 0) {
            net_connect_cancel(&scene->connect);
            run_until(scene->loop, scene->client.n_dones);
            assert_int_equal(scene->client.err, ERR_CANCELED);
        } else {
            n_connected++;
            assert_int_equal(scene->client.err, 0);
            net_stream_abort(scene->client.stream, false);
        }
        run_until(scene->loop, scene->server.n_dones || turns == 0);
        run_until_quiet(scene->loop);
        if (scene->server.stream) {
            net_stream_abort(scene->server.stream, false);
        }
        run_until(scene->loop, !scene->client.stream && !scene->server.stream);
        assert_int_equal(scene->client.n_dones, 1);
    }
    assert_in_range(n_connected, 1, 39);
}

/* --- ends --- */

/* The other stream ends without close_notify: somebody may have cut the text short. */
static void test_a_cut_is_an_error(void **state)
{
    struct scene *scene = *state;

    connect_with(scene, server_options(), client_options(), BYTES_NONE);
    check_talk(scene);
    net_stream_write(scene->server.stream, BYTES(" and more"));
    run_until(scene->loop, scene->client.got.n == 13);
    net_stream_abort(scene->server.stream, false);
    run_until(scene->loop, scene->client.n_closes);
    assert_int_equal(scene->client.close_err, ERR_CLOSED);
    assert_int_equal(scene->client.n_eofs, 0);
}

static void test_an_orderly_end_is_none(void **state)
{
    struct scene *scene = *state;

    connect_with(scene, server_options(), client_options(), BYTES_NONE);
    check_talk(scene);
    net_stream_close(scene->server.stream);
    run_until(scene->loop, scene->client.n_eofs);
    assert_int_equal(scene->client.n_closes, 0);
    net_stream_close(scene->client.stream);
    run_until(scene->loop, scene->client.n_closes && scene->server.n_closes);
    assert_int_equal(scene->client.close_err, 0);
    assert_int_equal(scene->server.close_err, 0);
}

/* --- STARTTLS --- */

static void on_plain_connected(struct net_connect *connect, int err, struct net_stream *stream)
{
    struct scene *scene = container_of(connect, struct scene, connect);

    assert_int_equal(err, 0);
    scene->client.stream = stream;
    net_stream_set_events(stream, &events, &scene->client);
    net_stream_resume(stream);
}

static void test_upgrade(void **state)
{
    struct scene *scene = *state;
    struct net_target target;

    scene->is_plain = true;
    scene->says = BYTES("INFO\r\n");
    scene->server_tls = tls_new(server_options());
    scene->client_tls = tls_new(client_options());
    target = target_of(scene);
    target.tls = NULL;
    net_connect_start(scene->loop, &scene->connect, &target, on_plain_connected);
    run_until(scene->loop, scene->client.got.n == 6 && scene->plain);
    buf_clear(&scene->client.got);
    target.tls = scene->client_tls;
    net_connect_upgrade(scene->loop, &scene->connect, scene->client.stream, &target, on_connected);
    scene->client.stream = NULL;
    scene->accept.done = on_shaken;
    stream_tls_accept(scene->loop, &scene->accept, scene->plain, scene->server_tls);
    scene->plain = NULL;
    assert_int_equal(scene->client.n_dones, 0);
    check_talk(scene);
}

static void test_an_upgrade_that_fails(void **state)
{
    struct scene *scene = *state;
    struct net_target target;

    scene->is_plain = true;
    scene->says = BYTES("INFO\r\n");
    scene->client_tls = tls_new(client_options());
    target = target_of(scene);
    target.tls = NULL;
    net_connect_start(scene->loop, &scene->connect, &target, on_plain_connected);
    run_until(scene->loop, scene->client.got.n == 6 && scene->plain);
    target.tls = scene->client_tls;
    net_connect_upgrade(scene->loop, &scene->connect, scene->client.stream, &target, on_connected);
    scene->client.stream = NULL;
    net_stream_write(scene->plain, BYTES("-ERR 'no TLS here'\r\n"));
    run_until(scene->loop, scene->client.n_dones);
    assert_int_equal(scene->client.err, ERR_TLS);
    run_until(scene->loop, !scene->plain);
    assert_int_equal(scene->client.n_closes, 0);
}

/* --- bytes that were changed or made up --- */

static void test_garbage_after_the_handshake(void **state)
{
    struct scene *scene = *state;
    struct net_tls_options client = client_options();
    struct net_target target;

    /* The client's side is plain here, so that it can say anything. */
    scene->server_tls = tls_new(server_options());
    scene->client_tls = tls_new(client);
    target = target_of(scene);
    target.tls = NULL;
    net_connect_start(scene->loop, &scene->connect, &target, on_plain_connected);
    run_until(scene->loop, scene->client.stream);
    net_stream_write(scene->client.stream, BYTES("\x16\x03\x01\xff\xff garbage garbage"));
    run_until(scene->loop, scene->server.n_dones);
    assert_int_equal(scene->server.err, ERR_TLS);
}

/* --- settings that cannot be --- */

static void check_bad(struct net_tls_options options, const char *text)
{
    struct net_tls *tls = NULL;
    char got[512] = "";

    assert_int_equal(net_tls_new(&options, got, sizeof(got), &tls), ERR_TLS);
    assert_null(tls);
    if (!strstr(got, text)) {
        fail_msg("got: %s\nwant: %s", got, text);
    }
}

static void write_encrypted_key(const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(path, "we");
    const unsigned char phrase[] = "secret";

    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), phrase, 6, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    EVP_PKEY_free(key);
}

static void test_bad_settings(void **state)
{
    struct net_tls_options server = server_options();
    char path[CERTS_PATH_BYTES + 8];

    check_bad((struct net_tls_options){.is_server = true}, "needed together");
    check_bad((struct net_tls_options){.key_file = bytes_cstr(certs.client_key)},
              "needed together");
    check_bad((struct net_tls_options){.cert_file = bytes_cstr(certs.client_cert)},
              "needed together");
    check_bad((struct net_tls_options){.ca_file = BYTES("/no/such/file")},
              "cannot use the CA file \"/no/such/file\": no such file or directory");
    check_bad((struct net_tls_options){.ca_file = bytes_cstr(certs.server_key)}, "CA file");
    server.key_file = bytes_cstr(certs.client_key);
    check_bad(server, "key values mismatch");
    server.key_file = bytes_cstr(certs.ca);
    check_bad(server, "cannot use the key file");
    (void)snprintf(path, sizeof(path), "%s.enc", certs.client_key);
    write_encrypted_key(path);
    server.key_file = bytes_cstr(path);
    check_bad(server, "cannot use the key file");
    assert_int_equal(remove(path), 0);
    net_tls_free(NULL);
}

static int make_certs(void **state)
{
    certs_make(&certs);
    return 0;
}

static int remove_certs(void **state)
{
    certs_remove(&certs);
    return 0;
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(test_address_is_verified),
        SCENE(test_name_is_verified),
        SCENE(test_another_name_is_refused),
        SCENE(test_another_address_is_refused),
        SCENE(test_a_stranger_is_refused),
        SCENE(test_the_system_does_not_know_our_ca),
        SCENE(test_no_verify),
        SCENE(test_client_certificate),
        SCENE(test_client_certificate_is_missing),
        SCENE(test_client_certificate_of_a_stranger),
        SCENE(test_greeting),
        SCENE(test_a_server_without_tls),
        SCENE(test_a_server_that_closes),
        SCENE(test_a_server_that_says_nothing),
        SCENE(test_cancel_while_shaking_hands),
        SCENE(test_cancel_at_each_turn),
        SCENE(test_a_cut_is_an_error),
        SCENE(test_an_orderly_end_is_none),
        SCENE(test_upgrade),
        SCENE(test_an_upgrade_that_fails),
        SCENE(test_garbage_after_the_handshake),
        cmocka_unit_test(test_bad_settings),
    };

    return cmocka_run_group_tests(tests, make_certs, remove_certs);
}
