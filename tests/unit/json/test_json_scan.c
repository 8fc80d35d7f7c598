/* SPDX-License-Identifier: MIT */
/* The scanner: what is accepted, what is refused and where, limits, one-pass fields. */
#include "json/json.h"

#include <stdlib.h>

#include "base/mem.h"
#include "support/check.h"
#include "json/json_internal.h"

struct sample {
    struct bytes text;
    int err;
    size_t position;
};

#define OK(literal)                                                                                \
    {                                                                                              \
        BYTES_INIT(literal), 0, 0                                                                  \
    }
#define BAD(literal, position)                                                                     \
    {                                                                                              \
        BYTES_INIT(literal), ERR_SYNTAX, position                                                  \
    }

static void check_samples(const struct sample *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct json_fault fault = {0};
        struct bytes out = BYTES_NONE;
        /* Exactly as long as the text, so that ASan sees a read behind it. */
        char *exact = mem_realloc(NULL, samples[i].text.n);
        int err;

        memcpy(exact, samples[i].text.p, samples[i].text.n);
        err = json_scan(bytes_of(exact, samples[i].text.n), 0, &out, &fault);
        if (err != samples[i].err || (err && fault.position != samples[i].position)) {
            print_error("%.*s: %s at %zu\n", BYTES_ARG(samples[i].text), err_text(err),
                        fault.position);
            fail();
        }
        if (err == 0) {
            assert_bytes_eq(out, bytes_trim(bytes_of(exact, samples[i].text.n)));
        } else {
            assert_non_null(fault.text);
            assert_none(out);
        }
        mem_free(exact);
    }
}

static void test_accepted(void **state)
{
    static const struct sample samples[] = {
        OK("null"),
        OK("true"),
        OK("false"),
        OK("0"),
        OK("-0"),
        OK("1.0"),
        OK("123.45"),
        OK("0.1"),
        OK("1e400"),
        OK("1E-7"),
        OK("-1.5e+3"),
        OK("12345678901234567890"),
        OK("123456789012345678901234567890"),
        OK("9007199254740993"),
        OK("\"\""),
        OK("\"a\""),
        OK("\"\\u0000x\""),
        OK("\"\\ud800\""),
        OK("\"\\udc00\\ud800\""),
        OK("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uABCD\""),
        OK("\"\x7f\""),
        OK("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""),
        OK("\"0123456789abcdef0123456789abcdef\""),
        OK("[]"),
        OK("{}"),
        OK(" [ ] "),
        OK("\t{\n}\r\n"),
        OK("[1,2,3]"),
        OK("[ 1 , [ 2 , { } ] , \"x\" ]"),
        OK("{\"a\":1,\"a\":2}"),
        OK("{ \"a\" : { \"b\" : [ null , true ] } , \"\" : -1 }"),
        OK("[[[[]]],{\"a\":[{}]}]"),
    };

    (void)state;
    check_samples(samples, sizeof(samples) / sizeof(samples[0]));
}

/* size: one table */
static void test_refused(void **state)
{
    static const struct sample samples[] = {
        BAD("", 0),
        BAD("  ", 2),
        BAD("01", 1),
        BAD("-", 1),
        BAD("-a", 1),
        BAD("+1", 0),
        BAD("1.", 2),
        BAD(".5", 0),
        BAD("1.e5", 2),
        BAD("1e", 2),
        BAD("1e+", 3),
        BAD("0x10", 1),
        BAD("NaN", 0),
        BAD("Infinity", 0),
        BAD("-Infinity", 1),
        BAD("undefined", 0),
        BAD("nul", 3),
        BAD("nulL", 3),
        BAD("truefalse", 4),
        BAD("True", 0),
        BAD("'a'", 0),
        BAD("\"a", 2),
        BAD("\"a\\", 3),
        BAD("\"a\\\"", 4),
        BAD("\"a\tb\"", 2),
        BAD("\"a\nb\"", 2),
        BAD("\"a\0b\"", 2),
        BAD("\"\\x\"", 2),
        BAD("\"\\\0\"", 2),
        BAD("\"\\u12\"", 5),
        BAD("\"\\u12", 5),
        BAD("\"\\u123g\"", 6),
        BAD("\"\\U0041\"", 2),
        BAD("[1,]", 3),
        BAD("[,1]", 1),
        BAD("[1 2]", 3),
        BAD("[1", 2),
        BAD("[", 1),
        BAD("]", 0),
        BAD("[1}", 2),
        BAD("[1]]", 3),
        BAD("{", 1),
        BAD("}", 0),
        BAD("{\"a\"}", 4),
        BAD("{\"a\":}", 5),
        BAD("{\"a\":1,}", 7),
        BAD("{\"a\":1]", 6),
        BAD("{\"a\" 1}", 5),
        BAD("{a:1}", 1),
        BAD("{1:1}", 1),
        BAD("{\"a\":1 \"b\":2}", 7),
        BAD("{\"a\":1,,\"b\":2}", 7),
        BAD("1 // comment", 2),
        BAD("/**/1", 0),
        BAD("1 2", 2),
        BAD("\xef\xbb\xbf{}", 0),
        BAD("\xc2\xa0 1", 0),
        BAD("1\v", 1),
        BAD("1\f", 1),
        BAD("1\0", 1),
    };

    (void)state;
    check_samples(samples, sizeof(samples) / sizeof(samples[0]));
}

#define UTF8(literal, position)                                                                    \
    {                                                                                              \
        BYTES_INIT(literal), ERR_UTF8, position                                                    \
    }

static void test_invalid_utf8(void **state)
{
    static const struct sample samples[] = {
        UTF8("\"a\x80\"", 2),        /* a tail alone */
        UTF8("\"\xc3\"", 1),         /* a head alone */
        UTF8("\"\xc0\xaf\"", 1),     /* overlong */
        UTF8("\"\xe0\x80\x80\"", 1), /* overlong */
        UTF8("\"\xed\xa0\x80\"", 1), /* a surrogate */
        UTF8("\"\xf4\x90\x80\x80\"", 1),
        UTF8("\"\xf0\x8f\xbf\xbf\"", 1),
        UTF8("\"\xff\"", 1),
        UTF8("\"\xe2\x82", 1), /* cut */
        UTF8("{\"\xf0\x9f\x98\":1}", 2),
        UTF8("\"\xc3\xa9\xc3\"", 3),
    };

    (void)state;
    check_samples(samples, sizeof(samples) / sizeof(samples[0]));
}

static char *nested(size_t depth, char open, char close)
{
    char *text = mem_alloc(depth * 2 + 1);

    memset(text, open, depth);
    memset(text + depth, close, depth);
    return text;
}

static void test_depth(void **state)
{
    char *deep = nested(10000, '[', ']');
    char *at_limit = nested(JSON_DEPTH_DEFAULT, '[', ']');
    char *over = nested(JSON_DEPTH_DEFAULT + 1, '[', ']');
    char *maximum = nested(JSON_DEPTH_MAX, '[', ']');
    struct json_fault fault;
    struct bytes out;

    (void)state;
    assert_int_equal(json_scan(bytes_cstr(deep), 0, &out, &fault), ERR_DEPTH);
    assert_int_equal(fault.position, JSON_DEPTH_DEFAULT);
    assert_int_equal(json_scan(bytes_cstr(deep), 1000000, &out, &fault), ERR_DEPTH);
    assert_int_equal(fault.position, JSON_DEPTH_MAX);
    assert_int_equal(json_scan(bytes_cstr(at_limit), 0, &out, &fault), 0);
    assert_int_equal(json_scan(bytes_cstr(over), 0, &out, &fault), ERR_DEPTH);
    assert_int_equal(json_scan(bytes_cstr(maximum), JSON_DEPTH_MAX, &out, &fault), 0);
    assert_int_equal(json_scan(BYTES("[[1]]"), 1, &out, &fault), ERR_DEPTH);
    assert_int_equal(json_scan(BYTES("[{}]"), 1, &out, NULL), ERR_DEPTH);
    assert_int_equal(json_scan(BYTES("[1]"), 1, &out, &fault), 0);
    mem_free(deep);
    mem_free(at_limit);
    mem_free(over);
    mem_free(maximum);
}

/* Objects and arrays mixed across the 64-bit words of the kind stack. */
static void test_kinds_are_kept_apart(void **state)
{
    struct buf text;
    struct bytes out;

    (void)state;
    buf_init(&text, BUF_NO_LIMIT);
    for (int i = 0; i < 200; i++) {
        buf_add(&text, i % 3 ? BYTES("[1,") : BYTES("{\"a\":"));
    }
    buf_add(&text, BYTES("0"));
    for (int i = 199; i >= 0; i--) {
        buf_add(&text, i % 3 ? BYTES(",[]]") : BYTES(",\"b\":{}}"));
    }
    assert_int_equal(json_scan(buf_bytes(&text), 0, &out, NULL), 0);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == ']') {
            text.p[i] = '}';
            assert_int_equal(json_scan(buf_bytes(&text), 0, &out, NULL), ERR_SYNTAX);
            text.p[i] = ']';
        }
    }
    buf_fini(&text);
}

static void test_every_cut_is_refused(void **state)
{
    static const char text[] = "{\"a\":[1.5e3,\"x\\u00e9\xc3\xa9\",null,true],\"b\":{\"c\":false}}";
    struct json_field fields[] = {{BYTES("a"), BYTES_NONE}, {BYTES("b"), BYTES_NONE}};

    (void)state;
    for (size_t n = 0; n < sizeof(text) - 1; n++) {
        char *exact = mem_realloc(NULL, n);
        struct bytes out;
        int err;

        memcpy(exact, text, n);
        err = json_scan(bytes_of(exact, n), 0, &out, NULL);
        assert_true(err == ERR_SYNTAX || err == ERR_UTF8);
        assert_int_equal(json_scan_fields(bytes_of(exact, n), fields, 2, &out, NULL), err);
        assert_none(fields[0].value);
        mem_free(exact);
    }
}

static void test_fields(void **state)
{
    struct json_field fields[] = {
        {BYTES("id"), BYTES_NONE}, {BYTES("p\xc3\xa9"), BYTES_NONE}, {BYTES("no"), BYTES_NONE}};
    struct bytes out;

    (void)state;
    assert_int_equal(
        json_scan_fields(
            BYTES(" { \"id\" : 5 , \"x\":[1,{\"id\":6}] ,\"p\\u00e9\" : {\"q\":[]}\n} "), fields, 3,
            &out, NULL),
        0);
    assert_bytes(fields[0].value, "5");
    assert_bytes(fields[1].value, "{\"q\":[]}");
    assert_none(fields[2].value);
    assert_bytes(out, "{ \"id\" : 5 , \"x\":[1,{\"id\":6}] ,\"p\\u00e9\" : {\"q\":[]}\n}");

    assert_int_equal(json_scan_fields(BYTES("{\"id\":1,\"id\":[2]}"), fields, 3, &out, NULL), 0);
    assert_bytes(fields[0].value, "[2]");
    assert_none(fields[1].value);

    assert_int_equal(json_scan_fields(BYTES("[\"id\",1]"), fields, 3, &out, NULL), 0);
    assert_none(fields[0].value);
    assert_int_equal(json_type(out), JSON_ARRAY);
    assert_int_equal(json_scan_fields(BYTES("{}"), fields, 3, &out, NULL), 0);
    assert_bytes(out, "{}");
    assert_int_equal(json_scan_fields(BYTES("{\"id\":1}}"), fields, 3, &out, NULL), ERR_SYNTAX);
    assert_none(fields[0].value);
}

/* --- a validator as plain as the grammar, to compare with --- */
struct reader {
    const unsigned char *p, *end;
    bool bad_utf8;
};

static bool take(struct reader *r, char c)
{
    if (r->p < r->end && *r->p == (unsigned char)c) {
        r->p++;
        return true;
    }
    return false;
}

static void blanks(struct reader *r)
{
    while (take(r, ' ') || take(r, '\t') || take(r, '\n') || take(r, '\r')) {
    }
}

static bool digits(struct reader *r)
{
    const unsigned char *from = r->p;

    while (r->p < r->end && strchr("0123456789", *r->p) && *r->p) {
        r->p++;
    }
    return r->p > from;
}

static bool number(struct reader *r)
{
    (void)take(r, '-');
    if (!take(r, '0') && !digits(r)) {
        return false;
    }
    if (take(r, '.') && !digits(r)) {
        return false;
    }
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+')) {
            (void)take(r, '-');
        }
        return digits(r);
    }
    return true;
}

static bool wide_char(struct reader *r)
{
    /* Decode, then encode the plain way and compare: overlong forms differ. */
    unsigned char lead = *r->p;
    size_t n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    uint32_t c = lead & (n == 4 ? 7U : n == 3 ? 15U : 31U);

    if (lead < 0xc0 || lead > 0xf7 || (size_t)(r->end - r->p) < n) {
        return false;
    }
    for (size_t i = 1; i < n; i++) {
        if (r->p[i] >> 6 != 2) {
            return false;
        }
        c = c << 6 | (r->p[i] & 63U);
    }
    r->p += n;
    return c >= (n == 2 ? 0x80U : n == 3 ? 0x800U : 0x10000U) && c <= 0x10ffff && c >> 11 != 27;
}

static bool string(struct reader *r)
{
    if (!take(r, '"')) {
        return false;
    }
    while (r->p < r->end && *r->p >= 0x20) {
        if (take(r, '"')) {
            return true;
        }
        if (take(r, '\\')) {
            if (r->p == r->end || !*r->p || !strchr("\"\\/bfnrtu", *r->p)) {
                return false;
            }
            if (*r->p++ == 'u') {
                for (int i = 0; i < 4; i++, r->p++) {
                    if (r->p == r->end || !*r->p || !strchr("0123456789abcdefABCDEF", *r->p)) {
                        return false;
                    }
                }
            }
        } else if (*r->p >= 0x80) {
            if (!wide_char(r)) {
                r->bad_utf8 = true;
                return false;
            }
        } else {
            r->p++;
        }
    }
    return false;
}

static bool word(struct reader *r, const char *text)
{
    while (*text) {
        if (!take(r, *text++)) {
            return false;
        }
    }
    return true;
}

static bool value(struct reader *r);

static bool members(struct reader *r, char close, bool keys)
{
    blanks(r);
    if (take(r, close)) {
        return true;
    }
    do {
        blanks(r);
        if (keys) {
            if (!string(r)) {
                return false;
            }
            blanks(r);
            if (!take(r, ':')) {
                return false;
            }
        }
        if (!value(r)) {
            return false;
        }
    } while (take(r, ','));
    return take(r, close);
}

static bool value(struct reader *r)
{
    bool good;

    blanks(r);
    if (r->p == r->end) {
        return false;
    }
    switch (*r->p) {
    case '{':
        r->p++;
        good = members(r, '}', true);
        break;
    case '[':
        r->p++;
        good = members(r, ']', false);
        break;
    case '"':
        good = string(r);
        break;
    case 't':
        good = word(r, "true");
        break;
    case 'f':
        good = word(r, "false");
        break;
    case 'n':
        good = word(r, "null");
        break;
    default:
        good = number(r);
    }
    blanks(r);
    return good;
}

static void compare(struct bytes text)
{
    struct reader r = {(const unsigned char *)text.p, (const unsigned char *)text.p + text.n,
                       false};
    struct json_field field = {BYTES("a"), BYTES_NONE};
    bool good = value(&r) && r.p == r.end;
    int want = good ? 0 : r.bad_utf8 ? ERR_UTF8 : ERR_SYNTAX;
    struct bytes out;
    int got = json_scan(text, 0, &out, NULL);

    if (got != want || json_scan_fields(text, &field, 1, &out, NULL) != want) {
        print_error("%.*s: got %s, want %s\n", BYTES_ARG(text), err_text(got), err_text(want));
        fail();
    }
    if (got == 0) {
        assert_int_equal(json_value_length(out), out.n);
        if (json_is_object(out)) {
            assert_bytes_eq(json_get(out, BYTES("a")), field.value);
        }
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void test_against_reference(void **state)
{
    static const char *const seeds[] = {
        "{\"a\":[1,-2.5e3,\"x\\u00e9\\n\",null,true],\"b\":{\"c\":false,\"a\":{}}}",
        "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 plain text longer than sixteen bytes\",0,[],{}]",
        " { \"a\" : [ ] , \"a\" : \"\\\"\\\\\" } ",
    };
    static const char alphabet[] = "{}[]\",:\\ntfu0123-+.eE \t\x80\xc3\xa9\xed\xf0\x9f";
    uint64_t seed = 88172645463325252ULL;

    (void)state;
    for (int round = 0; round < 300000; round++) {
        char text[128];
        size_t n = strlen(seeds[round % 3]);
        int changes = (int)(next_random(&seed) % 4);

        memcpy(text, seeds[round % 3], n);
        for (; changes >= 0 && n > 1; changes--) {
            size_t at = next_random(&seed) % n;
            uint64_t how = next_random(&seed) % 4;

            if (how == 0) {
                memmove(text + at, text + at + 1, --n - at);
            } else if (how == 1) {
                text[at] = (char)next_random(&seed);
            } else {
                text[at] = alphabet[next_random(&seed) % (sizeof(alphabet) - 1)];
            }
        }
        compare(bytes_of(text, n));
    }
}

static void test_plain_runs_agree(void **state)
{
#if defined(__SSE2__)
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        for (size_t n = 0; n <= 40; n++) {
            for (size_t at = 0; at < n; at++) {
                unsigned char text[40];

                memset(text, 'x', sizeof(text));
                text[at] = (unsigned char)c;
                assert_ptr_equal(json_plain_sse2(text, text + n),
                                 json_plain_scalar(text, text + n));
            }
        }
    }
#else
    (void)state;
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_invalid_utf8),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_kinds_are_kept_apart),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_against_reference),
        cmocka_unit_test(test_plain_runs_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
