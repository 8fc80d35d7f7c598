/* SPDX-License-Identifier: MIT */
/* Case mappings of every character that has any, against Node.js. */
#include "base/text_case.h"

#include "support/lines.h"
#include "json/json.h"

static void check_line(struct bytes line)
{
    struct json_iter it = json_iter(line);
    struct bytes slices[3];
    struct arena arena;
    struct buf out;

    arena_init(&arena);
    buf_init(&out, BUF_NO_LIMIT);
    for (size_t i = 0; i < 3; i++) {
        assert_true(json_next_item(&it, &slices[i]));
        slices[i] = json_string(slices[i], &arena);
    }
    text_case_add_upper(&out, slices[0]);
    assert_bytes_eq(buf_bytes(&out), slices[1]);
    buf_clear(&out);
    text_case_add_lower(&out, slices[0]);
    assert_bytes_eq(buf_bytes(&out), slices[2]);
    buf_fini(&out);
    arena_fini(&arena);
}

static void test_as_node(void **state)
{
    struct lines lines;
    struct bytes line;

    (void)state;
    lines_open(&lines, "text-case-golden.jsonl");
    while (lines_next(&lines, &line)) {
        check_line(line);
    }
    assert_in_range(lines.number, 150, 500);
    lines_close(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_node),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
