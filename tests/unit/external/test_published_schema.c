/* SPDX-License-Identifier: MIT */
/* What is published of a schema, and what is refused. */
#include "external/published_schema.h"

#include "support/check.h"

struct schema_case {
    const char *schema, *published, *hidden;
};

static const struct schema_case cases[] = {
    {"{\"name\":\"s\"}",
     "{\"name\":\"s\",\"fullName\":\"s\",\"settings\":{},\"metadata\":{},\"actions\":{},"
     "\"events\":{}}",
     ""},
    {"{\"metadata\":null,\"settings\":null,\"actions\":null,\"events\":null,\"version\":null,"
     "\"name\":\"s\",\"other\":1}",
     "{\"name\":\"s\",\"version\":null,\"fullName\":\"s\",\"settings\":{},\"metadata\":{},"
     "\"actions\":{},"
     "\"events\":{}}",
     ""},
    {"{\"name\":\"s\",\"version\":0,\"metadata\":[1,2.50],\"settings\":\"text\"}",
     "{\"name\":\"s\",\"version\":0,\"fullName\":\"v0.s\",\"settings\":\"text\","
     "\"metadata\":[1,2.50],\"actions\":{},\"events\":{}}",
     ""},
    {"{\"name\":\"s\",\"version\":\"\",\"actions\":{\"a\":\"/a\"},\"events\":{\"e.*\":\"/e\"}}",
     "{\"name\":\"s\",\"version\":\"\",\"fullName\":\".s\",\"settings\":{},\"metadata\":{},"
     "\"actions\":{\".s.a\":{\"rawName\":\"a\",\"name\":\".s.a\"}},"
     "\"events\":{\"e.*\":{\"name\":\"e.*\"}}}",
     ""},
    /* only true itself turns the prefixes off */
    {"{\"name\":\"s\",\"version\":2,\"settings\":{\"$noVersionPrefix\":1,"
     "\"$noServiceNamePrefix\":\"true\"},\"actions\":{\"a\":{}}}",
     "{\"name\":\"s\",\"version\":2,\"fullName\":\"v2.s\",\"settings\":{\"$noVersionPrefix\":1,"
     "\"$noServiceNamePrefix\":\"true\"},\"metadata\":{},"
     "\"actions\":{\"v2.s.a\":{\"rawName\":\"a\",\"name\":\"v2.s.a\"}},\"events\":{}}",
     ""},
    {"{\"name\":\"s\",\"version\":2,\"settings\":{\"$noVersionPrefix\":true,"
     "\"$noServiceNamePrefix\":true},\"actions\":{\"a\":{\"handler\":\"/a\"}}}",
     "{\"name\":\"s\",\"version\":2,\"fullName\":\"s\",\"settings\":{\"$noVersionPrefix\":true,"
     "\"$noServiceNamePrefix\":true},\"metadata\":{},"
     "\"actions\":{\"a\":{\"rawName\":\"a\",\"name\":\"a\"}},\"events\":{}}",
     ""},
    /* order: as in the schema, then rawName, name, cache; numbers as they stand */
    {"{\"name\":\"s\",\"settings\":{\"$cache\":{\"ttl\":5}},\"actions\":{"
     "\"a\":{\"x\":1.0,\"handler\":\"/\",\"service\":1,\"y\":1e400},"
     "\"b\":{\"cache\":false,\"name\":\"bb\",\"z\":1},"
     "\"c\":{\"rawName\":\"r\",\"name\":\"\",\"remoteHandler\":2},\"d\":\"/d\",\"e\":false}}",
     "{\"name\":\"s\",\"fullName\":\"s\",\"settings\":{\"$cache\":{\"ttl\":5}},\"metadata\":{},"
     "\"actions\":{"
     "\"s.a\":{\"x\":1.0,\"y\":1e400,\"rawName\":\"a\",\"name\":\"s.a\",\"cache\":{\"ttl\":5}},"
     "\"s.bb\":{\"cache\":false,\"name\":\"s.bb\",\"z\":1,\"rawName\":\"bb\"},"
     "\"s.c\":{\"rawName\":\"c\",\"name\":\"s.c\",\"cache\":{\"ttl\":5}},"
     "\"s.d\":{\"rawName\":\"d\",\"name\":\"s.d\",\"cache\":{\"ttl\":5}}},\"events\":{}}",
     ""},
    /* what stands in for functions is nobody else's business */
    {"{\"name\":\"s\",\"hooks\":{},\"actions\":{\"a\":{\"hooks\":{\"before\":\"/"
     "b\"},\"cache\":true,"
     "\"fallback\":{\"value\":1}}}}",
     "{\"name\":\"s\",\"fullName\":\"s\",\"settings\":{},\"metadata\":{},\"actions\":{"
     "\"s.a\":{\"cache\":true,\"rawName\":\"a\",\"name\":\"s.a\"}},\"events\":{}}",
     ""},
    {"{\"name\":\"s\",\"actions\":{\"a\":{\"visibility\":\"private\"},\"b\":{\"visibility\":\"no\"}"
     ","
     "\"c\":{\"visibility\":\"protected\"},\"d\":{\"visibility\":null},\"e\":{\"visibility\":1}}}",
     "{\"name\":\"s\",\"fullName\":\"s\",\"settings\":{},\"metadata\":{},\"actions\":{"
     "\"s.c\":{\"visibility\":\"protected\",\"rawName\":\"c\",\"name\":\"s.c\"},"
     "\"s.d\":{\"visibility\":null,\"rawName\":\"d\",\"name\":\"s.d\"}},\"events\":{}}",
     ""},
    {"{\"name\":\"s\",\"actions\":{\"a\":{\"protected\":true},\"b\":{\"protected\":false},"
     "\"c\":{\"protected\":1,\"handler\":\"/\"}}}",
     "{\"name\":\"s\",\"fullName\":\"s\",\"settings\":{},\"metadata\":{},\"actions\":{"
     "\"s.b\":{\"protected\":false,\"rawName\":\"b\",\"name\":\"s.b\"}},\"events\":{}}",
     "{\"s.a\":{\"protected\":true,\"rawName\":\"a\",\"name\":\"s.a\"},"
     "\"s.c\":{\"protected\":1,\"rawName\":\"c\",\"name\":\"s.c\"}}"},
    {"{\"name\":\"s\",\"events\":{\"e\":{\"group\":\"g\",\"handler\":\"/\",\"params\":{}},"
     "\"k\":{\"name\":\"f\",\"x\":1},\"off\":false,\"n\":{\"name\":5,\"y\":1}}}",
     "{\"name\":\"s\",\"fullName\":\"s\",\"settings\":{},\"metadata\":{},\"actions\":{},"
     "\"events\":{\"e\":{\"group\":\"g\",\"params\":{},\"name\":\"e\"},"
     "\"f\":{\"name\":\"f\",\"x\":1},\"n\":{\"name\":\"n\",\"y\":1}}}",
     ""},
    {"{\"name\":\"caf\\u00e9 \\\"x\\\"\",\"version\":1.0,\"actions\":{\"\\u0061\":\"/\"}}",
     "{\"name\":\"caf\xC3\xA9 \\\"x\\\"\",\"version\":1.0,"
     "\"fullName\":\"v1.caf\xC3\xA9 \\\"x\\\"\",\"settings\":{},\"metadata\":{},\"actions\":{"
     "\"v1.caf\xC3\xA9 \\\"x\\\".a\":{\"rawName\":\"a\","
     "\"name\":\"v1.caf\xC3\xA9 \\\"x\\\".a\"}},\"events\":{}}",
     ""},
    /* arrays instead of objects are not walked */
    {"{\"name\":\"s\",\"actions\":[\"/a\"],\"events\":\"x\"}",
     "{\"name\":\"s\",\"fullName\":\"s\",\"settings\":{},\"metadata\":{},\"actions\":{},"
     "\"events\":{}}",
     ""},
};

static void test_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out, hidden;
        struct bytes slice;

        buf_init(&out, BUF_NO_LIMIT);
        buf_init(&hidden, BUF_NO_LIMIT);
        assert_int_equal(json_scan(bytes_cstr(cases[i].schema), 0, &slice, NULL), 0);
        assert_int_equal(published_schema_build(slice, &out, &hidden), 0);
        assert_bytes_eq(buf_bytes(&out), bytes_cstr(cases[i].published));
        assert_bytes_eq(buf_bytes(&hidden), bytes_cstr(cases[i].hidden));
        assert_int_equal(json_scan(buf_bytes(&out), 0, &slice, NULL), 0);
        buf_fini(&out);
        buf_fini(&hidden);
    }
}

static void test_refused(void **state)
{
    static const char *const schemas[] = {
        "null",
        "[]",
        "\"s\"",
        "{}",
        "{\"name\":\"\"}",
        "{\"name\":null}",
        "{\"name\":5}",
        "{\"name\":\"s\",\"actions\":{\"a\":null}}",
        "{\"name\":\"s\",\"actions\":{\"a\":1}}",
        "{\"name\":\"s\",\"actions\":{\"a\":[]}}",
        "{\"name\":\"s\",\"actions\":{\"a\":true}}",
        "{\"name\":\"s\",\"events\":{\"a\":null}}",
        "{\"name\":\"s\",\"events\":{\"a\":true}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        struct buf out, hidden;

        buf_init(&out, BUF_NO_LIMIT);
        buf_init(&hidden, BUF_NO_LIMIT);
        assert_int_equal(published_schema_build(bytes_cstr(schemas[i]), &out, &hidden), ERR_TYPE);
        buf_fini(&out);
        buf_fini(&hidden);
    }
}

static void test_names(void **state)
{
    struct published_names names;
    struct arena arena;
    struct bytes schema = BYTES("{\"name\":\"s\",\"version\":\"x\"}");

    (void)state;
    arena_init(&arena);
    assert_int_equal(published_schema_names(schema, &arena, &names), 0);
    assert_bytes(names.name, "s");
    assert_bytes(names.full_name, "x.s");
    assert_bytes(names.version, "\"x\"");
    assert_bytes(published_schema_action_name(&names, BYTES("a.b"), &arena), "x.s.a.b");
    assert_bytes(published_schema_raw_name(BYTES("\"k\""), BYTES("{\"name\":\"n\"}"), &arena), "n");
    assert_bytes(published_schema_raw_name(BYTES("\"k\\u0021\""), BYTES("\"/url\""), &arena), "k!");
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
