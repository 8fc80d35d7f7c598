/* SPDX-License-Identifier: MIT */
/*
 * The client protocol of NATS as bytes (docs.nats.io, "NATS Client Protocol"): what servers send
 * becomes frames, incrementally; what clients send is written to buffers. No I/O.
 */
#pragma once

#include "base/buf.h"

enum {
    NATS_LINE_MAX = 4096,      /* a control line with its line end; nats-server's default */
    NATS_INFO_MAX = 64 * 1024, /* the same for INFO */
    NATS_SUBJECT_MAX = 1024,   /* ours: it must leave room in the line */
    NATS_PUB_LINE_MAX = NATS_SUBJECT_MAX + 32,
};

enum nats_op {
    NATS_OP_INFO, /* text: JSON */
    NATS_OP_MSG,  /* MSG or HMSG: subject, sid, reply, headers, payload */
    NATS_OP_PING,
    NATS_OP_PONG,
    NATS_OP_OK,
    NATS_OP_ERR, /* text, without quotes */
};

/* Slices borrow the input or the decoder's memory until the next call. */
struct nats_frame {
    enum nats_op op;
    struct bytes text;
    struct bytes subject, reply; /* reply: BYTES_NONE when absent */
    struct bytes headers;        /* "NATS/1.0...", unread; BYTES_NONE when absent */
    struct bytes payload;
    unsigned long long sid;
};

struct nats_codec {
    struct buf held; /* a frame that has come in part */
    size_t frame_n;  /* its length; 0: its line has not come whole */
    size_t payload_max;
    bool is_spent; /* held has been given out */
};

/* payload_max_bytes: of one message, headers included. */
void nats_codec_init(struct nats_codec *codec, size_t payload_max_bytes);
void nats_codec_fini(struct nats_codec *codec);

/*
 * Takes the next frame off the front of input: 1 with the frame, 0 when all of input is taken and
 * more is needed, ERR_PROTOCOL for garbage or a line too long, ERR_LIMIT for a payload above the
 * limit, ERR_NO_MEMORY. After an error the stream cannot be read on.
 */
int nats_codec_next(struct nats_codec *codec, struct bytes *input,
                    struct nats_frame *out) MUST_CHECK;

/* What an -ERR means for the connection. */
enum nats_error {
    NATS_ERROR_HARMLESS, /* one subject is refused, the connection stays */
    NATS_ERROR_AUTH,     /* login refused or withdrawn */
    NATS_ERROR_FATAL,    /* the server ends the connection */
};

enum nats_error nats_codec_error_kind(struct bytes text);

/* Not empty, no blanks or control characters, no empty token, not over NATS_SUBJECT_MAX. */
bool nats_codec_is_subject(struct bytes text, bool wildcards_allowed);

/* queue: BYTES_NONE for none. */
void nats_codec_add_sub(struct buf *out, struct bytes subject, struct bytes queue, unsigned sid);
void nats_codec_add_unsub(struct buf *out, unsigned sid);
/* The line before a payload, which CR LF must follow; returns its length. */
size_t nats_codec_pub_line(char line[NATS_PUB_LINE_MAX], struct bytes subject,
                           size_t payload_bytes);
#define NATS_PING BYTES("PING\r\n")
#define NATS_PONG BYTES("PONG\r\n")
