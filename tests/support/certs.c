/* SPDX-License-Identifier: MIT */
/* Makes certificates with OpenSSL: P-256 keys, valid for a day. */
#include "support/certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "support/check.h"

enum { DAY_S = 24 * 60 * 60 };

struct identity {
    const char *name;
    const char *alt_names; /* as openssl.cnf has it; NULL: none */
    bool is_ca;
};

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* issuer NULL: signs itself. */
static X509 *issue(const struct identity *identity, EVP_PKEY *key, X509 *issuer,
                   EVP_PKEY *issuer_key)
{
    static long serial = 1;
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);

    assert_int_equal(X509_set_version(cert, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), DAY_S));
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)identity->name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer) : name), 1);
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    add_extension(cert, NID_basic_constraints, identity->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (identity->alt_names) {
        add_extension(cert, NID_subject_alt_name, identity->alt_names);
    }
    assert_true(X509_sign(cert, issuer_key ? issuer_key : key, EVP_sha256()) > 0);
    return cert;
}

static void write_cert(const char *path, X509 *cert)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, cert), 1);
    assert_int_equal(fclose(file), 0);
}

static void write_key(const char *path, EVP_PKEY *key)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
}

static void make_leaf(const struct identity *identity, X509 *ca, EVP_PKEY *ca_key,
                      const char *cert_path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = issue(identity, key, ca, ca_key);

    write_cert(cert_path, cert);
    write_key(key_path, key);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void join(char *out, const struct certs *certs, const char *name)
{
    (void)snprintf(out, CERTS_PATH_BYTES, "%.32s/%s", certs->dir, name);
}

void certs_make(struct certs *certs)
{
    static const struct identity ca = {"test CA", NULL, true};
    static const struct identity server = {"server", "DNS:localhost,IP:127.0.0.1,IP:::1", false};
    static const struct identity client = {"client", NULL, false};
    EVP_PKEY *ca_key = EVP_EC_gen("P-256");
    X509 *ca_cert = issue(&ca, ca_key, NULL, NULL);

    (void)snprintf(certs->dir, sizeof(certs->dir), "/tmp/test-certs-XXXXXX");
    assert_non_null(mkdtemp(certs->dir));
    join(certs->ca, certs, "ca.pem");
    join(certs->server_cert, certs, "server.pem");
    join(certs->server_key, certs, "server.key");
    join(certs->client_cert, certs, "client.pem");
    join(certs->client_key, certs, "client.key");
    join(certs->stranger_cert, certs, "stranger.pem");
    join(certs->stranger_key, certs, "stranger.key");
    write_cert(certs->ca, ca_cert);
    make_leaf(&server, ca_cert, ca_key, certs->server_cert, certs->server_key);
    make_leaf(&client, ca_cert, ca_key, certs->client_cert, certs->client_key);
    make_leaf(&server, NULL, NULL, certs->stranger_cert, certs->stranger_key);
    X509_free(ca_cert);
    EVP_PKEY_free(ca_key);
}

void certs_remove(struct certs *certs)
{
    const char *files[] = {certs->ca,          certs->server_cert, certs->server_key,
                           certs->client_cert, certs->client_key,  certs->stranger_cert,
                           certs->stranger_key};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)unlink(files[i]);
    }
    (void)rmdir(certs->dir);
}
