/* SPDX-License-Identifier: MIT */
/* Queries as JSON: nesting, lists, depth, odd input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/api_query.h"

static void expect(const char *query, const char *json)
{
    struct arena arena;
    struct bytes out;
    char text[1024];

    arena_init(&arena);
    out = api_query_to_json(bytes_cstr(query), &arena);
    assert_true(out.n < sizeof(text));
    memcpy(text, out.p, out.n);
    text[out.n] = '\0';
    assert_string_equal(text, json);
    arena_fini(&arena);
}

static void members_are_texts(void **state)
{
    expect("", "{}");
    expect("a=1&b=true&c=", "{\"a\":\"1\",\"b\":\"true\",\"c\":\"\"}");
    expect("a", "{\"a\":\"\"}");
    expect("a=b=c", "{\"a\":\"b=c\"}");
    expect("&&a=1&", "{\"a\":\"1\"}");
}

static void escapes_and_plus_are_decoded(void **state)
{
    expect("sp=a+b%20c", "{\"sp\":\"a b c\"}");
    expect("%61=%22", "{\"a\":\"\\\"\"}");
    expect("a=%zz", "{\"a\":\"%zz\"}");
    expect("p%5Bq%5D=1", "{\"p\":{\"q\":\"1\"}}");
}

static void brackets_nest_and_make_lists(void **state)
{
    expect("p[a][b]=1&p[c]=2", "{\"p\":{\"a\":{\"b\":\"1\"},\"c\":\"2\"}}");
    expect("l[]=x&l[]=y", "{\"l\":[\"x\",\"y\"]}");
    expect("l=x&l=y&l=z", "{\"l\":[\"x\",\"y\",\"z\"]}");
    expect("l[1]=b&l[0]=a", "{\"l\":[\"a\",\"b\"]}");
    expect("l[5]=a", "{\"l\":[\"a\"]}");
    expect("l[21]=a", "{\"l\":{\"21\":\"a\"}}");
}

static void deeper_than_five_is_one_key(void **state)
{
    expect("params[d][1][2][3][4][5][6]=deep",
           "{\"params\":{\"d\":[[[[{\"[5][6]\":\"deep\"}]]]]}}");
}

static void odd_brackets_do_no_harm(void **state)
{
    expect("a[=1", "{\"a\":{\"[\":\"1\"}}");
    expect("[]=1", "{\"\":\"1\"}");
    expect("=1", "{}");
    expect("a[b=1&a[c]=2", "{\"a\":{\"[b\":\"1\",\"c\":\"2\"}}");
}

static void a_thousand_members_are_read(void **state)
{
    struct arena arena;
    struct buf query;

    arena_init(&arena);
    buf_init(&query, BUF_NO_LIMIT);
    for (int i = 0; i < 1500; i++) {
        buf_add_format(&query, "m%d=1&", i);
    }
    assert_int_equal(json_count(api_query_to_json(buf_bytes(&query), &arena)), 1000);
    buf_fini(&query);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_texts),
        cmocka_unit_test(escapes_and_plus_are_decoded),
        cmocka_unit_test(brackets_nest_and_make_lists),
        cmocka_unit_test(deeper_than_five_is_one_key),
        cmocka_unit_test(odd_brackets_do_no_harm),
        cmocka_unit_test(a_thousand_members_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
