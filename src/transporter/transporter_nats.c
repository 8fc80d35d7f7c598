/* SPDX-License-Identifier: MIT */
/*
 * Moleculer over NATS (docs/protocol.md, Transporters): topics are subjects, balanced ones have a
 * queue group; connecting, keep-alive and repeating the subscriptions are the client's (wire/nats).
 */
#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/net_tls.h"
#include "transporter/transporter.h"
#include "transporter/transporter_nats_options.h"
#include "wire/nats/nats_client.h"
#include "wire/nats/nats_codec.h"
#include "json/json.h"

enum { KEY_MAX = 2 * TRANSPORTER_TOPIC_MAX + 1, SHOWN_MAX = 200 };

struct nats_topic {
    enum packet_type type;
    int id; /* of the client's subscription */
    struct bytes key;
    char text[]; /* of the key */
};

struct nats {
    struct transporter base;
    struct nats_client *client;
    struct net_tls *tls; /* NULL: the client's own */
    struct map topics;   /* key -> struct nats_topic, owned */
    unsigned n_errors;   /* since the state last changed */
    transporter_closed_fn *closed;
};

static struct nats *of(struct transporter *t)
{
    return container_of(t, struct nats, base);
}

/* --- events of the client --- */

static void on_connected(struct nats_client *client, bool was_reconnect)
{
    struct nats *n = nats_client_owner(client);

    n->n_errors = 0;
    log_info(n->base.env.log, "NATS client is connected.");
    n->base.env.events->on_connected(&n->base, was_reconnect);
}

static void on_disconnected(struct nats_client *client, int err, const char *text)
{
    struct nats *n = nats_client_owner(client);

    n->n_errors = 0;
    n->base.env.events->on_disconnected(&n->base, text);
}

/* A server that is away for long fails attempts all the time: the 1st, 2nd, 4th, 8th... is told. */
static void on_error(struct nats_client *client, const char *text)
{
    struct nats *n = nats_client_owner(client);

    n->n_errors++;
    if ((n->n_errors & (n->n_errors - 1)) == 0) {
        n->base.env.events->on_error(&n->base, text);
    } else {
        log_debug(n->base.env.log, "NATS: %s", text);
    }
}

static void on_message(struct nats_client *client, const struct nats_message *message)
{
    struct nats *n = nats_client_owner(client);
    const struct nats_topic *topic = message->subscription_owner;

    n->base.env.events->on_packet(&n->base, topic->type, message->payload);
}

/* --- topics as subjects --- */

/* The pattern of a balanced event: from a "**" on it becomes ">". */
static struct bytes rewrite_pattern(char *text, struct bytes subject, size_t pattern_at)
{
    for (size_t i = pattern_at; i + 1 < subject.n; i++) {
        if (text[i] == '*' && text[i + 1] == '*') {
            text[i] = '>';
            return bytes_of(text, i + 1);
        }
    }
    return subject;
}

static struct bytes queue_of(const struct topic *topic)
{
    if (!topic->balanced) {
        return BYTES_NONE;
    }
    return topic->type == PACKET_EVENT ? topic->group : topic->name;
}

static int refuse(const struct transporter *t, struct bytes subject)
{
    log_warn(t->env.log,
             "'%.*s' cannot be a subject of NATS (empty part, blank, wildcard, length).",
             (int)(subject.n < SHOWN_MAX ? subject.n : SHOWN_MAX), subject.p);
    return ERR_INVALID;
}

/* Only the name of a balanced event may hold wildcards: anything else would hear what is others'.
 */
static int subject_of(const struct transporter *t, const struct topic *topic, char *room,
                      struct bytes *out)
{
    struct bytes subject;
    bool is_pattern = topic->balanced && topic->type == PACKET_EVENT;

    if (!transporter_topic_text(t, topic, room, TRANSPORTER_TOPIC_MAX, &subject)) {
        return refuse(t, topic->balanced ? topic->name : topic->node_id);
    }
    if (is_pattern) {
        subject = rewrite_pattern(room, subject, subject.n - topic->name.n);
    }
    if (!nats_codec_is_subject(subject, is_pattern) ||
        (is_pattern && !nats_codec_is_subject(topic->group, false))) {
        return refuse(t, subject);
    }
    *out = subject;
    return 0;
}

static struct bytes key_of(char room[KEY_MAX], struct bytes subject, struct bytes queue)
{
    memcpy(room, subject.p, subject.n);
    room[subject.n] = ' '; /* in no subject */
    if (queue.n > 0) {
        memcpy(room + subject.n + 1, queue.p, queue.n);
    }
    return bytes_of(room, subject.n + 1 + queue.n);
}

static int nats_subscribe(struct transporter *t, const struct topic *topic)
{
    struct nats *n = of(t);
    char room[TRANSPORTER_TOPIC_MAX], key_room[KEY_MAX];
    struct bytes subject, key;
    struct nats_topic *added;
    int id = subject_of(t, topic, room, &subject);

    if (id) {
        return id;
    }
    key = key_of(key_room, subject, queue_of(topic));
    if (map_get(&n->topics, key)) {
        return 0;
    }
    added = mem_alloc(sizeof(*added) + key.n);
    id = nats_client_subscribe(n->client, subject, queue_of(topic), added);
    if (id < 0) {
        mem_free(added);
        return id;
    }
    memcpy(added->text, key.p, key.n);
    added->type = topic->type;
    added->id = id;
    added->key = bytes_of(added->text, key.n);
    (void)map_set(&n->topics, added->key, added);
    return 0;
}

static int nats_unsubscribe(struct transporter *t, const struct topic *topic)
{
    struct nats *n = of(t);
    char room[TRANSPORTER_TOPIC_MAX], key_room[KEY_MAX];
    struct bytes subject;
    struct nats_topic *removed;
    int err = subject_of(t, topic, room, &subject);

    if (err) {
        return err;
    }
    removed = map_remove(&n->topics, key_of(key_room, subject, queue_of(topic)));
    if (removed) {
        nats_client_unsubscribe(n->client, removed->id);
        mem_free(removed);
    }
    return 0;
}

static int nats_publish(struct transporter *t, const struct topic *topic, struct bytes payload)
{
    char room[TRANSPORTER_TOPIC_MAX];
    struct bytes subject;
    int err;

    if (!transporter_topic_text(t, topic, room, sizeof(room), &subject)) {
        return refuse(t, topic->balanced ? topic->name : topic->node_id);
    }
    err = nats_client_publish(of(t)->client, subject, payload);
    return err == ERR_INVALID ? refuse(t, subject) : err;
}

static size_t nats_max_payload(const struct transporter *t)
{
    return nats_client_max_payload(((const struct nats *)(const void *)t)->client);
}

/* --- life --- */

static void nats_free(struct nats *n)
{
    map_for_each (entry, &n->topics) {
        mem_free(entry->value);
    }
    map_fini(&n->topics);
    net_tls_free(n->tls);
    transporter_fini(&n->base);
    mem_free(n);
}

static int nats_create(const struct transporter_env *env, struct bytes url, struct bytes options,
                       struct transporter **out)
{
    static const struct nats_client_events events = {
        .on_connected = on_connected,
        .on_disconnected = on_disconnected,
        .on_error = on_error,
        .on_message = on_message,
    };
    struct nats *n = mem_new(struct nats);
    struct nats_client_options client_options = {.log = env->log, .name = env->node_id};
    int err;

    transporter_init(&n->base, &transporter_nats_ops, env);
    map_init(&n->topics);
    err = transporter_nats_options_read(options, url, &n->base, &client_options, &n->tls);
    if (!err) {
        err = nats_client_new(env->loop, &client_options, &events, n, &n->client);
        if (err) {
            log_error(env->log, "The list of NATS servers cannot be read.");
        }
    }
    if (err) {
        nats_free(n);
        return err;
    }
    *out = &n->base;
    return 0;
}

static void nats_connect(struct transporter *t)
{
    nats_client_start(of(t)->client);
}

static void on_client_closed(void *owner)
{
    struct nats *n = owner;
    transporter_closed_fn *closed = n->closed;
    void *closed_owner = n->base.env.owner;

    nats_free(n);
    if (closed) {
        closed(closed_owner);
    }
}

static void nats_close(struct transporter *t, transporter_closed_fn *done)
{
    struct nats *n = of(t);

    n->closed = done;
    nats_client_close(n->client, on_client_closed);
}

const struct transporter_ops transporter_nats_ops = {
    .name = "NATS",
    .has_balancer = true,
    .create = nats_create,
    .connect = nats_connect,
    .subscribe = nats_subscribe,
    .unsubscribe = nats_unsubscribe,
    .publish = nats_publish,
    .max_payload = nats_max_payload,
    .close = nats_close,
};
