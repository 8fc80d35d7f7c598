/* SPDX-License-Identifier: MIT */
/* Both memory cachers on the virtual clock: ends, order of leaving, limits, cleaning, counts. */
#include "cacher/cacher.h"

#include "cacher/cacher_store.h"
#include "support/check.h"

static struct {
    struct loop *loop;
    struct cacher_options options;
    struct cacher *cacher;
} t;

static void begin(struct bytes type)
{
    t.loop = loop_new_virtual(1700000000000);
    t.options.type = type;
    if (!t.options.limit_bytes) {
        t.options.limit_bytes = 1 << 20;
    }
    t.cacher = cacher_new(t.loop, &t.options);
}

static void end(void)
{
    cacher_free(t.cacher);
    loop_free(t.loop);
    t.options = (struct cacher_options){0};
}

static void set(const char *key, const char *value, double ttl_s)
{
    cacher_set(t.cacher, bytes_cstr(key), bytes_cstr(value), ttl_s >= 0 ? &ttl_s : NULL);
}

static bool has(const char *key)
{
    struct shared *value = cacher_get(t.cacher, bytes_cstr(key));
    bool found = value != NULL;

    shared_unref(value);
    return found;
}

static void names_are_found(void **state)
{
    assert_ptr_equal(cacher_find(BYTES("memory")), &cacher_memory_ops);
    assert_ptr_equal(cacher_find(BYTES("true")), &cacher_memory_ops);
    assert_ptr_equal(cacher_find(BYTES("MEMORYlru")), &cacher_memory_lru_ops);
    assert_null(cacher_find(BYTES("Redis")));
    assert_null(cacher_find(BYTES("")));
}

static void values_stay_until_replaced_or_removed(void **state)
{
    struct shared *first, *second;

    begin(BYTES("Memory"));
    set("a", "1", -1);
    first = cacher_get(t.cacher, BYTES("a"));
    set("a", "2", -1);
    second = cacher_get(t.cacher, BYTES("a"));
    assert_bytes(first->bytes, "1"); /* who has it keeps it */
    assert_bytes(second->bytes, "2");
    cacher_del(t.cacher, BYTES("a"));
    cacher_del(t.cacher, BYTES("b"));
    assert_false(has("a"));
    shared_unref(first);
    shared_unref(second);
    assert_int_equal(t.cacher->stats.gets, 3);
    assert_int_equal(t.cacher->stats.found, 2);
    assert_int_equal(t.cacher->stats.sets, 2);
    assert_int_equal(t.cacher->stats.dels, 2);
    end();
}

static void entries_end(void **state)
{
    t.options.ttl_s = 2;
    begin(BYTES("Memory"));
    set("option", "1", -1);
    set("own", "1", 0.5);
    set("ever", "1", 0);
    loop_advance(t.loop, 499);
    assert_true(has("own"));
    loop_advance(t.loop, 1);
    assert_false(has("own"));
    loop_advance(t.loop, 1499);
    assert_true(has("option")); /* using it does not renew it */
    loop_advance(t.loop, 1);
    assert_false(has("option"));
    assert_int_equal(t.cacher->stats.expired, 2);
    loop_advance(t.loop, 1000000000);
    assert_true(has("ever"));
    end();
}

static void ended_entries_are_swept_out(void **state)
{
    begin(BYTES("Memory"));
    set("a", "1", 1);
    set("b", "1", 100);
    loop_advance(t.loop, 30001);
    assert_int_equal(t.cacher->stats.expired, 1);
    loop_advance(t.loop, 90000);
    assert_int_equal(t.cacher->stats.expired, 2);
    assert_int_equal(t.cacher->stats.gets, 0);
    end();
}

static void use_renews_with_a_ttl_in_the_lru(void **state)
{
    t.options.ttl_s = 10;
    t.options.max_entries = 10;
    begin(BYTES("MemoryLRU"));
    set("a", "1", 1);
    for (int i = 0; i < 5; i++) {
        loop_advance(t.loop, 900);
        assert_true(has("a"));
    }
    loop_advance(t.loop, 1000);
    assert_false(has("a"));
    end();
    t.options.max_entries = 10;
    begin(BYTES("MemoryLRU"));
    set("a", "1", 1);
    loop_advance(t.loop, 900);
    assert_true(has("a"));
    loop_advance(t.loop, 100);
    assert_false(has("a"));
    end();
}

static void the_least_recently_used_goes(void **state)
{
    t.options.max_entries = 3;
    begin(BYTES("MemoryLRU"));
    set("a", "1", -1);
    set("b", "1", -1);
    set("c", "1", -1);
    assert_true(has("a"));
    set("d", "1", -1);
    assert_true(has("a"));
    assert_false(has("b"));
    assert_true(has("c"));
    assert_true(has("d"));
    assert_int_equal(t.cacher->stats.evicted, 1);
    end();
}

static void memory_has_no_limit_of_entries(void **state)
{
    char key[32];

    t.options.max_entries = 3;
    begin(BYTES("Memory"));
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        set(key, "1", -1);
    }
    assert_true(has("k0"));
    assert_int_equal(t.cacher->stats.evicted, 0);
    end();
}

static void fill(const char *letter, unsigned n, size_t bytes)
{
    char *value = mem_alloc(bytes + 1);
    char key[32];

    memset(value, '1', bytes);
    for (unsigned i = 0; i < n; i++) {
        (void)snprintf(key, sizeof(key), "%s%u", letter, i);
        set(key, value, -1);
    }
    mem_free(value);
}

static void no_cache_grows_past_its_limit(void **state)
{
    static const char *const types[] = {"Memory", "MemoryLRU"};

    for (size_t i = 0; i < 2; i++) {
        t.options.limit_bytes = 100000;
        t.options.max_entries = 100000;
        begin(bytes_cstr(types[i]));
        fill("k", 1000, 1000);
        assert_false(has("k0")); /* the oldest made room */
        assert_true(has("k999"));
        assert_true(has("k950"));
        assert_in_range(1000 - t.cacher->stats.evicted, 70, 100);
        fill("big", 1, 200000);
        assert_false(has("big0")); /* larger than all: not kept, and nothing goes for it */
        assert_true(has("k999"));
        end();
    }
}

static void small_entries_count_with_what_they_take(void **state)
{
    t.options.limit_bytes = 100000;
    begin(BYTES("Memory"));
    fill("k", 10000, 1);
    assert_in_range(10000 - t.cacher->stats.evicted, 100, 500);
    end();
}

static void a_value_that_is_too_large_ends_the_one_before(void **state)
{
    t.options.limit_bytes = 5000;
    begin(BYTES("Memory"));
    fill("k", 1, 100);
    assert_true(has("k0"));
    fill("k", 1, 6000);
    assert_false(has("k0"));
    end();
}

static void patterns_clean(void **state)
{
    static const char *const types[] = {"Memory", "MemoryLRU"};

    for (size_t i = 0; i < 2; i++) {
        t.options.max_entries = 10;
        begin(bytes_cstr(types[i]));
        set("posts.get:1", "1", -1);
        set("posts.find:a|1.5", "1", -1);
        set("users.get:1", "1", -1);
        cacher_clean(t.cacher, BYTES("posts.get*"));
        assert_false(has("posts.get:1"));
        assert_true(has("posts.find:a|1.5"));
        cacher_clean(t.cacher, BYTES("posts.**"));
        assert_false(has("posts.find:a|1.5"));
        cacher_clean(t.cacher, BYTES("(a?"));
        assert_true(has("users.get:1"));
        cacher_clean(t.cacher, BYTES_NONE);
        assert_false(has("users.get:1"));
        assert_int_equal(t.cacher->stats.cleans, 4);
        end();
    }
}

static void several_patterns_clean_at_once(void **state)
{
    begin(BYTES("Memory"));
    set("a.x", "1", -1);
    set("b.x", "1", -1);
    set("c.x", "1", -1);
    set("\"", "1", -1);
    cacher_clean_matching(t.cacher, BYTES("[\"a.*\",5,\"(a?\",\"\\\"\"]"));
    assert_false(has("a.x"));
    assert_false(has("\""));
    assert_true(has("b.x"));
    cacher_clean_matching(t.cacher, BYTES("\"b.**\""));
    assert_false(has("b.x"));
    cacher_clean_matching(t.cacher, BYTES("true")); /* names no key */
    cacher_clean_matching(t.cacher, BYTES("[]"));
    assert_true(has("c.x"));
    assert_int_equal(t.cacher->stats.cleans, 4);
    end();
}

/* Rather too much goes than that cleaning takes for ever, or leaves what is to go. */
static void a_pattern_that_takes_too_much_cleans_the_rest(void **state)
{
    char key[96];

    begin(BYTES("Memory"));
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(key, sizeof(key),
                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%d", i);
        set(key, "1", -1);
    }
    cacher_clean(t.cacher, BYTES("(a+)+(a+)+1(a+)+b?"));
    assert_int_equal(t.cacher->stats.cleans, 1);
    assert_in_range(cacher_usage(t.cacher).entries, 1, 1999);
    end();
}

static void looking_is_no_use(void **state)
{
    static const char *const types[] = {"Memory", "MemoryLRU"};

    for (size_t i = 0; i < 2; i++) {
        uint64_t left_ms = 77;
        struct shared *value;

        t.options.ttl_s = 10;
        t.options.max_entries = 2;
        begin(bytes_cstr(types[i]));
        set("a", "1", -1);
        set("b", "2", 0);
        loop_advance(t.loop, 4000);
        assert_null(cacher_look(t.cacher, BYTES("c"), &left_ms));
        assert_int_equal(left_ms, 77);
        value = cacher_look(t.cacher, BYTES("a"), &left_ms);
        assert_bytes(value->bytes, "1");
        shared_unref(value);
        assert_int_equal(left_ms, 6000); /* and not renewed */
        value = cacher_look(t.cacher, BYTES("b"), &left_ms);
        shared_unref(value);
        assert_int_equal(left_ms, 0);
        loop_advance(t.loop, 6000);
        assert_null(cacher_look(t.cacher, BYTES("a"), &left_ms));
        assert_int_equal(t.cacher->stats.gets, 0);
        assert_int_equal(t.cacher->stats.expired, 1);
        end();
    }
}

static void usage_is_what_is_there(void **state)
{
    size_t one;

    begin(BYTES("MemoryLRU"));
    assert_int_equal(cacher_usage(t.cacher).entries, 0);
    assert_int_equal(cacher_usage(t.cacher).bytes, 0);
    set("a", "12345", -1);
    one = cacher_usage(t.cacher).bytes;
    assert_in_range(one, 6, 500);
    set("b", "1234567", -1);
    assert_int_equal(cacher_usage(t.cacher).entries, 2);
    assert_int_equal(cacher_usage(t.cacher).bytes, 2 * one + 2);
    cacher_del(t.cacher, BYTES("b"));
    assert_int_equal(cacher_usage(t.cacher).entries, 1);
    assert_int_equal(cacher_usage(t.cacher).bytes, one);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(values_stay_until_replaced_or_removed),
        cmocka_unit_test(entries_end),
        cmocka_unit_test(ended_entries_are_swept_out),
        cmocka_unit_test(use_renews_with_a_ttl_in_the_lru),
        cmocka_unit_test(the_least_recently_used_goes),
        cmocka_unit_test(memory_has_no_limit_of_entries),
        cmocka_unit_test(no_cache_grows_past_its_limit),
        cmocka_unit_test(small_entries_count_with_what_they_take),
        cmocka_unit_test(a_value_that_is_too_large_ends_the_one_before),
        cmocka_unit_test(patterns_clean),
        cmocka_unit_test(several_patterns_clean_at_once),
        cmocka_unit_test(a_pattern_that_takes_too_much_cleans_the_rest),
        cmocka_unit_test(looking_is_no_use),
        cmocka_unit_test(usage_is_what_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
