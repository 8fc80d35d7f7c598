/* SPDX-License-Identifier: MIT */
/* The tree: reading, writing, JavaScript's member order, changes. */
#include "value/value.h"

#include "support/check.h"

struct fixture {
    struct arena arena;
    struct buf out;
};

static int setup(void **state)
{
    static struct fixture f;

    arena_init(&f.arena);
    buf_init(&f.out, BUF_NO_LIMIT);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    arena_fini(&f->arena);
    buf_fini(&f->out);
    return 0;
}

static struct bytes written(struct fixture *f, const struct value *v)
{
    buf_clear(&f->out);
    value_to_json(v, &f->out);
    return buf_bytes(&f->out);
}

#define assert_written(f, v, literal) assert_bytes(written(f, v), literal)

static struct value *parse(struct fixture *f, const char *text)
{
    struct bytes slice = BYTES_NONE;

    assert_int_equal(json_scan(bytes_cstr(text), 0, &slice, NULL), 0);
    return value_parse(slice, &f->arena);
}

static void test_round_trip(void **state)
{
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "-0",
        "1.0",
        "1e400",
        "12345678901234567890",
        "\"\"",
        "\"a\\n\"",
        "[]",
        "{}",
        "[1,[2,{\"a\":[]}],null]",
        "{\"b\":1,\"a\":{\"c\":[true]},\"\":\"x\"}",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct fixture *f = *state;

        assert_bytes_eq(written(f, parse(f, texts[i])), bytes_cstr(texts[i]));
    }
}

static void test_contents(void **state)
{
    struct fixture *f = *state;
    struct value *v = parse(f, "{\"n\":-1.5,\"s\":\"\\u00e9\",\"t\":true,\"a\":[1,2],\"z\":null}");

    assert_int_equal(v->type, JSON_OBJECT);
    assert_int_equal(v->n, 5);
    assert_true(value_get(v, BYTES("n"))->number == -1.5);
    assert_bytes(value_get(v, BYTES("n"))->text, "-1.5");
    assert_bytes(value_get(v, BYTES("s"))->text, "\xc3\xa9");
    assert_true(value_is_true(value_get(v, BYTES("t"))));
    assert_int_equal(value_get(v, BYTES("a"))->n, 2);
    assert_true(value_is_nullish(value_get(v, BYTES("z"))));
    assert_true(value_has(v, BYTES("z")));
    assert_null(value_get(v, BYTES("no")));
    assert_false(value_has(v, BYTES("no")));
    assert_null(value_get(NULL, BYTES("n")));
    assert_null(value_get(value_get(v, BYTES("a")), BYTES("0")));
    assert_null(value_parse(BYTES_NONE, &f->arena));
}

static void test_order(void **state)
{
    struct fixture *f = *state;

    assert_written(f, parse(f, "{\"b\":1,\"2\":2,\"a\":3,\"10\":4,\"0\":5}"),
                   "{\"0\":5,\"2\":2,\"10\":4,\"b\":1,\"a\":3}");
    /* No canonical array indices. */
    assert_written(f, parse(f, "{\"b\":1,\"01\":2,\"-1\":3,\"1.0\":4,\"4294967295\":5,\"\":6}"),
                   "{\"b\":1,\"01\":2,\"-1\":3,\"1.0\":4,\"4294967295\":5,\"\":6}");
    assert_written(f, parse(f, "{\"a\":1,\"4294967294\":2}"), "{\"4294967294\":2,\"a\":1}");
}

static void test_duplicates(void **state)
{
    struct fixture *f = *state;

    assert_written(f, parse(f, "{\"a\":1,\"b\":2,\"\\u0061\":3}"), "{\"a\":3,\"b\":2}");
    assert_written(f,
                   parse(f, "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,"
                            "\"i\":9,\"b\":10,\"7\":11,\"a\":12,\"7\":13}"),
                   "{\"7\":13,\"a\":12,\"b\":10,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,"
                   "\"i\":9}");
}

static void test_many_members(void **state)
{
    struct fixture *f = *state;
    struct value *v;
    struct buf text;

    buf_init(&text, BUF_NO_LIMIT);
    for (unsigned i = 0; i < 100000; i++) {
        buf_add_format(&text, "%c\"%s%u\":%u", i ? ',' : '{', i % 2 ? "k" : "", i / 4, i);
    }
    buf_add(&text, BYTES("}"));
    v = value_parse(buf_bytes(&text), &f->arena);
    assert_int_equal(v->n, 50000);
    assert_bytes(v->members[24999].name, "24999");
    assert_true(v->members[24999].value->number == 99998);
    assert_bytes(v->members[25000].name, "k0");
    assert_true(v->members[25000].value->number == 3);
    buf_fini(&text);
}

static void test_building(void **state)
{
    struct fixture *f = *state;
    struct arena *a = &f->arena;
    struct value *v = value_object(a);
    struct value *list = value_array(a);

    value_set(v, BYTES("b"), value_bool(false, a), a);
    value_set(v, BYTES("5"), value_number(0.1, a), a);
    value_set(v, BYTES("list"), list, a);
    value_set(v, BYTES("1"), value_null(a), a);
    value_set(v, BYTES("10"), value_string(BYTES("x"), a), a);
    value_set(v, BYTES("gone"), NULL, a);
    for (int i = 0; i < 5; i++) {
        value_append(list, i == 2 ? NULL : value_number(i, a), a);
    }
    assert_written(f, v, "{\"1\":null,\"5\":0.1,\"10\":\"x\",\"b\":false,\"list\":[0,1,null,3,4]}");
    assert_true(value_has(v, BYTES("gone")));
    value_set(v, BYTES("b"), value_number((double)1e21, a), a);
    value_remove(v, BYTES("5"));
    value_remove(v, BYTES("no"));
    value_remove(v, BYTES("gone"));
    value_set(v, BYTES("7"), value_bool(true, a), a);
    assert_written(f, v,
                   "{\"1\":null,\"7\":true,\"10\":\"x\",\"b\":1e+21,\"list\":[0,1,null,3,4]}");
}

static void test_copy_is_deep(void **state)
{
    struct fixture *f = *state;
    struct value *v = parse(f, "{\"a\":[1,{\"b\":2}],\"c\":\"x\"}");
    struct value *copy = value_copy(v, &f->arena);

    value_set(copy->members[0].value->items[1], BYTES("b"), NULL, &f->arena);
    value_append(copy->members[0].value, value_null(&f->arena), &f->arena);
    value_set(copy, BYTES("d"), value_null(&f->arena), &f->arena);
    assert_written(f, v, "{\"a\":[1,{\"b\":2}],\"c\":\"x\"}");
    assert_written(f, copy, "{\"a\":[1,{},null],\"c\":\"x\",\"d\":null}");
    assert_null(value_copy(NULL, &f->arena));
}

static void test_truth(void **state)
{
    static const char *const no[] = {"null", "false", "0", "-0", "\"\"", "1e-400"};
    static const char *const yes[] = {"true", "1", "1e400", "\"0\"", "[]", "{}"};
    struct fixture *f = *state;

    assert_false(value_is_truthy(NULL));
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        assert_false(value_is_truthy(parse(f, no[i])));
    }
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        assert_true(value_is_truthy(parse(f, yes[i])));
    }
    assert_true(value_is_true(parse(f, "true")));
    assert_false(value_is_true(parse(f, "1")));
    assert_true(value_is_nullish(NULL));
    assert_false(value_is_nullish(parse(f, "0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_contents, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duplicates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_members, setup, teardown),
        cmocka_unit_test_setup_teardown(test_building, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy_is_deep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_truth, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
