/* SPDX-License-Identifier: MIT */
/* Parses the first line and the header lines of a message in one pass over its bytes. */
#include "http/http_head.h"

#include "http/http_chars.h"

/* Everything over this is nonsense, and sums with it cannot overflow. */
#define LENGTH_MAX ((unsigned long long)INT64_MAX)

enum { METHOD_MAX_BYTES = 11 };

struct head_parser {
    const char *begin, *at, *end;
    size_t limit;
    struct http_head *head;
    struct http_fault *fault;
    unsigned n_host, n_length, n_coding;
    bool closes, keeps; /* Connection: close, keep-alive */
};

/* Results of the steps below. */
enum step { STEP_OK, STEP_MORE, STEP_BAD };

static enum step bad(struct head_parser *parser, unsigned status, const char *text)
{
    *parser->fault = (struct http_fault){status, text};
    return STEP_BAD;
}

static size_t room(const struct head_parser *parser)
{
    return (size_t)(parser->end - parser->at);
}

static enum step expect_crlf(struct head_parser *parser)
{
    if (room(parser) == 0) {
        return STEP_MORE;
    }
    if (parser->at[0] != '\r') {
        return bad(parser, 400,
                   parser->at[0] == '\n' ? "line ends in a bare LF" : "unexpected byte in a line");
    }
    if (room(parser) == 1) {
        return STEP_MORE;
    }
    if (parser->at[1] != '\n') {
        return bad(parser, 400, "bare CR");
    }
    parser->at += 2;
    if ((size_t)(parser->at - parser->begin) > parser->limit) {
        return bad(parser, 431, "head too large");
    }
    return STEP_OK;
}

/* --- the request line --- */

/* The methods Node.js knows: only these reached the original's router. */
static bool is_known_method(struct bytes method)
{
    static const char known[] = " GET POST PUT DELETE HEAD OPTIONS PATCH TRACE CONNECT ACL BIND"
                                " CHECKOUT COPY LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR"
                                " MKCOL MOVE NOTIFY PROPFIND PROPPATCH PURGE REBIND REPORT SEARCH"
                                " SOURCE SUBSCRIBE UNBIND UNLINK UNLOCK UNSUBSCRIBE ";
    const char *at = known;

    while (*at++ == ' ' && *at) {
        size_t n = strcspn(at, " ");

        if (n == method.n && memcmp(at, method.p, n) == 0) {
            return true;
        }
        at += n;
    }
    return false;
}

static enum step parse_method(struct head_parser *parser)
{
    size_t n = http_chars_token_run(parser->at, room(parser));

    if (n == room(parser) && n <= METHOD_MAX_BYTES) {
        return STEP_MORE;
    }
    if (n > METHOD_MAX_BYTES || parser->at[n] != ' ' || !is_known_method(bytes_of(parser->at, n))) {
        return bad(parser, 400, "unknown method");
    }
    parser->head->method = bytes_of(parser->at, n);
    parser->at += n + 1;
    return STEP_OK;
}

/* uri-host [ ":" port ], not empty (RFC 9110, 4.2.1 and 7.2). */
static bool is_host(struct bytes host)
{
    size_t i = 0;

    while (i < host.n && http_chars_is(host.p[i], HTTP_CHARS_HOST)) {
        i++;
    }
    if (i < host.n || host.n == 0 || host.p[0] == ':') {
        return false;
    }
    if (host.p[0] == '[') {
        i = bytes_find(host, ']');
        if (i == host.n || i < 3 || memchr(host.p + 1, '[', i)) {
            return false;
        }
        host = bytes_from(host, i + 1);
        if (host.n > 0 && host.p[0] != ':') {
            return false;
        }
    } else if (memchr(host.p, '[', host.n) || memchr(host.p, ']', host.n)) {
        return false;
    }
    for (i = bytes_find(host, ':') + 1; i < host.n; i++) {
        if (host.p[i] < '0' || host.p[i] > '9') {
            return false;
        }
    }
    return true;
}

static void split_query(struct http_head *head, struct bytes path)
{
    size_t mark = bytes_find(path, '?');

    head->path = bytes_of(path.p, mark);
    head->query = mark < path.n ? bytes_from(path, mark + 1) : BYTES_NONE;
}

/* http://host/path: scheme and authority are checked, then ignored (RFC 9112, 3.2.2). */
static bool split_absolute(struct http_head *head)
{
    struct bytes rest = head->target;
    size_t scheme = bytes_find(rest, ':');
    size_t n = 0;

    if (!bytes_eq_nocase(bytes_of(rest.p, scheme), BYTES("http")) &&
        !bytes_eq_nocase(bytes_of(rest.p, scheme), BYTES("https"))) {
        return false;
    }
    rest = bytes_from(rest, scheme);
    if (!bytes_starts_with(rest, BYTES("://"))) {
        return false;
    }
    rest = bytes_from(rest, 3);
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?') {
        n++;
    }
    if (!is_host(bytes_of(rest.p, n))) {
        return false;
    }
    split_query(head, bytes_from(rest, n));
    if (head->path.n == 0) {
        head->path = BYTES("/");
    }
    return true;
}

static bool split_target(struct http_head *head)
{
    if (head->target.p[0] == '/') {
        split_query(head, head->target);
        return true;
    }
    head->path = head->target;
    head->query = BYTES_NONE;
    if (bytes_eq(head->method, BYTES("CONNECT"))) {
        return is_host(head->target);
    }
    if (bytes_eq(head->target, BYTES("*"))) {
        return bytes_eq(head->method, BYTES("OPTIONS"));
    }
    return split_absolute(head);
}

static enum step parse_target(struct head_parser *parser)
{
    size_t n = http_chars_target_run(parser->at, room(parser));

    if (n > parser->limit) {
        return bad(parser, 431, "request target too long");
    }
    if (n == room(parser)) {
        return STEP_MORE;
    }
    if (n == 0 || parser->at[n] != ' ') {
        return bad(parser, 400, "malformed request line");
    }
    parser->head->target = bytes_of(parser->at, n);
    if (!split_target(parser->head)) {
        return bad(parser, 400, "malformed request target");
    }
    parser->at += n + 1;
    return STEP_OK;
}

/* HTTP/1.0 and 1.1; other well-formed versions are 505. */
static enum step parse_version(struct head_parser *parser)
{
    static const char pattern[] = "HTTP/d.d";
    size_t n = room(parser) < sizeof(pattern) - 1 ? room(parser) : sizeof(pattern) - 1;

    for (size_t i = 0; i < n; i++) {
        char c = parser->at[i];

        if (pattern[i] == 'd' ? c < '0' || c > '9' : c != pattern[i]) {
            return bad(parser, 400, "malformed HTTP version");
        }
    }
    if (n < sizeof(pattern) - 1) {
        return STEP_MORE;
    }
    parser->head->is_http10 = parser->at[7] == '0';
    if (parser->at[5] != '1' || parser->at[7] > '1') {
        return bad(parser, 505, "HTTP version not supported");
    }
    parser->at += n;
    return STEP_OK;
}

static enum step parse_request_line(struct head_parser *parser)
{
    enum step step = parse_method(parser);

    if (step == STEP_OK) {
        step = parse_target(parser);
    }
    if (step == STEP_OK) {
        step = parse_version(parser);
    }
    return step == STEP_OK ? expect_crlf(parser) : step;
}

/* --- the status line --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* " 200" and then CRLF, or " reason" and CRLF. */
static enum step parse_status(struct head_parser *parser)
{
    const char *at = parser->at;
    size_t n;

    for (n = 0; n < 5; n++) {
        if (n == room(parser)) {
            return STEP_MORE;
        }
        if (n == 0 ? at[n] != ' ' : n < 4 ? !is_digit(at[n]) : at[n] != ' ' && at[n] != '\r') {
            return bad(parser, 0, "malformed status line");
        }
    }
    if (at[1] == '0') {
        return bad(parser, 0, "malformed status line");
    }
    parser->head->status = (unsigned)((at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0'));
    parser->at += at[4] == ' ' ? 5 : 4;
    n = http_chars_value_run(parser->at, room(parser));
    parser->head->reason = bytes_trim(bytes_of(parser->at, n));
    parser->at += n;
    return expect_crlf(parser);
}

static enum step parse_status_line(struct head_parser *parser)
{
    enum step step = parse_version(parser);

    return step == STEP_OK ? parse_status(parser) : step;
}

/* --- header lines --- */

static enum step take_length(struct head_parser *parser, struct bytes value)
{
    unsigned long long length;

    if (parser->n_length++) {
        return bad(parser, 400, "more than one Content-Length");
    }
    if (!bytes_to_u64(value, LENGTH_MAX, &length)) {
        return bad(parser, 400, "malformed Content-Length");
    }
    parser->head->length = length;
    return STEP_OK;
}

static enum step take_coding(struct head_parser *parser, struct bytes value)
{
    if (parser->n_coding++ || !bytes_eq_nocase(value, BYTES("chunked"))) {
        return bad(parser, 400, "Transfer-Encoding other than chunked");
    }
    return STEP_OK;
}

static enum step take_host(struct head_parser *parser, struct bytes value)
{
    if (!bytes_is_set(parser->head->method)) {
        return STEP_OK; /* an answer's Host means nothing */
    }
    if (parser->n_host++) {
        return bad(parser, 400, "more than one Host");
    }
    return is_host(value) ? STEP_OK : bad(parser, 400, "malformed Host");
}

static enum step take_header(struct head_parser *parser, struct bytes name, struct bytes value)
{
    struct http_head *head = parser->head;

    switch (name.n) {
    case 4:
        return bytes_eq_nocase(name, BYTES("host")) ? take_host(parser, value) : STEP_OK;
    case 6:
        if (bytes_eq_nocase(name, BYTES("expect"))) {
            bool waits = bytes_eq_nocase(value, BYTES("100-continue"));

            head->expect = waits && head->expect != HTTP_EXPECT_OTHER ? HTTP_EXPECT_CONTINUE
                                                                      : HTTP_EXPECT_OTHER;
        }
        return STEP_OK;
    case 10:
        if (bytes_eq_nocase(name, BYTES("connection"))) {
            parser->closes |= http_headers_list_has(value, BYTES("close"));
            parser->keeps |= http_headers_list_has(value, BYTES("keep-alive"));
        }
        return STEP_OK;
    case 14:
        return bytes_eq_nocase(name, BYTES("content-length")) ? take_length(parser, value)
                                                              : STEP_OK;
    case 17:
        return bytes_eq_nocase(name, BYTES("transfer-encoding")) ? take_coding(parser, value)
                                                                 : STEP_OK;
    default:
        return STEP_OK;
    }
}

/* What stands where a header name or its colon should. */
static enum step bad_name(struct head_parser *parser, size_t n)
{
    char c = parser->at[n];

    if (c == ' ' || c == '\t') {
        return bad(parser, 400, n ? "space before the colon" : "folded header line");
    }
    return bad(parser, 400, c == ':' ? "empty header name" : "malformed header line");
}

static enum step parse_header(struct head_parser *parser)
{
    struct http_headers *headers = parser->head->headers;
    size_t n = http_chars_token_run(parser->at, room(parser));
    struct bytes name = bytes_of(parser->at, n);
    struct bytes value;
    enum step step;

    if (n == room(parser)) {
        return STEP_MORE;
    }
    if (n == 0 || parser->at[n] != ':') {
        return bad_name(parser, n);
    }
    parser->at += n + 1;
    n = http_chars_value_run(parser->at, room(parser));
    value = bytes_trim(bytes_of(parser->at, n));
    parser->at += n;
    step = expect_crlf(parser);
    if (step != STEP_OK) {
        return step;
    }
    if (headers->count == HTTP_HEADERS_MAX) {
        return bad(parser, 431, "too many header lines");
    }
    headers->items[headers->count++] = (struct http_header){name, value};
    return take_header(parser, name, value);
}

static enum step parse_headers(struct head_parser *parser)
{
    enum step step;

    do {
        if (room(parser) == 0) {
            return STEP_MORE;
        }
        if (parser->at[0] == '\r' || parser->at[0] == '\n') {
            return expect_crlf(parser);
        }
        step = parse_header(parser);
    } while (step == STEP_OK);
    return step;
}

/* --- what the whole says --- */

static enum step frame_body(struct head_parser *parser)
{
    struct http_head *head = parser->head;

    if (parser->n_coding && parser->n_length) {
        return bad(parser, 400, "both Content-Length and Transfer-Encoding");
    }
    if (parser->n_coding && head->is_http10) {
        return bad(parser, 400, "Transfer-Encoding in HTTP/1.0");
    }
    if (parser->n_coding) {
        head->framing = HTTP_FRAMING_CHUNKED;
    } else if (parser->n_length) {
        head->framing = HTTP_FRAMING_LENGTH;
    }
    return STEP_OK;
}

static enum step finish_request(struct head_parser *parser)
{
    struct http_head *head = parser->head;

    if (parser->n_host == 0 && !head->is_http10) {
        return bad(parser, 400, "no Host");
    }
    /* HTTP/1.0 clients cannot wait for 100 and may not mean keep-alive through proxies. */
    head->keep_alive = !head->is_http10 && !parser->closes;
    if (head->is_http10) {
        head->expect = HTTP_EXPECT_NOTHING;
    }
    head->framing = HTTP_FRAMING_NONE;
    return frame_body(parser);
}

static enum step finish_answer(struct head_parser *parser)
{
    struct http_head *head = parser->head;

    head->framing = HTTP_FRAMING_CLOSE;
    head->keep_alive = !parser->closes && (!head->is_http10 || parser->keeps);
    return frame_body(parser);
}

static long finish(struct head_parser *parser, enum step step)
{
    if (step == STEP_MORE && (size_t)(parser->end - parser->begin) >= parser->limit) {
        step = bad(parser, 431, "head too large");
    }
    if (step == STEP_BAD) {
        return HTTP_HEAD_BAD;
    }
    if (step == STEP_MORE) {
        return HTTP_HEAD_MORE;
    }
    parser->head->block = bytes_of(parser->begin, (size_t)(parser->at - parser->begin));
    return parser->at - parser->begin;
}

static struct head_parser start(struct bytes in, size_t limit, struct http_head *head,
                                struct http_fault *fault)
{
    *head = (struct http_head){.headers = head->headers};
    head->headers->count = 0;
    return (struct head_parser){
        .begin = in.p,
        .at = in.p,
        .end = in.p + in.n,
        .limit = limit,
        .head = head,
        .fault = fault,
    };
}

long http_head_parse_request(struct bytes in, size_t limit, struct http_head *head,
                             struct http_fault *out_fault)
{
    struct head_parser parser = start(in, limit, head, out_fault);
    enum step step = parse_request_line(&parser);

    if (step == STEP_OK) {
        step = parse_headers(&parser);
    }
    return finish(&parser, step == STEP_OK ? finish_request(&parser) : step);
}

long http_head_parse_answer(struct bytes in, size_t limit, struct http_head *head,
                            struct http_fault *out_fault)
{
    struct head_parser parser = start(in, limit, head, out_fault);
    enum step step = parse_status_line(&parser);

    if (step == STEP_OK) {
        step = parse_headers(&parser);
    }
    return finish(&parser, step == STEP_OK ? finish_answer(&parser) : step);
}

/* Slices are never at the block's very end: a CRLF stands there. A path may be a literal "/". */
static void move(struct bytes *slice, struct bytes from, const char *to)
{
    if (bytes_is_set(*slice) && slice->p >= from.p && slice->p < from.p + from.n) {
        slice->p = to + (slice->p - from.p);
    }
}

void http_head_move(struct http_head *head, char *room)
{
    struct bytes from = head->block;

    memcpy(room, from.p, from.n);
    move(&head->method, from, room);
    move(&head->target, from, room);
    move(&head->path, from, room);
    move(&head->query, from, room);
    move(&head->reason, from, room);
    for (unsigned i = 0; i < head->headers->count; i++) {
        struct http_header *header = &head->headers->items[i];

        header->name.p = room + (header->name.p - from.p);
        header->value.p = room + (header->value.p - from.p);
    }
    head->block.p = room;
}
