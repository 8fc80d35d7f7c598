/* SPDX-License-Identifier: MIT */
/* What passes and is not sanitised costs no allocation. */
#include <malloc.h>

#include "support/check.h"
#include "support/heap_count.h"
#include "validation/validation.h"
#include "json/json.h"

static const char order_schema[] =
    "{\"$$strict\":true,"
    "\"id\":{\"type\":\"number\",\"integer\":true,\"positive\":true},"
    "\"number\":{\"type\":\"string\",\"pattern\":\"^[A-Z]{2}-\\\\d{4,}$\",\"max\":20},"
    "\"state\":{\"type\":\"enum\",\"values\":[\"open\",\"paid\",\"sent\"]},"
    "\"gift\":\"boolean|optional\","
    "\"mail\":\"email\","
    "\"customer\":{\"type\":\"object\",\"strict\":true,\"props\":{\"name\":\"string|min:1|max:64\","
    "\"key\":\"uuid\"}},"
    "\"prices\":{\"type\":\"record\",\"value\":\"number|min:0\"},"
    "\"place\":{\"type\":\"tuple\",\"items\":[\"number\",\"number\"]},"
    "\"who\":[\"string|max:3\",\"number\"],"
    "\"items\":{\"type\":\"array\",\"min\":1,\"unique\":true,\"items\":\"string|alphadash\"}}";

static const char order[] =
    "{\"id\":17,\"number\":\"AB-12345\",\"state\":\"paid\",\"gift\":true,"
    "\"mail\":\"someone@example.com\",\"customer\":{\"name\":\"Ann Müller\","
    "\"key\":\"10ba038e-48da-487b-96e8-8d3b99b6d18a\"},\"prices\":{\"net\":10.5,\"gross\":12},"
    "\"place\":[1.25,-3],\"who\":\"Bob\",\"items\":[\"blue-pen\",\"pad\",\"ink\",\"cup\",\"box\"]}";

struct checked {
    struct validation *v;
    struct arena arena;
    size_t n_allocations;
    size_t n_bytes; /* of the arena */
    struct bytes params, errors;
};

static void checked_init(struct checked *c, const char *schema)
{
    struct buf error;

    *c = (struct checked){0};
    arena_init(&c->arena);
    buf_init(&error, BUF_NO_LIMIT);
    assert_int_equal(validation_compile(bytes_cstr(schema), BYTES_NONE, &c->v, &error), 0);
    buf_fini(&error);
}

static void checked_fini(struct checked *c)
{
    validation_free(c->v);
    arena_fini(&c->arena);
}

static void check(struct checked *c, const char *params)
{
    size_t n_before = heap_count();
    size_t n_bytes_before = c->arena.used_bytes;

    validation_run(c->v, bytes_cstr(params), &c->arena, &c->params, &c->errors);
    c->n_allocations = heap_count() - n_before;
    c->n_bytes = c->arena.used_bytes - n_bytes_before;
}

static void test_allocations_are_seen(void **state)
{
    struct checked c;

    (void)state;
    checked_init(&c, "{\"a\":\"string|trim\"}");
    check(&c, "{\"a\":\" x \"}");
    assert_bytes(c.params, "{\"a\":\"x\"}");
    assert_true(c.n_allocations > 0);
    assert_true(c.n_bytes > 0);
    checked_fini(&c);
}

/* The first run counts none: PCRE2 takes what it works in when a pattern is first used. */
static void test_what_passes_takes_no_memory(void **state)
{
    struct checked c;

    (void)state;
    checked_init(&c, order_schema);
    check(&c, order);
    assert_none(c.errors);
    for (int i = 0; i < 3; i++) {
        check(&c, order);
        assert_none(c.errors);
        assert_ptr_equal(c.params.p, order);
        assert_int_equal(c.n_allocations, 0);
        assert_int_equal(c.n_bytes, 0);
    }
    checked_fini(&c);
}

/* Larger than what is at hand without the heap: as right as small ones, and nothing is left. */
static void test_large_params_pass(void **state)
{
    struct checked c;
    struct buf params;

    (void)state;
    buf_init(&params, BUF_NO_LIMIT);
    buf_add(&params, BYTES("{\"a\":[0"));
    for (int i = 1; i < 5000; i++) {
        buf_add_format(&params, ",%d", i);
    }
    buf_add(&params, BYTES("]}"));
    buf_add_char(&params, '\0');
    checked_init(&c, "{\"a\":\"number[]\"}");
    check(&c, params.p);
    assert_none(c.errors);
    assert_ptr_equal(c.params.p, params.p);
    assert_int_equal(c.n_bytes, 0);
    checked_fini(&c);
    checked_init(&c, "{\"a\":{\"type\":\"array\",\"items\":\"number|max:4998\"}}");
    check(&c, params.p);
    assert_bytes(json_get(bytes_of(c.errors.p + 1, c.errors.n - 2), BYTES("field")), "\"a[4999]\"");
    checked_fini(&c);
    buf_fini(&params);
}

/* Patterns share what they are matched in, and give back what long texts took. */
static void test_patterns_keep_no_memory(void **state)
{
    struct checked c;
    struct buf schema, params;
    size_t before;

    (void)state;
    buf_init(&schema, BUF_NO_LIMIT);
    buf_init(&params, BUF_NO_LIMIT);
    for (int i = 0; i < 40; i++) {
        buf_add_format(&schema, "%c\"p%d\":{\"type\":\"string\",\"pattern\":\"^([a-z]|[0-9])+$\"}",
                       i ? ',' : '{', i);
        buf_add_format(&params, "%c\"p%d\":\"%020000d\"", i ? ',' : '{', i, i);
    }
    buf_add(&schema, bytes_of("}", 2));
    buf_add(&params, bytes_of("}", 2));
    checked_init(&c, schema.p);
    before = mallinfo2().uordblks + mallinfo2().hblkhd;
    check(&c, params.p);
    assert_none(c.errors);
    assert_true(mallinfo2().uordblks + mallinfo2().hblkhd < before + (2 << 20));
    checked_fini(&c);
    buf_fini(&schema);
    buf_fini(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocations_are_seen),
        cmocka_unit_test(test_what_passes_takes_no_memory),
        cmocka_unit_test(test_large_params_pass),
        cmocka_unit_test(test_patterns_keep_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
