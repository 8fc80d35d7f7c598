/* SPDX-License-Identifier: MIT */
/* Validation against every recorded case of the original, and what it must refuse or bound. */
#include "validation/validation.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "support/lines.h"
#include "value/value.h"

/* As JSON.stringify shows them: infinite numbers are null, undefined members absent. */
static bool is_shown_null(const struct value *v)
{
    return value_is_nullish(v) || (v->type == JSON_NUMBER && isinf(v->number));
}

static bool is_same(const struct value *a, const struct value *b)
{
    if (is_shown_null(a) || is_shown_null(b)) {
        return is_shown_null(a) && is_shown_null(b);
    }
    if (a->type != b->type || a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (a->type == JSON_ARRAY
                ? !is_same(a->items[i], b->items[i])
                : !value_has(b, a->members[i].name) ||
                      !is_same(a->members[i].value, value_get(b, a->members[i].name))) {
            return false;
        }
    }
    return a->boolean == b->boolean &&
           (a->type == JSON_NUMBER ? a->number <= b->number && a->number >= b->number
                                   : bytes_eq(a->text, b->text));
}

enum { OPTIONS, SCHEMA, VALUE, RESULT, AFTER, REFUSED, N_FIELDS };

static void check_run(const struct validation *v, struct json_field *fields, struct bytes line,
                      struct arena *arena)
{
    struct bytes params, errors, out;

    validation_run(v, fields[VALUE].value, arena, &params, &errors);
    errors = bytes_is_set(errors) ? errors : BYTES("true");
    if (!is_same(value_parse(errors, arena), value_parse(fields[RESULT].value, arena))) {
        fail_msg("errors: %.*s\n%.*s", BYTES_ARG(errors), BYTES_ARG(line));
    }
    assert_int_equal(json_scan(errors, 0, &out, NULL), 0);
    if (!is_same(value_parse(params, arena), value_parse(fields[AFTER].value, arena))) {
        fail_msg("params: %.*s\n%.*s", BYTES_ARG(params), BYTES_ARG(line));
    }
}

static void check_case(struct bytes line)
{
    struct json_field fields[N_FIELDS] = {
        {BYTES("options"), BYTES_NONE},    {BYTES("schema"), BYTES_NONE},
        {BYTES("value"), BYTES_NONE},      {BYTES("result"), BYTES_NONE},
        {BYTES("valueAfter"), BYTES_NONE}, {BYTES("compileError"), BYTES_NONE}};
    struct validation *v = NULL;
    struct arena arena;
    struct bytes out;
    struct buf error;
    int err;

    arena_init(&arena);
    buf_init(&error, BUF_NO_LIMIT);
    assert_int_equal(json_scan_fields(line, fields, N_FIELDS, &out, NULL), 0);
    err = validation_compile(fields[SCHEMA].value, fields[OPTIONS].value, &v, &error);
    if (bytes_is_set(fields[REFUSED].value)) {
        assert_int_equal(err, ERR_INVALID);
        assert_bytes_eq(buf_bytes(&error), json_string(fields[REFUSED].value, &arena));
    } else if (err) {
        fail_msg("refused: %.*s\n%.*s", BYTES_ARG(buf_bytes(&error)), BYTES_ARG(line));
    } else {
        check_run(v, fields, line, &arena);
    }
    validation_free(v);
    buf_fini(&error);
    arena_fini(&arena);
}

static void test_golden(void **state)
{
    struct lines lines;
    struct bytes line;

    (void)state;
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
    lines_open(&lines, "validator-golden.jsonl");
    while (lines_next(&lines, &line)) {
        check_case(line);
    }
    assert_int_equal(lines.number, 3597);
    lines_close(&lines);
}

static void test_refused_schemas(void **state)
{
    static const char *const schemas[] = {
        "5",
        "null",
        "\"string\"",
        "{\"a\":5}",
        "{\"a\":[]}",
        "{\"a\":{\"type\":\"string\",\"min\":\"abc\"}}",
        "{\"a\":{\"type\":\"number\",\"max\":{}}}",
        "{\"a\":{\"type\":\"string\",\"pattern\":5}}",
        "{\"a\":{\"type\":\"string\",\"pattern\":\"(\"}}",
        "{\"a\":{\"type\":\"string\",\"pattern\":\"a\",\"patternFlags\":\"x\"}}",
        "{\"a\":{\"type\":\"string\",\"padStart\":1e9}}",
        "{\"a\":{\"type\":\"enum\"}}",
        "{\"a\":{\"type\":\"class\"}}",
        "{\"a\":{\"type\":\"any\",\"custom\":[\"f\"]}}",
        "{\"a\":{\"type\":\"multi\"}}",
        "{\"a\":{\"type\":\"currency\",\"customRegex\":\"x\"}}",
        "{\"a\":{\"type\":\"array\",\"items\":\"nothing\"}}",
        "{\"a\":{\"type\":\"record\",\"key\":\"nothing\"}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        struct validation *v = NULL;
        struct buf error;

        buf_init(&error, BUF_NO_LIMIT);
        if (validation_compile(bytes_cstr(schemas[i]), BYTES_NONE, &v, &error) != ERR_INVALID) {
            fail_msg("%s", schemas[i]);
        }
        assert_null(v);
        assert_true(error.n > 0);
        buf_fini(&error);
    }
}

static void test_refused_options(void **state)
{
    static const char *const options[] = {
        "{\"customRules\":{\"a\":1}}",
        "{\"plugins\":[1]}",
        "{\"aliases\":{\"string\":{\"type\":\"number\"}}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        struct validation *v = NULL;
        struct buf error;

        buf_init(&error, BUF_NO_LIMIT);
        assert_int_equal(
            validation_compile(BYTES("{\"a\":\"any\"}"), bytes_cstr(options[i]), &v, &error),
            ERR_INVALID);
        buf_fini(&error);
    }
}

struct run {
    struct validation *v;
    struct arena arena;
    struct bytes params, errors;
};

static void run(struct run *r, struct bytes schema, struct bytes params)
{
    struct buf error;

    arena_init(&r->arena);
    buf_init(&error, BUF_NO_LIMIT);
    assert_int_equal(validation_compile(schema, BYTES_NONE, &r->v, &error), 0);
    validation_run(r->v, params, &r->arena, &r->params, &r->errors);
    buf_fini(&error);
}

static void run_fini(struct run *r)
{
    validation_free(r->v);
    arena_fini(&r->arena);
}

static void test_unchanged_params_are_the_same_slice(void **state)
{
    struct bytes params = BYTES("{ \"b\" : [1.0, \"x\"], \"a\":\"y\" }");
    struct run r;

    (void)state;
    run(&r, BYTES("{\"a\":\"string|trim\",\"b\":{\"type\":\"array\",\"convert\":true}}"), params);
    assert_none(r.errors);
    assert_ptr_equal(r.params.p, params.p);
    run_fini(&r);
    run(&r, BYTES("{\"a\":\"number|convert\"}"), BYTES("{\"z\":1.50,\"a\":\"5\"}"));
    assert_bytes(r.params, "{\"z\":1.50,\"a\":5}");
    run_fini(&r);
    run(&r, BYTES("{\"a\":\"any\"}"), BYTES("{}"));
    assert_bytes(r.errors, "[{\"type\":\"required\",\"message\":\"The 'a' field is required.\","
                           "\"field\":\"a\"}]");
    run_fini(&r);
}

static void test_object_id(void **state)
{
    struct run r;

    (void)state;
    run(&r, BYTES("{\"a\":\"objectID|convert:hexString\"}"),
        BYTES("{\"a\":\"5F082780B00CC7401FB8E8FC\"}"));
    assert_none(r.errors);
    assert_bytes(r.params, "{\"a\":\"5f082780b00cc7401fb8e8fc\"}");
    run_fini(&r);
    run(&r, BYTES("{\"a\":\"objectID\"}"), BYTES("{\"a\":\"5F082780B00CC7401FB8E8FG\"}"));
    assert_true(bytes_is_set(r.errors));
    run_fini(&r);
}

/* What random schemas and values showed of the original (tests/differential), ' for ". */
static const struct {
    const char *schema, *value, *errors, *after;
} oddities[] = {
    {"{'a':{'type':'record','value':{'type':'equal','field':'b'}}}", "{'a':{'b':'x'}}", "", NULL},
    {"{'a':{'type':'array','contains':1e400}}", "{'a':[]}",
     "[{'type':'arrayContains','message':'The 'a' field must contain the '' item.','field':'a',"
     "'expected':null,'actual':[]}]",
     NULL},
    {"{'a':{'type':'equal','value':-1e400}}", "{'a':-1e400}",
     "[{'type':'equalValue','message':'The 'a' field value must be equal to ''.','field':'a',"
     "'expected':null,'actual':-1e400}]",
     NULL},
    {"{'a':{'type':'enum','values':[1e400]}}", "{'a':1e400}",
     "[{'type':'enumValue','message':'The 'a' field value 'Infinity' does not match any of the "
     "allowed values.','field':'a','expected':'Infinity','actual':1e400}]",
     NULL},
    {"{'a':{'type':'any','default':{'x':[1e400]}}}", "{}", "", "{'a':{'x':[null]}}"},
    {"{'a':'string|length'}", "{'a':'x'}",
     "[{'type':'stringLength','message':'The 'a' field length must be true characters long.',"
     "'field':'a','expected':true,'actual':1}]",
     NULL},
    {"{'a':'array|max'}", "{'a':[1,2]}",
     "[{'type':'arrayMax','message':'The 'a' field must contain less than or equal to true "
     "items.','field':'a','expected':true,'actual':2}]",
     NULL},
    {"{'a':'number|notEqual'}", "{'a':1}", "", NULL},
    {"{'a':'number|equal'}", "{'a':1}",
     "[{'type':'numberEqual','message':'The 'a' field must be equal to true.','field':'a',"
     "'expected':true,'actual':1}]",
     NULL},
    {"{'a':'object|minProps'}", "{'a':{}}",
     "[{'type':'objectMinProps','message':'The object 'a' must contain at least true "
     "properties.','field':'a','expected':true,'actual':0}]",
     NULL},
    {"{'a':'equal|field:10'}", "{'a':1}",
     "[{'type':'equalField','message':'The 'a' field value must be equal to '10' field value.',"
     "'field':'a','expected':10,'actual':1}]",
     NULL},
    {"{'a':'uuid|version:4.5'}", "{'a':'10ba038e-48da-487b-96e8-8d3b99b6d18a'}",
     "[{'type':'uuidVersion','message':'The 'a' field must be a valid UUID version provided.',"
     "'field':'a','expected':4.5,'actual':4}]",
     NULL},
    {"{'a':'string|uppercase|localeLowercase'}", "{'a':'aB'}", "", "{'a':'ab'}"},
    {"{'a':'objectID[]'}", "{'a':['x']}",
     "[{'type':'objectID','message':'The 'a[0]' field must be an valid ObjectID',"
     "'field':'a[0]','actual':'x'}]",
     "{'a':[null]}"},
};

/* In messages the ' stays. */
static struct bytes in_quotes(const char *text, char *out)
{
    size_t n = strlen(text);
    bool in_message = false;

    for (size_t i = 0; i < n; i++) {
        in_message |= i >= 10 && strncmp(text + i - 10, "'message':", 10) == 0;
        out[i] = text[i];
        if (text[i] == '\'' && (!in_message || strncmp(text + i, "','", 3) == 0 ||
                                strncmp(text + i - 1, ":'", 2) == 0)) {
            in_message &= strncmp(text + i, "','", 3) != 0;
            out[i] = '"';
        }
    }
    return bytes_of(out, n);
}

static void test_oddities(void **state)
{
    char schema[256], value[256], expected[512];

    (void)state;
    for (size_t i = 0; i < sizeof(oddities) / sizeof(oddities[0]); i++) {
        const char *after = oddities[i].after ? oddities[i].after : oddities[i].value;
        struct run r;

        run(&r, in_quotes(oddities[i].schema, schema), in_quotes(oddities[i].value, value));
        assert_bytes_eq(r.errors.n ? r.errors : BYTES(""), in_quotes(oddities[i].errors, expected));
        assert_bytes_eq(r.params, in_quotes(after, expected));
        run_fini(&r);
    }
}

static void test_aliases_keep_empty_names(void **state)
{
    struct validation *v = NULL;
    struct bytes params, errors;
    struct arena arena;
    struct buf error;

    (void)state;
    arena_init(&arena);
    buf_init(&error, BUF_NO_LIMIT);
    assert_int_equal(
        validation_compile(BYTES("{\"a\":{\"type\":\"x\",\"default\":{\"\":1}}}"),
                           BYTES("{\"aliases\":{\"x\":{\"type\":\"any\",\"default\":{\"b\":2}}}}"),
                           &v, &error),
        0);
    validation_run(v, BYTES("{}"), &arena, &params, &errors);
    assert_bytes(params, "{\"a\":{\"\":1,\"b\":2}}");
    validation_free(v);
    buf_fini(&error);
    arena_fini(&arena);
}

static void test_root_label_is_not_of_an_alias(void **state)
{
    struct validation *v = NULL;
    struct bytes params, errors;
    struct arena arena;
    struct buf error;

    (void)state;
    arena_init(&arena);
    buf_init(&error, BUF_NO_LIMIT);
    assert_int_equal(
        validation_compile(BYTES("{\"$$root\":true,\"type\":\"x\"}"),
                           BYTES("{\"aliases\":{\"x\":{\"type\":\"array\",\"label\":\"L\"}}}"), &v,
                           &error),
        0);
    validation_run(v, BYTES("{}"), &arena, &params, &errors);
    assert_bytes(errors, "[{\"type\":\"array\",\"message\":\"The '' field must be an array.\","
                         "\"actual\":{}}]");
    validation_free(v);
    buf_fini(&error);
    arena_fini(&arena);
}

static void test_errors_are_bounded(void **state)
{
    struct run r;
    struct buf params;

    (void)state;
    buf_init(&params, BUF_NO_LIMIT);
    for (int i = 0; i < 100000; i++) {
        buf_add(&params, i ? BYTES(",1") : BYTES("{\"a\":[1"));
    }
    buf_add(&params, BYTES("]}"));
    run(&r, BYTES("{\"a\":[\"number[]\",\"string[]\"]}"), buf_bytes(&params));
    assert_none(r.errors);
    run_fini(&r);
    run(&r, BYTES("{\"a\":[\"string[]\",\"boolean[]\"]}"), buf_bytes(&params));
    assert_int_equal(json_count(r.errors), VALIDATION_ERRORS_MAX);
    run_fini(&r);
    buf_fini(&params);
}

static void test_deep_shorthand(void **state)
{
    struct validation *v = NULL;
    struct buf schema, error;

    (void)state;
    buf_init(&schema, BUF_NO_LIMIT);
    buf_init(&error, BUF_NO_LIMIT);
    buf_add(&schema, BYTES("{\"a\":\"any"));
    for (int i = 0; i < 100000; i++) {
        buf_add(&schema, BYTES("[]"));
    }
    buf_add(&schema, BYTES("\"}"));
    assert_int_equal(validation_compile(buf_bytes(&schema), BYTES_NONE, &v, &error), ERR_INVALID);
    assert_bytes(buf_bytes(&error), "Schema is nested too deeply.");
    buf_fini(&schema);
    buf_fini(&error);
}

/* Refused when they are registered, each with its reason. */
static void expect_refusal(struct buf *schema, const char *reason)
{
    struct validation *v = NULL;
    struct buf error;

    buf_init(&error, BUF_NO_LIMIT);
    assert_int_equal(validation_compile(buf_bytes(schema), BYTES_NONE, &v, &error), ERR_INVALID);
    assert_bytes_eq(bytes_of(error.p, strlen(reason)), bytes_cstr(reason));
    assert_true(error.n < 1000);
    buf_fini(&error);
    buf_fini(schema);
}

static void repeat(struct buf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_add(out, bytes_cstr(text));
    }
}

static void test_huge_rules_are_refused(void **state)
{
    struct buf schema;

    (void)state;
    buf_init(&schema, BUF_NO_LIMIT);
    buf_add(&schema, BYTES("{\"a\":{\"type\":\"string\",\"pattern\":\""));
    repeat(&schema, "a", 1 << 19);
    buf_add(&schema, BYTES("\"}}"));
    expect_refusal(&schema, "Invalid regular expression: /aaa");

    buf_init(&schema, BUF_NO_LIMIT);
    buf_add(&schema, BYTES("{\"a\":{\"type\":\"enum\",\"values\":[1"));
    repeat(&schema, ",1", VALIDATION_LIST_MAX);
    buf_add(&schema, BYTES("]}}"));
    expect_refusal(&schema, "The 'values' field has more than 10000 values.");

    buf_init(&schema, BUF_NO_LIMIT);
    buf_add(&schema, BYTES("{\"a\":\""));
    repeat(&schema, "x", VALIDATION_SCHEMA_BYTES_MAX);
    buf_add(&schema, BYTES("\"}"));
    expect_refusal(&schema, "Schema is larger than 1048576 bytes.");

    buf_init(&schema, BUF_NO_LIMIT);
    for (int i = 0; i <= VALIDATION_RULES_MAX; i++) {
        buf_add_format(&schema, "%s\"p%d\":\"any\"", i ? "," : "{", i);
    }
    buf_add_char(&schema, '}');
    expect_refusal(&schema, "Schema has more than 10000 rules.");

    buf_init(&schema, BUF_NO_LIMIT);
    buf_add(&schema, BYTES("{\"a\":"));
    repeat(&schema, "{\"type\":\"record\",\"value\":", 2000);
    buf_add(&schema, BYTES("\"any\""));
    repeat(&schema, "}", 2001);
    expect_refusal(&schema, "Schema is nested too deeply.");
}

/* {"p0":{"type":"string","pattern":"(?:abcd){1000}..."},...}: each pattern another one, or not. */
static void write_patterns(struct buf *schema, bool differ)
{
    buf_init(schema, BUF_NO_LIMIT);
    for (int i = 0; i < 9900; i++) {
        buf_add_format(schema, "%c\"p%d\":{\"type\":\"string\",\"pattern\":\"(?:abcd){1000}%d\"}",
                       i ? ',' : '{', i, differ ? i : 0);
    }
    buf_add_char(schema, '}');
}

/* Some hundred kilobytes that would be compiled to hundreds of megabytes. */
static void test_patterns_cannot_explode(void **state)
{
    struct buf schema;
    struct run r;

    (void)state;
    write_patterns(&schema, true);
    expect_refusal(&schema, "The patterns of the schema take more than 16777216 bytes of memory.");
    write_patterns(&schema, false);
    run(&r, buf_bytes(&schema), BYTES("{}"));
    assert_int_equal(json_count(r.errors), VALIDATION_ERRORS_MAX);
    run_fini(&r);
    buf_fini(&schema);
}

/* Each alias has the next one twice: 2^30 rules out of 30 lines. */
static void test_aliases_cannot_explode(void **state)
{
    struct validation *v = NULL;
    struct buf options, error;

    (void)state;
    buf_init(&options, BUF_NO_LIMIT);
    buf_init(&error, BUF_NO_LIMIT);
    for (int i = 0; i < 30; i++) {
        buf_add_format(&options, "%s\"a%d\":{\"type\":\"tuple\",\"items\":[\"a%d\",\"a%d\"]}",
                       i ? "," : "{\"aliases\":{", i, i + 1, i + 1);
    }
    buf_add(&options, BYTES(",\"a30\":{\"type\":\"any\"}}}"));
    assert_int_equal(validation_compile(BYTES("{\"a\":\"a0\"}"), buf_bytes(&options), &v, &error),
                     ERR_INVALID);
    assert_bytes(buf_bytes(&error), "Schema has more than 10000 rules.");
    buf_fini(&options);
    buf_fini(&error);
}

/* Hundreds of kilobytes of defaults are worked into each of some thousand rules. */
static void test_defaults_cannot_explode(void **state)
{
    struct validation *v = NULL;
    struct buf options, schema, error;

    (void)state;
    buf_init(&options, BUF_NO_LIMIT);
    buf_init(&schema, BUF_NO_LIMIT);
    buf_init(&error, BUF_NO_LIMIT);
    buf_add(&options, BYTES("{\"defaults\":{\"any\":{\"default\":[1"));
    repeat(&options, ",1", 20000);
    buf_add(&options, BYTES("]}}}"));
    for (int i = 0; i < 5000; i++) {
        buf_add_format(&schema, "%c\"p%d\":\"any\"", i ? ',' : '{', i);
    }
    buf_add_char(&schema, '}');
    assert_int_equal(validation_compile(buf_bytes(&schema), buf_bytes(&options), &v, &error),
                     ERR_INVALID);
    assert_bytes(buf_bytes(&error), "Schema takes more than 268435456 bytes of memory.");
    buf_fini(&options);
    buf_fini(&schema);
    buf_fini(&error);
}

static const char limit_error[] =
    "[{\"type\":\"limit\",\"message\":\"The parameters take too much work to check.\"}]";

/* {"a":[item,item,...]} */
static void run_list(struct run *r, const char *schema, const char *item, size_t n)
{
    struct buf params;

    buf_init(&params, BUF_NO_LIMIT);
    buf_add(&params, BYTES("{\"a\":["));
    for (size_t i = 0; i < n; i++) {
        buf_add(&params, i > 0 ? BYTES(",") : BYTES_NONE);
        buf_add(&params, bytes_cstr(item));
    }
    buf_add(&params, BYTES("]}"));
    run(r, bytes_cstr(schema), buf_bytes(&params));
    if (bytes_is_set(r->errors) && bytes_eq(r->errors, bytes_cstr(limit_error))) {
        assert_ptr_equal(r->params.p, params.p);
        r->params = BYTES_NONE; /* ends with params */
    } else {
        r->params = BYTES("{}");
    }
    buf_fini(&params);
}

/* The schema is before, middle times so much, and after; items are as in run_list. */
static const struct {
    const char *before, *middle;
    size_t times;
    const char *after, *item;
    size_t n_items;
} heavy[] = {
    /* a megabyte of padding for each */
    {"{\"a\":\"array\",\"a\":{\"type\":\"array\",\"items\":\"string|padStart:100000", "0", 1,
     "\"}}", "\"\"", 1000},
    {"{\"a\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"pattern\":\"^(a", "+", 1,
     ")+$\"}}}", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"", 2000},
    /* a large default for each */
    {"{\"a\":{\"type\":\"array\",\"items\":{\"$$type\":\"object\",\"x\":{\"type\":\"any\","
     "\"default\":[0",
     ",0", 100000, "]}}}}", "{}", 1000},
    {"{\"a\":{\"type\":\"array\",\"items\":[\"url\"", ",\"string\"", 1000, "]}}", "1", 10000},
    {"{\"a\":{\"type\":\"array\",\"enum\":[1", ",1", VALIDATION_LIST_MAX - 1, "]}}", "2", 100000},
};

static void test_runs_are_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(heavy) / sizeof(heavy[0]); i++) {
        struct buf schema;
        struct run r;

        buf_init(&schema, BUF_NO_LIMIT);
        buf_add(&schema, bytes_cstr(heavy[i].before));
        repeat(&schema, heavy[i].middle, heavy[i].times);
        buf_add(&schema, bytes_of(heavy[i].after, strlen(heavy[i].after) + 1));
        run_list(&r, schema.p, heavy[i].item, heavy[i].n_items);
        assert_bytes_eq(r.errors, bytes_cstr(limit_error));
        assert_none(r.params);
        run_fini(&r);
        buf_fini(&schema);
    }
}

/* Whether they match cannot be told: nothing is said of the pattern, though another branch stands.
 */
static void test_patterns_that_give_up(void **state)
{
    const char *item = "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"";
    struct run r;

    (void)state;
    run_list(&r,
             "{\"a\":{\"type\":\"array\",\"items\":[{\"type\":\"string\",\"pattern\":\"^(a+)+$\"},"
             "\"string\"]}}",
             item, 1);
    assert_bytes_eq(r.errors, bytes_cstr(limit_error));
    run_fini(&r);
}

/* What is large but plain passes. */
static void test_large_params_pass(void **state)
{
    struct run r;

    (void)state;
    run_list(
        &r,
        "{\"a\":{\"type\":\"array\",\"items\":{\"$$type\":\"object|strict\",\"id\":"
        "\"number|convert|min:1\",\"mail\":\"email|normalize\",\"s\":[\"string\",\"number\"]}}}",
        "{\"id\":\"12345\",\"mail\":\"Somebody.Or.Other@Example.Com\",\"s\":1}", 20000);
    assert_none(r.errors);
    run_fini(&r);
}

static void test_errors_have_a_size(void **state)
{
    struct run r;

    (void)state;
    run_list(
        &r,
        "{\"a\":{\"type\":\"array\",\"items\":{\"type\":\"number\",\"messages\":{\"number\":"
        "\"{actual}{actual}{actual}{actual}\"}}}}",
        "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
        "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
        "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
        "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]",
        1000);
    assert_in_range(r.errors.n, VALIDATION_ERRORS_BYTES_MAX, VALIDATION_ERRORS_BYTES_MAX + 4096);
    assert_in_range(json_count(r.errors), 100, 999);
    run_fini(&r);
}

static void test_unique_with_undefined(void **state)
{
    struct run r;

    (void)state;
    run(&r,
        BYTES("{\"a\":[{\"type\":\"array\",\"items\":\"forbidden|remove\",\"min\":9},"
              "\"array|unique\"]}"),
        BYTES("{\"a\":[1,2,3,\"x\",[],{}]}"));
    assert_true(bytes_is_set(r.errors));
    assert_bytes(r.params, "{\"a\":[null,null,null,null,null,null]}");
    run_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_refused_schemas),
        cmocka_unit_test(test_refused_options),
        cmocka_unit_test(test_unchanged_params_are_the_same_slice),
        cmocka_unit_test(test_object_id),
        cmocka_unit_test(test_oddities),
        cmocka_unit_test(test_aliases_keep_empty_names),
        cmocka_unit_test(test_root_label_is_not_of_an_alias),
        cmocka_unit_test(test_errors_are_bounded),
        cmocka_unit_test(test_deep_shorthand),
        cmocka_unit_test(test_huge_rules_are_refused),
        cmocka_unit_test(test_patterns_cannot_explode),
        cmocka_unit_test(test_aliases_cannot_explode),
        cmocka_unit_test(test_defaults_cannot_explode),
        cmocka_unit_test(test_runs_are_bounded),
        cmocka_unit_test(test_patterns_that_give_up),
        cmocka_unit_test(test_large_params_pass),
        cmocka_unit_test(test_errors_have_a_size),
        cmocka_unit_test(test_unique_with_undefined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
