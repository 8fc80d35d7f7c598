/* SPDX-License-Identifier: MIT */
/* Finds the end of HTTP messages that are known to be well formed; everything else is refused. */
#include "bench_http_msg.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define MAX_BODY_BYTES ((size_t)64 * 1024 * 1024)

/* Cuts one line off the front of `text`. */
static struct bench_text take_line(struct bench_text *text)
{
    const char *end = memchr(text->at, '\n', text->len);
    size_t len = end == NULL ? text->len : (size_t)(end - text->at);
    struct bench_text line = {text->at, len};

    text->at += len + (end == NULL ? 0 : 1);
    text->len -= len + (end == NULL ? 0 : 1);
    if (line.len > 0 && line.at[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

/* Sets the value when `line` is the header `name` (given with its colon). */
static bool header_is(struct bench_text line, struct bench_text name, struct bench_text *out_value)
{
    if (line.len < name.len || strncasecmp(line.at, name.at, name.len) != 0) {
        return false;
    }
    *out_value = (struct bench_text){line.at + name.len, line.len - name.len};
    while (out_value->len > 0 && *out_value->at == ' ') {
        out_value->at++;
        out_value->len--;
    }
    return true;
}

static bool parse_length(struct bench_text value, size_t *out_length)
{
    size_t length = 0;

    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9' || length > MAX_BODY_BYTES) {
            return false;
        }
        length = length * 10 + (size_t)(value.at[i] - '0');
    }
    *out_length = length;
    return value.len > 0 && length <= MAX_BODY_BYTES;
}

/* Reads one header line; false when it says that the body is not for us. */
static bool read_header(struct bench_text line, size_t *out_length)
{
    struct bench_text value;

    if (header_is(line, BENCH_TEXT("content-length:"), &value)) {
        return parse_length(value, out_length);
    }
    return !header_is(line, BENCH_TEXT("transfer-encoding:"), &value);
}

enum bench_http_result bench_http_msg_read(struct bench_text in, struct bench_http_msg *out_msg)
{
    const char *end = in.len == 0 ? NULL : memmem(in.at, in.len, "\r\n\r\n", 4);
    size_t body_len = 0;
    size_t head_len;
    struct bench_text head;
    struct bench_text start_line;

    if (end == NULL) {
        return BENCH_HTTP_PARTIAL;
    }
    head_len = (size_t)(end - in.at) + 4;
    head = (struct bench_text){in.at, head_len - 2};
    start_line = take_line(&head);
    while (head.len > 0) {
        if (!read_header(take_line(&head), &body_len)) {
            return BENCH_HTTP_UNSUPPORTED;
        }
    }
    if (in.len - head_len < body_len) {
        return BENCH_HTTP_PARTIAL;
    }
    out_msg->start_line = start_line;
    out_msg->body = (struct bench_text){in.at + head_len, body_len};
    out_msg->len = head_len + body_len;
    return BENCH_HTTP_COMPLETE;
}

unsigned bench_http_msg_status(const struct bench_http_msg *msg)
{
    const char *line = msg->start_line.at;

    if (msg->start_line.len < 12 || memcmp(line, "HTTP/1.", 7) != 0) {
        return 0;
    }
    return (unsigned)((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
}
