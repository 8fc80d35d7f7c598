/* SPDX-License-Identifier: MIT */
/* Serializers by name. */
#include "serializer/serializer.h"

#include "support/check.h"

static void test_find(void **state)
{
    (void)state;
    assert_ptr_equal(serializer_find(BYTES("JSON")), &serializer_json_ops);
    assert_ptr_equal(serializer_find(BYTES("json")), &serializer_json_ops);
    assert_string_equal(serializer_json_ops.name, "JSON");
    assert_null(serializer_find(BYTES("JSO")));
    assert_null(serializer_find(BYTES("JSONX")));
    assert_null(serializer_find(BYTES("")));
    assert_null(serializer_find(BYTES_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
