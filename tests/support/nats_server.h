/* SPDX-License-Identifier: MIT */
/* A real nats-server as a child process on a free port of 127.0.0.1. It dies with the test. */
#pragma once

#include <sys/types.h>

struct nats_server_child {
    pid_t pid; /* 0: not running */
    unsigned port;
    const char *const *args; /* NULL-terminated, besides address and port; borrowed */
};

/*
 * Starts one and waits until it answers. args: NULL for none. The test fails, with the reason, when
 * nats-server is not installed or does not start.
 */
void nats_server_start(struct nats_server_child *child, const char *const *args);
/* Kills it at once; does nothing when it does not run. */
void nats_server_stop(struct nats_server_child *child);
/* The same again, on the same port. */
void nats_server_restart(struct nats_server_child *child);
