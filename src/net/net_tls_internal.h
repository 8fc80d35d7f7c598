/* SPDX-License-Identifier: MIT */
/* What net_tls.c and stream_tls.c share. */
#pragma once

#include <openssl/ssl.h>

#include "net/net_tls.h"

struct net_tls {
    SSL_CTX *context;
    BIO_METHOD *bio_method; /* of stream_tls.c */
    bool is_server;
};

/* --- net_tls.c --- */
/* Words for what OpenSSL reported first (the cause of the rest), and forgets it. */
void net_tls_take_error(char *out, size_t room);

/* --- stream_tls.c --- */
/* Ties an SSL to the stream it runs over; NULL when memory is gone. */
BIO_METHOD *stream_tls_new_bio_method(void);
