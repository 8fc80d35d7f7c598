/* SPDX-License-Identifier: MIT */
/* The requests of vectors/http-malformed.txt, each whole and byte by byte, through the decoder. */
#include "support/check.h"

#include <stdlib.h>

#include "base/mem.h"
#include "http/http_decoder.h"

enum { LINE_MAX_BYTES = 4096, HEAD_LIMIT = 16 * 1024 };

struct outcome {
    unsigned n_requests; /* complete ones */
    unsigned status;     /* of the refusal, 0: none */
    bool complete;       /* nothing is missing at the end */
};

static int hex(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Adds what the escape or byte at text stands for; returns the bytes of text it took. */
static size_t add_unescaped(struct buf *out, const char *text)
{
    if (text[0] != '\\') {
        buf_add_char(out, text[0]);
        return 1;
    }
    switch (text[1]) {
    case 'r':
        buf_add_char(out, '\r');
        return 2;
    case 'n':
        buf_add_char(out, '\n');
        return 2;
    case 't':
        buf_add_char(out, '\t');
        return 2;
    case 'x':
        buf_add_char(out, (char)(hex(text[2]) * 16 + hex(text[3])));
        return 4;
    default:
        assert_int_equal(text[1], '\\');
        buf_add_char(out, '\\');
        return 2;
    }
}

/* {text*n}: its length, or 0 when the brace is only a brace. */
static size_t repeat_length(const char *text, size_t *out_text, unsigned long *out_count)
{
    size_t close = strcspn(text + 1, "{}") + 1;
    size_t star = close;
    char *end;

    while (star > 0 && text[star] != '*') {
        star--;
    }
    if (text[close] != '}' || star == 0) {
        return 0;
    }
    *out_count = strtoul(text + star + 1, &end, 10);
    *out_text = star - 1;
    return end == text + close && end > text + star + 1 ? close + 1 : 0;
}

static void add_repeat(struct buf *out, const char *text, size_t n, unsigned long count)
{
    for (unsigned long i = 0; i < count; i++) {
        for (size_t at = 0; at < n;) {
            at += add_unescaped(out, text + at);
        }
    }
}

static void unescape(struct buf *out, const char *text)
{
    while (*text) {
        size_t n;
        unsigned long count;
        size_t used = *text == '{' ? repeat_length(text, &n, &count) : 0;

        if (used) {
            add_repeat(out, text + 1, n, count);
            text += used;
        } else {
            text += add_unescaped(out, text);
        }
    }
}

/* Feeds pieces of the given size; each in memory of its own, so that reading past it shows. */
static struct outcome decode(struct bytes request, size_t piece_size)
{
    struct http_headers headers;
    struct http_head head = {.headers = &headers};
    struct http_decoder decoder;
    struct outcome outcome = {0};
    enum http_decoder_event event = HTTP_DECODER_MORE;

    http_decoder_init(&decoder, HTTP_DECODER_REQUESTS, HEAD_LIMIT);
    while (request.n > 0 && event != HTTP_DECODER_FAULT) {
        size_t n = request.n < piece_size ? request.n : piece_size;
        char *copy = mem_strndup(request.p, n);
        struct bytes input = bytes_of(copy, n);
        struct bytes piece;

        do {
            event = http_decoder_next(&decoder, &input, &head, &piece);
            outcome.n_requests += event == HTTP_DECODER_END;
        } while (event != HTTP_DECODER_MORE && event != HTTP_DECODER_FAULT);
        request = bytes_from(request, n);
        mem_free(copy);
    }
    outcome.status = event == HTTP_DECODER_FAULT ? decoder.fault.status : 0;
    outcome.complete = http_decoder_is_between(&decoder);
    http_decoder_fini(&decoder);
    return outcome;
}

static struct outcome expected(const char *text)
{
    struct outcome outcome = {0};
    char *end;

    if (strncmp(text, "ok", 2) != 0) {
        outcome.status = (unsigned)strtoul(text, &end, 10);
        assert_in_range(outcome.status, 400, 599);
        return outcome;
    }
    outcome.n_requests = text[2] ? (unsigned)strtoul(text + 2, &end, 10) : 1;
    outcome.status = text[2] ? (unsigned)strtoul(end, NULL, 10) : 0;
    outcome.complete = outcome.status == 0;
    return outcome;
}

static void check_outcome(const char *title, size_t piece_size, struct outcome got,
                          struct outcome want)
{
    if (got.n_requests != want.n_requests || got.status != want.status ||
        got.complete != want.complete) {
        fail_msg("%s (pieces of %zu): %u requests and status %u, not %u and %u%s", title,
                 piece_size, got.n_requests, got.status, want.n_requests, want.status,
                 got.complete == want.complete ? "" : ", or not complete");
    }
}

/* Ends a field at the tab and returns the next one. */
static char *split(char *field)
{
    char *tab = field + strcspn(field, "\t");

    assert_int_equal(*tab, '\t');
    *tab = '\0';
    return tab + 1;
}

static void check_row(char *line)
{
    static const size_t piece_sizes[] = {SIZE_MAX, 1, 2, 7, 1000};
    char *title = split(line);
    char *text = split(title);
    struct outcome want = expected(line);
    struct buf request;

    text[strcspn(text, "\n")] = '\0';
    buf_init(&request, BUF_NO_LIMIT);
    unescape(&request, text);
    for (size_t i = 0; i < sizeof(piece_sizes) / sizeof(piece_sizes[0]); i++) {
        check_outcome(title, piece_sizes[i], decode(buf_bytes(&request), piece_sizes[i]), want);
    }
    buf_fini(&request);
}

static void every_row_ends_as_recorded(void **state)
{
    FILE *file = fopen(TEST_VECTORS "/http-malformed.txt", "r");
    char line[LINE_MAX_BYTES];
    unsigned n_rows = 0;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        assert_non_null(strchr(line, '\n'));
        if (line[0] != '#') {
            check_row(line);
            n_rows++;
        }
    }
    assert_int_equal(fclose(file), 0);
    assert_in_range(n_rows, 300, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_ends_as_recorded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
