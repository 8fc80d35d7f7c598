/* SPDX-License-Identifier: MIT */
/* What discoverer.c and heartbeat.c share. */
#pragma once

#include "discovery/cpu_usage.h"
#include "discovery/discoverer.h"

enum discoverer_state {
    DISCOVERER_AWAY,        /* -> INTRODUCING */
    DISCOVERER_INTRODUCING, /* DISCOVER is out -> READY, AWAY */
    DISCOVERER_READY,       /* -> AWAY, WITHDRAWN */
    DISCOVERER_WITHDRAWN,   /* told everybody that we go */
};

struct discoverer {
    struct loop *loop;                    /* borrowed */
    const struct broker_options *options; /* borrowed */
    struct registry *registry;            /* borrowed */
    struct transit *transit;              /* borrowed */
    struct logger log;
    const struct discoverer_events *events;
    void *owner;
    enum discoverer_state state;
    bool was_reconnect, is_announced;
    enum protocol told_version;        /* of the last INFO to all; NONE: each node got its own */
    struct loop_timer introduce_timer; /* DISCOVER -> ready */
    struct loop_timer info_timer;      /* debounce of INFO */
    struct loop_timer heartbeat_timer, sample_timer, check_timer, clean_timer;
    uint64_t interval_ms; /* of heartbeats, drawn at each connection */
    struct cpu_usage cpu;
    unsigned beats; /* heartbeats sent since the connection */
};

/* --- heartbeat.c --- */
void heartbeat_init(struct discoverer *d);
void heartbeat_start(struct discoverer *d);
void heartbeat_stop(struct discoverer *d);

/* --- discoverer.c --- */
void discoverer_node_lost(struct discoverer *d, struct registry_node *node, bool unexpected);
