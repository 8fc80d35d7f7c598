/* SPDX-License-Identifier: MIT */
/* UTF-8: every character both ways, and the malformed forms. */
#include "base/utf8.h"

#include "support/check.h"

static void test_every_character(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x110000; c++) {
        char text[UTF8_MAX_BYTES];
        size_t n = utf8_write(c, text);
        uint32_t read = 0;
        uint32_t want = c >= 0xd800 && c <= 0xdfff ? 0xfffd : c;

        assert_int_equal(n, want < 0x80 ? 1 : want < 0x800 ? 2 : want < 0x10000 ? 3 : 4);
        assert_int_equal(utf8_read(bytes_of(text, n), &read), n);
        assert_int_equal(read, want);
        assert_true(utf8_is_valid(bytes_of(text, n)));
        assert_int_equal(utf8_skip_wide(bytes_of(text, n)), n == 1 ? 0 : n);
        for (size_t cut = 1; cut < n; cut++) {
            assert_false(utf8_is_valid(bytes_of(text, cut)));
        }
    }
}

static void test_too_large(void **state)
{
    char text[UTF8_MAX_BYTES];

    (void)state;
    assert_bytes_eq(bytes_of(text, utf8_write(0x110000, text)), BYTES(UTF8_REPLACEMENT));
}

/* Decodes with replacements and spells the result as a list of lengths. */
static void check_parts(struct bytes text, const char *want)
{
    char got[32] = "";
    size_t n = 0;

    assert_false(utf8_is_valid(text));
    while (text.n) {
        uint32_t c;
        size_t length = utf8_read(text, &c);

        got[n++] = (char)((c == 0xfffd ? '0' : 'a') + (int)length);
        text = bytes_from(text, length);
    }
    assert_string_equal(got, want);
}

static void test_maximal_parts(void **state)
{
    (void)state;
    check_parts(BYTES("\x80"), "1");
    check_parts(BYTES("x\xff"
                      "y"),
                "b1b");
    check_parts(BYTES("\xc3"), "1");
    check_parts(BYTES("\xc3("), "1b");
    check_parts(BYTES("\xc0\xaf"), "11");
    check_parts(BYTES("\xe0\x80\x80"), "111");
    check_parts(BYTES("\xe2\x82"), "2");
    check_parts(BYTES("\xe2\x82x"), "2b");
    check_parts(BYTES("\xe2\xc3\xa9"), "1c");
    check_parts(BYTES("\xed\xa0\x80"), "111");
    check_parts(BYTES("\xf0\x9f\x98"), "3");
    check_parts(BYTES("\xf0\x9f\x98x"), "3b");
    check_parts(BYTES("\xf0\x80\x80\x80"), "1111");
    check_parts(BYTES("\xf4\x90\x80\x80"), "1111");
    check_parts(BYTES("\xf5\x80"), "11");
}

static void test_skip_stops(void **state)
{
    (void)state;
    assert_int_equal(utf8_skip_wide(BYTES("\xc3\xa9\xe2\x82\xacx\xc3\xa9")), 5);
    assert_int_equal(utf8_skip_wide(BYTES("\xc3\xa9\xff")), 2);
    assert_int_equal(utf8_skip_wide(BYTES("x")), 0);
    assert_int_equal(utf8_skip_wide(BYTES_NONE), 0);
    assert_true(utf8_is_valid(BYTES_NONE));
    assert_true(utf8_is_valid(BYTES("a\0\xc3\xa9")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_maximal_parts),
        cmocka_unit_test(test_skip_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
