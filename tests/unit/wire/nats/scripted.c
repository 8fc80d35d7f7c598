/* SPDX-License-Identifier: MIT */
/* The scripted server: bare sockets in the thread of the loop. */
#include "scripted.h"

#include "support/run_until.h"

/* --- the client's events --- */

static struct scripted *of(const struct nats_client *client)
{
    return nats_client_owner(client);
}

/* The text with the server's address as "S". */
static void add_text(struct scripted *s, const char *text)
{
    struct bytes rest = bytes_cstr(text);

    if (bytes_starts_with(rest, bytes_cstr(s->address))) {
        buf_add_char(&s->events, 'S');
        rest = bytes_from(rest, strlen(s->address));
    }
    buf_add(&s->events, rest);
    buf_add_char(&s->events, ';');
}

static void on_connected(struct nats_client *client, bool was_reconnect)
{
    struct scripted *s = of(client);

    assert_true(nats_client_is_connected(client));
    s->is_connected = true;
    buf_add(&s->events, was_reconnect ? BYTES("reconnected;") : BYTES("connected;"));
}

static void on_disconnected(struct nats_client *client, int err, const char *text)
{
    struct scripted *s = of(client);

    assert_true(err < 0);
    assert_false(nats_client_is_connected(client));
    s->is_connected = false;
    buf_add(&s->events, BYTES("disconnected "));
    add_text(s, text);
}

static void on_error(struct nats_client *client, const char *text)
{
    struct scripted *s = of(client);

    buf_add(&s->events, BYTES("error "));
    add_text(s, text);
}

void scripted_on_closed(void *owner)
{
    ((struct scripted *)owner)->is_closed = true;
}

static void on_message(struct nats_client *client, const struct nats_message *message)
{
    struct scripted *s = of(client);

    buf_add_format(&s->events, "%s %.*s [%.*s];", (const char *)message->subscription_owner,
                   BYTES_ARG(message->subject), BYTES_ARG(message->payload));
    if (s->closes_at_message) {
        s->client = NULL;
        nats_client_close(client, scripted_on_closed);
    }
}

void scripted_on_flushed(struct nats_client *client)
{
    of(client)->n_flushed++;
}

/* --- the server --- */

void scripted_stop_listening(struct scripted *s)
{
    if (s->is_listening) {
        raw_server_close(&s->server);
    }
    s->is_listening = false;
}

void scripted_accept(struct scripted *s)
{
    if (s->peer.fd >= 0) {
        raw_client_close(&s->peer);
    }
    raw_server_accept(&s->server, &s->peer);
}

bool scripted_has_connection(struct scripted *s)
{
    if (!raw_server_has_connection(&s->server)) {
        return false;
    }
    scripted_accept(s);
    return true;
}

void scripted_send(struct scripted *s, const char *text)
{
    raw_client_send(&s->peer, bytes_cstr(text));
}

static bool has_event(const struct scripted *s, const char *text)
{
    return s->events.n > 0 && memmem(s->events.p, s->events.n, text, strlen(text));
}

void scripted_await(struct scripted *s, const char *text)
{
    run_until(s->loop, has_event(s, text));
}

void scripted_log_in(struct scripted *s)
{
    scripted_accept(s);
    scripted_send(s, SCRIPTED_INFO);
    raw_client_wait(&s->peer, "PING\r\n");
    scripted_send(s, "PONG\r\n");
    raw_client_until(s->loop, &s->is_connected);
}

void scripted_forget(struct scripted *s)
{
    buf_clear(&s->events);
    buf_clear(&s->peer.in);
}

/* --- life --- */

void scripted_open(struct scripted *s, const char *servers, struct nats_client_options options)
{
    static const struct nats_client_events events = {
        .on_connected = on_connected,
        .on_disconnected = on_disconnected,
        .on_error = on_error,
        .on_message = on_message,
    };

    struct buf list;

    buf_init(&list, BUF_NO_LIMIT);
    *s = (struct scripted){.loop = loop_new_virtual(0), .peer.fd = -1};
    buf_init(&s->events, BUF_NO_LIMIT);
    raw_server_open(&s->server, s->loop, NULL);
    s->is_listening = true;
    (void)snprintf(s->address, sizeof(s->address), "127.0.0.1:%u", s->server.port);
    for (const char *at = servers ? servers : "$"; *at; at++) {
        buf_add(&list, *at == '$' ? bytes_cstr(s->address) : bytes_of(at, 1));
    }
    options.servers = buf_bytes(&list);
    assert_int_equal(nats_client_new(s->loop, &options, &events, s, &s->client), 0);
    buf_fini(&list);
}

void scripted_close(struct scripted *s)
{
    if (s->client) {
        nats_client_close(s->client, scripted_on_closed);
    }
    if (s->peer.fd >= 0) {
        raw_client_close(&s->peer);
    }
    scripted_stop_listening(s);
    raw_client_until(s->loop, &s->is_closed);
    buf_fini(&s->events);
    loop_free(s->loop);
}
