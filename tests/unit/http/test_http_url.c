/* SPDX-License-Identifier: MIT */
/* URLs: what is read of them, what is refused, where references lead. */
#include "http/http_url.h"

#include "base/buf.h"
#include "support/check.h"

static struct bytes describe(const char *text, struct arena *arena)
{
    struct http_url url;

    if (http_url_parse(bytes_cstr(text), arena, &url) != 0) {
        return BYTES("invalid");
    }
    return arena_format(arena, "%s host=%.*s port=%u header=%.*s target=%.*s%s%.*s",
                        url.is_unix  ? "unix"
                        : url.is_tls ? "https"
                                     : "http",
                        BYTES_ARG(url.host), url.port, BYTES_ARG(url.host_header),
                        BYTES_ARG(url.target), bytes_is_set(url.authorization) ? " " : "",
                        BYTES_ARG(url.authorization));
}

struct url_case {
    const char *text, *want;
};

static void check_all(const struct url_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct arena arena;

        arena_init(&arena);
        assert_bytes_eq(describe(cases[i].text, &arena), bytes_cstr(cases[i].want));
        arena_fini(&arena);
    }
}

#define CHECK_ALL(cases) check_all(cases, sizeof(cases) / sizeof((cases)[0]))

static void urls_are_read(void **state)
{
    static const struct url_case cases[] = {
        {"http://a", "http host=a port=80 header=a target=/"},
        {"http://a/", "http host=a port=80 header=a target=/"},
        {"HTTP://EXAMPLE.com/Path",
         "http host=example.com port=80 header=example.com target=/Path"},
        {"http://a:80/", "http host=a port=80 header=a target=/"},
        {"http://a:/", "http host=a port=80 header=a target=/"},
        {"http://a:8080/b", "http host=a port=8080 header=a:8080 target=/b"},
        {"https://a/", "https host=a port=443 header=a target=/"},
        {"https://a:80/", "https host=a port=80 header=a:80 target=/"},
        {"http://127.0.0.1:5103/x",
         "http host=127.0.0.1 port=5103 header=127.0.0.1:5103 target=/x"},
        {"http://[::1]/", "http host=::1 port=80 header=[::1] target=/"},
        {"http://[2001:DB8::1]:81/",
         "http host=2001:db8::1 port=81 header=[2001:db8::1]:81 target=/"},
        {"http://a?q", "http host=a port=80 header=a target=/?q"},
        {"http://a/b?x=1&y=%20", "http host=a port=80 header=a target=/b?x=1&y=%20"},
        {"http://a/b#frag", "http host=a port=80 header=a target=/b"},
        {"http://a#frag?x", "http host=a port=80 header=a target=/"},
        {"http://a/b?c#d#e", "http host=a port=80 header=a target=/b?c"},
        {"http://a/m/\xc3\xa9?\xe2\x82\xac",
         "http host=a port=80 header=a target=/m/%C3%A9?%E2%82%AC"},
        {"http://a/b c\"<>", "http host=a port=80 header=a target=/b%20c%22%3C%3E"},
        {"http://a/%2F%zz", "http host=a port=80 header=a target=/%2F%zz"},
        {"http://u:p@a/", "http host=a port=80 header=a target=/ Basic dTpw"},
        {"http://u@a/", "http host=a port=80 header=a target=/ Basic dTo="},
        {"http://u:p%40%3A@a/", "http host=a port=80 header=a target=/ Basic dTpwQDo="},
        {"http://u:a@b@c/", "http host=c port=80 header=c target=/ Basic dTphQGI="},
        {"unix:/run/app.sock", "unix host=/run/app.sock port=0 header=localhost target=/"},
        {"unix:/run/app.sock:/x?y#z",
         "unix host=/run/app.sock port=0 header=localhost target=/x?y"},
        {"UNIX:/run/app.sock:/", "unix host=/run/app.sock port=0 header=localhost target=/"},
        {"http://under_score.a-b.c./", "http host=under_score.a-b.c. port=80 "
                                       "header=under_score.a-b.c. target=/"},
    };

    CHECK_ALL(cases);
}

static void others_are_refused(void **state)
{
    static const struct url_case cases[] = {
        {"", "invalid"},
        {"a", "invalid"},
        {"/a/b", "invalid"},
        {"//a/b", "invalid"},
        {"http:", "invalid"},
        {"http:/a", "invalid"},
        {"http://", "invalid"},
        {"http:///a", "invalid"},
        {"http://?a", "invalid"},
        {"http://:80/", "invalid"},
        {"http://@/", "invalid"},
        {"http://u@/", "invalid"},
        {"http://a:65536/", "invalid"},
        {"http://a:-1/", "invalid"},
        {"http://a:+1/", "invalid"},
        {"http://a:1x/", "invalid"},
        {"http://a b/", "invalid"},
        {"http://a\\b/", "invalid"},
        {"http://a%20b/", "invalid"},
        {"http://\xc3\xa9/", "invalid"},
        {"http://[::1/", "invalid"},
        {"http://[::1]a/", "invalid"},
        {"http://[]/", "invalid"},
        {"http://[a]/", "invalid"},
        {"http://[1.2.3.4]/", "invalid"},
        {"http://[::1%25lo]/", "invalid"},
        {"http://a/\r\nX: y", "invalid"},
        {"http://a/\tb", "invalid"},
        {"http://a/\x7f", "invalid"},
        {"http://a\n/", "invalid"},
        {"http://u:%zz@a/", "invalid"},
        {"http://u:%0@a/", "invalid"},
        {" http://a/", "invalid"},
        {"ftp://a/", "invalid"},
        {"file:///a", "invalid"},
        {"data:,x", "invalid"},
        {"javascript:x", "invalid"},
        {"ws://a/", "invalid"},
        {"unix:", "invalid"},
        {"unix:a", "invalid"},
        {"unix::/a", "invalid"},
        {"unix:/", "invalid"},
    };

    CHECK_ALL(cases);
}

/* RFC 3986, 5.4, for http. */
static void references_are_resolved(void **state)
{
    static const struct url_case cases[] = {
        {"g", "http://a:1/b/c/g"},
        {"./g", "http://a:1/b/c/g"},
        {"g/", "http://a:1/b/c/g/"},
        {"/g", "http://a:1/g"},
        {"//g", "http://g"},
        {"?y", "http://a:1/b/c/d;p?y"},
        {"g?y", "http://a:1/b/c/g?y"},
        {"", "http://a:1/b/c/d;p"},
        {".", "http://a:1/b/c/"},
        {"./", "http://a:1/b/c/"},
        {"..", "http://a:1/b/"},
        {"../", "http://a:1/b/"},
        {"../g", "http://a:1/b/g"},
        {"../..", "http://a:1/"},
        {"../../g", "http://a:1/g"},
        {"../../../g", "http://a:1/g"},
        {"../../../../g", "http://a:1/g"},
        {"/./g", "http://a:1/g"},
        {"/../g", "http://a:1/g"},
        {"g.", "http://a:1/b/c/g."},
        {"..g", "http://a:1/b/c/..g"},
        {"./../g", "http://a:1/b/g"},
        {"./g/.", "http://a:1/b/c/g/"},
        {"g/./h", "http://a:1/b/c/g/h"},
        {"g/../h", "http://a:1/b/c/h"},
        {"g?y/../x", "http://a:1/b/c/g?y/../x"},
        {"https://b/c", "https://b/c"},
        {"ftp://b/c", "ftp://b/c"},
        {"a/b:c", "http://a:1/b/c/a/b:c"},
        {"g\r\nX: y", "invalid"},
    };
    struct arena arena;
    struct http_url base;

    arena_init(&arena);
    assert_int_equal(http_url_parse(BYTES("http://u:p@a:1/b/c/d;p?q"), &arena, &base), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bytes got = BYTES("invalid");

        (void)(http_url_resolve(&base, bytes_cstr(cases[i].text), &arena, &got) == 0);
        assert_bytes_eq(got, bytes_cstr(cases[i].want));
    }
    arena_fini(&arena);
}

static void origins_tell_servers_apart(void **state)
{
    static const char *const urls[] = {
        "http://a/", "http://a:81/", "https://a/",    "http://b/",
        "unix:/a:/", "unix:/b:/",    "http://[::1]/",
    };
    enum { N = sizeof(urls) / sizeof(urls[0]) };
    struct http_url all[N], again;
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(http_url_parse(bytes_cstr(urls[i]), &arena, &all[i]), 0);
        for (size_t j = 0; j < i; j++) {
            assert_false(bytes_eq(all[i].origin, all[j].origin));
        }
    }
    assert_int_equal(http_url_parse(BYTES("HTTP://u@A:80/other?x"), &arena, &again), 0);
    assert_true(bytes_eq(again.origin, all[0].origin));
    arena_fini(&arena);
}

static void segments_are_decoded(void **state)
{
    struct arena arena;
    struct bytes out;

    arena_init(&arena);
    assert_true(http_url_decode(BYTES("plain"), false, &arena, &out));
    assert_bytes(out, "plain");
    assert_true(http_url_decode(BYTES("a%2Fb%20+%c3%A9"), false, &arena, &out));
    assert_bytes(out, "a/b +\xc3\xa9");
    assert_true(http_url_decode(BYTES("a+b%2B"), true, &arena, &out));
    assert_bytes(out, "a b+");
    assert_true(http_url_decode(BYTES("%00"), false, &arena, &out));
    assert_int_equal(out.n, 1);
    assert_true(http_url_decode(BYTES(""), false, &arena, &out));
    assert_int_equal(out.n, 0);
    assert_false(http_url_decode(BYTES("%"), false, &arena, &out));
    assert_false(http_url_decode(BYTES("%4"), false, &arena, &out));
    assert_false(http_url_decode(BYTES("%4g"), false, &arena, &out));
    assert_false(http_url_decode(BYTES("%+1"), false, &arena, &out));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_read),           cmocka_unit_test(others_are_refused),
        cmocka_unit_test(references_are_resolved), cmocka_unit_test(origins_tell_servers_apart),
        cmocka_unit_test(segments_are_decoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
