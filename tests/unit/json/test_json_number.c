/* SPDX-License-Identifier: MIT */
/* Numbers: correctly rounded in, shortest out, against what Node.js prints (number-golden.tsv). */
#include "json/json.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/uuid.h"
#include "support/check.h"

static double read_number(const char *text)
{
    double value = -1;

    assert_true(json_double(bytes_cstr(text), &value));
    return value;
}

static void check_printed(double value, struct bytes want)
{
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    json_add_double(&out, value);
    assert_bytes_eq(buf_bytes(&out), want);
    buf_fini(&out);
}

static void test_read(void **state)
{
    double value = 7;

    (void)state;
    assert_true(read_number("0") == 0);
    assert_true(signbit(read_number("-0")));
    assert_true(read_number("1.0") == 1);
    assert_true(read_number("-12.5e1") == -125);
    assert_true(read_number("0.1") == 0.1);
    assert_true(read_number("0.000001e6") == 1);
    assert_true(read_number("9007199254740993") == 9007199254740992.0);
    assert_true(read_number("12345678901234567890") == 12345678901234567890.0);
    assert_true(isinf(read_number("1e400")));
    assert_true(read_number("-1e400") == -(double)INFINITY);
    assert_true(read_number("1e-400") == 0);
    assert_true(read_number("5e-324") == DBL_TRUE_MIN);
    assert_true(read_number("1e99999999999999999999") == (double)INFINITY);
    assert_true(read_number("0e99999999999999999999") == 0);
    assert_true(read_number("1e-99999999999999999999") == 0);
    assert_false(json_double(BYTES("\"1\""), &value));
    assert_false(json_double(BYTES("null"), &value));
    assert_false(json_double(BYTES_NONE, &value));
    assert_true(value == 7);
}

/* Ties are decided by digits far behind: 1 + 2^-53 written out, then the same with a late 1. */
static void test_read_long(void **state)
{
    char tie[4096] = "1.00000000000000011102230246251565404236316680908203125";
    size_t n = strlen(tie);
    char integer[1200];

    (void)state;
    assert_true(read_number(tie) == 1);
    memset(tie + n, '0', 3000);
    tie[n + 3000] = '\0';
    assert_true(read_number(tie) == 1);
    tie[n + 3000] = '1';
    assert_true(read_number(tie) == 1 + DBL_EPSILON);
    memset(integer, '0', sizeof(integer));
    integer[0] = '1';
    integer[308] = '\0';
    assert_true(read_number(integer) == 1e307);
    integer[308] = '0';
    memcpy(integer + 1000, "e-900", 6);
    assert_true(read_number(integer) == 1e99);
}

static void test_integer(void **state)
{
    int64_t value = 7;

    (void)state;
    assert_false(json_integer(BYTES("1.5"), &value));
    assert_false(json_integer(BYTES("9007199254740994"), &value));
    assert_false(json_integer(BYTES("-9007199254740994"), &value));
    assert_false(json_integer(BYTES("1e400"), &value));
    assert_false(json_integer(BYTES("\"5\""), &value));
    assert_false(json_integer(BYTES_NONE, &value));
    assert_int_equal(value, 7);
    assert_true(json_integer(BYTES("-0"), &value));
    assert_int_equal(value, 0);
    assert_true(json_integer(BYTES("5.0"), &value));
    assert_int_equal(value, 5);
    assert_true(json_integer(BYTES("1e3"), &value));
    assert_int_equal(value, 1000);
    assert_true(json_integer(BYTES("-9007199254740992"), &value));
    assert_true(value == -9007199254740992);
}

static void test_print(void **state)
{
    (void)state;
    check_printed(0, BYTES("0"));
    check_printed(-0.0, BYTES("0"));
    check_printed(1, BYTES("1"));
    check_printed(-1.5, BYTES("-1.5"));
    check_printed(0.1, BYTES("0.1"));
    check_printed(0.1 + 0.2, BYTES("0.30000000000000004"));
    check_printed(123456789012345680000.0, BYTES("123456789012345680000"));
    check_printed(1e21, BYTES("1e+21"));
    check_printed(1e20, BYTES("100000000000000000000"));
    check_printed(1.5e300, BYTES("1.5e+300"));
    check_printed(0.000001, BYTES("0.000001"));
    check_printed(0.0000001, BYTES("1e-7"));
    check_printed(1.25e-7, BYTES("1.25e-7"));
    check_printed(5e-324, BYTES("5e-324"));
    check_printed(DBL_MAX, BYTES("1.7976931348623157e+308"));
    check_printed(0x1p-44, BYTES("5.684341886080802e-14"));
    check_printed(9007199254740993.0, BYTES("9007199254740992"));
    check_printed((double)NAN, BYTES("null"));
    check_printed((double)INFINITY, BYTES("null"));
    check_printed(-(double)INFINITY, BYTES("null"));
}

static void test_print_as_node(void **state)
{
    FILE *file = fopen(TEST_VECTORS "/number-golden.tsv", "r");
    char line[256];
    int n = 0;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        char *text = NULL;
        uint64_t bits = strtoull(line, &text, 16);
        struct bytes want = bytes_trim(bytes_cstr(text));
        double value, back;

        memcpy(&value, &bits, sizeof(value));
        check_printed(value, want);
        assert_true(json_double(want, &back) && back == value);
        n++;
    }
    (void)fclose(file);
    assert_in_range(n, 5000, 100000);
}

static void test_random_round_trips(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, BUF_NO_LIMIT);
    for (int i = 0; i < 50000; i++) {
        uint64_t bits = uuid_random();
        double value, back;

        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value)) {
            continue;
        }
        buf_clear(&out);
        json_add_double(&out, value);
        assert_true(json_double(buf_bytes(&out), &back));
        assert_true(back == value);
    }
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),          cmocka_unit_test(test_read_long),
        cmocka_unit_test(test_integer),       cmocka_unit_test(test_print),
        cmocka_unit_test(test_print_as_node), cmocka_unit_test(test_random_round_trips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
