/* SPDX-License-Identifier: MIT */
/* Paths as lodash reads them. */
#include "value/value_path.h"

#include "support/check.h"

struct sample {
    const char *path, *want; /* want NULL: undefined */
};

static const char root_text[] =
    "{\"a\":{\"b\":{\"c\":1},\"\":2,\"x.y\":3,\"it's\":4},\"list\":[10,{\"k\":\"v\"},[20]],"
    "\"a.b\":5,\"\":{\"\":6,\"e\":7},\"s\":\"h\xc3\xa9\xf0\x9f\x98\x80!\",\"n\":null,\"-1\":8,"
    "\"1.5\":9,\"length\":11}";

/* size: one table */
static void test_paths(void **state)
{
    static const struct sample samples[] = {
        {"a.b", "5"}, /* a member of that whole name */
        {"a.b.c", "1"},
        {"a[b].c", "1"},
        {"a['b'][\"c\"]", "1"},
        {"a[\"x.y\"]", "3"},
        {"a['it\\'s']", "4"},
        {"a.x.y", NULL},
        {"a.", "2"},
        {"a[]", "2"},
        {"a['']", "2"},
        {"", "{\"\":6,\"e\":7}"},
        {".", "6"},
        {".e", "7"},
        {"..", NULL},
        {"list[0]", "10"},
        {"list.0", "10"},
        {"list[1].k", "\"v\""},
        {"list.2.0", "20"},
        {"list[2][0]", "20"},
        {"list[3]", NULL},
        {"list.00", NULL},
        {"list[-1]", NULL},
        {"list.length", "3"},
        {"list.1.k.length", "1"},
        {"list.1.k.0", "\"v\""},
        {"s.length", "5"},
        {"s.1", "\"\xc3\xa9\""},
        {"s[4]", "\"!\""},
        {"s[5]", NULL},
        {"n", "null"},
        {"n.x", NULL},
        {"no", NULL},
        {"no.x.y", NULL},
        {"[-1]", "8"},
        {"[1.5]", "9"},
        {"length", "11"},
        {"a[b", NULL}, /* no whole pair of brackets: one name */
        {"a]b", NULL},
        {"a[b.c", "1"},
        {"a[\"b", NULL},
    };
    struct value *root;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    root = value_parse(bytes_cstr(root_text), &arena);
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct value *found = value_path_get(root, bytes_cstr(samples[i].path), &arena);
        struct buf out;

        buf_init(&out, BUF_NO_LIMIT);
        value_to_json(found, &out);
        if (!bytes_eq(buf_bytes(&out), bytes_cstr(samples[i].want ? samples[i].want : "null")) ||
            (found != NULL) != (samples[i].want != NULL)) {
            fail_msg("%s: %.*s", samples[i].path, BYTES_ARG(buf_bytes(&out)));
        }
        buf_fini(&out);
    }
    arena_fini(&arena);
}

static void test_other_roots(void **state)
{
    struct arena arena;
    struct value *list;

    (void)state;
    arena_init(&arena);
    list = value_parse(BYTES("[[1,2]]"), &arena);
    assert_true(value_path_get(list, BYTES("[0][1]"), &arena)->number == 2);
    assert_true(value_path_get(list, BYTES("0.1"), &arena)->number == 2);
    assert_null(value_path_get(list, BYTES(""), &arena));
    assert_null(value_path_get(NULL, BYTES("a"), &arena));
    assert_null(value_path_get(value_null(&arena), BYTES("a"), &arena));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_other_roots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
