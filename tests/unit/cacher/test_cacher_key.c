/* SPDX-License-Identifier: MIT */
/* Keys against every recorded case of the original, in the forms of 0.14 and 0.15. */
#include "cacher/cacher_key.h"

#include "support/check.h"
#include "support/vectors.h"
#include "value/value_convert.h"

enum { CASES = 204, KEYS_MAX = 16 };

static size_t read_max_length(struct bytes options, struct arena *arena)
{
    double n =
        value_convert_number(value_parse(json_get(options, BYTES("maxParamsLength")), arena));

    return n > 0 ? (size_t)n : 0;
}

static void check_row(struct vectors *v, enum cacher_key_form form, const char *member)
{
    struct bytes keys[KEYS_MAX];
    struct bytes list = json_get(v->row, BYTES("keys"));
    struct json_iter it = json_iter(list);
    struct cacher_key_call call = {
        .action = vectors_text(v, "action"),
        .params = json_get(v->row, BYTES("params")),
        .meta = json_get(v->row, BYTES("meta")),
        .headers = json_get(v->row, BYTES("headers")),
    };
    struct cacher_key_options o = {
        .form = form,
        .has_keys = json_type(list) == JSON_ARRAY,
        .keys = keys,
        .max_length = read_max_length(json_get(v->row, BYTES("options")), &v->arena),
    };
    struct bytes item;
    struct buf out;

    while (json_next_item(&it, &item)) {
        assert_true(o.n_keys < KEYS_MAX);
        keys[o.n_keys++] = json_string(item, &v->arena);
    }
    buf_init(&out, BUF_NO_LIMIT);
    cacher_key_add(&out, &call, &o);
    if (!bytes_eq(buf_bytes(&out), vectors_text(v, member))) {
        print_error("%s\n", member);
        print_error("%.*s\n", BYTES_ARG(v->row));
    }
    assert_bytes_eq(buf_bytes(&out), vectors_text(v, member));
    buf_fini(&out);
}

static void keys_are_the_recorded_ones(void **state)
{
    struct vectors v;
    unsigned n = 0;

    vectors_open(&v, "cachekey-golden.jsonl");
    while (vectors_next(&v)) {
        check_row(&v, CACHER_KEY_015, "key");
        check_row(&v, CACHER_KEY_014, "key014");
        n++;
    }
    assert_int_equal(n, CASES);
    vectors_close(&v);
}

static void a_key_past_its_limit_fails(void **state)
{
    struct buf out;

    buf_init(&out, 64);
    cacher_key_add(&out,
                   &(struct cacher_key_call){
                       .action = BYTES("a"),
                       .params = BYTES("[1e20,1e20,1e20,1e20,1e20,1e20]"),
                       .meta = BYTES("{}"),
                   },
                   &(struct cacher_key_options){.max_length = 50});
    assert_true(out.failed);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_the_recorded_ones),
        cmocka_unit_test(a_key_past_its_limit_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
