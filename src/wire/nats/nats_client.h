/* SPDX-License-Identifier: MIT */
/*
 * NATS client connection (protocol of nats-server 2.x): login, subscriptions, publishing,
 * keep-alive, reconnection for ever. Knows nothing of Moleculer.
 *
 * Happy path: start -> TCP -> INFO -> (TLS) -> CONNECT, PING -> PONG -> on_connected.
 * Failure modes: no server of the list reachable, login refused, stale connection, -ERR: on_error
 * says what, then on_disconnected if it was up, then the next attempt after a back-off; all
 * subscriptions are made again before on_connected. While down, nats_client_publish refuses.
 */
#pragma once

#include "base/log.h"
#include "loop/loop.h"
#include "net/net_connect.h"

struct nats_client;

struct nats_client_options {
    struct bytes servers; /* comma-separated nats:// or tls:// URLs or host:port; default
                             nats://127.0.0.1:4222; first user:pass found serves all, taken
                             without percent-decoding as nats.js does */
    struct bytes user, pass, token, name; /* of URLs: user and pass win; a user without a pass is
                                             sent as token too */
    const struct net_tls *tls; /* borrowed; settings for tls:// and for servers that have TLS; may
                                  be NULL: the system's certificates */
    bool tls_wanted;           /* also without tls:// */
    bool tls_refused;          /* where the server leaves it open */
    unsigned reconnect_first_ms, reconnect_most_ms; /* 0: 100, 2,000 */
    unsigned connect_timeout_ms;                    /* 0: 10,000 */
    unsigned ping_interval_ms;                      /* 0: 120,000 */
    unsigned missed_pings_most; /* so many missed answers end the connection; 0: 2 */
    size_t pending_limit_bytes; /* unsent bytes before publishing is refused; 0: 64 MiB */
    const struct logger *log;   /* borrowed; may be NULL */
};

struct nats_message {
    struct bytes subject;
    struct bytes payload;
    void *subscription_owner; /* as given to nats_client_subscribe */
};

struct nats_client_events {
    void (*on_connected)(struct nats_client *client, bool was_reconnect);
    void (*on_disconnected)(struct nats_client *client, int err, const char *text);
    void (*on_error)(struct nats_client *client, const char *text); /* -ERR, failed attempts */
    void (*on_message)(struct nats_client *client, const struct nats_message *message);
};

/* Copies the options' texts. ERR_INVALID for a URL that cannot be read. */
int nats_client_new(struct loop *loop, const struct nats_client_options *options,
                    const struct nats_client_events *events, void *owner,
                    struct nats_client **out) MUST_CHECK;
void *nats_client_owner(const struct nats_client *client);
void nats_client_start(struct nats_client *client);
bool nats_client_is_connected(const struct nats_client *client);
/* Max payload of the server now connected to; 0 when not connected. */
size_t nats_client_max_payload(const struct nats_client *client);

/* Kept and repeated on each connection. queue: BYTES_NONE for none. Returns an id > 0, or
 * ERR_INVALID for a subject with blanks or empty tokens. */
int nats_client_subscribe(struct nats_client *client, struct bytes subject, struct bytes queue,
                          void *subscription_owner) MUST_CHECK;
void nats_client_unsubscribe(struct nats_client *client, int subscription_id);

/* Nothing is queued while down: ERR_NOT_CONNECTED. ERR_LIMIT (over max_payload or too much unsent),
 * ERR_INVALID (subject). */
int nats_client_publish(struct nats_client *client, struct bytes subject,
                        struct bytes payload) MUST_CHECK;
/* Waits for the server to have taken everything (PING/PONG), at most timeout_ms, and not longer
 * than the connection lasts. */
void nats_client_flush(struct nats_client *client, unsigned timeout_ms,
                       void (*done)(struct nats_client *client));
/*
 * Unsubscribes, waits for the server to have taken what was published (at most 2 s), closes, frees;
 * no event comes any more, but flushes not done yet are; done may be NULL.
 */
void nats_client_close(struct nats_client *client, void (*done)(void *owner));
