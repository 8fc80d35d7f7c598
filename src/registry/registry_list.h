/* SPDX-License-Identifier: MIT */
/*
 * The listings of $node.list, services, actions and events (docs/protocol.md, The service $node),
 * as JSON arrays appended to a buffer. Equal to registry-golden.json but for volatile values.
 */
#pragma once

#include "registry/registry.h"

struct registry_list_options {
    bool only_local, skip_internal, only_available;
    bool with_services;             /* nodes */
    bool with_actions, with_events; /* services */
    bool grouping;                  /* services; the original's default is true */
    bool with_endpoints;            /* actions, events */
};

void registry_list_nodes(struct registry *r, const struct registry_list_options *o,
                         struct buf *out);
/* One node as the events about nodes tell it: with its services, and what it sent (rawInfo). */
void registry_list_node(struct registry *r, const struct registry_node *node,
                        struct json_writer *w);
void registry_list_services(struct registry *r, const struct registry_list_options *o,
                            struct buf *out);
void registry_list_actions(struct registry *r, const struct registry_list_options *o,
                           struct buf *out);
void registry_list_events(struct registry *r, const struct registry_list_options *o,
                          struct buf *out);
