/* SPDX-License-Identifier: MIT */
/*
 * The whole daemon: every part made and wired in order, stopped in reverse. The only folder that
 * knows all others.
 */
#pragma once

#include "config/config.h"

struct loop;
struct sidecar;

struct sidecar_events {
    /* Called once, from the loop, when sidecar_stop is through. */
    void (*on_exit)(struct sidecar *s);
    /*
     * Another node has taken our nodeID: the process has to end at once. Leaving in order would
     * make the others believe that it is the other node which leaves.
     */
    void (*on_conflict)(struct sidecar *s);
    void *owner;
};

/*
 * Makes and starts everything; config and sink are borrowed, events are copied. ERR_X (logged) when
 * the port is taken or an option cannot be served.
 */
int sidecar_start(struct loop *loop, struct config *config, struct log_sink *sink,
                  const struct sidecar_events *events, struct sidecar **out) MUST_CHECK;
void *sidecar_owner(const struct sidecar *s);
/* Leaves the cluster in order; on_exit follows. */
void sidecar_stop(struct sidecar *s);
/* Port of the REST API. */
unsigned sidecar_port(const struct sidecar *s);
/* After on_exit. NULL passes. */
void sidecar_free(struct sidecar *s);
