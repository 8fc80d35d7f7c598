/* SPDX-License-Identifier: MIT */
/*
 * The client: keeps one nats_connection up, logs in, repeats the subscriptions, keeps alive.
 * A connection that lasted is followed by an attempt after the shortest wait; failed attempts go
 * round the servers at once and then wait, longer each round.
 */
#include "wire/nats/nats_client.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/uuid.h"
#include "net/net_backoff.h"
#include "net/net_tls.h"
#include "wire/nats/nats_connection.h"
#include "wire/nats/nats_subscriptions.h"

enum {
    RECONNECT_FIRST_MS = 100,
    RECONNECT_MOST_MS = 2000,
    CONNECT_TIMEOUT_MS = 10000,
    PING_INTERVAL_MS = 120000,
    MISSED_PINGS_MOST = 2,
    DRAIN_MS = 2000,
    LASTED_MS = 5000, /* a shorter connection counts as a failed attempt */
    PENDING_LIMIT_BYTES = 64 * 1024 * 1024,
    PENDING_SPARE_BYTES = 16 * 1024 * 1024, /* for what is not published: SUB, PING */
    TEXT_BYTES = 512,
};

enum client_state {
    CLIENT_IDLE,       /* -> LOGGING_IN by start, CLOSING */
    CLIENT_WAITING,    /* for the next attempt -> LOGGING_IN, CLOSING */
    CLIENT_LOGGING_IN, /* from the first byte to the PONG -> UP, WAITING, CLOSING */
    CLIENT_UP,         /* -> WAITING, DRAINING */
    CLIENT_DRAINING,   /* the last PONG is awaited -> CLOSING */
    CLIENT_CLOSING,    /* waits for the connection to end, then is freed */
};

struct nats_client {
    struct loop *loop;
    struct nats_client_events events;
    void *owner;
    struct nats_client_options options; /* zeros replaced; texts in the arena */
    struct arena arena;
    struct net_tls *own_tls; /* the system's certificates, when no settings were given */
    enum client_state state;
    struct nats_servers servers;
    struct nats_connection *connection; /* NULL while idle and waiting */
    struct loop_timer timer;            /* what the state waits for, or the next ping */
    struct loop_defer finish;
    struct net_backoff backoff;
    unsigned n_tried; /* attempts in this round of the servers */
    bool was_connected;
    uint64_t up_since_ms;
    size_t max_payload;
    uint64_t pings_sent, pongs_got; /* of this connection */
    struct nats_subscriptions subscriptions;
    struct list flushes; /* in order of target */
    void (*closed)(void *owner);
};

struct flush {
    struct list link;
    struct nats_client *client;
    uint64_t target; /* done when so many PONGs have come */
    struct loop_timer timer;
    void (*done)(struct nats_client *client);
};

static void set_state(struct nats_client *c, enum client_state state)
{
    static const unsigned next[] = {
        [CLIENT_IDLE] = 1 << CLIENT_LOGGING_IN | 1 << CLIENT_CLOSING,
        [CLIENT_WAITING] = 1 << CLIENT_LOGGING_IN | 1 << CLIENT_CLOSING,
        [CLIENT_LOGGING_IN] = 1 << CLIENT_UP | 1 << CLIENT_WAITING | 1 << CLIENT_CLOSING,
        [CLIENT_UP] = 1 << CLIENT_WAITING | 1 << CLIENT_DRAINING,
        [CLIENT_DRAINING] = 1 << CLIENT_CLOSING,
        [CLIENT_CLOSING] = 0,
    };

    ASSERT(next[c->state] & (1U << state));
    c->state = state;
    loop_timer_stop(&c->timer);
}

static void report(struct nats_client *c, const char *text)
{
    if (c->events.on_error) {
        c->events.on_error(c, text);
    }
}

/* --- flushes --- */

static void flush_end(struct flush *flush)
{
    struct nats_client *c = flush->client;
    void (*done)(struct nats_client * client) = flush->done;

    list_remove(&flush->link);
    loop_timer_stop(&flush->timer);
    mem_free(flush);
    done(c);
}

static void on_flush_timer(struct loop_timer *timer)
{
    flush_end(container_of(timer, struct flush, timer));
}

/* Those that the PONGs up to now complete; done may start further ones. */
static void end_flushes(struct nats_client *c)
{
    while (!list_is_empty(&c->flushes)) {
        struct flush *first = list_entry(c->flushes.next, struct flush, link);

        if (first->target > c->pongs_got) {
            return;
        }
        flush_end(first);
    }
}

/* The connection is gone: they end in the next turn. */
static void hurry_flushes(struct nats_client *c)
{
    list_for_each (link, &c->flushes) {
        loop_timer_start(&list_entry(link, struct flush, link)->timer, 0);
    }
}

static void send_ping(struct nats_client *c)
{
    c->pings_sent++;
    nats_connection_write(c->connection, NATS_PING);
}

void nats_client_flush(struct nats_client *c, unsigned timeout_ms,
                       void (*done)(struct nats_client *client))
{
    struct flush *flush = mem_new(struct flush);

    flush->client = c;
    flush->done = done;
    loop_timer_init(c->loop, &flush->timer, on_flush_timer);
    if (c->state == CLIENT_UP) {
        send_ping(c);
    }
    flush->target = c->pings_sent;
    list_append(&c->flushes, &flush->link);
    loop_timer_start(&flush->timer, c->state == CLIENT_UP ? timeout_ms : 0);
}

/* --- ending --- */

static void on_finish(struct loop_defer *defer)
{
    struct nats_client *c = container_of(defer, struct nats_client, finish);
    void (*closed)(void *owner) = c->closed;
    void *owner = c->owner;

    while (!list_is_empty(&c->flushes)) {
        flush_end(list_entry(c->flushes.next, struct flush, link));
    }
    nats_servers_fini(&c->servers);
    nats_subscriptions_fini(&c->subscriptions);
    net_tls_free(c->own_tls);
    arena_fini(&c->arena);
    mem_free(c);
    if (closed) {
        closed(owner);
    }
}

static void begin_draining(struct nats_client *c)
{
    struct buf lines;

    set_state(c, CLIENT_DRAINING);
    buf_init(&lines, BUF_NO_LIMIT);
    for (size_t i = 0; i < c->subscriptions.n; i++) {
        nats_codec_add_unsub(&lines, (unsigned)c->subscriptions.items[i].id);
    }
    nats_connection_write(c->connection, buf_bytes(&lines));
    buf_fini(&lines);
    send_ping(c);
    loop_timer_start(&c->timer, DRAIN_MS);
}

static void end_draining(struct nats_client *c)
{
    set_state(c, CLIENT_CLOSING);
    nats_connection_close(c->connection);
}

void nats_client_close(struct nats_client *c, void (*done)(void *owner))
{
    ASSERT(c->state != CLIENT_DRAINING && c->state != CLIENT_CLOSING);
    c->closed = done;
    c->events = (struct nats_client_events){0};
    if (c->state == CLIENT_UP) {
        begin_draining(c);
        return;
    }
    set_state(c, CLIENT_CLOSING);
    if (c->connection) {
        nats_connection_close(c->connection);
    } else {
        loop_defer_start(c->loop, &c->finish);
    }
}

/* --- attempts --- */

static const struct nats_connection_events connection_events;

static void attempt(struct nats_client *c)
{
    const struct nats_server *server = nats_servers_current(&c->servers);
    struct nats_connection_options options = {
        .wants_tls = c->options.tls_wanted,
        .refuses_tls = c->options.tls_refused,
        .timeout_ms = c->options.connect_timeout_ms,
        .write_limit = c->options.pending_limit_bytes + PENDING_SPARE_BYTES,
    };

    set_state(c, CLIENT_LOGGING_IN);
    c->n_tried++;
    c->pings_sent = c->pongs_got = 0;
    c->connection = nats_connection_new(c->loop, server, &options, &connection_events, c);
    if (c->options.log) {
        log_debug(c->options.log, "Connecting to NATS server %s.",
                  nats_connection_name(c->connection));
    }
}

/* After a connection has ended: the wait before the next attempt. */
static uint64_t next_delay_ms(struct nats_client *c, bool has_lasted)
{
    if (has_lasted) {
        net_backoff_reset(&c->backoff);
        c->n_tried = 1; /* the lost server is the last of the next round */
    }
    nats_servers_advance(&c->servers);
    if (c->n_tried < c->servers.n) {
        return uuid_random_below(c->options.reconnect_first_ms);
    }
    c->n_tried = 0;
    return net_backoff_next_ms(&c->backoff);
}

static void on_closed(struct nats_connection *connection, int err, const char *reason)
{
    struct nats_client *c = nats_connection_owner(connection);
    bool was_up = c->state == CLIENT_UP;
    bool has_lasted = was_up && loop_now_ms(c->loop) - c->up_since_ms >= LASTED_MS;
    char text[TEXT_BYTES];

    c->connection = NULL;
    c->max_payload = 0;
    hurry_flushes(c);
    if (c->state == CLIENT_DRAINING) {
        set_state(c, CLIENT_CLOSING);
    }
    if (c->state == CLIENT_CLOSING) {
        loop_defer_start(c->loop, &c->finish);
        return;
    }
    (void)snprintf(text, sizeof(text), "%s: %s", nats_connection_name(connection), reason);
    set_state(c, CLIENT_WAITING);
    loop_timer_start(&c->timer, next_delay_ms(c, has_lasted));
    if (!was_up) {
        report(c, text);
    } else if (c->events.on_disconnected) {
        c->events.on_disconnected(c, err, text);
    }
}

static void log_in(struct nats_client *c)
{
    struct bytes url_user = c->servers.user, url_pass = c->servers.pass;
    struct nats_login login = {
        .user = bytes_is_set(url_user) ? url_user : c->options.user,
        .pass = bytes_is_set(url_pass) ? url_pass : c->options.pass,
        .token = c->options.token,
        .name = c->options.name,
        .is_tls = nats_connection_is_tls(c->connection),
    };
    struct buf lines;

    if (bytes_is_set(url_user) && !bytes_is_set(login.pass) && !bytes_is_set(login.token)) {
        login.token = url_user;
    }
    buf_init(&lines, BUF_NO_LIMIT);
    nats_login_add(&lines, &login);
    nats_subscriptions_add_lines(&lines, &c->subscriptions);
    nats_connection_write(c->connection, buf_bytes(&lines));
    buf_fini(&lines);
    send_ping(c);
}

static void learn(struct nats_client *c, const struct nats_info *info)
{
    c->max_payload = info->max_payload;
    if (bytes_is_set(info->connect_urls)) {
        nats_servers_learn(&c->servers, info->connect_urls);
    }
    if (info->is_lame_duck && c->options.log) {
        log_info(c->options.log, "NATS server %s is shutting down.",
                 nats_connection_name(c->connection));
    }
}

/* Loading the system's certificates takes time and memory: not before a server asks. */
static const struct net_tls *get_tls(struct nats_connection *connection)
{
    struct nats_client *c = nats_connection_owner(connection);
    char text[TEXT_BYTES];

    if (!c->options.tls && !c->own_tls &&
        net_tls_new(&(struct net_tls_options){0}, text, sizeof(text), &c->own_tls)) {
        report(c, text);
    }
    return c->options.tls ? c->options.tls : c->own_tls;
}

static void on_open(struct nats_connection *connection, const struct nats_info *info)
{
    struct nats_client *c = nats_connection_owner(connection);

    learn(c, info);
    loop_timer_start(&c->timer, c->options.connect_timeout_ms);
    log_in(c);
}

/* --- frames --- */

static void take_message(struct nats_client *c, const struct nats_frame *frame)
{
    const struct nats_subscription *s = nats_subscriptions_find(&c->subscriptions, frame->sid);

    if (s && c->events.on_message) {
        c->events.on_message(c, &(struct nats_message){.subject = frame->subject,
                                                       .payload = frame->payload,
                                                       .subscription_owner = s->owner});
    }
}

static void take_pong(struct nats_client *c)
{
    bool was_connected = c->was_connected;

    if (c->pongs_got == c->pings_sent) {
        return; /* nobody asked */
    }
    c->pongs_got++;
    if (c->state == CLIENT_LOGGING_IN) {
        set_state(c, CLIENT_UP);
        c->was_connected = true;
        c->up_since_ms = loop_now_ms(c->loop);
        loop_timer_start(&c->timer, c->options.ping_interval_ms);
        if (c->events.on_connected) {
            c->events.on_connected(c, was_connected);
        }
        return;
    }
    if (c->state == CLIENT_DRAINING && c->pongs_got == c->pings_sent) {
        end_draining(c);
    }
    end_flushes(c);
}

static void take_error(struct nats_client *c, struct bytes error)
{
    enum nats_error kind = nats_codec_error_kind(error);
    char text[TEXT_BYTES];

    (void)snprintf(text, sizeof(text), "%s: %.*s", nats_connection_name(c->connection),
                   (int)(error.n < TEXT_BYTES / 2 ? error.n : TEXT_BYTES / 2), error.p);
    if (kind != NATS_ERROR_HARMLESS) {
        nats_connection_abort(c->connection, kind == NATS_ERROR_AUTH ? ERR_AUTH : ERR_CLOSED,
                              error);
        if (c->state != CLIENT_UP) {
            return; /* on_closed reports it */
        }
    }
    report(c, text);
}

static void on_frame(struct nats_connection *connection, const struct nats_frame *frame)
{
    struct nats_client *c = nats_connection_owner(connection);
    struct nats_info info;

    switch (frame->op) {
    case NATS_OP_MSG:
        take_message(c, frame);
        break;
    case NATS_OP_PONG:
        take_pong(c);
        break;
    case NATS_OP_ERR:
        take_error(c, frame->text);
        break;
    case NATS_OP_INFO:
        if (nats_info_read(frame->text, &info) == 0) {
            learn(c, &info);
        }
        break;
    case NATS_OP_PING:
    case NATS_OP_OK:
        break;
    }
}

static const struct nats_connection_events connection_events = {
    .get_tls = get_tls,
    .on_open = on_open,
    .on_frame = on_frame,
    .on_closed = on_closed,
};

/* --- time --- */

static void keep_alive(struct nats_client *c)
{
    if (c->pings_sent - c->pongs_got >= c->options.missed_pings_most) {
        nats_connection_abort(c->connection, ERR_TIMEOUT, BYTES("the server does not answer"));
        return;
    }
    send_ping(c);
    loop_timer_start(&c->timer, c->options.ping_interval_ms);
}

static void on_timer(struct loop_timer *timer)
{
    struct nats_client *c = container_of(timer, struct nats_client, timer);

    switch (c->state) {
    case CLIENT_WAITING:
        attempt(c);
        break;
    case CLIENT_LOGGING_IN:
        nats_connection_abort(c->connection, ERR_TIMEOUT, BYTES("timed out logging in"));
        break;
    case CLIENT_UP:
        keep_alive(c);
        break;
    case CLIENT_DRAINING:
        end_draining(c);
        break;
    case CLIENT_IDLE:
    case CLIENT_CLOSING:
        ASSERT(false);
    }
}

/* --- the face --- */

static unsigned or_default(unsigned value, unsigned standard)
{
    return value ? value : standard;
}

static void copy_options(struct nats_client *c, const struct nats_client_options *from)
{
    struct nats_client_options *o = &c->options;

    *o = *from;
    o->servers = BYTES_NONE; /* in c->servers */
    o->user = arena_copy(&c->arena, from->user);
    o->pass = arena_copy(&c->arena, from->pass);
    o->token = arena_copy(&c->arena, from->token);
    o->name = arena_copy(&c->arena, from->name);
    o->reconnect_first_ms = or_default(from->reconnect_first_ms, RECONNECT_FIRST_MS);
    o->reconnect_most_ms = or_default(from->reconnect_most_ms, RECONNECT_MOST_MS);
    o->connect_timeout_ms = or_default(from->connect_timeout_ms, CONNECT_TIMEOUT_MS);
    o->ping_interval_ms = or_default(from->ping_interval_ms, PING_INTERVAL_MS);
    o->missed_pings_most = or_default(from->missed_pings_most, MISSED_PINGS_MOST);
    if (o->pending_limit_bytes == 0) {
        o->pending_limit_bytes = PENDING_LIMIT_BYTES;
    }
    c->backoff = (struct net_backoff){o->reconnect_first_ms, o->reconnect_most_ms, 0};
}

int nats_client_new(struct loop *loop, const struct nats_client_options *options,
                    const struct nats_client_events *events, void *owner, struct nats_client **out)
{
    struct nats_client *c = mem_new(struct nats_client);
    int err = nats_servers_init(&c->servers, options->servers);

    if (err) {
        mem_free(c);
        return err;
    }
    c->loop = loop;
    c->events = *events;
    c->owner = owner;
    arena_init(&c->arena);
    copy_options(c, options);
    list_init(&c->flushes);
    loop_timer_init(loop, &c->timer, on_timer);
    loop_defer_init(&c->finish, on_finish);
    *out = c;
    return 0;
}

void *nats_client_owner(const struct nats_client *c)
{
    return c->owner;
}

void nats_client_start(struct nats_client *c)
{
    ASSERT(c->state == CLIENT_IDLE);
    attempt(c);
}

bool nats_client_is_connected(const struct nats_client *c)
{
    return c->state == CLIENT_UP && nats_connection_is_open(c->connection);
}

size_t nats_client_max_payload(const struct nats_client *c)
{
    return nats_client_is_connected(c) ? c->max_payload : 0;
}

int nats_client_subscribe(struct nats_client *c, struct bytes subject, struct bytes queue,
                          void *subscription_owner)
{
    int id;
    struct buf line;

    if (!nats_codec_is_subject(subject, true) ||
        (bytes_is_set(queue) && !nats_codec_is_subject(queue, true))) {
        return ERR_INVALID;
    }
    id = nats_subscriptions_add(&c->subscriptions, subject, queue, subscription_owner);
    if (id > 0 && c->connection) {
        buf_init(&line, BUF_NO_LIMIT);
        nats_subscription_add_line(&line, &c->subscriptions.items[c->subscriptions.n - 1]);
        nats_connection_write(c->connection, buf_bytes(&line)); /* not yet open: log_in writes it */
        buf_fini(&line);
    }
    return id;
}

void nats_client_unsubscribe(struct nats_client *c, int subscription_id)
{
    struct buf line;

    if (nats_subscriptions_remove(&c->subscriptions, subscription_id) && c->connection) {
        buf_init(&line, BUF_NO_LIMIT);
        nats_codec_add_unsub(&line, (unsigned)subscription_id);
        nats_connection_write(c->connection, buf_bytes(&line));
        buf_fini(&line);
    }
}

int nats_client_publish(struct nats_client *c, struct bytes subject, struct bytes payload)
{
    char line[NATS_PUB_LINE_MAX];
    size_t pending;

    if (!nats_client_is_connected(c)) {
        return ERR_NOT_CONNECTED;
    }
    if (!nats_codec_is_subject(subject, false)) {
        return ERR_INVALID;
    }
    pending = nats_connection_pending_bytes(c->connection);
    if (payload.n > c->max_payload || pending > c->options.pending_limit_bytes ||
        payload.n > c->options.pending_limit_bytes - pending) {
        return ERR_LIMIT;
    }
    nats_connection_write(c->connection,
                          bytes_of(line, nats_codec_pub_line(line, subject, payload.n)));
    nats_connection_write(c->connection, payload);
    nats_connection_write(c->connection, BYTES("\r\n"));
    return 0;
}
