/* SPDX-License-Identifier: MIT */
/* Secret settings: the first table was recorded from lodash's omit, as the originals use it. */
#include "external/published_settings.h"

#include "support/check.h"

struct settings_case {
    const char *settings, *published;
};

static const struct settings_case cases[] = {
    {"{\"a\":1,\"b\":2,\"$secureSettings\":[\"a\"]}", "{\"b\":2}"},
    {"{\"a\":{\"b\":1,\"c\":2},\"$secureSettings\":[\"a.b\"]}", "{\"a\":{\"c\":2}}"},
    {"{\"a.b\":1,\"a\":{\"b\":2},\"$secureSettings\":[\"a.b\"]}", "{\"a\":{\"b\":2}}"},
    {"{\"a\":[{\"k\":1,\"x\":2},{\"k\":3}],\"$secureSettings\":[\"a[0].k\",\"a[1]\"]}",
     "{\"a\":[{\"x\":2},null]}"},
    {"{\"a\":{\"b.c\":1,\"d\":1},\"$secureSettings\":[\"a['b.c']\"]}", "{\"a\":{\"d\":1}}"},
    {"{\"a\":{\"b.c\":1,\"d\":1},\"$secureSettings\":[\"a[\\\"b.c\\\"]\"]}", "{\"a\":{\"d\":1}}"},
    {"{\"a\":{\"b\":{\"c\":1}},\"$secureSettings\":[[\"a\",\"b\",\"c\"]]}", "{\"a\":{\"b\":{}}}"},
    {"{\"5\":1,\"a\":[1,2,3],\"$secureSettings\":[5,[\"a\",1]]}", "{\"a\":[1,null,3]}"},
    {"{\"a\":1,\"$secureSettings\":\"a\"}", "{\"a\":1,\"$secureSettings\":\"a\"}"},
    {"{\"a\":1,\"$secureSettings\":null}", "{\"a\":1,\"$secureSettings\":null}"},
    {"{\"a\":1,\"$secureSettings\":[]}", "{\"a\":1}"},
    {"{\"a\":1,\"$secureSettings\":[\"x\",\"x.y\",\"a.b.c\"]}", "{\"a\":1}"},
    {"{\"\":{\"a\":1,\"b\":2},\"$secureSettings\":[\".a\"]}", "{\"\":{\"b\":2}}"},
    {"{\"a\":{\"\":1,\"b\":2},\"$secureSettings\":[\"a.\"]}", "{\"a\":{\"b\":2}}"},
    {"{\"a\":{\"\":{\"c\":1},\"b\":2},\"$secureSettings\":[\"a..c\"]}",
     "{\"a\":{\"\":{},\"b\":2}}"},
    {"{\"a[\":1,\"b\":2,\"$secureSettings\":[\"a[\"]}", "{\"b\":2}"},
    {"{\"a]\":1,\"b\":2,\"$secureSettings\":[\"a]\"]}", "{\"b\":2}"},
    {"{\"a\":{\"b\":{\"c\":1,\"d\":2}},\"$secureSettings\":[\"a.b.c\",\"a.b\"]}", "{\"a\":{}}"},
    {"{\"a\":{\"b\":1,\"c\":2},\"$secureSettings\":[\"a[b]\"]}", "{\"a\":{\"c\":2}}"},
    {"{\"a\":[[1,2],[3]],\"$secureSettings\":[\"a[0][1]\"]}", "{\"a\":[[1,null],[3]]}"},
    {"{\"a\":\"x\",\"b\":{\"x\":1},\"$secureSettings\":[\"a.x\"]}",
     "{\"a\":\"x\",\"b\":{\"x\":1}}"},
    {"{\"a\":1,\"$secureSettings\":[[],[[\"b\"]],null,true,{}]}", "{\"a\":1}"},
};

/* Nothing to compare with: JavaScript has one member of a name, text may have several. */
static const struct settings_case own_cases[] = {
    {"{\"a\":1,\"a\":2,\"b\":3,\"$secureSettings\":[\"a\"]}", "{\"b\":3}"},
    {"{\"a\":{\"s\":1},\"a\":{\"s\":2,\"t\":3},\"$secureSettings\":[\"a.s\"]}",
     "{\"a\":{},\"a\":{\"t\":3}}"},
    {"{\"\\u0061\":1,\"b\":1.0,\"$secureSettings\":[\"a\"]}", "{\"b\":1.0}"},
    {"{\"a\":1,\"b\":2,\"$secureSettings\":[\"\\u0061\"]}", "{\"b\":2}"},
    {"{\"$secureSettings\":[\"a\"],\"a\":1,\"\\u0024secureSettings\":[\"b\"],\"b\":2}",
     "{\"a\":1}"},
    {"{ \"a\" : { \"b\" : 1 , \"c\" : [ 1 , 2 ] } , \"$secureSettings\" : [ \"a.b\" ] }",
     "{\"a\":{\"c\":[ 1 , 2 ]}}"},
    {"null", "{}"},
    {"\"text\"", "\"text\""},
    {"[1,2]", "[1,2]"},
    {"{\"$secureSettings\":{\"0\":\"a\"},\"a\":1}", "{\"$secureSettings\":{\"0\":\"a\"},\"a\":1}"},
};

static void check(const struct settings_case *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct buf out;
        struct json_writer w;
        struct bytes slice;

        buf_init(&out, BUF_NO_LIMIT);
        w = json_writer(&out);
        assert_int_equal(json_scan(bytes_cstr(c[i].settings), 0, &slice, NULL), 0);
        assert_int_equal(published_settings_write(&w, slice), 0);
        assert_bytes_eq(buf_bytes(&out), bytes_cstr(c[i].published));
        buf_fini(&out);
    }
}

static void test_as_recorded(void **state)
{
    (void)state;
    check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_own_cases(void **state)
{
    (void)state;
    check(own_cases, sizeof(own_cases) / sizeof(own_cases[0]));
}

static int publish_paths(unsigned n_paths, unsigned n_keys)
{
    struct buf settings, out;
    struct json_writer w;
    int status;

    buf_init(&settings, BUF_NO_LIMIT);
    buf_init(&out, BUF_NO_LIMIT);
    w = json_writer(&out);
    buf_add(&settings, BYTES("{\"x\":1,\"$secureSettings\":["));
    for (unsigned i = 0; i < n_paths; i++) {
        buf_add_format(&settings, "%s\"k%u", i ? "," : "", i);
        for (unsigned k = 1; k < n_keys; k++) {
            buf_add(&settings, BYTES(".k"));
        }
        buf_add_char(&settings, '"');
    }
    buf_add(&settings, BYTES("]}"));
    status = published_settings_write(&w, buf_bytes(&settings));
    if (status == 0) {
        assert_bytes_eq(buf_bytes(&out), BYTES("{\"x\":1}"));
    }
    buf_fini(&settings);
    buf_fini(&out);
    return status;
}

static void test_limits(void **state)
{
    (void)state;
    assert_int_equal(publish_paths(PUBLISHED_SETTINGS_PATHS_MAX, 1), 0);
    assert_int_equal(publish_paths(PUBLISHED_SETTINGS_PATHS_MAX + 1, 1), ERR_LIMIT);
    assert_int_equal(publish_paths(1, PUBLISHED_SETTINGS_DEPTH_MAX), 0);
    assert_int_equal(publish_paths(1, PUBLISHED_SETTINGS_DEPTH_MAX + 1), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_recorded),
        cmocka_unit_test(test_own_cases),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
