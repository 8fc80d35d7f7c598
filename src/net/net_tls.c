/* SPDX-License-Identifier: MIT */
/* Settings of TLS as a context of OpenSSL: TLS 1.2 and up, no renegotiation. */
#include "net/net_tls.h"

#include <stdio.h>

#include <openssl/err.h>
#include <uv.h>

#include "base/mem.h"
#include "net/net_tls_internal.h"

enum { FILE_NAME_BYTES = 4096 };

void net_tls_take_error(char *out, size_t room)
{
    unsigned long code = ERR_peek_error();
    const char *reason =
        ERR_SYSTEM_ERROR(code) ? uv_strerror(-ERR_GET_REASON(code)) : ERR_reason_error_string(code);

    (void)snprintf(out, room, "%s", reason ? reason : "unknown reason");
    ERR_clear_error();
}

/* An encrypted key must not make OpenSSL ask at the terminal. */
static int refuse_pass_phrase(char *out, int room, int is_writing, void *user)
{
    return 0;
}

static int load_key_file(SSL_CTX *context, const char *file)
{
    return SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM);
}

static int load_ca_file(SSL_CTX *context, const char *file)
{
    return SSL_CTX_load_verify_file(context, file);
}

struct tls_file {
    const char *what;
    struct bytes name;
    int (*load)(SSL_CTX *context, const char *file);
};

static int load_file(SSL_CTX *context, const struct tls_file *file, char *error_text,
                     size_t error_room)
{
    char name[FILE_NAME_BYTES];
    char reason[128];

    if (!bytes_is_set(file->name)) {
        return 0;
    }
    (void)snprintf(name, sizeof(name), "%.*s", BYTES_ARG(file->name));
    if (file->name.n < sizeof(name) && file->load(context, name) == 1) {
        return 0;
    }
    net_tls_take_error(reason, sizeof(reason));
    (void)snprintf(error_text, error_room, "cannot use the %s file \"%.200s\": %s", file->what,
                   name, reason);
    return ERR_TLS;
}

static int load_files(SSL_CTX *context, const struct net_tls_options *options, char *error_text,
                      size_t error_room)
{
    const struct tls_file files[] = {
        {"CA", options->ca_file, load_ca_file},
        {"certificate", options->cert_file, SSL_CTX_use_certificate_chain_file},
        {"key", options->key_file, load_key_file},
    };

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        int err = load_file(context, &files[i], error_text, error_room);

        if (err) {
            return err;
        }
    }
    return 0;
}

static int set_up(SSL_CTX *context, const struct net_tls_options *options, char *error_text,
                  size_t error_room)
{
    bool has_ca = bytes_is_set(options->ca_file);
    bool verifies = options->is_server ? has_ca : !options->no_verify;

    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* Idle streams then hold no record buffers. */
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_default_passwd_cb(context, refuse_pass_phrase);
    SSL_CTX_set_verify(
        context, verifies ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE,
        NULL);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        (verifies && !has_ca && SSL_CTX_set_default_verify_paths(context) != 1)) {
        net_tls_take_error(error_text, error_room);
        return ERR_TLS;
    }
    return load_files(context, options, error_text, error_room);
}

static bool has_half_a_pair(const struct net_tls_options *options)
{
    bool has_cert = bytes_is_set(options->cert_file);
    bool has_key = bytes_is_set(options->key_file);

    return has_cert != has_key || (options->is_server && !has_cert);
}

int net_tls_new(const struct net_tls_options *options, char *error_text, size_t error_room,
                struct net_tls **out)
{
    struct net_tls *tls;
    int err;

    if (has_half_a_pair(options)) {
        (void)snprintf(error_text, error_room, "certificate and key are needed together");
        return ERR_TLS;
    }
    tls = mem_new(struct net_tls);
    tls->is_server = options->is_server;
    tls->context = SSL_CTX_new(TLS_method());
    tls->bio_method = stream_tls_new_bio_method();
    if (tls->context && tls->bio_method) {
        err = set_up(tls->context, options, error_text, error_room);
    } else {
        net_tls_take_error(error_text, error_room);
        err = ERR_TLS;
    }
    if (err) {
        net_tls_free(tls);
        return err;
    }
    *out = tls;
    return 0;
}

void net_tls_free(struct net_tls *tls)
{
    if (tls) {
        SSL_CTX_free(tls->context);
        BIO_meth_free(tls->bio_method);
        mem_free(tls);
    }
}
