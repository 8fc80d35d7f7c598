/* SPDX-License-Identifier: MIT */
/* The client side of the NATS protocol, as much of it as a Moleculer peer needs. */
#include "bench_nats.h"

#include <stdbool.h>
#include <string.h>

#include "bench_die.h"

#define MAX_PAYLOAD_BYTES ((size_t)64 * 1024 * 1024)

/* Cuts the next word off the front of `line`. */
static struct bench_text take_word(struct bench_text *line)
{
    const char *end = memchr(line->at, ' ', line->len);
    size_t len = end == NULL ? line->len : (size_t)(end - line->at);
    struct bench_text word = {line->at, len};

    line->at += len;
    line->len -= len;
    while (line->len > 0 && *line->at == ' ') {
        line->at++;
        line->len--;
    }
    return word;
}

static size_t word_to_number(struct bench_text word)
{
    size_t number = 0;

    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] < '0' || word.at[i] > '9' || number > MAX_PAYLOAD_BYTES) {
            bench_die("NATS: '%.*s' is not a number", (int)word.len, word.at);
        }
        number = number * 10 + (size_t)(word.at[i] - '0');
    }
    return number;
}

/* MSG <subject> <sid> <bytes>, without reply subject: Moleculer has none. Returns the length of the
 * whole frame, or 0 when it is not all there. */
static size_t read_message(struct bench_nats *nats, struct bench_text line, size_t line_len,
                           size_t available)
{
    struct bench_nats_message message;
    size_t frame_len;

    message.subject = take_word(&line);
    message.sid = (unsigned)word_to_number(take_word(&line));
    message.payload.len = word_to_number(take_word(&line));
    frame_len = line_len + message.payload.len + 2;
    if (available < frame_len) {
        return 0;
    }
    message.payload.at = line.at + 2; /* behind the line's end, where the words ended */
    nats->on_message(nats, &message);
    return frame_len;
}

/* Handles the frame at the front of `in`; returns its length, or 0 when it is not all there. */
static size_t read_frame(struct bench_nats *nats, struct bench_text in)
{
    const char *end = in.len == 0 ? NULL : memchr(in.at, '\n', in.len);
    size_t line_len;
    struct bench_text line;
    struct bench_text verb;

    if (end == NULL) {
        return 0;
    }
    line_len = (size_t)(end - in.at) + 1;
    line = (struct bench_text){in.at, line_len < 2 ? 0 : line_len - 2};
    verb = take_word(&line);
    if (bench_text_is(verb, "MSG")) {
        return read_message(nats, line, line_len, in.len);
    }
    if (bench_text_is(verb, "PING")) {
        bench_buf_append(&nats->stream.out, BENCH_TEXT("PONG\r\n"));
        bench_stream_send_later(&nats->stream);
    } else if (bench_text_is(verb, "PONG")) {
        nats->on_pong(nats);
    } else if (bench_text_is(verb, "-ERR")) {
        bench_die("NATS: %.*s", (int)line.len, line.at);
    }
    return line_len;
}

static void on_data(struct bench_stream *stream)
{
    struct bench_nats *nats = container_of(stream, struct bench_nats, stream);
    struct bench_text in = bench_buf_text(&stream->in);
    size_t used = 0;
    size_t len;

    while ((len = read_frame(nats, (struct bench_text){in.at + used, in.len - used})) > 0) {
        used += len;
    }
    bench_buf_consume(&stream->in, used);
}

static void on_end(struct bench_stream *stream)
{
    bench_die("the NATS server closed the connection");
}

void bench_nats_connect(struct bench_nats *nats, struct bench_loop *loop, uint16_t port)
{
    nats->stream.on_data = on_data;
    nats->stream.on_end = on_end;
    bench_stream_connect(&nats->stream, loop, port);
    bench_buf_append(&nats->stream.out,
                     BENCH_TEXT("CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\","
                                "\"version\":\"1\",\"name\":\"bench\",\"protocol\":1}\r\n"));
    bench_stream_send_later(&nats->stream);
}

void bench_nats_subscribe(struct bench_nats *nats, const char *subject, unsigned sid)
{
    bench_buf_printf(&nats->stream.out, "SUB %s %u\r\n", subject, sid);
    bench_stream_send_later(&nats->stream);
}

void bench_nats_publish(struct bench_nats *nats, const char *subject,
                        const struct bench_text *parts, size_t n_parts)
{
    size_t len = 0;

    for (size_t i = 0; i < n_parts; i++) {
        len += parts[i].len;
    }
    bench_buf_printf(&nats->stream.out, "PUB %s %zu\r\n", subject, len);
    for (size_t i = 0; i < n_parts; i++) {
        bench_buf_append(&nats->stream.out, parts[i]);
    }
    bench_buf_append(&nats->stream.out, BENCH_TEXT("\r\n"));
    bench_stream_send_later(&nats->stream);
}

void bench_nats_ping(struct bench_nats *nats)
{
    bench_buf_append(&nats->stream.out, BENCH_TEXT("PING\r\n"));
    bench_stream_send_later(&nats->stream);
}

void bench_nats_close(struct bench_nats *nats)
{
    bench_stream_drain(&nats->stream);
    bench_stream_close(&nats->stream);
}
