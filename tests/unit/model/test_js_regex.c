/* SPDX-License-Identifier: MIT */
/* JavaScript's regular expressions against what Node.js matched, and the limits. */
#include "model/js_regex.h"

#include <malloc.h>

#include "base/mem.h"
#include "support/lines.h"
#include "json/json.h"

/* With a room for this match alone. */
static bool test_within(struct js_regex *r, struct bytes text, uint64_t *work)
{
    struct js_regex_room *room = js_regex_room_new();
    bool matches = js_regex_test_within(r, text, room, work);

    js_regex_room_free(room);
    return matches;
}

static unsigned check_texts(struct js_regex *r, struct bytes texts, bool want, struct bytes line,
                            struct arena *arena)
{
    struct json_iter it = json_iter(texts);
    struct bytes slice;
    unsigned n = 0;

    for (; json_next_item(&it, &slice); n++) {
        if (js_regex_test(r, json_string(slice, arena)) != want) {
            fail_msg("%.*s should %smatch: %.80s", BYTES_ARG(slice), want ? "" : "not ", line.p);
        }
    }
    return n;
}

static void check_line(struct bytes line)
{
    struct json_field fields[] = {{BYTES("source"), BYTES_NONE},
                                  {BYTES("flags"), BYTES_NONE},
                                  {BYTES("yes"), BYTES_NONE},
                                  {BYTES("no"), BYTES_NONE}};
    struct arena arena;
    struct js_regex *r;
    struct bytes out;

    arena_init(&arena);
    assert_int_equal(json_scan_fields(line, fields, 4, &out, NULL), 0);
    r = js_regex_new(json_string(fields[0].value, &arena), json_string(fields[1].value, &arena));
    if ((r != NULL) != bytes_is_set(fields[2].value)) {
        fail_msg("should %scompile: %.80s", r ? "not " : "", line.p);
    }
    if (r) {
        assert_true(check_texts(r, fields[2].value, true, line, &arena) +
                        check_texts(r, fields[3].value, false, line, &arena) >
                    10);
    }
    js_regex_free(r);
    arena_fini(&arena);
}

static void test_as_node(void **state)
{
    struct lines lines;
    struct bytes line;

    (void)state;
    lines_open(&lines, "js-regex-golden.jsonl");
    while (lines_next(&lines, &line)) {
        check_line(line);
    }
    assert_in_range(lines.number, 100, 1000);
    lines_close(&lines);
}

static void test_unsupported(void **state)
{
    (void)state;
    assert_null(js_regex_new(BYTES("a"), BYTES("v")));
    assert_null(js_regex_new(BYTES("(?<=a*)b"), BYTES_NONE));
    js_regex_free(NULL);
}

static void test_steps_are_bounded(void **state)
{
    struct js_regex *r = js_regex_new(BYTES("^(a+)+$"), BYTES_NONE);
    char text[64];

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_non_null(r);
    assert_true(js_regex_test(r, bytes_of(text, sizeof(text))));
    text[sizeof(text) - 1] = 'b';
    assert_false(js_regex_test(r, bytes_of(text, sizeof(text))));
    js_regex_free(r);
}

/* The bound on steps grows with the text: a plain search gets through, trying and trying does not.
 */
static void test_long_texts(void **state)
{
    struct js_regex *linear = js_regex_new(BYTES("a[bc]"), BYTES_NONE);
    struct js_regex *trying = js_regex_new(BYTES("(?:a|b)*[cd]"), BYTES_NONE);
    size_t n = 1 << 20;
    char *text = mem_alloc(n);

    (void)state;
    memset(text, 'a', n);
    assert_false(js_regex_test(linear, bytes_of(text, n)));
    assert_false(js_regex_test(trying, bytes_of(text, n)));
    text[n - 1] = 'b';
    assert_true(js_regex_test(linear, bytes_of(text, n)));
    mem_free(text);
    js_regex_free(trying);
    js_regex_free(linear);
}

/* Runs of one step each, as long as the text; each of these took seconds to minutes. */
static void test_long_runs_are_bounded(void **state)
{
    static const char *const sources[] = {"a*b", "[ab]*[ac]*d", "a{60000}b", "(a*)\\1b",
                                          "(?:a{999})+b"};
    size_t n = 1 << 20;
    char *text = mem_alloc(n);

    (void)state;
    memset(text, 'a', n);
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        struct js_regex *r = js_regex_new(bytes_cstr(sources[i]), BYTES_NONE);
        uint64_t work = 1000000000000;

        assert_non_null(r);
        assert_false(test_within(r, bytes_of(text, n), &work));
        assert_in_range(1000000000000 - work, n, 200 * n);
        js_regex_free(r);
    }
    mem_free(text);
}

static void test_work_is_shared(void **state)
{
    struct js_regex *r = js_regex_new(BYTES("^a+$"), BYTES_NONE);
    uint64_t work = 400;
    char text[100];

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_non_null(r);
    assert_true(test_within(r, bytes_of(text, sizeof(text)), &work));
    assert_in_range(work, 1, 399);
    while (test_within(r, bytes_of(text, sizeof(text)), &work)) {
    }
    assert_int_equal(work, 0);
    work = 60;
    assert_true(test_within(r, BYTES("a"), &work));
    assert_in_range(work, 1, 59);
    js_regex_free(r);
}

/* References are counted by what their groups hold, so a plain search still gets through. */
static void test_references_in_long_texts(void **state)
{
    struct js_regex *r = js_regex_new(BYTES("(\\w)x\\1"), BYTES_NONE);
    size_t n = 1 << 16;
    char *text = mem_alloc(n);

    (void)state;
    memset(text, 'a', n);
    memcpy(text + n - 3, "bxb", 3);
    assert_non_null(r);
    assert_true(js_regex_test(r, bytes_of(text, n)));
    mem_free(text);
    js_regex_free(r);
}

/* Short texts and long ones take different ways. */
static void test_each_length(void **state)
{
    struct js_regex *end = js_regex_new(BYTES("^(?:\\u{1f600}|x)*z$"), BYTES("u"));
    struct buf text;

    (void)state;
    buf_init(&text, BUF_NO_LIMIT);
    for (size_t n = 0; n < 300; n++) {
        buf_clear(&text);
        buf_add(&text, n % 2 ? BYTES("\xf0\x9f\x98\x80") : BYTES_NONE);
        for (size_t i = 0; i < n; i++) {
            buf_add_char(&text, 'x');
        }
        assert_false(js_regex_test(end, buf_bytes(&text)));
        buf_add_char(&text, 'z');
        assert_true(js_regex_test(end, buf_bytes(&text)));
    }
    buf_fini(&text);
    js_regex_free(end);
}

/* What PCRE2 takes for a long text, up to 20 MB, it would keep for the next match. */
static void test_rooms_stay_small(void **state)
{
    static const char *const sources[] = {"^(?:[a-z]|[0-9])+$", "^(((((a)))))*$", "(?:a|b)*c",
                                          "(a+)+b"};
    struct js_regex_room *room = js_regex_room_new();
    size_t n = 1 << 16;
    char *text = mem_alloc(n);

    (void)state;
    memset(text, 'a', n);
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        struct js_regex *r = js_regex_new(bytes_cstr(sources[i]), BYTES_NONE);

        assert_non_null(r);
        for (size_t length = 16; length <= n; length *= 2) {
            size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
            uint64_t work = UINT64_MAX;

            (void)js_regex_test_within(r, bytes_of(text, length), room, &work);
            assert_true(mallinfo2().uordblks + mallinfo2().hblkhd < before + (1 << 20));
        }
        js_regex_free(r);
    }
    mem_free(text);
    js_regex_room_free(room);
}

/* The second program is counted before it is made. */
static void test_bytes_are_told_before(void **state)
{
    static const char *const parts[] = {".", "\\b", "()", "(?:.*)", "[a-z]+", "|", "ab?", "\\d{3}"};

    (void)state;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        uint64_t work = UINT64_MAX;
        struct js_regex *r;
        struct buf source;
        char text[100];
        size_t before;

        memset(text, 'a', sizeof(text));
        buf_init(&source, BUF_NO_LIMIT);
        for (int k = 0; k < 300; k++) {
            buf_add(&source, bytes_cstr(parts[i]));
        }
        r = js_regex_new(buf_bytes(&source), BYTES_NONE);
        assert_non_null(r);
        before = js_regex_bytes(r);
        (void)test_within(r, bytes_of(text, sizeof(text)), &work);
        assert_in_range(js_regex_bytes(r), 100, before);
        js_regex_free(r);
        buf_fini(&source);
    }
}

static void test_huge_patterns_are_refused(void **state)
{
    size_t n = 4 << 20;
    char *source = mem_alloc(n);

    (void)state;
    memset(source, 'a', n);
    assert_null(js_regex_new(bytes_of(source, (64 << 10) + 1), BYTES_NONE));
    memset(source, '(', n);
    assert_null(js_regex_new(bytes_of(source, n), BYTES_NONE));
    memset(source, '.', n);
    assert_null(js_regex_new(bytes_of(source, n), BYTES_NONE));
    mem_free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_node),
        cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_steps_are_bounded),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_each_length),
        cmocka_unit_test(test_long_runs_are_bounded),
        cmocka_unit_test(test_work_is_shared),
        cmocka_unit_test(test_references_in_long_texts),
        cmocka_unit_test(test_rooms_stay_small),
        cmocka_unit_test(test_bytes_are_told_before),
        cmocka_unit_test(test_huge_patterns_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
