/* SPDX-License-Identifier: MIT */
/* What the tests of the HTTP server and client talk to. */
#include "support/http_app.h"

#include "base/mem.h"
#include "support/check.h"

#define START_UNIX_MS 784111777000 /* Sun, 06 Nov 1994 08:49:37 GMT */

static void reply(struct http_request *request, unsigned status, struct bytes body)
{
    http_request_reply(request, &(struct http_reply){
                                    .status = status,
                                    .content_type = BYTES("text/plain"),
                                    .body = body,
                                });
}

static bool wants_body(struct http_server *server, struct http_request *request)
{
    return !bytes_starts_with(request->path, BYTES("/unwanted"));
}

static void reply_big(struct http_request *request)
{
    unsigned long long n = 0;
    char *body;

    assert_true(bytes_to_u64(bytes_from(request->path, strlen("/big/")), 1 << 30, &n));
    body = mem_alloc(n + 1);
    memset(body, 'x', n);
    reply(request, 200, bytes_of(body, n));
    mem_free(body);
}

static void reply_echo(struct http_request *request)
{
    struct buf text;

    buf_init(&text, BUF_NO_LIMIT);
    buf_add(&text, request->method);
    buf_add_char(&text, ' ');
    buf_add(&text, request->path);
    if (bytes_is_set(request->query)) {
        buf_add_format(&text, " query(%.*s)", BYTES_ARG(request->query));
    }
    buf_add_format(&text, " body(%.*s) fault %u", BYTES_ARG(request->body), request->body_fault);
    reply(request, 200, buf_bytes(&text));
    buf_fini(&text);
}

static void on_request(struct http_server *server, struct http_request *request)
{
    struct http_app *app = http_server_owner(server);

    app->n_requests++;
    if (bytes_starts_with(request->path, BYTES("/later"))) {
        assert_in_range(app->n_held, 0, HTTP_APP_HELD_MAX - 1);
        app->held[app->n_held++] = request;
    } else if (bytes_starts_with(request->path, BYTES("/big/"))) {
        reply_big(request);
    } else if (bytes_eq(request->path, BYTES("/empty"))) {
        http_request_reply(request, &(struct http_reply){.status = 204});
    } else if (bytes_eq(request->path, BYTES("/close"))) {
        http_request_reply(request, &(struct http_reply){.status = 200, .close = true});
    } else {
        reply_echo(request);
    }
}

static void on_abandon(struct http_server *server, struct http_request *request)
{
    struct http_app *app = http_server_owner(server);

    app->n_abandoned++;
    for (unsigned i = 0; app->answers_abandoned && i < app->n_held; i++) {
        if (app->held[i] == request) {
            http_app_answer(app, i, "too late");
        }
    }
}

static void on_refuse(struct http_server *server, unsigned status, const char *text,
                      struct buf *out)
{
    struct http_app *app = http_server_owner(server);

    app->n_refused++;
    buf_add_format(out, "{\"code\":%u,\"message\":\"%s\"}", status, text);
}

void http_app_open(struct http_app *app, const struct http_server_options *options)
{
    static const struct http_server_events events = {
        .wants_body = wants_body,
        .on_request = on_request,
        .on_abandon = on_abandon,
        .on_refuse = on_refuse,
    };
    struct http_server_options all = options ? *options : (struct http_server_options){0};

    *app = (struct http_app){.loop = loop_new_virtual(START_UNIX_MS)};
    all.host = BYTES("127.0.0.1");
    all.body_limit_bytes = all.body_limit_bytes ? all.body_limit_bytes : 100000;
    assert_int_equal(http_server_open(app->loop, &all, &events, app, &app->server), 0);
}

void http_app_answer(struct http_app *app, unsigned index, const char *text)
{
    struct http_request *request = app->held[index];

    assert_non_null(request);
    app->held[index] = NULL;
    reply(request, 200, bytes_cstr(text));
}

void http_app_close(struct http_app *app)
{
    http_server_close(app->server);
    for (unsigned i = 0; i < app->n_held; i++) {
        if (app->held[i]) {
            http_app_answer(app, i, "closing");
        }
    }
    while (loop_run_once(app->loop)) {
    }
    loop_advance(app->loop, 0);
    loop_free(app->loop);
}
