/* SPDX-License-Identifier: MIT */
/* JSON on the wire. */
#include "serializer/serializer.h"

#include "support/check.h"
#include "support/scratch.h"

static void test_identity(void **state)
{
    struct scratch *f = *state;
    struct bytes wire =
        BYTES(" {\"a\":12345678901234567890, \"b\":1.0,\"a\":\"\xc3\xa4\\ud83d\"}\n");
    struct bytes slice, again;

    assert_int_equal(serializer_json_ops.decode(wire, &f->arena, &slice), 0);
    assert_ptr_equal(slice.p, wire.p + 1);
    assert_int_equal(slice.n, wire.n - 2);
    assert_int_equal(serializer_json_ops.encode(slice, &f->arena, &again), 0);
    assert_ptr_equal(again.p, slice.p);
    assert_int_equal(again.n, slice.n);
    assert_int_equal(f->arena.used_bytes, 0);
}

static int decode(void **state, struct bytes wire)
{
    struct scratch *f = *state;
    struct bytes slice;

    return serializer_json_ops.decode(wire, &f->arena, &slice);
}

static void test_refused(void **state)
{
    struct scratch *f = *state;
    size_t n = 2 * (JSON_DEPTH_MAX + 1);
    char *deep = arena_alloc(&f->arena, n);

    memset(deep, '[', n / 2);
    memset(deep + n / 2, ']', n / 2);
    assert_int_equal(decode(state, BYTES("")), ERR_SYNTAX);
    assert_int_equal(decode(state, BYTES_NONE), ERR_SYNTAX);
    assert_int_equal(decode(state, BYTES("{not json")), ERR_SYNTAX);
    assert_int_equal(decode(state, BYTES("{} {}")), ERR_SYNTAX);
    assert_int_equal(decode(state, BYTES("\xef\xbb\xbf{}")), ERR_SYNTAX); /* as JSON.parse */
    assert_int_equal(decode(state, BYTES("{}\xff")), ERR_SYNTAX);
    assert_int_equal(decode(state, bytes_of(deep, n)), ERR_DEPTH);
}

static void check_repaired(void **state, struct bytes wire, struct bytes want)
{
    struct scratch *f = *state;
    struct bytes slice;

    assert_int_equal(serializer_json_ops.decode(wire, &f->arena, &slice), 0);
    assert_bytes_eq(slice, want);
}

/* Buffer.toString puts U+FFFD where bytes are no UTF-8. */
static void test_stray_bytes(void **state)
{
    check_repaired(state, BYTES("{\"a\":\"x\xffy\"}"), BYTES("{\"a\":\"x\xef\xbf\xbdy\"}"));
    check_repaired(state, BYTES("\"\xe2\x82\""), BYTES("\"\xef\xbf\xbd\""));
    check_repaired(state, BYTES(" [\"\xed\xa0\x80\"] "),
                   BYTES("[\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]"));
    assert_int_equal(decode(state, BYTES("[\"\xff\",]")), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_identity),
        scratch_test(test_refused),
        scratch_test(test_stray_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
