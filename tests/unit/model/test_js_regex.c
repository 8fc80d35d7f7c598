/* SPDX-License-Identifier: MIT */
/* JavaScript's regular expressions against what Node.js matched, and the limits. */
#include "model/js_regex.h"

#include <malloc.h>

#include "base/mem.h"
#include "support/lines.h"
#include "json/json.h"

/* With a room for this match alone; work is what it took. */
static enum js_regex_outcome match(struct js_regex *r, struct bytes text, uint64_t *out_work)
{
    struct js_regex_room *room = js_regex_room_new();
    uint64_t work = UINT64_MAX;
    enum js_regex_outcome outcome = js_regex_match(r, text, room, &work);

    *out_work = UINT64_MAX - work;
    js_regex_room_free(room);
    return outcome;
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
    uint64_t work;
    char text[64];

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_non_null(r);
    assert_int_equal(match(r, bytes_of(text, sizeof(text)), &work), JS_REGEX_MATCHES);
    assert_in_range(work, 1, 10000);
    text[sizeof(text) - 1] = 'b';
    assert_int_equal(match(r, bytes_of(text, sizeof(text)), &work), JS_REGEX_GAVE_UP);
    assert_in_range(work, 10000, 5000000);
    assert_false(js_regex_test(r, bytes_of(text, sizeof(text))));
    js_regex_free(r);
}

/* The bounds grow with the text: a plain search gets through, trying and trying does not. */
static void test_long_texts(void **state)
{
    struct js_regex *linear = js_regex_new(BYTES("a[bc]"), BYTES_NONE);
    struct js_regex *trying = js_regex_new(BYTES("(?:a|b)*[cd]"), BYTES_NONE);
    size_t n = 1 << 20;
    char *text = mem_alloc(n);
    uint64_t work;

    (void)state;
    memset(text, 'a', n);
    assert_int_equal(match(linear, bytes_of(text, n), &work), JS_REGEX_DIFFERS);
    assert_in_range(work, n, 100 * n);
    assert_int_equal(match(trying, bytes_of(text, n), &work), JS_REGEX_GAVE_UP);
    assert_in_range(work, n, 200 * n);
    text[n - 1] = 'b';
    assert_int_equal(match(linear, bytes_of(text, n), &work), JS_REGEX_MATCHES);
    mem_free(text);
    js_regex_free(trying);
    js_regex_free(linear);
}

/* What takes time or memory in proportion to the text. */
static void test_ordinary_patterns_get_through(void **state)
{
    static const struct {
        const char *source, *flags, *part, *end;
        size_t n;
    } cases[] = {
        {"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$", "", "abcd",
         "ab==", 800000},
        {"^([a-z]|[0-9]| )+$", "", "the quick brown f0x ", "", 100000},
        {"^([a-z]|[0-9]| )+$", "", "the quick brown f0x ", "", 400000},
        {"\\bfred\\b", "i", "the quick brown fox ", "Fred", 960000},
        {"\\bfred\\b", "", "the quick brown fox ", "fred", 960000},
        {"(?:foo|bar|baz|qux)", "", "the quick brown fox ", "baz", 1 << 20},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct js_regex *r = js_regex_new(bytes_cstr(cases[i].source), bytes_cstr(cases[i].flags));
        struct buf text;
        uint64_t work;

        buf_init(&text, BUF_NO_LIMIT);
        while (text.n < cases[i].n) {
            buf_add(&text, bytes_cstr(cases[i].part));
        }
        buf_add(&text, bytes_cstr(cases[i].end));
        assert_non_null(r);
        assert_int_equal(match(r, buf_bytes(&text), &work), JS_REGEX_MATCHES);
        js_regex_free(r);
        buf_fini(&text);
    }
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
        uint64_t work;

        assert_non_null(r);
        assert_int_equal(match(r, bytes_of(text, n), &work), JS_REGEX_GAVE_UP);
        assert_in_range(work, n, 200 * n);
        js_regex_free(r);
    }
    mem_free(text);
}

static void test_work_is_shared(void **state)
{
    struct js_regex *r = js_regex_new(BYTES("^a+$"), BYTES_NONE);
    struct js_regex_room *room = js_regex_room_new();
    uint64_t work = 400;
    char text[100];

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_non_null(r);
    assert_int_equal(js_regex_match(r, bytes_of(text, sizeof(text)), room, &work),
                     JS_REGEX_MATCHES);
    assert_in_range(work, 1, 399);
    while (js_regex_match(r, bytes_of(text, sizeof(text)), room, &work) == JS_REGEX_MATCHES) {
    }
    assert_int_equal(work, 0);
    assert_int_equal(js_regex_match(r, BYTES("a"), room, &work), JS_REGEX_GAVE_UP);
    work = 60;
    assert_int_equal(js_regex_match(r, BYTES("a"), room, &work), JS_REGEX_MATCHES);
    assert_in_range(work, 1, 59);
    js_regex_room_free(room);
    js_regex_free(r);
}

/* With the flag i and ASCII alone PCRE2 is told less than with others. */
static void test_case_of_ascii(void **state)
{
    static const struct {
        const char *source, *yes, *no;
    } cases[] = {
        {"^\\bkey\\b$", "KEY",
         "\xe2\x84\xaa"
         "EY"}, /* Kelvin sign */
        {"^[^k]$", "\xe2\x84\xaa", "K"},
        {"^\\W$", "\xc5\xbf", "s"}, /* long s */
        {"^\\u00e9$", "\xc3\x89", "e"},
        {"^\\xe9$", "\xc3\x89", "e"},
        {"^(.)\\1$", "\xc3\xa9\xc3\x89",
         "\xc3\xa9"
         "e"},
        {"a\\b", "A\xc3\xa9", "Ab"},
        {"^[\\0-\\377]$", "\xc3\x9f", "\xe2\x84\xaa"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct js_regex *r = js_regex_new(bytes_cstr(cases[i].source), BYTES("i"));

        assert_non_null(r);
        assert_true(js_regex_test(r, bytes_cstr(cases[i].yes)));
        assert_false(js_regex_test(r, bytes_cstr(cases[i].no)));
        js_regex_free(r);
    }
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

            (void)js_regex_match(r, bytes_of(text, length), room, &work);
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
        struct js_regex *r;
        struct buf source;
        uint64_t work;
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
        (void)match(r, bytes_of(text, sizeof(text)), &work);
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
        cmocka_unit_test(test_ordinary_patterns_get_through),
        cmocka_unit_test(test_case_of_ascii),
        cmocka_unit_test(test_rooms_stay_small),
        cmocka_unit_test(test_bytes_are_told_before),
        cmocka_unit_test(test_huge_patterns_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
