/* SPDX-License-Identifier: MIT */
/* A request of the HTTP client under test, and how it ended. */
#pragma once

#include "http/http_client.h"

enum { HTTP_CALL_BODY_BYTES = 256 };

struct http_call {
    struct http_client_request request;
    bool done;
    int err;
    unsigned status;
    char reason[64];
    char seen[64];                   /* value of the answer's header X-Seen */
    char body[HTTP_CALL_BODY_BYTES]; /* its beginning, terminated */
    size_t body_bytes;
};

/* Prepares a GET, or with body a POST of JSON. Texts are borrowed. */
void http_call_init(struct http_call *call, const char *url, const char *body);
/* init and start; the start must succeed, and not call back by itself. */
void http_call_start(struct http_call *call, struct http_client *client, const char *url,
                     const char *body);
/* Runs the loop until it has ended. */
void http_call_wait(struct http_call *call, struct loop *loop);
