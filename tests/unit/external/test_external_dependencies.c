/* SPDX-License-Identifier: MIT */
/* What a schema says its service needs: names, versions, alternatives, times. */
#include "support/check.h"

#include "external/external_internal.h"

struct outcome {
    int err;
    char names[512]; /* "a,b|c" */
    double timeout_ms, interval_ms;
    char path[64];
};

static struct outcome read_json(struct bytes json)
{
    struct outcome o = {0};
    struct broker_wait wait;
    struct external_fault fault = {0};
    struct arena arena;
    size_t at = 0;

    arena_init(&arena);
    o.err = external_dependencies_read(json, &arena, &wait, &fault);
    for (size_t i = 0; o.err == 0 && i < wait.n_needed && at < sizeof(o.names); i++) {
        const char *between = i == 0 ? "" : wait.needed[i].is_alternative ? "|" : ",";

        at += (size_t)snprintf(o.names + at, sizeof(o.names) - at, "%s%.*s", between,
                               BYTES_ARG(wait.needed[i].name));
    }
    o.timeout_ms = wait.timeout_ms;
    o.interval_ms = wait.interval_ms;
    (void)snprintf(o.path, sizeof(o.path), "%.*s", BYTES_ARG(fault.path));
    arena_fini(&arena);
    return o;
}

/* schema with ' for ". */
static struct outcome read_schema(const char *schema)
{
    char text[512];
    size_t n = strlen(schema);
    struct bytes json;

    assert_true(n < sizeof(text));
    for (size_t i = 0; i < n; i++) {
        text[i] = schema[i] == '\'' ? '"' : schema[i];
    }
    assert_int_equal(json_scan(bytes_of(text, n), 0, &json, NULL), 0);
    return read_json(json);
}

static void names_are_full_names(void **state)
{
    static const struct {
        const char *schema, *names;
    } rows[] = {
        {"{}", ""},
        {"{'dependencies':null}", ""},
        {"{'dependencies':[]}", ""},
        {"{'dependencies':'v2.users'}", "v2.users"},
        {"{'dependencies':['a','b','a']}", "a,b"},
        {"{'dependencies':{'name':'a'}}", "a"},
        {"{'dependencies':{'name':'a','version':null}}", "a"},
        {"{'dependencies':{'name':'a','version':0}}", "v0.a"},
        {"{'dependencies':{'name':'a','version':'beta'}}", "beta.a"},
        {"{'dependencies':['v1.a',{'name':'a','version':1},{'name':'\\u0061'}]}", "v1.a,a"},
        {"{'dependencies':{'name':'a','version':[1,'x',null]}}", "v1.a|x.a|a"},
        {"{'dependencies':['b',{'name':'a','version':[1,2]},'c','b']}", "b,v1.a|v2.a,c"},
        {"{'dependencies':[{'name':'a','version':[1]},'v1.a']}", "v1.a,v1.a"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outcome o = read_schema(rows[i].schema);

        assert_int_equal(o.err, 0);
        assert_string_equal(o.names, rows[i].names);
    }
}

static void times_come_from_the_settings(void **state)
{
    struct outcome o =
        read_schema("{'settings':{'$dependencyTimeout':1500,'$dependencyInterval':20.5}}");

    assert_int_equal(o.err, 0);
    assert_true(o.timeout_ms == 1500 && o.interval_ms == 20.5);
    o = read_schema("{'settings':{'$dependencyTimeout':null}}");
    assert_int_equal(o.err, 0);
    assert_true(o.timeout_ms == 0 && o.interval_ms == 0);
}

static void a_fault_has_its_path(void **state)
{
    struct outcome o = read_schema("{'dependencies':['a',{'name':'b','version':[1,true]}]}");

    assert_int_equal(o.err, ERR_TYPE);
    assert_string_equal(o.path, "dependencies[1].version[1]");
}

static struct outcome read_many(unsigned n)
{
    struct outcome o;
    struct buf text;

    buf_init(&text, BUF_NO_LIMIT);
    for (unsigned i = 0; i < n; i++) {
        buf_add_format(&text, "%s\"a\"", i ? "," : "{\"dependencies\":[");
    }
    buf_add(&text, BYTES("]}"));
    o = read_json(buf_bytes(&text));
    buf_fini(&text);
    return o;
}

static void there_are_at_most_1000(void **state)
{
    assert_int_equal(read_many(1000).err, 0);
    assert_string_equal(read_many(1000).names, "a");
    assert_int_equal(read_many(1001).err, ERR_LIMIT);
    assert_string_equal(read_many(1001).path, "dependencies");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_full_names),
        cmocka_unit_test(times_come_from_the_settings),
        cmocka_unit_test(a_fault_has_its_path),
        cmocka_unit_test(there_are_at_most_1000),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
