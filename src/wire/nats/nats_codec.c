/* SPDX-License-Identifier: MIT */
/* Frames out of bytes and lines into bytes. A frame that lies whole in the input is not copied. */
#include "wire/nats/nats_codec.h"

#include <limits.h>

#include "base/assert.h"

enum { ARGS_MAX = 5, HELD_KEPT_BYTES = 64 * 1024 };

/* --- lines --- */

struct line {
    struct bytes args[ARGS_MAX];
    size_t n_args;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Splits at blanks; false when there are more than ARGS_MAX parts. */
static bool split(struct bytes text, struct line *out)
{
    const char *p = text.p, *end = text.p + text.n;

    out->n_args = 0;
    for (;;) {
        const char *start;

        while (p < end && is_blank(*p)) {
            p++;
        }
        if (p == end) {
            return true;
        }
        if (out->n_args == ARGS_MAX) {
            return false;
        }
        start = p;
        while (p < end && !is_blank(*p)) {
            p++;
        }
        out->args[out->n_args++] = bytes_of(start, (size_t)(p - start));
    }
}

static bool read_size(struct bytes text, size_t *out)
{
    unsigned long long value;

    if (!bytes_to_u64(text, INT_MAX, &value)) {
        return false;
    }
    *out = (size_t)value;
    return true;
}

/* What a message's line announces: bytes of headers (0: none) and of both together. */
struct announced {
    size_t headers_n, total_n;
};

static int read_message(struct bytes args, bool has_headers, struct nats_frame *out,
                        struct announced *announced)
{
    size_t n_sizes = has_headers ? 2 : 1;
    struct line line;

    if (!split(args, &line) || line.n_args < 2 + n_sizes || line.n_args > 3 + n_sizes ||
        !bytes_to_u64(line.args[1], ULLONG_MAX, &out->sid) ||
        !read_size(line.args[line.n_args - 1], &announced->total_n)) {
        return ERR_PROTOCOL;
    }
    if (has_headers && (!read_size(line.args[line.n_args - 2], &announced->headers_n) ||
                        announced->headers_n > announced->total_n)) {
        return ERR_PROTOCOL;
    }
    out->op = NATS_OP_MSG;
    out->subject = line.args[0];
    out->reply = line.n_args == 3 + n_sizes ? line.args[2] : BYTES_NONE;
    return 0;
}

/* --- frames --- */

static struct bytes unquote(struct bytes text)
{
    text = bytes_trim(text);
    if (text.n >= 2 && text.p[0] == '\'' && text.p[text.n - 1] == '\'') {
        return bytes_of(text.p + 1, text.n - 2);
    }
    return text;
}

/* The arguments of a line that begins with that operation, else BYTES_NONE. */
static struct bytes args_of(struct bytes line, struct bytes op)
{
    if (line.n < op.n || !bytes_eq_nocase(bytes_of(line.p, op.n), op) ||
        (line.n > op.n && !is_blank(line.p[op.n]))) {
        return BYTES_NONE;
    }
    return bytes_from(line, op.n);
}

static int read_plain(struct bytes line, struct nats_frame *out)
{
    static const struct {
        struct bytes name;
        enum nats_op op;
    } ops[] = {
        {BYTES_INIT("PING"), NATS_OP_PING}, {BYTES_INIT("PONG"), NATS_OP_PONG},
        {BYTES_INIT("+OK"), NATS_OP_OK},    {BYTES_INIT("INFO"), NATS_OP_INFO},
        {BYTES_INIT("-ERR"), NATS_OP_ERR},
    };

    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        struct bytes args = args_of(line, ops[i].name);

        if (bytes_is_set(args)) {
            out->op = ops[i].op;
            out->text = out->op == NATS_OP_ERR ? unquote(args) : bytes_trim(args);
            return 0;
        }
    }
    return ERR_PROTOCOL;
}

static int read_line(struct bytes line, struct nats_frame *out, struct announced *announced)
{
    struct bytes args = args_of(line, BYTES("MSG"));

    *out = (struct nats_frame){0};
    *announced = (struct announced){0};
    if (bytes_is_set(args)) {
        return read_message(args, false, out, announced);
    }
    args = args_of(line, BYTES("HMSG"));
    if (bytes_is_set(args)) {
        return read_message(args, true, out, announced);
    }
    return read_plain(line, out);
}

/* Longest line of the operation that begins so; 0: none does. */
static size_t line_max(char first)
{
    switch (first) {
    case 'I':
    case 'i':
        return NATS_INFO_MAX;
    case 'M':
    case 'm':
    case 'H':
    case 'h':
    case 'P':
    case 'p':
    case '+':
    case '-':
        return NATS_LINE_MAX;
    default:
        return 0;
    }
}

static int read_body(const struct nats_codec *codec, struct bytes body,
                     const struct announced *announced, struct nats_frame *out)
{
    if (announced->total_n > codec->payload_max) {
        return ERR_LIMIT;
    }
    if (body.n < announced->total_n + 2) {
        return 0;
    }
    if (body.p[announced->total_n] != '\r' || body.p[announced->total_n + 1] != '\n') {
        return ERR_PROTOCOL;
    }
    if (announced->headers_n > 0) {
        out->headers = bytes_of(body.p, announced->headers_n);
    }
    out->payload =
        bytes_of(body.p + announced->headers_n, announced->total_n - announced->headers_n);
    return 1;
}

/*
 * The frame at the front of text, which is not empty. 0: not whole yet; *out_n is its length as
 * soon as its line is whole, else 0.
 */
static int read_frame(const struct nats_codec *codec, struct bytes text, struct nats_frame *out,
                      size_t *out_n)
{
    size_t max = line_max(text.p[0]);
    size_t end = bytes_find(bytes_of(text.p, text.n < max ? text.n : max), '\n');
    struct announced announced;
    int err;

    *out_n = 0;
    if (end >= max) { /* also when no operation begins so */
        return ERR_PROTOCOL;
    }
    if (end == text.n) {
        return 0;
    }
    if (end == 0 || text.p[end - 1] != '\r') {
        return ERR_PROTOCOL;
    }
    err = read_line(bytes_of(text.p, end - 1), out, &announced);
    if (err) {
        return err;
    }
    *out_n = end + 1;
    if (out->op != NATS_OP_MSG) {
        return 1;
    }
    *out_n += announced.total_n + 2;
    return read_body(codec, bytes_from(text, end + 1), &announced, out);
}

void nats_codec_init(struct nats_codec *codec, size_t payload_max_bytes)
{
    *codec = (struct nats_codec){.payload_max = payload_max_bytes};
    buf_init(&codec->held, payload_max_bytes + NATS_INFO_MAX);
}

void nats_codec_fini(struct nats_codec *codec)
{
    buf_fini(&codec->held);
}

static void forget_spent(struct nats_codec *codec)
{
    codec->is_spent = false;
    codec->frame_n = 0;
    if (codec->held.cap > HELD_KEPT_BYTES) {
        buf_fini(&codec->held);
    } else {
        buf_clear(&codec->held);
    }
}

/* Moves to held what belongs to the frame that is not whole yet, at most all of input. */
static int hold(struct nats_codec *codec, struct bytes *input)
{
    size_t n = input->n;
    int err;

    if (codec->frame_n > 0) {
        size_t missing = codec->frame_n - codec->held.n;

        err = buf_reserve(&codec->held, missing);
        n = n < missing ? n : missing;
    } else {
        size_t end = bytes_find(*input, '\n');

        n = end < n ? end + 1 : n;
        err = buf_reserve(&codec->held, n);
        err = err == ERR_LIMIT ? ERR_PROTOCOL : err; /* a line without end */
    }
    if (err) {
        return err;
    }
    buf_add(&codec->held, bytes_of(input->p, n));
    *input = bytes_from(*input, n);
    return 0;
}

/* Whether reading what is held would find neither a frame nor a fault: saves looking again. */
static bool needs_more(const struct nats_codec *codec)
{
    const struct buf *held = &codec->held;

    if (codec->frame_n > 0) {
        return held->n < codec->frame_n;
    }
    return held->p[held->n - 1] != '\n' && held->n < line_max(held->p[0]);
}

int nats_codec_next(struct nats_codec *codec, struct bytes *input, struct nats_frame *out)
{
    int result;

    if (codec->is_spent) {
        forget_spent(codec);
    }
    if (input->n == 0) {
        return 0;
    }
    if (codec->held.n == 0) {
        result = read_frame(codec, *input, out, &codec->frame_n);
        if (result == 1) {
            *input = bytes_from(*input, codec->frame_n);
            return 1;
        }
        if (result < 0) {
            return result;
        }
    }
    while (input->n > 0) {
        result = hold(codec, input);
        if (result < 0) {
            return result;
        }
        if (needs_more(codec)) {
            return 0;
        }
        result = read_frame(codec, buf_bytes(&codec->held), out, &codec->frame_n);
        codec->is_spent = result == 1;
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

/* --- errors --- */

enum nats_error nats_codec_error_kind(struct bytes text)
{
    static const struct {
        struct bytes start;
        enum nats_error kind;
    } kinds[] = {
        {BYTES_INIT("Permissions Violation"), NATS_ERROR_HARMLESS},
        {BYTES_INIT("Invalid Subject"), NATS_ERROR_HARMLESS},
        {BYTES_INIT("Invalid Publish Subject"), NATS_ERROR_HARMLESS},
        {BYTES_INIT("maximum subscriptions exceeded"), NATS_ERROR_HARMLESS},
        {BYTES_INIT("Authorization"), NATS_ERROR_AUTH},
        {BYTES_INIT("Authentication"), NATS_ERROR_AUTH},
        {BYTES_INIT("User Authentication"), NATS_ERROR_AUTH},
        {BYTES_INIT("Account Authentication"), NATS_ERROR_AUTH},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct bytes start = kinds[i].start;

        if (text.n >= start.n && bytes_eq_nocase(bytes_of(text.p, start.n), start)) {
            return kinds[i].kind;
        }
    }
    return NATS_ERROR_FATAL;
}

/* --- encoding --- */

/* Neither empty nor with blanks or control characters, and no wildcard where none is allowed. */
static bool is_token(struct bytes token, bool is_last, bool wildcards_allowed)
{
    for (size_t i = 0; i < token.n; i++) {
        if ((unsigned char)token.p[i] <= ' ' || token.p[i] == 0x7f) {
            return false;
        }
    }
    if (token.n == 1 && token.p[0] == '*') {
        return wildcards_allowed;
    }
    if (token.n == 1 && token.p[0] == '>') {
        return wildcards_allowed && is_last;
    }
    return token.n > 0;
}

bool nats_codec_is_subject(struct bytes text, bool wildcards_allowed)
{
    if (text.n > NATS_SUBJECT_MAX) {
        return false;
    }
    for (;;) {
        size_t dot = bytes_find(text, '.');

        if (!is_token(bytes_of(text.p, dot), dot == text.n, wildcards_allowed)) {
            return false;
        }
        if (dot == text.n) {
            return true;
        }
        text = bytes_from(text, dot + 1);
    }
}

void nats_codec_add_sub(struct buf *out, struct bytes subject, struct bytes queue, unsigned sid)
{
    buf_add(out, BYTES("SUB "));
    buf_add(out, subject);
    buf_add_char(out, ' ');
    if (bytes_is_set(queue)) {
        buf_add(out, queue);
        buf_add_char(out, ' ');
    }
    buf_add_u64(out, sid);
    buf_add(out, BYTES("\r\n"));
}

void nats_codec_add_unsub(struct buf *out, unsigned sid)
{
    buf_add(out, BYTES("UNSUB "));
    buf_add_u64(out, sid);
    buf_add(out, BYTES("\r\n"));
}

size_t nats_codec_pub_line(char line[NATS_PUB_LINE_MAX], struct bytes subject, size_t payload_bytes)
{
    static const char verb[] = {'P', 'U', 'B', ' '};
    char digits[24];
    char *first = digits + sizeof(digits);
    size_t n;

    ASSERT(subject.n <= NATS_SUBJECT_MAX);
    *--first = '\n';
    *--first = '\r';
    do {
        *--first = (char)('0' + payload_bytes % 10);
        payload_bytes /= 10;
    } while (payload_bytes > 0);
    *--first = ' ';
    n = (size_t)(digits + sizeof(digits) - first);
    memcpy(line, verb, sizeof(verb));
    memcpy(line + sizeof(verb), subject.p, subject.n);
    memcpy(line + sizeof(verb) + subject.n, first, n);
    return sizeof(verb) + subject.n + n;
}
