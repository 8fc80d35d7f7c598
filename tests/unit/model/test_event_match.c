/* SPDX-License-Identifier: MIT */
/* Event patterns against every recorded case of the original. */
#include "model/event_match.h"

#include "support/lines.h"
#include "json/json.h"

static void test_golden(void **state)
{
    struct lines lines;
    struct bytes line;

    (void)state;
    lines_open(&lines, "event-match-golden.jsonl");
    while (lines_next(&lines, &line)) {
        struct json_field fields[] = {{BYTES("pattern"), BYTES_NONE},
                                      {BYTES("name"), BYTES_NONE},
                                      {BYTES("match"), BYTES_NONE}};
        struct bytes pattern, name, out;
        struct arena arena;

        arena_init(&arena);
        assert_int_equal(json_scan_fields(line, fields, 3, &out, NULL), 0);
        pattern = json_string(fields[0].value, &arena);
        name = json_string(fields[1].value, &arena);
        if (event_match(name, pattern) != json_is_true(fields[2].value)) {
            fail_msg("%.*s", BYTES_ARG(line));
        }
        arena_fini(&arena);
    }
    assert_int_equal(lines.number, 1607);
    lines_close(&lines);
}

static void test_invalid_patterns(void **state)
{
    static const char *const invalid[] = {"(a?", "a)?", "[a?", "x{2}{3}?", "+?"};

    (void)state;
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        assert_null(event_pattern_new(bytes_cstr(invalid[i])));
        assert_false(event_match(BYTES("a"), bytes_cstr(invalid[i])));
    }
    event_pattern_free(NULL);
}

static void test_compiled_once(void **state)
{
    char text[] = "user.?*";
    struct event_pattern *p = event_pattern_new(bytes_cstr(text));

    (void)state;
    assert_non_null(p);
    memset(text, 'x', sizeof(text) - 1);
    for (int i = 0; i < 3; i++) {
        assert_true(event_pattern_test(p, BYTES("user.created")));
        assert_false(event_pattern_test(p, BYTES("user.")));
    }
    event_pattern_free(p);
}

static void test_unseen_character(void **state)
{
    (void)state;
    assert_true(event_match(BYTES("user.created"), BYTES("user*")));
    assert_true(event_match(BYTES("user"), BYTES("user*")));
    assert_false(event_match(BYTES("userX.y"), BYTES("user*")));
    assert_true(event_match(BYTES("user\xc3\xa9"), BYTES("user*")));
    assert_false(event_match(BYTES("user\xf0\x9f\x98\x80.y"), BYTES("user*")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_invalid_patterns),
        cmocka_unit_test(test_compiled_once),
        cmocka_unit_test(test_unseen_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
