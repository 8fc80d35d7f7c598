/* SPDX-License-Identifier: MIT */
/* The option "cache" of actions: what it means, when it applies, what is refused. */
#include "cacher/cacher_rule.h"

#include "support/check.h"

static bool is_on(const char *cache)
{
    struct cacher_rule rule;
    struct arena arena;

    arena_init(&arena);
    cacher_rule_read(&rule, bytes_cstr(cache), &arena);
    arena_fini(&arena);
    return rule.is_on;
}

static void true_and_objects_switch_it_on(void **state)
{
    assert_true(is_on("true"));
    assert_true(is_on("{}"));
    assert_true(is_on("{\"enabled\":true}"));
    assert_true(is_on("{\"enabled\":{\"param\":\"a\"}}"));
    assert_false(is_on("{\"enabled\":false}"));
    assert_false(is_on("false"));
    assert_false(is_on("null"));
    assert_false(is_on(NULL));
}

static void members_are_read(void **state)
{
    struct cacher_rule rule;
    struct arena arena;

    arena_init(&arena);
    cacher_rule_read(
        &rule,
        BYTES("{\"ttl\":1.5,\"keys\":[\"a\",\"#b\"],\"lock\":{\"ttl\":9,\"staleTime\":2.5}}"),
        &arena);
    assert_true(rule.has_ttl && rule.ttl_s == 1.5);
    assert_true(rule.has_keys && rule.is_locking);
    assert_true(rule.stale_s == 2.5);
    assert_int_equal(rule.n_keys, 2);
    assert_bytes(rule.keys[1], "#b");
    cacher_rule_read(
        &rule, BYTES("{\"ttl\":null,\"keys\":[],\"lock\":{\"enabled\":false,\"staleTime\":2.5}}"),
        &arena);
    assert_false(rule.has_ttl || rule.is_locking || rule.stale_s > 0);
    assert_true(rule.has_keys && rule.n_keys == 0);
    arena_fini(&arena);
}

static bool applies(const char *cache, const char *params)
{
    struct cacher_key_call call = {
        .action = BYTES("x"),
        .params = bytes_cstr(params),
        .meta = BYTES("{\"user\":{\"id\":5}}"),
        .headers = BYTES("{\"tenant\":\"t\"}"),
    };
    struct cacher_rule rule;
    struct arena arena;
    bool result;

    arena_init(&arena);
    cacher_rule_read(&rule, bytes_cstr(cache), &arena);
    result = cacher_rule_applies(&rule, &call);
    arena_fini(&arena);
    return result;
}

static void conditions_decide(void **state)
{
    assert_true(applies("{}", "{}"));
    assert_true(applies("{\"enabled\":{\"param\":\"a.b\"}}", "{\"a\":{\"b\":1}}"));
    assert_false(applies("{\"enabled\":{\"param\":\"a.b\"}}", "{\"a\":{\"b\":0}}"));
    assert_false(applies("{\"enabled\":{\"param\":\"a\"}}", "{}"));
    assert_true(applies("{\"enabled\":{\"param\":\"a\",\"equals\":1}}", "{\"a\":1.0}"));
    assert_false(applies("{\"enabled\":{\"param\":\"a\",\"equals\":1}}", "{\"a\":\"1\"}"));
    assert_true(applies("{\"enabled\":{\"param\":\"a\",\"equals\":null}}", "{\"a\":null}"));
    assert_false(applies("{\"enabled\":{\"param\":\"a\",\"equals\":null}}", "{}"));
    assert_true(applies("{\"enabled\":{\"param\":\"a\",\"equals\":[1]}}", "{\"a\":[1]}"));
    assert_false(applies("{\"enabled\":{\"param\":\"a\",\"equals\":[1]}}", "{\"a\":[2]}"));
    assert_true(applies("{\"enabled\":{\"param\":\"#user.id\",\"equals\":5}}", "{}"));
    assert_true(applies("{\"enabled\":{\"param\":\"@tenant\",\"equals\":\"t\"}}", "{}"));
    assert_false(applies("{\"enabled\":{\"param\":\"@tenant\",\"equals\":\"u\"}}", "{}"));
}

static void what_cannot_be_done_is_refused(void **state)
{
    static const char *const fine[] = {
        "true",
        "false",
        "null",
        "{}",
        "{\"keys\":[\"a\"],\"ttl\":null,\"lock\":true}",
        "{\"enabled\":{\"param\":\"a\",\"equals\":1},\"keygen\":null,\"lock\":{}}"};
    static const char *const wrong[] = {"1",
                                        "\"yes\"",
                                        "[]",
                                        "{\"enabled\":\"f\"}",
                                        "{\"enabled\":{}}",
                                        "{\"ttl\":\"5\"}",
                                        "{\"keys\":\"a\"}",
                                        "{\"keys\":[1]}",
                                        "{\"lock\":1}",
                                        "{\"keygen\":\"f\"}",
                                        "{\"ttl\":-1}",
                                        "{\"lock\":{\"enabled\":1}}",
                                        "{\"lock\":{\"ttl\":\"5\"}}"};
    static const char *const members[] = {
        "",     "",     "",       "enabled", "enabled",      "ttl",     "keys",
        "keys", "lock", "keygen", "ttl",     "lock.enabled", "lock.ttl"};

    const char *member;

    assert_null(cacher_rule_fault(BYTES_NONE, &member));
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        assert_null(cacher_rule_fault(bytes_cstr(fine[i]), &member));
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_non_null(cacher_rule_fault(bytes_cstr(wrong[i]), &member));
        assert_string_equal(member, members[i]);
    }
}

static void what_cleans_is_a_pattern_or_more(void **state)
{
    assert_null(cacher_rule_clean_fault(BYTES_NONE));
    assert_null(cacher_rule_clean_fault(BYTES("true")));
    assert_null(cacher_rule_clean_fault(BYTES("\"a.**\"")));
    assert_null(cacher_rule_clean_fault(BYTES("[\"a\",\"b\"]")));
    assert_non_null(cacher_rule_clean_fault(BYTES("5")));
    assert_non_null(cacher_rule_clean_fault(BYTES("{}")));
    assert_non_null(cacher_rule_clean_fault(BYTES("[5]")));
}

/* A list of n patterns of length bytes. */
static const char *fault_of_many(int n, int length)
{
    const char *fault;
    struct buf list;

    buf_init(&list, BUF_NO_LIMIT);
    for (int i = 0; i < n; i++) {
        buf_add_format(&list, "%s\"%0*d\"", i ? "," : "[", length, i);
    }
    buf_add_char(&list, ']');
    fault = cacher_rule_clean_fault(buf_bytes(&list));
    buf_fini(&list);
    return fault;
}

static void what_cleans_has_limits(void **state)
{
    char pattern[300];

    assert_null(fault_of_many(100, 255));
    assert_non_null(fault_of_many(101, 1));
    assert_non_null(fault_of_many(2, 256));
    (void)snprintf(pattern, sizeof(pattern), "\"%0255d\"", 1);
    assert_null(cacher_rule_clean_fault(bytes_cstr(pattern)));
    (void)snprintf(pattern, sizeof(pattern), "\"%0256d\"", 1);
    assert_non_null(cacher_rule_clean_fault(bytes_cstr(pattern)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(true_and_objects_switch_it_on),
        cmocka_unit_test(members_are_read),
        cmocka_unit_test(conditions_decide),
        cmocka_unit_test(what_cannot_be_done_is_refused),
        cmocka_unit_test(what_cleans_is_a_pattern_or_more),
        cmocka_unit_test(what_cleans_has_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
