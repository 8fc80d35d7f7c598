/* SPDX-License-Identifier: MIT */
/* What the registry's tests start from: a registry on a virtual clock, and services without code.
 */
#pragma once

#include "registry/registry_list.h"
#include "support/check.h"

struct fixture {
    struct loop *loop;
    struct registry *registry;
    unsigned n_live_services; /* local services that are not freed yet */
    bool services_changed;    /* of the last INFO */
    struct buf out;           /* of the last listing */
    struct buf options;       /* of the strategy */
};

/* For cmocka_unit_test_setup_teardown; the own node is "me", preferLocal as the name says. */
int fixture_new(void **state);
int fixture_new_without_preference(void **state);
int fixture_free(void **state);
/* Balancing by that strategy, its options as JSON with ' for ", without preferLocal; freed by
 * fixture_balanced_free, which asserts that all is gone. */
struct fixture *fixture_balanced(const char *strategy, const char *options);
void fixture_balanced_free(struct fixture *f);

/* A service of this node; the caller's reference. hidden may be NULL. */
struct local_service *fixture_service(struct fixture *f, const char *published, const char *hidden);
/* The same, added. The registry has the only reference. */
struct local_service *fixture_add(struct fixture *f, const char *published);
/*
 * An INFO of a node, instance "i": {"services":<services>,"instanceID":"i","seq":<seq>}. Copied to
 * memory of exactly that size, so that every byte too far is found.
 */
enum registry_change fixture_info(struct fixture *f, const char *node_id, int seq,
                                  const char *services);
enum registry_change fixture_packet(struct fixture *f, const char *node_id, struct bytes packet);
struct registry_node *fixture_node(struct fixture *f, const char *node_id);
struct endpoint_list *fixture_action(struct fixture *f, const char *name);
/* The ids of the nodes that an action is on, in order: "me,n1", or "none". */
struct bytes fixture_nodes_of(struct fixture *f, const char *action);
/* Which node is chosen; "none" when none is. */
struct bytes fixture_chosen(const struct endpoint *e);
