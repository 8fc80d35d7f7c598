/* SPDX-License-Identifier: MIT */
/*
 * Moleculer topics over one messaging system. The transit layer talks to this table only; each
 * system is one file (transporter_nats.c, transporter_memory.c). Topics are those of
 * docs/protocol.md, Topics; packets are opaque bytes here.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "model/packet_type.h"

struct loop;
struct transporter;

/* A topic: type and node, or for a balanced one (REQB, EVENTB) the action or event. */
struct topic {
    enum packet_type type;
    struct bytes node_id; /* BYTES_NONE: broadcast (or balanced) */
    bool balanced;
    struct bytes name;  /* balanced: action, or event pattern/name */
    struct bytes group; /* balanced events: their group */
};

struct transporter_events {
    /* Ready to subscribe and publish. */
    void (*on_connected)(struct transporter *t, bool was_reconnect);
    void (*on_disconnected)(struct transporter *t, const char *reason);
    void (*on_error)(struct transporter *t, const char *text);
    /* payload is borrowed until the call returns. type comes from the subscription's topic. */
    void (*on_packet)(struct transporter *t, enum packet_type type, struct bytes payload);
};

struct transporter_env {
    struct loop *loop;
    struct bytes prefix; /* "MOL" or "MOL-<namespace>" */
    struct bytes node_id;
    const struct logger *log;
    const struct transporter_events *events;
    void *owner; /* comes back as t->owner */
};

typedef void transporter_closed_fn(void *owner);

struct transporter_ops {
    const char *name;  /* "NATS" */
    bool has_balancer; /* serves disableBalancer */
    /* options: json slice (an object) of transporter.options, or BYTES_NONE; url may be empty. */
    int (*create)(const struct transporter_env *env, struct bytes url, struct bytes options,
                  struct transporter **out);
    void (*connect)(struct transporter *t); /* answers through the events, retries for ever */
    /* Kept over reconnections, until unsubscribed. Twice the same topic is one subscription, and
     * an unknown one may be unsubscribed. Returns 0 or ERR_INVALID. */
    int (*subscribe)(struct transporter *t, const struct topic *topic);
    int (*unsubscribe)(struct transporter *t, const struct topic *topic);
    int (*publish)(struct transporter *t, const struct topic *topic, struct bytes payload);
    /* Largest packet the system takes now; 0: no limit known. */
    size_t (*max_payload)(const struct transporter *t);
    /* Sends what is pending, leaves, frees; no event comes any more. done may be NULL. */
    void (*close)(struct transporter *t, transporter_closed_fn *done);
};

struct transporter {
    const struct transporter_ops *ops;
    struct transporter_env env; /* its texts lie in the arena */
    struct arena arena;
};

/* ERR_NOT_CONNECTED, ERR_LIMIT (too large or too much unsent), ERR_INVALID (topic text). */
static inline int transporter_publish(struct transporter *t, const struct topic *topic,
                                      struct bytes payload)
{
    return t->ops->publish(t, topic, payload);
}

/* Longest topic text; longer ones are ERR_INVALID. */
enum { TRANSPORTER_TOPIC_MAX = 1024 };

/* Joins the topic's name with '.', e.g. "MOL-dev.REQ.node-1"; false when it does not fit. */
bool transporter_topic_text(const struct transporter *t, const struct topic *topic, char *out,
                            size_t room, struct bytes *out_text);

/* --- for implementations: the base is their first member --- */
/* Copies the texts of env. */
void transporter_init(struct transporter *t, const struct transporter_ops *ops,
                      const struct transporter_env *env);
void transporter_fini(struct transporter *t);

extern const struct transporter_ops transporter_nats_ops;
/* In-process bus, the Fake of the original: all of one loop with one prefix hear each other. */
extern const struct transporter_ops transporter_memory_ops;
