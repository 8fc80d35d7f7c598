/* SPDX-License-Identifier: MIT */
/*
 * Incremental HTTP/1.1 decoder for one direction of one connection; no I/O. Bytes go in as they
 * come, events come out:
 *
 *     while ((event = http_decoder_next(&decoder, &input, &head, &piece)) != HTTP_DECODER_MORE)
 *
 * HEAD, any number of BODY, END, and again HEAD of the next message. An interim answer (1xx) is a
 * HEAD without END. After FAULT every call gives FAULT.
 */
#pragma once

#include "base/buf.h"
#include "http/http_chunked.h"
#include "http/http_head.h"

enum http_decoder_kind { HTTP_DECODER_REQUESTS, HTTP_DECODER_ANSWERS };

enum http_decoder_event {
    HTTP_DECODER_MORE,  /* the input is used up */
    HTTP_DECODER_HEAD,  /* *head is filled; its slices live until the next call */
    HTTP_DECODER_BODY,  /* *out_piece is a slice of the input, never empty */
    HTTP_DECODER_END,   /* the message is complete */
    HTTP_DECODER_FAULT, /* decoder->fault says why */
};

enum http_decoder_state {
    HTTP_DECODER_START,     /* -> HELD, PARSED, or as PARSED */
    HTTP_DECODER_HELD,      /* part of a head is held; -> PARSED */
    HTTP_DECODER_IN_LENGTH, /* -> ENDING */
    HTTP_DECODER_IN_CHUNKED,
    HTTP_DECODER_IN_CLOSE, /* -> ENDING by http_decoder_finish */
    HTTP_DECODER_ENDING,   /* END is still to be told; -> START */
    HTTP_DECODER_BROKEN,
};

struct http_decoder {
    enum http_decoder_kind kind;
    enum http_decoder_state state; /* private, as the rest except fault */
    size_t head_limit;
    uint64_t left;    /* of a body of known length */
    unsigned n_extra; /* empty lines before a request, interim answers before the final one */
    bool to_head;
    struct buf held; /* a head that came in parts */
    struct http_chunked chunked;
    struct http_fault fault;
};

/* head_limit bytes for a head, and as much again for chunk extensions plus trailers. */
void http_decoder_init(struct http_decoder *decoder, enum http_decoder_kind kind,
                       size_t head_limit);
void http_decoder_fini(struct http_decoder *decoder);
/* Answers: tells before each whether it answers a HEAD request. */
void http_decoder_set_to_head(struct http_decoder *decoder, bool to_head);

/* Advances *input over what it used. head->headers is the caller's storage. */
enum http_decoder_event http_decoder_next(struct http_decoder *decoder, struct bytes *input,
                                          struct http_head *head, struct bytes *out_piece);
/*
 * The peer has ended its stream: MORE (between messages, nothing is missing), END (an answer that
 * lasts until then) or FAULT (cut off).
 */
enum http_decoder_event http_decoder_finish(struct http_decoder *decoder);
/* No byte of a message has come since the last END. */
bool http_decoder_is_between(const struct http_decoder *decoder);
