/* SPDX-License-Identifier: MIT */
/* NATS frames: whole, split at every byte, garbage, limits; and the lines clients send. */
#include "wire/nats/nats_codec.h"

#include "base/mem.h"
#include "support/check.h"

enum { PAYLOAD_MAX = 1000 };

/* Every operation, in the forms that servers and the protocol's text use. */
#define STREAM                                                                                     \
    "INFO {\"server_id\":\"x\",\"max_payload\":1048576} \r\n"                                      \
    "PING\r\n"                                                                                     \
    "+OK\r\n"                                                                                      \
    "MSG MOL.REQ.node-1 7 5\r\nhello\r\n"                                                          \
    "MSG a.b 18446744073709551615 INBOX.1 0\r\n\r\n"                                               \
    "msg\ta  1\t  11\r\n\r\nMSG x\r\n\r\0\r\n"                                                     \
    "HMSG h 2 12 17\r\nNATS/1.0\r\n\r\nhello\r\n"                                                  \
    "HMSG h 2 reply 12 12\r\nNATS/1.0\r\n\r\n\r\n"                                                 \
    "HMSG h 2 0 2\r\nhi\r\n"                                                                       \
    "pong\r\n"                                                                                     \
    "-ERR 'Unknown Protocol Operation'\r\n"                                                        \
    "-err oops\r\n"                                                                                \
    "-ERR\r\n"                                                                                     \
    "PONG\r\n"

#define FRAMES                                                                                     \
    "INFO {\"server_id\":\"x\",\"max_payload\":1048576};PING;OK;"                                  \
    "MSG MOL.REQ.node-1 7 - - [hello];"                                                            \
    "MSG a.b 18446744073709551615 INBOX.1 - [];"                                                   \
    "MSG a 1 - - [\r\nMSG x\r\n\r\0];"                                                             \
    "MSG h 2 - NATS/1.0\r\n\r\n [hello];"                                                          \
    "MSG h 2 reply NATS/1.0\r\n\r\n [];"                                                           \
    "MSG h 2 - - [hi];"                                                                            \
    "PONG;ERR Unknown Protocol Operation;ERR oops;ERR ;PONG;"

static void add_part(struct buf *out, struct bytes part)
{
    buf_add(out, bytes_is_set(part) ? part : BYTES("-"));
    buf_add_char(out, ' ');
}

static void describe(struct buf *out, const struct nats_frame *f)
{
    static const char *const names[] = {
        [NATS_OP_INFO] = "INFO", [NATS_OP_MSG] = "MSG", [NATS_OP_PING] = "PING",
        [NATS_OP_PONG] = "PONG", [NATS_OP_OK] = "OK",   [NATS_OP_ERR] = "ERR",
    };

    buf_add(out, bytes_cstr(names[f->op]));
    if (f->op == NATS_OP_MSG) {
        buf_add_char(out, ' ');
        add_part(out, f->subject);
        buf_add_u64(out, f->sid);
        buf_add_char(out, ' ');
        add_part(out, f->reply);
        add_part(out, f->headers);
        buf_add_char(out, '[');
        buf_add(out, f->payload);
        buf_add_char(out, ']');
    } else if (f->op == NATS_OP_INFO || f->op == NATS_OP_ERR) {
        buf_add_char(out, ' ');
        buf_add(out, f->text);
    }
    buf_add_char(out, ';');
}

/* Feeds a copy of its own, so that ASan sees reads beyond the piece. */
static int feed(struct nats_codec *codec, struct bytes piece, struct buf *out)
{
    char *copy = piece.n ? mem_strndup(piece.p, piece.n) : NULL;
    char *exact = mem_realloc(copy, piece.n ? piece.n : 1);
    struct bytes input = bytes_of(exact, piece.n);
    struct nats_frame frame;
    int result;

    while ((result = nats_codec_next(codec, &input, &frame)) == 1) {
        describe(out, &frame);
    }
    assert_true(result < 0 || input.n == 0);
    mem_free(exact);
    return result;
}

static void test_reads_all_operations(void **state)
{
    struct nats_codec codec;
    struct buf out;

    nats_codec_init(&codec, PAYLOAD_MAX);
    buf_init(&out, BUF_NO_LIMIT);
    assert_int_equal(feed(&codec, BYTES(STREAM), &out), 0);
    assert_bytes(buf_bytes(&out), FRAMES);
    assert_int_equal(codec.held.cap, 0); /* nothing was copied */
    buf_fini(&out);
    nats_codec_fini(&codec);
}

static void test_reads_the_same_split_at_every_byte(void **state)
{
    struct bytes stream = BYTES(STREAM);
    struct nats_codec codec;
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    for (size_t at = 0; at <= stream.n; at++) {
        nats_codec_init(&codec, PAYLOAD_MAX);
        assert_int_equal(feed(&codec, bytes_of(stream.p, at), &out), 0);
        assert_int_equal(feed(&codec, bytes_from(stream, at), &out), 0);
        assert_bytes(buf_bytes(&out), FRAMES);
        buf_clear(&out);
        nats_codec_fini(&codec);
    }
    buf_fini(&out);
}

static void test_reads_the_same_in_pieces_of_any_size(void **state)
{
    struct bytes stream = BYTES(STREAM);
    struct nats_codec codec;
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    for (size_t size = 1; size < 20; size++) {
        nats_codec_init(&codec, PAYLOAD_MAX);
        for (size_t at = 0; at < stream.n; at += size) {
            size_t n = stream.n - at < size ? stream.n - at : size;

            assert_int_equal(feed(&codec, bytes_of(stream.p + at, n), &out), 0);
        }
        assert_bytes(buf_bytes(&out), FRAMES);
        buf_clear(&out);
        nats_codec_fini(&codec);
    }
    buf_fini(&out);
}

static void test_a_message_in_the_input_is_not_copied(void **state)
{
    struct bytes input = BYTES("MSG a 1 3\r\nabc\r\nMSG a 1 3\r\nde");
    const char *start = input.p;
    struct nats_codec codec;
    struct nats_frame frame;

    nats_codec_init(&codec, PAYLOAD_MAX);
    assert_int_equal(nats_codec_next(&codec, &input, &frame), 1);
    assert_ptr_equal(frame.payload.p, start + 11);
    assert_ptr_equal(frame.subject.p, start + 4);
    assert_int_equal(nats_codec_next(&codec, &input, &frame), 0);
    input = BYTES("f\r\n");
    assert_int_equal(nats_codec_next(&codec, &input, &frame), 1);
    assert_bytes(frame.payload, "def");
    nats_codec_fini(&codec);
}

static void test_refuses_garbage(void **state)
{
    static const struct bytes table[] = {
        BYTES_INIT("\r\n"),
        BYTES_INIT("\n"),
        BYTES_INIT(" PING\r\n"),
        BYTES_INIT("X"), /* at once: no line end is waited for */
        BYTES_INIT("HTTP/1.1 400 Bad Request\r\n"),
        BYTES_INIT("PINGPONG\r\n"),
        BYTES_INIT("PING\n"),
        BYTES_INIT("PIN\r\n"),
        BYTES_INIT("+OKAY\r\n"),
        BYTES_INIT("MSG\r\n"),
        BYTES_INIT("MSG a\r\n"),
        BYTES_INIT("MSG a 1\r\n"),
        BYTES_INIT("MSG a x 1\r\n"),
        BYTES_INIT("MSG a 18446744073709551616 1\r\n"),
        BYTES_INIT("MSG a -1 1\r\n"),
        BYTES_INIT("MSG a 1 -1\r\n"),
        BYTES_INIT("MSG a 1 +1\r\n"),
        BYTES_INIT("MSG a 1 1x\r\n"),
        BYTES_INIT("MSG a 1 b c 1\r\n"),
        BYTES_INIT("MSG a 1 b c d e f 1\r\n"),
        BYTES_INIT("MSG a 1 99999999999999999999999999\r\n"),
        BYTES_INIT("MSG a 1 2\r\nabc\r\n"),
        BYTES_INIT("MSG a 1 2\r\nab\r\r"),
        BYTES_INIT("MSG a 1 2\r\nab\n\n"),
        BYTES_INIT("HMSG a 1 2\r\nab\r\n"),
        BYTES_INIT("HMSG a 1 3 2\r\nab\r\n"),
        BYTES_INIT("HMSG a 1 x 2\r\nab\r\n"),
        BYTES_INIT("HMSG a 1 b c 1 2\r\nab\r\n"),
        BYTES_INIT("HMSG a 1 0 -2\r\n"),
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        for (size_t at = 0; at <= table[i].n; at++) {
            struct nats_codec codec;
            struct buf out;
            int result;

            nats_codec_init(&codec, PAYLOAD_MAX);
            buf_init(&out, BUF_NO_LIMIT);
            result = feed(&codec, bytes_of(table[i].p, at), &out);
            if (result == 0) {
                result = feed(&codec, bytes_from(table[i], at), &out);
            }
            if (result != ERR_PROTOCOL || out.n > 0) {
                print_error("%.*s split at %zu: %d\n", BYTES_ARG(table[i]), at, result);
                fail();
            }
            buf_fini(&out);
            nats_codec_fini(&codec);
        }
    }
}

/* A line of n bytes with its end: start, then filler. */
static char *long_line(const char *start, size_t n)
{
    char *line = mem_alloc(n);

    memset(line, 'x', n);
    memcpy(line, start, strlen(start));
    memcpy(line + n - 2, "\r\n", 2);
    return line;
}

static void check_line(const char *start, size_t n, size_t piece, int want)
{
    char *line = long_line(start, n);
    struct nats_codec codec;
    struct buf out;
    int result = 0;

    nats_codec_init(&codec, PAYLOAD_MAX);
    buf_init(&out, BUF_NO_LIMIT);
    for (size_t at = 0; at < n && result == 0; at += piece) {
        result = feed(&codec, bytes_of(line + at, n - at < piece ? n - at : piece), &out);
    }
    assert_int_equal(result, want);
    assert_int_equal(out.n > 0, want == 0);
    buf_fini(&out);
    nats_codec_fini(&codec);
    mem_free(line);
}

static void test_limits_lines(void **state)
{
    static const size_t pieces[] = {1, 7, 4000, 60000, 1000000};

    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        check_line("-ERR ", NATS_LINE_MAX, pieces[i], 0);
        check_line("-ERR ", NATS_LINE_MAX + 1, pieces[i], ERR_PROTOCOL);
        check_line("-ERR ", (size_t)NATS_INFO_MAX * 3, pieces[i], ERR_PROTOCOL);
        check_line("INFO ", NATS_INFO_MAX, pieces[i], 0);
        check_line("INFO ", NATS_INFO_MAX + 1, pieces[i], ERR_PROTOCOL);
        check_line("INFO ", (size_t)NATS_INFO_MAX * 3, pieces[i], ERR_PROTOCOL);
    }
}

static void test_limits_payloads_before_they_come(void **state)
{
    static const struct {
        struct bytes line;
        int want;
    } table[] = {
        {BYTES_INIT("MSG a 1 1000\r\n"), 0},
        {BYTES_INIT("MSG a 1 1001\r\n"), ERR_LIMIT},
        {BYTES_INIT("MSG a 1 2147483647\r\n"), ERR_LIMIT},
        {BYTES_INIT("MSG a 1 2147483648\r\n"), ERR_PROTOCOL},
        {BYTES_INIT("HMSG a 1 500 1000\r\n"), 0},
        {BYTES_INIT("HMSG a 1 500 1001\r\n"), ERR_LIMIT},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct nats_codec codec;
        struct buf out;

        nats_codec_init(&codec, PAYLOAD_MAX);
        buf_init(&out, BUF_NO_LIMIT);
        assert_int_equal(feed(&codec, table[i].line, &out), table[i].want);
        assert_in_range(codec.held.cap, 0, 4 * PAYLOAD_MAX);
        buf_fini(&out);
        nats_codec_fini(&codec);
    }
}

static void test_memory_of_a_large_message_is_given_back(void **state)
{
    size_t n = 1024 * 1024;
    char *large = mem_alloc(n + 2);
    struct nats_codec codec;
    struct buf out;

    memcpy(large + n, "\r\n", 2);
    nats_codec_init(&codec, n);
    buf_init(&out, BUF_NO_LIMIT);
    assert_int_equal(feed(&codec, BYTES("MSG a 1 1048576\r\n"), &out), 0);
    for (size_t at = 0; at < n + 2; at += 65536) {
        size_t piece = n + 2 - at < 65536 ? n + 2 - at : 65536;

        assert_int_equal(feed(&codec, bytes_of(large + at, piece), &out), 0);
    }
    assert_int_equal(out.n, strlen("MSG a 1 - - [];") + n);
    assert_int_equal(codec.held.cap, 0);
    buf_fini(&out);
    nats_codec_fini(&codec);
    mem_free(large);
}

static void test_tells_kinds_of_errors(void **state)
{
    static const struct {
        const char *text;
        enum nats_error kind;
    } table[] = {
        {"Permissions Violation for Subscription to \"a.b\"", NATS_ERROR_HARMLESS},
        {"Permissions Violation for Publish to \"a.b\"", NATS_ERROR_HARMLESS},
        {"maximum subscriptions exceeded", NATS_ERROR_HARMLESS},
        {"Invalid Subject", NATS_ERROR_HARMLESS},
        {"Authorization Violation", NATS_ERROR_AUTH},
        {"Authorization Timeout", NATS_ERROR_AUTH},
        {"Authentication Timeout", NATS_ERROR_AUTH},
        {"User Authentication Expired", NATS_ERROR_AUTH},
        {"Account Authentication Expired", NATS_ERROR_AUTH},
        {"Stale Connection", NATS_ERROR_FATAL},
        {"Slow Consumer", NATS_ERROR_FATAL},
        {"Maximum Payload Violation", NATS_ERROR_FATAL},
        {"maximum connections exceeded", NATS_ERROR_FATAL},
        {"", NATS_ERROR_FATAL},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(nats_codec_error_kind(bytes_cstr(table[i].text)), table[i].kind);
    }
}

static void test_knows_subjects(void **state)
{
    static const struct {
        struct bytes text;
        bool is_literal, is_pattern;
    } table[] = {
        {BYTES_INIT("a"), true, true},
        {BYTES_INIT("MOL-dev.REQ.node-1"), true, true},
        {BYTES_INIT("\xc3\xa9t\xc3\xa9"), true, true},
        {BYTES_INIT("a.*b.c>"), true, true}, /* part of a token: no wildcard */
        {BYTES_INIT("a.*.b"), false, true},
        {BYTES_INIT("*"), false, true},
        {BYTES_INIT(">"), false, true},
        {BYTES_INIT("a.>"), false, true},
        {BYTES_INIT("a.>.b"), false, false},
        {BYTES_INIT(""), false, false},
        {BYTES_INIT("."), false, false},
        {BYTES_INIT("a."), false, false},
        {BYTES_INIT(".a"), false, false},
        {BYTES_INIT("a..b"), false, false},
        {BYTES_INIT("a b"), false, false},
        {BYTES_INIT("a\tb"), false, false},
        {BYTES_INIT("a\r\nPUB x 0"), false, false},
        {BYTES_INIT("a\0b"), false, false},
        {BYTES_INIT("a\x7f"), false, false},
    };
    char *longest = mem_alloc(NATS_SUBJECT_MAX + 1);

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(nats_codec_is_subject(table[i].text, false), table[i].is_literal);
        assert_int_equal(nats_codec_is_subject(table[i].text, true), table[i].is_pattern);
    }
    memset(longest, 'a', NATS_SUBJECT_MAX + 1);
    assert_true(nats_codec_is_subject(bytes_of(longest, NATS_SUBJECT_MAX), false));
    assert_false(nats_codec_is_subject(bytes_of(longest, NATS_SUBJECT_MAX + 1), false));
    mem_free(longest);
}

static void test_writes_lines(void **state)
{
    char line[NATS_PUB_LINE_MAX];
    char longest[NATS_SUBJECT_MAX];
    struct buf out;
    size_t n;

    buf_init(&out, BUF_NO_LIMIT);
    nats_codec_add_sub(&out, BYTES("a.b"), BYTES_NONE, 1);
    nats_codec_add_sub(&out, BYTES("a.>"), BYTES("queue"), 4294967295);
    nats_codec_add_unsub(&out, 12);
    assert_bytes(buf_bytes(&out), "SUB a.b 1\r\nSUB a.> queue 4294967295\r\nUNSUB 12\r\n");
    buf_fini(&out);
    n = nats_codec_pub_line(line, BYTES("a.b"), 0);
    assert_bytes(bytes_of(line, n), "PUB a.b 0\r\n");
    n = nats_codec_pub_line(line, BYTES("a.b"), 1234567890);
    assert_bytes(bytes_of(line, n), "PUB a.b 1234567890\r\n");
    memset(longest, 's', sizeof(longest));
    n = nats_codec_pub_line(line, bytes_of(longest, sizeof(longest)), SIZE_MAX);
    assert_int_equal(n, 4 + NATS_SUBJECT_MAX + strlen(" 18446744073709551615\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_all_operations),
        cmocka_unit_test(test_reads_the_same_split_at_every_byte),
        cmocka_unit_test(test_reads_the_same_in_pieces_of_any_size),
        cmocka_unit_test(test_a_message_in_the_input_is_not_copied),
        cmocka_unit_test(test_refuses_garbage),
        cmocka_unit_test(test_limits_lines),
        cmocka_unit_test(test_limits_payloads_before_they_come),
        cmocka_unit_test(test_memory_of_a_large_message_is_given_back),
        cmocka_unit_test(test_tells_kinds_of_errors),
        cmocka_unit_test(test_knows_subjects),
        cmocka_unit_test(test_writes_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
