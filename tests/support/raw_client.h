/* SPDX-License-Identifier: MIT */
/*
 * A client of bare bytes over a loopback socket, driven in the same thread as the loop under test:
 * every wait runs the loop until its condition holds, and fails the test when it does not for 10 s.
 */
#pragma once

#include "base/buf.h"
#include "loop/loop.h"

struct raw_client {
    struct loop *loop;
    int fd;
    struct buf in; /* all that came */
    bool has_eof, was_reset;
    bool was_refused; /* could not send all */
};

void raw_client_open(struct raw_client *client, struct loop *loop, unsigned port);
void raw_client_close(struct raw_client *client); /* twice is fine */
/* Closes with a reset. */
void raw_client_reset(struct raw_client *client);
void raw_client_shut_down(struct raw_client *client); /* its writing side */
void raw_client_send(struct raw_client *client, struct bytes bytes);
/* Until text has come n times (all input counts). */
void raw_client_wait_times(struct raw_client *client, const char *text, unsigned n);
void raw_client_wait(struct raw_client *client, const char *text);
void raw_client_wait_bytes(struct raw_client *client, size_t n);
void raw_client_wait_end(struct raw_client *client); /* end of stream or reset */
/* Runs the loop until it has nothing to do, and reads what has come. */
void raw_client_settle(struct raw_client *client);
unsigned raw_client_count(const struct raw_client *client, const char *text);

/* Runs the loop until *flag, at most 10 s. */
void raw_client_until(struct loop *loop, const bool *flag);
