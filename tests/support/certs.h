/* SPDX-License-Identifier: MIT */
/*
 * Certificates for tests, made on the spot: a CA, a server certificate of it (localhost,
 * 127.0.0.1, ::1), a client certificate of it, and one of a stranger. PEM files in a directory of
 * their own.
 */
#pragma once

enum { CERTS_PATH_BYTES = 64 };

struct certs {
    char dir[CERTS_PATH_BYTES];
    char ca[CERTS_PATH_BYTES];
    char server_cert[CERTS_PATH_BYTES], server_key[CERTS_PATH_BYTES];
    char client_cert[CERTS_PATH_BYTES], client_key[CERTS_PATH_BYTES];
    char stranger_cert[CERTS_PATH_BYTES], stranger_key[CERTS_PATH_BYTES]; /* self-signed */
};

void certs_make(struct certs *certs); /* fails the test when it cannot */
void certs_remove(struct certs *certs);
