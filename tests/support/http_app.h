/* SPDX-License-Identifier: MIT */
/*
 * A server for tests over http_server. /later... waits for http_app_answer; /big/N answers N
 * bytes; every other path is answered at once with what was received, as text.
 */
#pragma once

#include "http/http_server.h"

enum { HTTP_APP_HELD_MAX = 256 };

struct http_app {
    struct loop *loop;
    struct http_server *server;
    struct http_request *held[HTTP_APP_HELD_MAX]; /* in the order they came; NULL: answered */
    unsigned n_held, n_requests, n_abandoned, n_refused;
    bool answers_abandoned; /* in on_abandon, at once */
    bool drained;
};

/* Listens on 127.0.0.1; options may be NULL. Its loop has a virtual clock. */
void http_app_open(struct http_app *app, const struct http_server_options *options);
/* Closes the server, answers what is held, runs the loop dry and frees it. */
void http_app_close(struct http_app *app);
/* Replies 200 with the text to the held request. */
void http_app_answer(struct http_app *app, unsigned index, const char *text);
