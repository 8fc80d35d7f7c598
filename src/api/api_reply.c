/* SPDX-License-Identifier: MIT */
/* The one place that turns results and errors into HTTP answers. */
#include "api/api_internal.h"

enum { STATUS_MIN = 200, STATUS_MAX = 999, FLAT_STATUS_MIN = 400, FLAT_STATUS_MAX = 598 };

static const char json_type_text[] = "application/json; charset=utf-8";

const struct api_error api_reply_too_large = {
    .name = "MoleculerError",
    .message = BYTES_INIT("The answer is too large."),
    .code = 500,
    .type = BYTES_INIT("ANSWER_TOO_LARGE"),
};

static void add_header(struct buf *out, struct bytes name, struct bytes value)
{
    buf_add(out, name);
    buf_add(out, BYTES(": "));
    buf_add(out, value);
    buf_add(out, BYTES("\r\n"));
}

/* If-None-Match: * turns an answer with a body into 304, as the original has it. */
static bool is_not_modified(const struct http_request *http)
{
    return bytes_eq(http_headers_get(&http->headers, BYTES("If-None-Match")), BYTES("*")) &&
           !http_headers_has_token(&http->headers, BYTES("Cache-Control"), BYTES("no-cache"));
}

/* Of what cannot be sent as it is. */
static void say_too_large(struct http_reply *answer, struct buf *body)
{
    api_reply_error_json(&api_reply_too_large, body);
    *answer = (struct http_reply){
        .status = api_reply_too_large.code,
        .content_type = bytes_cstr(json_type_text),
        .body = buf_bytes(body),
    };
}

static void reply(struct api_request *request, struct http_reply *answer, struct buf *headers)
{
    struct buf instead;

    buf_init(&instead, BUF_NO_LIMIT);
    if (answer->body.n + headers->n > HTTP_SERVER_REPLY_MAX_BYTES) {
        buf_clear(headers);
        say_too_large(answer, &instead);
    }
    add_header(headers, BYTES("X-Request-ID"), request->request_id);
    if (answer->status == STATUS_MIN && answer->body.n && is_not_modified(request->http)) {
        answer->status = 304;
        answer->reason = BYTES_NONE;
    }
    answer->extra_headers = buf_bytes(headers);
    http_request_reply(request->http, answer);
    buf_fini(&instead);
    buf_fini(headers);
}

void api_reply_json(struct api_request *request, unsigned status, struct bytes json)
{
    struct http_reply answer = {
        .status = status, .content_type = bytes_cstr(json_type_text), .body = json};
    struct buf headers;

    buf_init(&headers, BUF_NO_LIMIT);
    reply(request, &answer, &headers);
}

void api_reply_empty(struct api_request *request)
{
    struct http_reply answer = {.status = 200};
    struct buf headers;

    buf_init(&headers, BUF_NO_LIMIT);
    reply(request, &answer, &headers);
}

/* --- flat errors --- */

void api_reply_error_json(const struct api_error *error, struct buf *out)
{
    struct json_writer w = json_writer(out);

    json_begin_object(&w);
    json_member_text(&w, BYTES("name"), bytes_cstr(error->name));
    json_member_text(&w, BYTES("message"), error->message);
    json_member_int(&w, BYTES("code"), error->code);
    if (bytes_is_set(error->type)) {
        json_member_text(&w, BYTES("type"), error->type);
    }
    json_member(&w, BYTES("data"), error->data);
    json_end_object(&w);
}

void api_reply_error(struct api_request *request, const struct api_error *error)
{
    struct buf body;

    buf_init(&body, BUF_NO_LIMIT);
    api_reply_error_json(error, &body);
    api_reply_json(request, error->code, buf_bytes(&body));
    buf_fini(&body);
}

void api_reply_mol_error(struct api_request *request, const struct mol_error *error)
{
    int code = mol_error_code(error);
    struct mol_error flat = *error;
    struct buf body;
    struct json_writer w = json_writer(&body);

    buf_init(&body, BUF_NO_LIMIT);
    flat.node_id = flat.retryable = BYTES_NONE;
    mol_error_to_json(&w, &flat);
    api_reply_json(request,
                   code >= FLAT_STATUS_MIN && code <= FLAT_STATUS_MAX ? (unsigned)code : 500,
                   buf_bytes(&body));
    buf_fini(&body);
}

/* --- the outcome of a call --- */

/* A number or number text as a status; 0 when it is none that HTTP can carry. */
static unsigned to_status(struct bytes slice, struct arena *arena)
{
    struct bytes text = json_type(slice) == JSON_STRING ? json_string(slice, arena) : slice;
    double value = 0;

    if (!json_double(text, &value) || !(value >= STATUS_MIN && value < STATUS_MAX + 1)) {
        return 0;
    }
    return (unsigned)value;
}

/* Headers of $responseHeaders that a caller may set. */
static void add_meta_header(struct buf *headers, struct http_reply *answer, struct bytes name,
                            struct bytes value)
{
    if (!http_headers_is_token(name) || bytes_eq_nocase(name, BYTES("Connection")) ||
        bytes_eq_nocase(name, BYTES("Content-Length")) ||
        bytes_eq_nocase(name, BYTES("Transfer-Encoding"))) {
        return;
    }
    if (bytes_eq_nocase(name, BYTES("Content-Type"))) {
        answer->content_type = value;
    } else {
        add_header(headers, name, value);
    }
}

/* A text that can stand in a header line: control characters percent-encoded. */
static struct bytes header_text(struct bytes slice, struct arena *arena)
{
    struct bytes text = json_type(slice) == JSON_STRING ? json_string(slice, arena) : slice;
    struct bytes kept;
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c < ' ' || c == 0x7f) {
            buf_add_format(&out, "%%%02X", c);
        } else {
            buf_add_char(&out, text.p[i]);
        }
    }
    kept = arena_copy(arena, bytes_trim(buf_bytes(&out)));
    buf_fini(&out);
    return kept;
}

static void apply_headers(struct http_reply *answer, struct buf *headers, struct bytes given,
                          struct arena *arena)
{
    struct json_iter it = json_iter(given);
    struct bytes key, value;

    if (!json_is_object(given)) {
        return;
    }
    while (json_next_member(&it, &key, &value)) {
        enum json_type type = json_type(value);

        if (type == JSON_STRING || type == JSON_NUMBER || type == JSON_BOOL) {
            add_meta_header(headers, answer, json_string(key, arena), header_text(value, arena));
        }
    }
}

/* $statusCode and its like (docs/api.md, Calling). False: it is a status that HTTP cannot carry. */
static bool apply_meta(struct http_reply *answer, struct buf *headers, struct bytes meta,
                       struct arena *arena)
{
    struct json_field fields[] = {
        {BYTES("$statusCode"), BYTES_NONE},      {BYTES("$statusMessage"), BYTES_NONE},
        {BYTES("$responseType"), BYTES_NONE},    {BYTES("$location"), BYTES_NONE},
        {BYTES("$responseHeaders"), BYTES_NONE},
    };

    json_get_fields(meta, fields, sizeof(fields) / sizeof(fields[0]));
    if (json_is_truthy(fields[0].value)) {
        answer->status = to_status(fields[0].value, arena);
    }
    if (json_type(fields[1].value) == JSON_STRING) {
        answer->reason = header_text(fields[1].value, arena);
    }
    if (json_type(fields[2].value) == JSON_STRING) {
        answer->content_type = header_text(fields[2].value, arena);
    }
    apply_headers(answer, headers, fields[4].value, arena);
    if (json_type(fields[3].value) == JSON_STRING &&
        (answer->status == 201 ||
         (answer->status >= 300 && answer->status < 400 && answer->status != 304))) {
        add_header(headers, BYTES("Location"), header_text(fields[3].value, arena));
    }
    return answer->status != 0;
}

static bool meta_steers(struct bytes meta)
{
    return memmem(meta.p, meta.n, "\"$", 2) || memchr(meta.p, '\\', meta.n);
}

static void reply_bad_status(struct api_request *request)
{
    api_reply_error(request, &(struct api_error){
                                 .name = "MoleculerError",
                                 .message = BYTES("The action set a $statusCode that HTTP lacks."),
                                 .code = 500,
                                 .type = BYTES("INVALID_STATUS_CODE"),
                             });
}

/* $statusCode is the error's code as it is, when it makes a status. */
static struct bytes meta_of_error(const struct context *ctx, struct arena *arena)
{
    bool is_status = to_status(ctx->error->code, arena) != 0;
    struct bytes set = arena_format(arena, "{\"$statusCode\":%.*s}",
                                    BYTES_ARG(is_status ? ctx->error->code : BYTES("500")));

    return ctx->endpoint ? json_merge(ctx->meta, set, arena) : set;
}

void api_reply_call(struct api_request *request, const struct context *ctx)
{
    struct arena *arena = api_arena(request);
    struct http_reply answer = {.status = 200, .content_type = bytes_cstr(json_type_text)};
    struct bytes meta = ctx->meta;
    struct buf body, headers;
    struct json_writer w = json_writer(&body);

    buf_init(&body, BUF_NO_LIMIT);
    buf_init(&headers, BUF_NO_LIMIT);
    json_begin_object(&w);
    if (ctx->error) {
        meta = meta_of_error(ctx, arena);
        json_key(&w, BYTES("error"));
        mol_error_to_json(&w, ctx->error);
    } else {
        json_member(&w, BYTES("response"), ctx->result);
    }
    json_member(&w, BYTES("meta"), meta);
    json_member(&w, BYTES("headers"), ctx->response_headers);
    json_end_object(&w);
    if (meta_steers(meta) && !apply_meta(&answer, &headers, meta, arena)) {
        buf_fini(&headers);
        reply_bad_status(request);
    } else {
        api_repeat_add_headers(&headers, ctx);
        answer.body = buf_bytes(&body);
        reply(request, &answer, &headers);
    }
    buf_fini(&body);
}
