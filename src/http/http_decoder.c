/* SPDX-License-Identifier: MIT */
/*
 * Drives http_head and http_chunked. A head that is whole in the input is parsed in place; one
 * that is not is held, and parsed again only when another line has ended, so that sending byte by
 * byte costs the sender more than us.
 */
#include "http/http_decoder.h"

#include "base/assert.h"
#include "http/http_chars.h"

enum {
    EMPTY_LINES_MAX = 8, /* before a request line */
    INTERIM_MAX = 32,    /* 1xx answers before the final one */
};

void http_decoder_init(struct http_decoder *decoder, enum http_decoder_kind kind, size_t head_limit)
{
    *decoder = (struct http_decoder){.kind = kind, .head_limit = head_limit};
    buf_init(&decoder->held, head_limit);
}

void http_decoder_fini(struct http_decoder *decoder)
{
    buf_fini(&decoder->held);
}

void http_decoder_set_to_head(struct http_decoder *decoder, bool to_head)
{
    decoder->to_head = to_head;
}

bool http_decoder_is_between(const struct http_decoder *decoder)
{
    return decoder->state == HTTP_DECODER_START;
}

static enum http_decoder_event fault(struct http_decoder *decoder, unsigned status,
                                     const char *text)
{
    decoder->fault = (struct http_fault){status, text};
    decoder->state = HTTP_DECODER_BROKEN;
    return HTTP_DECODER_FAULT;
}

static enum http_decoder_event end(struct http_decoder *decoder)
{
    buf_fini(&decoder->held); /* idle connections hold no buffer */
    decoder->state = HTTP_DECODER_START;
    return HTTP_DECODER_END;
}

static enum http_decoder_event begin_request(struct http_decoder *decoder,
                                             const struct http_head *head)
{
    decoder->n_extra = 0;
    switch (head->framing) {
    case HTTP_FRAMING_LENGTH:
        decoder->left = head->length;
        decoder->state = head->length ? HTTP_DECODER_IN_LENGTH : HTTP_DECODER_ENDING;
        break;
    case HTTP_FRAMING_CHUNKED:
        http_chunked_init(&decoder->chunked, decoder->head_limit);
        decoder->state = HTTP_DECODER_IN_CHUNKED;
        break;
    case HTTP_FRAMING_CLOSE:
        decoder->state = HTTP_DECODER_IN_CLOSE;
        break;
    case HTTP_FRAMING_NONE:
        decoder->state = HTTP_DECODER_ENDING;
        break;
    }
    return HTTP_DECODER_HEAD;
}

/* RFC 9112, 6.3: some answers have no body whatever their header says. */
static enum http_decoder_event begin_answer(struct http_decoder *decoder, struct http_head *head)
{
    bool interim = head->status < 200;

    if (head->status == 101) {
        return fault(decoder, 0, "protocol switched without being asked");
    }
    if (interim) {
        head->framing = HTTP_FRAMING_NONE;
        decoder->state = HTTP_DECODER_START;
        return decoder->n_extra++ < INTERIM_MAX ? HTTP_DECODER_HEAD
                                                : fault(decoder, 0, "too many interim answers");
    }
    if (decoder->to_head || head->status == 204 || head->status == 304) {
        /* A peer that does send a body with 204 is out of step with us from here on. */
        if (head->status == 204 && (head->framing == HTTP_FRAMING_CHUNKED || head->length > 0)) {
            head->keep_alive = false;
        }
        head->framing = HTTP_FRAMING_NONE;
    }
    head->keep_alive = head->keep_alive && head->framing != HTTP_FRAMING_CLOSE;
    return begin_request(decoder, head);
}

/* Parses a head at the start of in; *out_used is set when it was whole. */
static enum http_decoder_event parse(struct http_decoder *decoder, struct bytes in,
                                     struct http_head *head, size_t *out_used)
{
    bool is_request = decoder->kind == HTTP_DECODER_REQUESTS;
    long used = is_request ? http_head_parse_request(in, decoder->head_limit, head, &decoder->fault)
                           : http_head_parse_answer(in, decoder->head_limit, head, &decoder->fault);

    if (used == HTTP_HEAD_BAD) {
        decoder->state = HTTP_DECODER_BROKEN;
        return HTTP_DECODER_FAULT;
    }
    if (used == HTTP_HEAD_MORE) {
        return HTTP_DECODER_MORE;
    }
    *out_used = (size_t)used;
    return is_request ? begin_request(decoder, head) : begin_answer(decoder, head);
}

/* Skips empty lines before a request line (RFC 9112, 2.2). A lone CR stays in the input. */
static bool skip_empty_lines(struct http_decoder *decoder, struct bytes *input)
{
    while (input->n >= 2 && input->p[0] == '\r' && input->p[1] == '\n') {
        if (decoder->n_extra++ == EMPTY_LINES_MAX) {
            return false;
        }
        *input = bytes_from(*input, 2);
    }
    return true;
}

static enum http_decoder_event hold(struct http_decoder *decoder, struct bytes *input)
{
    buf_add(&decoder->held, *input);
    *input = bytes_from(*input, input->n);
    decoder->state = HTTP_DECODER_HELD;
    return decoder->held.failed ? fault(decoder, 431, "head too large") : HTTP_DECODER_MORE;
}

static enum http_decoder_event next_in_start(struct http_decoder *decoder, struct bytes *input,
                                             struct http_head *head)
{
    enum http_decoder_event event;
    size_t used = 0;

    if (decoder->held.p) {
        buf_fini(&decoder->held);
    }
    if (decoder->kind == HTTP_DECODER_REQUESTS && !skip_empty_lines(decoder, input)) {
        return fault(decoder, 400, "too many empty lines");
    }
    if (input->n == 0) {
        return HTTP_DECODER_MORE;
    }
    if (input->n == 1 && input->p[0] == '\r') {
        return hold(decoder, input);
    }
    event = parse(decoder, *input, head, &used);
    if (event == HTTP_DECODER_MORE) {
        return hold(decoder, input);
    }
    *input = bytes_from(*input, used);
    return event;
}

/* What is held begins with a CR: an empty line that came in two parts, or garbage. */
static enum http_decoder_event next_in_held_cr(struct http_decoder *decoder, struct bytes *input)
{
    if (input->p[0] != '\n' || decoder->kind != HTTP_DECODER_REQUESTS) {
        return fault(decoder, 400, "bare CR");
    }
    if (decoder->n_extra++ == EMPTY_LINES_MAX) {
        return fault(decoder, 400, "too many empty lines");
    }
    *input = bytes_from(*input, 1);
    decoder->state = HTTP_DECODER_START;
    return HTTP_DECODER_MORE;
}

static bool has_control(struct bytes in)
{
    size_t at = 0;

    for (;;) {
        at += http_chars_value_run(in.p + at, in.n - at);
        if (at == in.n) {
            return false;
        }
        if (in.p[at] != '\r' && in.p[at] != '\n') {
            return true;
        }
        at++;
    }
}

/* Whether parsing what is held says more than before: a line has ended, or will not. */
static bool is_worth_parsing(const struct http_decoder *decoder, struct bytes added)
{
    size_t before = decoder->held.n - added.n;

    return decoder->held.p[before - 1] == '\r' || bytes_find(added, '\r') < added.n ||
           bytes_find(added, '\n') < added.n || decoder->held.n == decoder->head_limit;
}

/* Adds input to what is held, up to the limit. Only while the head goes on is all of it head. */
static enum http_decoder_event next_in_held(struct http_decoder *decoder, struct bytes *input,
                                            struct http_head *head)
{
    size_t before = decoder->held.n;
    size_t fits = decoder->head_limit - before;
    struct bytes added = bytes_of(input->p, input->n < fits ? input->n : fits);
    enum http_decoder_event event = HTTP_DECODER_MORE;
    size_t used = 0;

    if (decoder->held.p[0] == '\r') {
        return next_in_held_cr(decoder, input);
    }
    buf_add(&decoder->held, added);
    if (decoder->held.failed) {
        return fault(decoder, 431, "head too large");
    }
    if (is_worth_parsing(decoder, added)) {
        event = parse(decoder, buf_bytes(&decoder->held), head, &used);
    }
    if (event == HTTP_DECODER_MORE && has_control(added)) {
        return fault(decoder, 400, "control character in a head");
    }
    ASSERT(event != HTTP_DECODER_HEAD || used > before);
    *input = bytes_from(*input, event == HTTP_DECODER_HEAD ? used - before : added.n);
    return event;
}

static enum http_decoder_event next_in_length(struct http_decoder *decoder, struct bytes *input,
                                              struct bytes *out_piece)
{
    size_t n = decoder->left < input->n ? (size_t)decoder->left : input->n;

    *out_piece = bytes_of(input->p, n);
    *input = bytes_from(*input, n);
    decoder->left -= n;
    if (decoder->left == 0) {
        decoder->state = HTTP_DECODER_ENDING;
    }
    return HTTP_DECODER_BODY;
}

static enum http_decoder_event next_in_chunked(struct http_decoder *decoder, struct bytes *input,
                                               struct bytes *out_piece)
{
    switch (http_chunked_next(&decoder->chunked, input, out_piece)) {
    case HTTP_CHUNKED_DATA:
        return HTTP_DECODER_BODY;
    case HTTP_CHUNKED_END:
        return end(decoder);
    case HTTP_CHUNKED_FAULT:
        return fault(decoder, 400, decoder->chunked.fault);
    case HTTP_CHUNKED_MORE:
        break;
    }
    return HTTP_DECODER_MORE;
}

static enum http_decoder_event step(struct http_decoder *decoder, struct bytes *input,
                                    struct http_head *head, struct bytes *out_piece)
{
    switch (decoder->state) {
    case HTTP_DECODER_START:
        return next_in_start(decoder, input, head);
    case HTTP_DECODER_HELD:
        return next_in_held(decoder, input, head);
    case HTTP_DECODER_IN_LENGTH:
        return next_in_length(decoder, input, out_piece);
    case HTTP_DECODER_IN_CHUNKED:
        return next_in_chunked(decoder, input, out_piece);
    case HTTP_DECODER_IN_CLOSE:
        *out_piece = *input;
        *input = bytes_from(*input, input->n);
        return HTTP_DECODER_BODY;
    case HTTP_DECODER_ENDING:
    case HTTP_DECODER_BROKEN:
        break;
    }
    return HTTP_DECODER_FAULT;
}

enum http_decoder_event http_decoder_next(struct http_decoder *decoder, struct bytes *input,
                                          struct http_head *head, struct bytes *out_piece)
{
    enum http_decoder_event event = HTTP_DECODER_MORE;

    if (decoder->state == HTTP_DECODER_ENDING) {
        return end(decoder);
    }
    if (decoder->state == HTTP_DECODER_BROKEN) {
        return HTTP_DECODER_FAULT;
    }
    while (event == HTTP_DECODER_MORE && input->n > 0) {
        event = step(decoder, input, head, out_piece);
    }
    return event;
}

enum http_decoder_event http_decoder_finish(struct http_decoder *decoder)
{
    switch (decoder->state) {
    case HTTP_DECODER_START:
        return decoder->n_extra && decoder->kind == HTTP_DECODER_ANSWERS
                   ? fault(decoder, 0, "no answer after an interim one")
                   : HTTP_DECODER_MORE;
    case HTTP_DECODER_IN_CLOSE:
    case HTTP_DECODER_ENDING:
        return end(decoder);
    case HTTP_DECODER_HELD:
    case HTTP_DECODER_IN_LENGTH:
    case HTTP_DECODER_IN_CHUNKED:
    case HTTP_DECODER_BROKEN:
        break;
    }
    return fault(decoder, 400, "message cut off");
}
