/* SPDX-License-Identifier: MIT */
/* The two JSON texts of the NATS protocol: INFO of the server and CONNECT of the client. */
#pragma once

#include "base/buf.h"

enum { NATS_PAYLOAD_MAX = 64 * 1024 * 1024 };

struct nats_info {
    size_t max_payload; /* at most NATS_PAYLOAD_MAX; 1 MiB when the server does not tell */
    bool tls_required, tls_available;
    bool is_lame_duck;         /* the server is about to leave */
    struct bytes connect_urls; /* slice of the text: array or BYTES_NONE */
};

/* ERR_PROTOCOL when it is no object, or its max_payload no positive number. */
int nats_info_read(struct bytes text, struct nats_info *out) MUST_CHECK;

struct nats_login {
    struct bytes user, pass, token, name; /* BYTES_NONE: not sent */
    bool is_tls;
};

/* The line CONNECT {...}. */
void nats_login_add(struct buf *out, const struct nats_login *login);
