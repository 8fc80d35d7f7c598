/* SPDX-License-Identifier: MIT */
/* Heads of requests and answers as text. */
#include "http/http_encoder.h"

#include <stdio.h>
#include <time.h>

#include "http/http_headers.h"

#define CRLF       "\r\n"
#define USER_AGENT "moleculer-sidecar/" SIDECAR_VERSION

enum { MS_PER_S = 1000 };

struct bytes http_encoder_date_line(struct http_encoder_date *date, int64_t unix_ms)
{
    /* Not strftime: its names depend on the locale. */
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = (time_t)(unix_ms / MS_PER_S);
    struct tm tm;

    if (date->n == 0 || date->unix_s != now) {
        date->unix_s = now;
        (void)gmtime_r(&now, &tm);
        (void)snprintf(date->line, sizeof(date->line),
                       "Date: %s, %02u %s %04u %02u:%02u:%02u GMT" CRLF, days[tm.tm_wday],
                       (unsigned)tm.tm_mday % 100, months[tm.tm_mon],
                       ((unsigned)tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
                       (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
        date->n = strlen(date->line);
    }
    return bytes_of(date->line, date->n);
}

static const struct {
    unsigned status;
    struct bytes reason;
} http_encoder_reasons[] = {
    {200, BYTES_INIT("OK")},
    {100, BYTES_INIT("Continue")},
    {101, BYTES_INIT("Switching Protocols")},
    {102, BYTES_INIT("Processing")},
    {103, BYTES_INIT("Early Hints")},
    {201, BYTES_INIT("Created")},
    {202, BYTES_INIT("Accepted")},
    {203, BYTES_INIT("Non-Authoritative Information")},
    {204, BYTES_INIT("No Content")},
    {205, BYTES_INIT("Reset Content")},
    {206, BYTES_INIT("Partial Content")},
    {207, BYTES_INIT("Multi-Status")},
    {208, BYTES_INIT("Already Reported")},
    {226, BYTES_INIT("IM Used")},
    {300, BYTES_INIT("Multiple Choices")},
    {301, BYTES_INIT("Moved Permanently")},
    {302, BYTES_INIT("Found")},
    {303, BYTES_INIT("See Other")},
    {304, BYTES_INIT("Not Modified")},
    {305, BYTES_INIT("Use Proxy")},
    {307, BYTES_INIT("Temporary Redirect")},
    {308, BYTES_INIT("Permanent Redirect")},
    {400, BYTES_INIT("Bad Request")},
    {401, BYTES_INIT("Unauthorized")},
    {402, BYTES_INIT("Payment Required")},
    {403, BYTES_INIT("Forbidden")},
    {404, BYTES_INIT("Not Found")},
    {405, BYTES_INIT("Method Not Allowed")},
    {406, BYTES_INIT("Not Acceptable")},
    {407, BYTES_INIT("Proxy Authentication Required")},
    {408, BYTES_INIT("Request Timeout")},
    {409, BYTES_INIT("Conflict")},
    {410, BYTES_INIT("Gone")},
    {411, BYTES_INIT("Length Required")},
    {412, BYTES_INIT("Precondition Failed")},
    {413, BYTES_INIT("Payload Too Large")},
    {414, BYTES_INIT("URI Too Long")},
    {415, BYTES_INIT("Unsupported Media Type")},
    {416, BYTES_INIT("Range Not Satisfiable")},
    {417, BYTES_INIT("Expectation Failed")},
    {418, BYTES_INIT("I'm a Teapot")},
    {421, BYTES_INIT("Misdirected Request")},
    {422, BYTES_INIT("Unprocessable Entity")},
    {423, BYTES_INIT("Locked")},
    {424, BYTES_INIT("Failed Dependency")},
    {425, BYTES_INIT("Too Early")},
    {426, BYTES_INIT("Upgrade Required")},
    {428, BYTES_INIT("Precondition Required")},
    {429, BYTES_INIT("Too Many Requests")},
    {431, BYTES_INIT("Request Header Fields Too Large")},
    {451, BYTES_INIT("Unavailable For Legal Reasons")},
    {500, BYTES_INIT("Internal Server Error")},
    {501, BYTES_INIT("Not Implemented")},
    {502, BYTES_INIT("Bad Gateway")},
    {503, BYTES_INIT("Service Unavailable")},
    {504, BYTES_INIT("Gateway Timeout")},
    {505, BYTES_INIT("HTTP Version Not Supported")},
    {506, BYTES_INIT("Variant Also Negotiates")},
    {507, BYTES_INIT("Insufficient Storage")},
    {508, BYTES_INIT("Loop Detected")},
    {509, BYTES_INIT("Bandwidth Limit Exceeded")},
    {510, BYTES_INIT("Not Extended")},
    {511, BYTES_INIT("Network Authentication Required")},
};

struct bytes http_encoder_reason(unsigned status)
{
    for (size_t i = 0; i < sizeof(http_encoder_reasons) / sizeof(http_encoder_reasons[0]); i++) {
        if (http_encoder_reasons[i].status == status) {
            return http_encoder_reasons[i].reason;
        }
    }
    return BYTES("unknown");
}

bool http_encoder_has_body(unsigned status)
{
    return status >= 200 && status != 204 && status != 304;
}

static void add_line(struct buf *out, struct bytes name_and_colon, struct bytes value)
{
    buf_add(out, name_and_colon);
    buf_add(out, value);
    buf_add(out, BYTES(CRLF));
}

static void add_length(struct buf *out, size_t n)
{
    buf_add(out, BYTES("Content-Length: "));
    buf_add_u64(out, n);
    buf_add(out, BYTES(CRLF));
}

static void add_status_line(struct buf *out, unsigned status, struct bytes reason)
{
    if (!bytes_is_set(reason) && status == 200) {
        buf_add(out, BYTES("HTTP/1.1 200 OK" CRLF));
        return;
    }
    if (!bytes_is_set(reason) || !http_headers_is_value(reason)) {
        reason = http_encoder_reason(status);
    }
    buf_add(out, BYTES("HTTP/1.1 "));
    buf_add_u64(out, status);
    buf_add_char(out, ' ');
    add_line(out, BYTES(""), reason);
}

void http_encoder_add_answer(struct buf *out, const struct http_encoder_answer *answer)
{
    bool has_body = http_encoder_has_body(answer->status);

    add_status_line(out, answer->status, answer->reason);
    buf_add(out, answer->extra_headers);
    if (has_body && bytes_is_set(answer->content_type)) {
        add_line(out, BYTES("Content-Type: "), answer->content_type);
    }
    buf_add(out, answer->date_line);
    if (answer->keep_alive) {
        buf_add(out, BYTES("Connection: keep-alive" CRLF "Keep-Alive: timeout="));
        buf_add_u64(out, answer->keep_alive_s);
        buf_add(out, BYTES(CRLF));
    } else {
        buf_add(out, BYTES("Connection: close" CRLF));
    }
    if (has_body) {
        add_length(out, answer->body_bytes);
    }
    buf_add(out, BYTES(CRLF));
}

/* The rest after the line's end. */
static struct bytes next_line(struct bytes lines, struct bytes *out_line)
{
    size_t end = bytes_find(lines, '\n');

    *out_line = bytes_of(lines.p, end);
    return bytes_from(lines, end < lines.n ? end + 1 : lines.n);
}

bool http_encoder_lines_have(struct bytes lines, struct bytes name)
{
    while (lines.n > 0) {
        struct bytes line;
        size_t colon;

        lines = next_line(lines, &line);
        colon = bytes_find(line, ':');
        if (colon < line.n && bytes_eq_nocase(bytes_of(line.p, colon), name)) {
            return true;
        }
    }
    return false;
}

static void add_default(struct buf *out, struct bytes extra, struct bytes name, struct bytes line)
{
    if (extra.n == 0 || !http_encoder_lines_have(extra, name)) {
        buf_add(out, line);
    }
}

void http_encoder_add_request(struct buf *out, const struct http_encoder_request *request)
{
    struct bytes extra = request->extra_headers;

    buf_add(out, request->method);
    buf_add_char(out, ' ');
    buf_add(out, request->target);
    buf_add(out, BYTES(" HTTP/1.1" CRLF));
    add_line(out, BYTES("Host: "), request->host);
    if (bytes_is_set(request->content_type)) {
        add_line(out, BYTES("Content-Type: "), request->content_type);
    }
    add_default(out, extra, BYTES("Accept"), BYTES("Accept: */*" CRLF));
    if (request->has_body) {
        add_length(out, request->body_bytes);
    }
    add_default(out, extra, BYTES("User-Agent"), BYTES("User-Agent: " USER_AGENT CRLF));
    add_default(out, extra, BYTES("Accept-Encoding"), BYTES("Accept-Encoding: gzip,deflate" CRLF));
    if (bytes_is_set(request->authorization)) {
        add_line(out, BYTES("Authorization: "), request->authorization);
    }
    buf_add(out, BYTES("Connection: keep-alive" CRLF));
    buf_add(out, extra);
    buf_add(out, BYTES(CRLF));
}
