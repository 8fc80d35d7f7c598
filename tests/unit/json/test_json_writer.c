/* SPDX-License-Identifier: MIT */
/* The writer: commas, nesting, what members leave out. */
#include "json/json.h"

#include "support/check.h"

static void test_everything(void **state)
{
    struct json_writer w;
    struct buf out;

    (void)state;
    buf_init(&out, BUF_NO_LIMIT);
    w = json_writer(&out);
    json_begin_object(&w);
    json_key(&w, BYTES("list"));
    json_begin_array(&w);
    json_begin_array(&w);
    json_end_array(&w);
    json_int(&w, INT64_MIN);
    json_int(&w, INT64_MAX);
    json_number(&w, 0.5);
    json_bool(&w, true);
    json_text(&w, BYTES("t\n"));
    json_raw(&w, BYTES("[1]"));
    json_raw(&w, BYTES_NONE);
    json_begin_object(&w);
    json_end_object(&w);
    json_end_array(&w);
    json_member(&w, BYTES("raw"), BYTES("{}"));
    json_member(&w, BYTES("dropped"), BYTES_NONE);
    json_member_text(&w, BYTES("text\""), BYTES(""));
    json_member_text(&w, BYTES("dropped"), BYTES_NONE);
    json_member_int(&w, BYTES("int"), -5);
    json_member_bool(&w, BYTES("bool"), false);
    json_end_object(&w);
    assert_bytes(buf_bytes(&out),
                 "{\"list\":[[],-9223372036854775808,9223372036854775807,0.5,true,\"t\\n\",[1],"
                 "null,{}],\"raw\":{},\"text\\\"\":\"\",\"int\":-5,\"bool\":false}");
    buf_fini(&out);
}

static void test_first_member_dropped(void **state)
{
    struct json_writer w;
    struct buf out;

    (void)state;
    buf_init(&out, BUF_NO_LIMIT);
    w = json_writer(&out);
    json_begin_object(&w);
    json_member(&w, BYTES("a"), BYTES_NONE);
    json_member_int(&w, BYTES("b"), 1);
    json_end_object(&w);
    assert_bytes(buf_bytes(&out), "{\"b\":1}");
    buf_fini(&out);
}

static void test_limit(void **state)
{
    struct json_writer w;
    struct buf out;

    (void)state;
    buf_init(&out, 10);
    w = json_writer(&out);
    json_begin_array(&w);
    json_text(&w, BYTES("longer than the limit"));
    json_end_array(&w);
    assert_true(out.failed);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_first_member_dropped),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
