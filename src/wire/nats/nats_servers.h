/* SPDX-License-Identifier: MIT */
/*
 * The servers a NATS client may use: those configured, and those a server has told of in INFO. It
 * goes round them in turn.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum { NATS_PORT = 4222, NATS_SERVERS_MAX = 64, NATS_HOST_MAX = 255 };

struct nats_url {
    bool is_tls;
    struct bytes user, pass; /* not decoded; BYTES_NONE when absent */
    struct bytes host;       /* IPv6 without brackets */
    unsigned port;
};

/*
 * [nats://|tls://][user[:pass]@]host[:port][/...]; the scheme in any case, path and query ignored,
 * a bare IPv6 address is taken whole. Slices of text. ERR_INVALID.
 */
int nats_url_parse(struct bytes text, struct nats_url *out) MUST_CHECK;

struct nats_server {
    struct bytes host;
    unsigned port;
    bool is_tls;
    struct bytes tls_name; /* to verify instead of host; BYTES_NONE: host */
};

struct nats_servers {
    struct nats_server items[NATS_SERVERS_MAX]; /* the configured ones first */
    unsigned n, n_configured;
    unsigned at;             /* the current one */
    struct bytes user, pass; /* the first of each in the list, or BYTES_NONE */
    struct arena arena;      /* texts of the configured ones */
    struct arena learned;    /* texts of the learned ones */
};

/* list: URLs separated by commas; empty: 127.0.0.1:4222. ERR_INVALID, ERR_LIMIT: nothing to fini.
 */
int nats_servers_init(struct nats_servers *servers, struct bytes list) MUST_CHECK;
void nats_servers_fini(struct nats_servers *servers);
/* Valid until the next call of learn. */
const struct nats_server *nats_servers_current(const struct nats_servers *servers);
/* Makes the next one current. */
void nats_servers_advance(struct nats_servers *servers);
/*
 * Replaces the learned ones by connect_urls of INFO: slice, an array of "host:port" (anything else
 * in it is skipped). They inherit TLS of the current server, and its name where they have none.
 */
void nats_servers_learn(struct nats_servers *servers, struct bytes connect_urls);
