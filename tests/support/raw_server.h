/* SPDX-License-Identifier: MIT */
/* A server of bare bytes: each accepted connection is driven as a struct raw_client. */
#pragma once

#include "support/raw_client.h"

struct raw_server {
    struct loop *loop;
    int fd;
    unsigned port;
};

/* Listens on 127.0.0.1, or on the Unix socket path when it is not NULL. */
void raw_server_open(struct raw_server *server, struct loop *loop, const char *path);
void raw_server_close(struct raw_server *server);
/* Runs the loop until a connection has come. */
void raw_server_accept(struct raw_server *server, struct raw_client *out);
/* Whether a connection waits, after the loop has run dry. */
bool raw_server_has_connection(struct raw_server *server);
