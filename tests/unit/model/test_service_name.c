/* SPDX-License-Identifier: MIT */
/* Full names of services. */
#include "model/service_name.h"

#include "support/check.h"

static void test_full_names(void **state)
{
    static const struct {
        const char *name, *version, *full;
    } cases[] = {
        {"s", "", "s"},
        {"s", "null", "s"},
        {"s", "1", "v1.s"},
        {"s", "0", "v0.s"},
        {"s", "-1.50", "v-1.5.s"},
        {"s", "1e3", "v1000.s"},
        {"s", "\"x\"", "x.s"},
        {"s", "\"3\"", "3.s"},
        {"s", "\"\"", ".s"},
        {"s", "\"\\u00e9\"", "\xC3\xA9.s"},
        {"s", "true", "s"},
        {"s", "[1]", "s"},
        {"a.b c", "{}", "a.b c"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bytes version = cases[i].version[0] ? bytes_cstr(cases[i].version) : BYTES_NONE;

        assert_bytes_eq(service_name_full(bytes_cstr(cases[i].name), version, &arena),
                        bytes_cstr(cases[i].full));
    }
    assert_bytes(service_name_full(BYTES("a\0b"), BYTES("\"c\\u0000\""), &arena), "c\0.a\0b");
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
