/* SPDX-License-Identifier: MIT */
/*
 * A NATS client on a virtual clock against a server whose every byte the test writes. The client's
 * events are kept as text: "connected;", "reconnected;", "disconnected <reason>;", "error <text>;",
 * "<owner> <subject> [<payload>];". "S: " stands for the server's address.
 */
#pragma once

#include "support/check.h"
#include "support/raw_server.h"
#include "wire/nats/nats_client.h"

#define SCRIPTED_INFO "INFO {\"server_id\":\"s\",\"max_payload\":1000}\r\n"

struct scripted {
    struct loop *loop;
    struct raw_server server;
    bool is_listening;
    char address[32];
    struct raw_client peer; /* the connection accepted last; fd -1: none */
    struct nats_client *client;
    struct buf events;
    unsigned n_flushed;
    bool is_connected, is_closed;
    bool closes_at_message;
};

/*
 * Makes loop, listener and client, not started. servers: a list in which '$' stands for the
 * listener's address; NULL: just that.
 */
void scripted_open(struct scripted *s, const char *servers, struct nats_client_options options);
/* Closes what is open and frees all. */
void scripted_close(struct scripted *s);
void scripted_stop_listening(struct scripted *s);
/* Waits for a connection; the one before is closed. */
void scripted_accept(struct scripted *s);
bool scripted_has_connection(struct scripted *s); /* then it is accepted */
void scripted_send(struct scripted *s, const char *text);
/* accept, INFO, CONNECT and PING, PONG; what the client sent stays in peer.in. */
void scripted_log_in(struct scripted *s);
/* Until the events contain the text. */
void scripted_await(struct scripted *s, const char *text);
void scripted_forget(struct scripted *s); /* events and what the client sent */
void scripted_on_flushed(struct nats_client *client);
void scripted_on_closed(void *owner);

#define assert_events(s, text)  assert_bytes_eq(buf_bytes(&(s)->events), bytes_cstr(text))
#define assert_sent(s, literal) assert_bytes(buf_bytes(&(s)->peer.in), literal)
