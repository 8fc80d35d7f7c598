/* SPDX-License-Identifier: MIT */
/* Requests that remember their end. */
#include "support/http_call.h"

#include "base/mem.h"
#include "support/check.h"
#include "support/raw_client.h"

static void copy(char *room, size_t n_room, struct bytes text)
{
    size_t n = text.n < n_room ? text.n : n_room - 1;

    memcpy(room, text.p, n);
    room[n] = '\0';
}

static void on_done(struct http_client_request *request, int err,
                    const struct http_response *response)
{
    struct http_call *call = container_of(request, struct http_call, request);
    struct bytes seen;

    assert_false(call->done);
    assert_true((err == 0) == (response != NULL));
    call->done = true;
    call->err = err;
    if (response) {
        seen = http_headers_get(response->headers, BYTES("x-seen"));
        call->status = response->status;
        call->body_bytes = response->body.n;
        copy(call->reason, sizeof(call->reason), response->reason);
        copy(call->body, sizeof(call->body), response->body);
        copy(call->seen, sizeof(call->seen), bytes_is_set(seen) ? seen : BYTES("(none)"));
    }
}

void http_call_init(struct http_call *call, const char *url, const char *body)
{
    *call = (struct http_call){
        .request =
            {
                .done = on_done,
                .method = body ? BYTES("POST") : BYTES("GET"),
                .url = bytes_cstr(url),
                .content_type = body ? BYTES("application/json") : BYTES_NONE,
                .body = bytes_cstr(body),
            },
    };
}

void http_call_start(struct http_call *call, struct http_client *client, const char *url,
                     const char *body)
{
    http_call_init(call, url, body);
    assert_int_equal(http_client_start(client, &call->request), 0);
    assert_false(call->done);
}

void http_call_wait(struct http_call *call, struct loop *loop)
{
    raw_client_until(loop, &call->done);
}
