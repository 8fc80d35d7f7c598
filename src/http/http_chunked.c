/* SPDX-License-Identifier: MIT */
/* A state machine over single bytes, except for the data itself. */
#include "http/http_chunked.h"

#include "http/http_chars.h"

enum { CHUNK_DIGITS_MAX = 15 }; /* leading zeros included: the size cannot overflow */

enum state {
    STATE_SIZE_FIRST, /* -> SIZE */
    STATE_SIZE,       /* -> EXTENSION, SIZE_LF */
    STATE_EXTENSION,  /* after ';'; -> NAME */
    STATE_NAME,       /* -> EXTENSION, VALUE, SIZE_LF */
    STATE_VALUE,      /* after '='; -> TOKEN, QUOTED */
    STATE_TOKEN,      /* -> EXTENSION, SIZE_LF */
    STATE_QUOTED,     /* -> ESCAPE, QUOTED_END */
    STATE_ESCAPE,     /* -> QUOTED */
    STATE_QUOTED_END, /* -> EXTENSION, SIZE_LF */
    STATE_SIZE_LF,    /* -> DATA, or TRAILER after the last chunk */
    STATE_DATA,       /* -> DATA_CR */
    STATE_DATA_CR,    /* -> DATA_LF */
    STATE_DATA_LF,    /* -> SIZE_FIRST */
    STATE_TRAILER,    /* at the start of a line; -> TRAILER_NAME, LAST_LF */
    STATE_TRAILER_NAME,
    STATE_TRAILER_VALUE,
    STATE_TRAILER_LF, /* -> TRAILER */
    STATE_LAST_LF,    /* -> DONE */
    STATE_DONE,
    STATE_BROKEN,
};

static enum state broken(struct http_chunked *chunked, const char *text)
{
    chunked->fault = text;
    return STATE_BROKEN;
}

static bool is_token(char c)
{
    return http_chars_is(c, HTTP_CHARS_TOKEN);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum state size_byte(struct http_chunked *chunked, char c)
{
    int digit = hex_digit(c);

    if (digit < 0 && chunked->n_digits > 0) {
        if (c == '\r') {
            return STATE_SIZE_LF;
        }
        if (c == ';') {
            return STATE_EXTENSION;
        }
    }
    if (digit < 0 || ++chunked->n_digits > CHUNK_DIGITS_MAX) {
        return broken(chunked, "malformed chunk size");
    }
    chunked->left = chunked->left * 16 + (unsigned)digit;
    return STATE_SIZE;
}

/* What may follow a complete extension. */
static enum state after_extension(struct http_chunked *chunked, char c)
{
    if (c == '\r') {
        return STATE_SIZE_LF;
    }
    return c == ';' ? STATE_EXTENSION : broken(chunked, "malformed chunk extension");
}

static enum state extension_start(struct http_chunked *chunked, char c)
{
    if (c == ' ' || c == '\t') {
        return STATE_EXTENSION;
    }
    return is_token(c) ? STATE_NAME : broken(chunked, "malformed chunk extension");
}

static enum state name_byte(struct http_chunked *chunked, char c)
{
    if (is_token(c)) {
        return STATE_NAME;
    }
    return c == '=' ? STATE_VALUE : after_extension(chunked, c);
}

static enum state value_start(struct http_chunked *chunked, char c)
{
    if (c == '"') {
        return STATE_QUOTED;
    }
    return is_token(c) ? STATE_TOKEN : broken(chunked, "malformed chunk extension");
}

static enum state quoted_byte(struct http_chunked *chunked, char c)
{
    if (!http_chars_is(c, HTTP_CHARS_VALUE)) {
        return broken(chunked, "malformed chunk extension");
    }
    if (chunked->state == STATE_ESCAPE) {
        return STATE_QUOTED;
    }
    if (c == '"') {
        return STATE_QUOTED_END;
    }
    return c == '\\' ? STATE_ESCAPE : STATE_QUOTED;
}

static enum state trailer_start(struct http_chunked *chunked, char c)
{
    if (c == '\r') {
        return STATE_LAST_LF;
    }
    return is_token(c) ? STATE_TRAILER_NAME : broken(chunked, "malformed trailer");
}

static enum state trailer_name(struct http_chunked *chunked, char c)
{
    if (is_token(c)) {
        return STATE_TRAILER_NAME;
    }
    return c == ':' ? STATE_TRAILER_VALUE : broken(chunked, "malformed trailer");
}

static enum state trailer_value(struct http_chunked *chunked, char c)
{
    if (c == '\r') {
        return STATE_TRAILER_LF;
    }
    return http_chars_is(c, HTTP_CHARS_VALUE) ? STATE_TRAILER_VALUE
                                              : broken(chunked, "malformed trailer");
}

static enum state line_end(struct http_chunked *chunked, char c, enum state next)
{
    return c == '\n' ? next : broken(chunked, "bare CR in a chunked body");
}

static enum state size_end(struct http_chunked *chunked, char c)
{
    bool last = chunked->left == 0;

    chunked->n_digits = 0;
    return line_end(chunked, c, last ? STATE_TRAILER : STATE_DATA);
}

static enum state next_state(struct http_chunked *chunked, char c)
{
    switch ((enum state)chunked->state) {
    case STATE_SIZE_FIRST:
    case STATE_SIZE:
        return size_byte(chunked, c);
    case STATE_EXTENSION:
        return extension_start(chunked, c);
    case STATE_NAME:
        return name_byte(chunked, c);
    case STATE_VALUE:
        return value_start(chunked, c);
    case STATE_TOKEN:
        return is_token(c) ? STATE_TOKEN : after_extension(chunked, c);
    case STATE_QUOTED:
    case STATE_ESCAPE:
        return quoted_byte(chunked, c);
    case STATE_QUOTED_END:
        return after_extension(chunked, c);
    case STATE_SIZE_LF:
        return size_end(chunked, c);
    case STATE_DATA_CR:
        return c == '\r' ? STATE_DATA_LF : broken(chunked, "chunk longer than its size");
    case STATE_DATA_LF:
        return line_end(chunked, c, STATE_SIZE_FIRST);
    case STATE_TRAILER:
        return trailer_start(chunked, c);
    case STATE_TRAILER_NAME:
        return trailer_name(chunked, c);
    case STATE_TRAILER_VALUE:
        return trailer_value(chunked, c);
    case STATE_TRAILER_LF:
        return line_end(chunked, c, STATE_TRAILER);
    case STATE_LAST_LF:
        return line_end(chunked, c, STATE_DONE);
    case STATE_DATA:
    case STATE_DONE:
    case STATE_BROKEN:
        break;
    }
    return STATE_BROKEN;
}

/* Bytes of extensions and trailers, counted with their line ends. */
static bool is_extra(enum state state)
{
    return (state >= STATE_EXTENSION && state <= STATE_QUOTED_END) ||
           (state >= STATE_TRAILER && state <= STATE_LAST_LF);
}

static enum state take_byte(struct http_chunked *chunked, char c)
{
    if (is_extra(chunked->state) && ++chunked->extra_bytes > chunked->extra_limit) {
        return broken(chunked, "chunk extensions and trailers too large");
    }
    return next_state(chunked, c);
}

void http_chunked_init(struct http_chunked *chunked, size_t extra_limit_bytes)
{
    *chunked = (struct http_chunked){.state = STATE_SIZE_FIRST, .extra_limit = extra_limit_bytes};
}

static void take_data(struct http_chunked *chunked, struct bytes *input, struct bytes *out_piece)
{
    size_t n = chunked->left < input->n ? (size_t)chunked->left : input->n;

    *out_piece = bytes_of(input->p, n);
    *input = bytes_from(*input, n);
    chunked->left -= n;
    if (chunked->left == 0) {
        chunked->state = STATE_DATA_CR;
    }
}

enum http_chunked_event http_chunked_next(struct http_chunked *chunked, struct bytes *input,
                                          struct bytes *out_piece)
{
    while (chunked->state != STATE_DONE && chunked->state != STATE_BROKEN) {
        if (input->n == 0) {
            return HTTP_CHUNKED_MORE;
        }
        if (chunked->state == STATE_DATA) {
            take_data(chunked, input, out_piece);
            return HTTP_CHUNKED_DATA;
        }
        chunked->state = take_byte(chunked, input->p[0]);
        *input = bytes_from(*input, 1);
    }
    return chunked->state == STATE_DONE ? HTTP_CHUNKED_END : HTTP_CHUNKED_FAULT;
}
