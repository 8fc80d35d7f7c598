/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 client: a pool of kept-alive connections per origin (scheme, host, port or socket path).
 * Follows redirects as node-fetch 2 does (301, 302, 303: GET without body; 307, 308: again; at most
 * 20; credentials are dropped across origins). Decodes gzip, deflate and br answers when built so.
 *
 * Happy path: start -> idle or new connection -> head and body written -> answer read completely ->
 * done(err 0). Failure modes: no connection (ERR_REFUSED, ERR_NO_HOST, ERR_UNREACHABLE, ERR_TLS,
 * ERR_LIMIT when too many wait), reset or close before the answer's first byte
 * (ERR_RESET; nothing is repeated here, since the app may have done the work), malformed or cut-off
 * answer (ERR_PROTOCOL, ERR_CLOSED), over a limit (ERR_LIMIT), sent
 * around (ERR_REDIRECTS), too slow (ERR_TIMEOUT).
 */
#pragma once

#include "base/list.h"
#include "http/http_headers.h"
#include "loop/loop.h"

struct http_client;
struct http_client_request;

struct http_client_options {
    unsigned connections_per_origin; /* 0: 256 */
    unsigned waiting_per_origin;     /* requests that wait for a connection; 0: 10,000 */
    unsigned idle_timeout_ms;        /* 0: 4,000, or a second less than the server announces */
    unsigned connect_timeout_ms;     /* 0: 10,000 */
    size_t body_limit_bytes;         /* of an answer, after decoding; 0: 64 MiB */
};

struct http_client *http_client_new(struct loop *loop, const struct http_client_options *options);
/* Requests still running are cancelled first (their callbacks run from the loop). NULL passes. */
void http_client_free(struct http_client *client);

struct http_response {
    unsigned status;
    struct bytes reason; /* as sent, may be empty */
    const struct http_headers *headers;
    struct bytes body; /* complete, decoded */
};

/* response is borrowed until the callback returns; NULL unless err is 0. */
typedef void http_client_done_fn(struct http_client_request *request, int err,
                                 const struct http_response *response);

/* Embedded by the caller. Fields up to timeout_ms are the caller's; texts are borrowed until done.
 */
struct http_client_request {
    http_client_done_fn *done;
    struct bytes method;       /* "POST" */
    struct bytes url;          /* absolute: http, https, unix:/path/to.sock:/request/path */
    struct bytes content_type; /* BYTES_NONE: no body */
    struct bytes body;
    struct bytes extra_headers; /* complete lines "Name: value\r\n", or BYTES_NONE */
    uint64_t timeout_ms;        /* for everything, redirects included; 0: none */

    char error_text[160]; /* on failure: the reason in words */
    bool sent;            /* some byte may have reached the app: repeating is not safe */
    /* private */
    void *exchange;
};

/* ERR_INVALID: the URL cannot be requested (done is not called). Otherwise done is called once. */
int http_client_start(struct http_client *client, struct http_client_request *request) MUST_CHECK;
/* Closes the connection; done does not come any more, and request may be freed at once. */
void http_client_cancel(struct http_client_request *request);
