/* SPDX-License-Identifier: MIT */
/*
 * One connection to one NATS server: TCP -> INFO -> (TLS) -> on_open, then frames. Answers PING.
 * Login, subscriptions and reconnecting are nats_client.c's. For that file only.
 */
#pragma once

#include "loop/loop.h"
#include "net/net_connect.h"
#include "wire/nats/nats_codec.h"
#include "wire/nats/nats_login.h"
#include "wire/nats/nats_servers.h"

struct nats_connection;

struct nats_connection_events {
    /* TLS is about to begin: settings that outlive the connection; NULL: there are none. */
    const struct net_tls *(*get_tls)(struct nats_connection *connection);
    /* The stream is as the server wants it: log in. info is valid until the call returns. */
    void (*on_open)(struct nats_connection *connection, const struct nats_info *info);
    /* All but PING (answered here) and the first INFO. */
    void (*on_frame)(struct nats_connection *connection, const struct nats_frame *frame);
    /* Once, the last event: err is 0 only after nats_connection_close. Freed on return. */
    void (*on_closed)(struct nats_connection *connection, int err, const char *text);
};

struct nats_connection_options {
    bool wants_tls;      /* an error when the server has none */
    bool refuses_tls;    /* none where the server leaves it open */
    unsigned timeout_ms; /* of each step until on_open */
    size_t write_limit;
};

struct nats_connection *nats_connection_new(struct loop *loop, const struct nats_server *server,
                                            const struct nats_connection_options *options,
                                            const struct nats_connection_events *events,
                                            void *owner);
void *nats_connection_owner(const struct nats_connection *connection);
/* "host:port" as configured. */
const char *nats_connection_name(const struct nats_connection *connection);
bool nats_connection_is_open(const struct nats_connection *connection);
bool nats_connection_is_tls(const struct nats_connection *connection);
/* Nothing is written while it is not open. */
void nats_connection_write(struct nats_connection *connection, struct bytes bytes);
size_t nats_connection_pending_bytes(const struct nats_connection *connection);
/* Both: on_closed follows, no other event. close writes what is pending first. */
void nats_connection_close(struct nats_connection *connection);
void nats_connection_abort(struct nats_connection *connection, int err, struct bytes text);
