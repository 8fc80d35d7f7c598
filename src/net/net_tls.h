/* SPDX-License-Identifier: MIT */
/* TLS settings of one side: certificates, trust, verification. Made once, used by many streams. */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

struct net_tls;

struct net_tls_options {
    bool is_server;
    bool no_verify;                   /* clients: take any certificate */
    struct bytes ca_file;             /* PEM; none: the system's. Servers: clients must show a
                                         certificate of it; none: they need not show any */
    struct bytes cert_file, key_file; /* PEM; needed by servers */
};

/* ERR_TLS with the reason in error_text. */
int net_tls_new(const struct net_tls_options *options, char *error_text, size_t error_room,
                struct net_tls **out) MUST_CHECK;
void net_tls_free(struct net_tls *tls); /* NULL passes; no stream may use it any more */
