/* SPDX-License-Identifier: MIT */
/* Hooks and fallbacks of a schema: which steps each action has, in which order; and the limits. */
#include "support/check.h"

#include "base/buf.h"
#include "external/external_steps.h"

struct reading {
    struct arena arena;
    struct external_fault fault;
    struct external_steps *steps;
    struct bytes schema;
    int err;
};

/* schema with ' for ". */
static void start(struct reading *r, const char *schema)
{
    char *text;

    arena_init(&r->arena);
    r->fault = (struct external_fault){0};
    text = arena_alloc(&r->arena, strlen(schema) + 1);
    for (size_t i = 0; i <= strlen(schema); i++) {
        text[i] = schema[i];
        if (schema[i] == '\'') {
            text[i] = '"';
        }
    }
    assert_int_equal(json_scan(bytes_cstr(text), 0, &r->schema, NULL), 0);
    r->err = external_steps_new(r->schema, &r->arena, &r->fault, &r->steps);
}

static void end(struct reading *r)
{
    external_steps_free(r->steps);
    arena_fini(&r->arena);
}

static int read_action(struct reading *r, const char *name, struct external_handler *h)
{
    struct external_action action = {
        .raw_name = bytes_cstr(name),
        .path = arena_format(&r->arena, "actions.%s", name),
        .definition = json_get(json_get(r->schema, BYTES("actions")), bytes_cstr(name)),
    };

    *h = (struct external_handler){0};
    return external_steps_of_action(r->steps, &action, h);
}

/* The URLs of one kind, "a b c". */
static const char *urls(const struct external_handler *h, enum local_step_kind kind, char out[256])
{
    size_t at = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < h->base.n_steps[kind]; i++) {
        at += (size_t)snprintf(out + at, 256 - at, "%s%.*s", i ? " " : "",
                               BYTES_ARG(h->steps[kind][i].url));
    }
    return out;
}

static void hooks_run_from_the_outside_in_and_back(void **state)
{
    struct external_handler h;
    struct reading r;
    char text[256];

    start(&r, "{'settings':{'baseUrl':'http://h'},'hooks':{"
              "'before':{'cre*':'/p1','*':'/all','create|update':['/p2','/p3'],'other':'/no'},"
              "'after':{'*':'/all','create':'/p1'},'error':{'create':'/p1','*':'/all'}},"
              "'actions':{'create':{'handler':'/x','hooks':"
              "{'before':['/own','/own2'],'after':'/own','error':'/own'}},'update':'/u'}}");
    assert_int_equal(r.err, 0);
    assert_int_equal(read_action(&r, "create", &h), 0);
    assert_string_equal(urls(&h, LOCAL_STEP_BEFORE, text),
                        "http://h/all http://h/p1 http://h/p2 http://h/p3 http://h/own "
                        "http://h/own2");
    assert_string_equal(urls(&h, LOCAL_STEP_AFTER, text), "http://h/own http://h/p1 http://h/all");
    assert_string_equal(urls(&h, LOCAL_STEP_ERROR, text), "http://h/own http://h/p1 http://h/all");
    assert_int_equal(read_action(&r, "update", &h), 0);
    assert_string_equal(urls(&h, LOCAL_STEP_BEFORE, text), "http://h/all http://h/p2 http://h/p3");
    assert_string_equal(urls(&h, LOCAL_STEP_ERROR, text), "http://h/all");
    end(&r);
}

static void a_star_among_alternatives_is_a_pattern(void **state)
{
    struct external_handler h;
    struct reading r;
    char text[256];

    start(&r, "{'hooks':{'before':{'*|x.y':'http://h/1','**':'http://h/2','*':'http://h/3'}},"
              "'actions':{'a':'http://h','a.b':'http://h','x.y':'http://h'}}");
    assert_int_equal(read_action(&r, "a", &h), 0);
    assert_string_equal(urls(&h, LOCAL_STEP_BEFORE, text), "http://h/3 http://h/1 http://h/2");
    assert_int_equal(read_action(&r, "a.b", &h), 0);
    assert_string_equal(urls(&h, LOCAL_STEP_BEFORE, text), "http://h/3 http://h/2");
    assert_int_equal(read_action(&r, "x.y", &h), 0);
    assert_string_equal(urls(&h, LOCAL_STEP_BEFORE, text), "http://h/3 http://h/1 http://h/2");
    end(&r);
}

static void of_a_key_that_stands_twice_the_last_counts(void **state)
{
    struct external_handler h;
    struct reading r;
    char text[256];

    start(&r, "{'hooks':{'before':{'a':'http://h/1','*':'http://h/2','b':'http://h/3',"
              "'a':['http://h/4','http://h/5'],'*':'http://h/6'}},'actions':{'a':'http://h'}}");
    assert_int_equal(read_action(&r, "a", &h), 0);
    assert_string_equal(urls(&h, LOCAL_STEP_BEFORE, text), "http://h/6 http://h/4 http://h/5");
    end(&r);
}

static void steps_may_be_urls_objects_and_references(void **state)
{
    static const struct {
        const char *fallback, *url;
    } rows[] = {
        {"'/f'", "http://h/f"},
        {"'https://other/f'", "https://other/f"},
        {"'unix:/run/a.sock:/f'", "unix:/run/a.sock:/f"},
        {"{'url':'/f'}", "http://h/f"},
        {"{'url':'f'}", "http://hf"},
        {"'helper'", "http://h/helper"},
        {"{'action':'helper'}", "http://h/helper"},
        {"'named'", "http://h/renamed"},
        {"'x'", "http://h/x"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct external_handler h;
        struct reading r;
        char schema[512], text[256];

        (void)snprintf(schema, sizeof(schema),
                       "{'settings':{'baseUrl':'http://h'},'actions':{"
                       "'x':{'handler':'/x','fallback':%s},"
                       "'helper':{'handler':'/helper','visibility':'private'},"
                       "'key':{'handler':'/renamed','name':'named'}}}",
                       rows[i].fallback);
        start(&r, schema);
        assert_int_equal(read_action(&r, "x", &h), 0);
        assert_string_equal(urls(&h, LOCAL_STEP_FALLBACK, text), rows[i].url);
        end(&r);
    }
}

static void a_fallback_may_be_any_value(void **state)
{
    static const char *const values[] = {"null", "0", "{'a':[1.0]}", "'text'"};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct external_handler h;
        struct reading r;
        char schema[256];

        (void)snprintf(schema, sizeof(schema),
                       "{'actions':{'x':{'handler':'http://h','fallback':{'value':%s}}}}",
                       values[i]);
        start(&r, schema);
        assert_int_equal(read_action(&r, "x", &h), 0);
        assert_int_equal(h.base.n_steps[LOCAL_STEP_FALLBACK], 1);
        assert_none(h.steps[LOCAL_STEP_FALLBACK][0].url);
        assert_int_equal(h.steps[LOCAL_STEP_FALLBACK][0].value.n, strlen(values[i]));
        end(&r);
    }
}

/* "<before><item>,<item>...<after>", n items, in which '#' is the number. */
static void repeated(struct buf *out, const char *before, const char *item, unsigned n,
                     const char *after)
{
    size_t mark = bytes_find(bytes_cstr(item), '#');

    buf_init(out, BUF_NO_LIMIT);
    buf_add(out, bytes_cstr(before));
    for (unsigned i = 0; i < n; i++) {
        buf_add(out, i ? BYTES(",") : BYTES(""));
        buf_add(out, bytes_of(item, mark));
        buf_add_u64(out, i);
        buf_add(out, bytes_cstr(item + mark + 1));
    }
    buf_add(out, bytes_cstr(after));
    buf_add_char(out, '\0');
}

static void check_limit(const char *before, const char *item, unsigned n, const char *after,
                        const char *path)
{
    struct external_handler h;
    struct reading r;
    struct buf schema;
    int err;

    repeated(&schema, before, item, n, after);
    start(&r, schema.p);
    err = r.err ? r.err : read_action(&r, "x", &h);
    if (path) {
        assert_int_equal(err, ERR_TYPE);
        assert_bytes_eq(r.fault.path, bytes_cstr(path));
    } else {
        assert_int_equal(err, 0);
    }
    end(&r);
    buf_fini(&schema);
}

static void there_are_limits(void **state)
{
    const char *own = "{'actions':{'x':{'handler':'http://h','hooks':{'before':[";
    const char *own_end = "]}}}}";
    const char *patterns = "{'actions':{'x':'http://h'},'hooks':{'after':{";

    check_limit(own, "'http://h/#'", 32, own_end, NULL);
    check_limit(own, "'http://h/#'", 33, own_end, "actions.x.hooks.before");
    check_limit(patterns, "'n#':'http://h'", 1000, "}}}", NULL);
    check_limit(patterns, "'n#':'http://h'", 1001, "}}}", "hooks.after.n1000");
    check_limit(patterns, "'*x|#':'http://h'", 33, "}}}", "actions.x");
}

/* Each pattern alone is within its bounds; the sum has one, too. */
static void patterns_that_take_too_much_are_refused(void **state)
{
    static const char name[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    struct external_handler h;
    struct reading r;
    struct buf schema;
    int n = 0;

    repeated(&schema, "{'hooks':{'before':{", "'(a+)+(a+)+1(a+)+b?#':'http://h'", 100, "}}}");
    start(&r, schema.p);
    assert_int_equal(r.err, 0);
    while (n < 1000 && read_action(&r, name, &h) == 0) {
        n++;
    }
    assert_in_range(n, 1, 100);
    assert_bytes(r.fault.path, "hooks");
    end(&r);
    buf_fini(&schema);
}

static void all_hooks_of_a_service_have_a_limit(void **state)
{
    struct external_handler h;
    struct reading r;
    struct buf schema;
    int n = 0;

    repeated(&schema, "{'hooks':{'before':{'*':[", "'http://h/#'", 32, "]}}}");
    start(&r, schema.p);
    while (read_action(&r, "x", &h) == 0) {
        n++;
    }
    assert_int_equal(n, 100000 / 32);
    assert_bytes(r.fault.path, "actions.x");
    end(&r);
    buf_fini(&schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hooks_run_from_the_outside_in_and_back),
        cmocka_unit_test(a_star_among_alternatives_is_a_pattern),
        cmocka_unit_test(of_a_key_that_stands_twice_the_last_counts),
        cmocka_unit_test(steps_may_be_urls_objects_and_references),
        cmocka_unit_test(a_fallback_may_be_any_value),
        cmocka_unit_test(there_are_limits),
        cmocka_unit_test(patterns_that_take_too_much_are_refused),
        cmocka_unit_test(all_hooks_of_a_service_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
