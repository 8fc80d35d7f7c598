/* SPDX-License-Identifier: MIT */
/* Reads what the app answered to an action (docs/api.md, What an app answers). */
#include "base/utf8.h"
#include "external/external_internal.h"
#include "http/http_encoder.h"

enum { STATUS_OK = 200, STATUS_REDIRECT = 300 };

/* The members of an answer; found while it is validated, in one pass. */
enum { ANSWER_RESPONSE, ANSWER_META, ANSWER_ERROR, ANSWER_HEADERS, ANSWER_PARAMS, ANSWER_MEMBERS };

struct answer {
    struct json_field members[ANSWER_MEMBERS];
    bool is_ok;
};

static bool is_json_type(struct bytes content_type)
{
    struct bytes type = bytes_trim(bytes_of(content_type.p, bytes_find(content_type, ';')));
    struct bytes json = BYTES("application/json");
    struct bytes suffix = BYTES("+json");

    if (type.n >= json.n && bytes_eq_nocase(bytes_of(type.p, json.n), json)) {
        return true;
    }
    return type.n > suffix.n && bytes_eq_nocase(bytes_from(type, type.n - suffix.n), suffix);
}

static struct mol_error *bad_answer(struct context *ctx, struct bytes reason)
{
    return mol_error_new(&ctx->arena, MOL_ERROR_MOLECULER,
                         arena_format(&ctx->arena,
                                      "The answer of the app to '%.*s' is broken: %.*s",
                                      BYTES_ARG(ctx->name), BYTES_ARG(reason)),
                         502, BYTES("SIDECAR_APP_BAD_ANSWER"), BYTES_NONE);
}

/* Invalid UTF-8 becomes U+FFFD, as every decoder of the web has it. */
static struct bytes repair_utf8(struct bytes text, struct arena *arena)
{
    char *p = arena_alloc(arena, text.n * (sizeof(UTF8_REPLACEMENT) - 1) + 1);
    size_t n = 0;

    while (text.n) {
        uint32_t character;

        text = bytes_from(text, utf8_read(text, &character));
        n += utf8_write(character, p + n);
    }
    return bytes_of(p, n);
}

static bool scan_body(struct context *ctx, const struct http_response *response,
                      struct json_field members[ANSWER_MEMBERS])
{
    struct bytes body = response->body;
    struct bytes json;
    struct json_fault fault;
    int err;

    if (bytes_starts_with(body, BYTES("\xef\xbb\xbf"))) {
        body = bytes_from(body, 3);
    }
    err = json_scan_fields(body, members, ANSWER_MEMBERS, &json, &fault);
    if (err == ERR_UTF8) {
        err = json_scan_fields(repair_utf8(body, &ctx->arena), members, ANSWER_MEMBERS, &json,
                               &fault);
    }
    if (err == 0) {
        return true;
    }
    ctx->error = bad_answer(ctx, arena_format(&ctx->arena, "invalid JSON, %s at position %zu",
                                              fault.text, fault.position));
    return false;
}

static struct mol_error *error_of_status(struct context *ctx, const struct http_response *response,
                                         struct bytes message)
{
    return mol_error_new(&ctx->arena, MOL_ERROR_MOLECULER, message, (int)response->status,
                         BYTES_NONE, BYTES_NONE);
}

/* Each member the app gave stands over what the status says. */
static void lay_over(struct context *ctx, struct mol_error *error, struct bytes given)
{
    struct {
        struct bytes name;
        struct bytes *slot;
    } members[] = {
        {BYTES("name"), &error->name},      {BYTES("message"), &error->message},
        {BYTES("code"), &error->code},      {BYTES("type"), &error->type},
        {BYTES("data"), &error->data},      {BYTES("retryable"), &error->retryable},
        {BYTES("nodeID"), &error->node_id},
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct bytes value = json_get(given, members[i].name);

        /* A code that is no number is none: the status stands. */
        if (members[i].slot == &error->code && json_type(value) != JSON_NUMBER) {
            continue;
        }
        if (bytes_is_set(value)) {
            *members[i].slot = arena_copy(&ctx->arena, value);
        }
    }
}

static void read_error(struct context *ctx, const struct http_response *response,
                       struct bytes given)
{
    struct bytes reason =
        response->reason.n ? response->reason : http_encoder_reason(response->status);

    if (!json_is_truthy(given)) {
        ctx->error = error_of_status(ctx, response, BYTES("Something happened"));
        ctx->error->type = json_quote(reason, &ctx->arena);
        return;
    }
    ctx->error = error_of_status(ctx, response, reason);
    if (json_is_object(given)) {
        lay_over(ctx, ctx->error, given);
    }
}

/* False: it is broken, and ctx->error says so. */
static bool read_answer(struct context *ctx, const struct http_response *response,
                        struct answer *out)
{
    struct bytes type = http_headers_get(response->headers, BYTES("Content-Type"));
    bool is_json;

    *out = (struct answer){
        .members =
            {
                [ANSWER_RESPONSE] = {BYTES("response"), BYTES_NONE},
                [ANSWER_META] = {BYTES("meta"), BYTES_NONE},
                [ANSWER_ERROR] = {BYTES("error"), BYTES_NONE},
                [ANSWER_HEADERS] = {BYTES("headers"), BYTES_NONE},
                [ANSWER_PARAMS] = {BYTES("params"), BYTES_NONE},
            },
        .is_ok = response->status >= STATUS_OK && response->status < STATUS_REDIRECT,
    };
    is_json = is_json_type(type) && (out->is_ok || response->body.n > 0);
    return !is_json || scan_body(ctx, response, out->members);
}

void external_answer_read(struct context *ctx, const struct http_response *response)
{
    struct answer answer;

    if (!read_answer(ctx, response, &answer)) {
        return;
    }
    if (answer.is_ok) {
        ctx->result = answer.members[ANSWER_RESPONSE].value;
        context_merge_meta(ctx, answer.members[ANSWER_META].value);
        context_set_response_headers(ctx, answer.members[ANSWER_HEADERS].value);
    } else {
        read_error(ctx, response, answer.members[ANSWER_ERROR].value);
    }
}

/* What it answered well: a before hook other parameters, the others another result. */
static void take_over(struct context *ctx, const struct answer *answer, enum local_step_kind kind)
{
    struct bytes response = answer->members[ANSWER_RESPONSE].value;
    struct bytes params = answer->members[ANSWER_PARAMS].value;

    context_merge_meta(ctx, answer->members[ANSWER_META].value);
    if (kind == LOCAL_STEP_BEFORE) {
        ctx->params = bytes_is_set(params) ? arena_copy(&ctx->arena, params) : ctx->params;
    } else if (bytes_is_set(response) || kind == LOCAL_STEP_FALLBACK) {
        ctx->error = NULL;
        ctx->result = response;
    }
}

void external_answer_read_step(struct context *ctx, const struct http_response *response,
                               enum local_step_kind kind)
{
    struct answer answer;

    if (!read_answer(ctx, response, &answer)) {
        return;
    }
    if (answer.is_ok) {
        take_over(ctx, &answer, kind);
    } else {
        ctx->result = BYTES_NONE;
        read_error(ctx, response, answer.members[ANSWER_ERROR].value);
    }
}

/* --- requests that failed --- */

static struct bytes about_failure(struct external_request *request, struct bytes reason)
{
    struct context *ctx = request->ctx;
    struct buf data;
    struct json_writer w = json_writer(&data);
    struct bytes kept;

    buf_init(&data, BUF_NO_LIMIT);
    json_begin_object(&w);
    json_member_text(&w, BYTES("action"), ctx->name);
    json_member_text(&w, BYTES("reason"), reason);
    json_end_object(&w);
    kept = arena_copy(&ctx->arena, buf_bytes(&data));
    buf_fini(&data);
    return kept;
}

static struct mol_error *unreachable(struct external_request *request, struct bytes reason)
{
    struct context *ctx = request->ctx;

    return mol_error_new(&ctx->arena, MOL_ERROR_RETRYABLE,
                         arena_format(&ctx->arena, "The app behind '%.*s' cannot be reached: %.*s",
                                      BYTES_ARG(ctx->name), BYTES_ARG(reason)),
                         503, BYTES("SIDECAR_APP_UNREACHABLE"), about_failure(request, reason));
}

/* Named as the original's HTTP library names it. */
static struct mol_error *fetch_error(struct context *ctx, struct bytes reason)
{
    struct mol_error *error = arena_new(&ctx->arena, struct mol_error);

    error->name = BYTES("\"FetchError\"");
    error->message = json_quote(reason, &ctx->arena);
    error->type = BYTES("\"max-redirect\"");
    return error;
}

void external_answer_failed(struct external_request *request, int err)
{
    struct context *ctx = request->ctx;
    const char *text = request->http.error_text;
    struct bytes reason = arena_copy(&ctx->arena, bytes_cstr(*text ? text : err_text(err)));

    switch (err) {
    case ERR_TIMEOUT:
        ctx->error =
            mol_error_about_action(&ctx->arena, MOL_ERROR_REQUEST_TIMEOUT, ctx->name, ctx->node_id);
        break;
    case ERR_LIMIT:
        ctx->error = request->http.sent
                         ? bad_answer(ctx, reason)
                         : mol_error_about_action(&ctx->arena, MOL_ERROR_QUEUE_IS_FULL, ctx->name,
                                                  ctx->node_id);
        break;
    case ERR_REDIRECTS:
        ctx->error = fetch_error(ctx, reason);
        break;
    case ERR_PROTOCOL:
    case ERR_CLOSED:
    case ERR_TLS:
        ctx->error = bad_answer(ctx, reason);
        break;
    default:
        ctx->error = unreachable(request, reason);
        break;
    }
}
