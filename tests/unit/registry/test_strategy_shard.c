/* SPDX-License-Identifier: MIT */
/* Shard against recorded choices of the original, and its own rules (docs/protocol.md, Choosing an
 * endpoint). */
#include "registry/shard_cache.h"
#include "registry/shard_ring.h"
#include "support/vectors.h"
#include "unit/registry/fixture.h"

enum { CASES = 60, KEYS = 300 };

/* --- the original --- */

/* A service of its own name for each, so that a node may be there twice. */
static void add_recorded(struct fixture *f, struct bytes node_ids, struct arena *arena)
{
    struct json_iter it = json_iter(node_ids);
    struct bytes id;

    while (json_next_item(&it, &id)) {
        struct bytes text = arena_copy(arena, json_string(id, arena)); /* with a NUL */
        struct registry_node *known = registry_find_node(f->registry, text);

        (void)fixture_info(f, text.p, known ? 2 : 1,
                           known ? "[{\"name\":\"s\",\"actions\":{\"a\":{}}},"
                                   "{\"name\":\"t\",\"actions\":{\"a\":{}}}]"
                                 : "[{\"name\":\"s\",\"actions\":{\"a\":{}}}]");
    }
}

static void check_recorded(struct vectors *v)
{
    struct buf options;
    struct fixture *f;
    struct json_iter contexts = json_iter(json_get(v->row, BYTES("contexts")));
    struct json_iter chosen = json_iter(json_get(v->row, BYTES("chosen")));
    struct bytes context, want;

    buf_init(&options, BUF_NO_LIMIT);
    buf_add(&options, json_get(v->row, BYTES("options")));
    buf_add_char(&options, '\0');
    f = fixture_balanced("Shard", NULL);
    /* As they are: the fixture would change their quotes. */
    buf_add_format(&f->options,
                   "[{\"name\":\"s\",\"actions\":{\"a\":{\"strategy\":\"Shard\","
                   "\"strategyOptions\":%s}}}]",
                   options.p);
    buf_add_char(&f->options, '\0');
    (void)fixture_info(f, "first", 1, f->options.p);
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "first")));
    add_recorded(f, json_get(v->row, BYTES("nodes")), &v->arena);
    while (json_next_item(&contexts, &context) && json_next_item(&chosen, &want)) {
        struct strategy_input input = {json_get(context, BYTES("params")),
                                       json_get(context, BYTES("meta"))};

        for (unsigned i = 0; i < 3 && !json_is_null_or_none(want); i++) {
            struct endpoint *e = registry_choose(f->registry, fixture_action(f, "a"), &input);

            if (!json_string_eq(want, e->node_id->bytes)) {
                print_error("line %u: %.*s\n", v->line, BYTES_ARG(context));
            }
            assert_true(json_string_eq(want, e->node_id->bytes));
        }
    }
    buf_fini(&options);
    fixture_balanced_free(f);
}

static void choices_are_the_recorded_ones(void **state)
{
    struct vectors v;
    unsigned n = 0;

    vectors_open(&v, "shard-golden.jsonl");
    while (vectors_next(&v)) {
        check_recorded(&v);
        n++;
    }
    assert_int_equal(n, CASES);
    vectors_close(&v);
}

static void texts_sort_as_javascript_sorts(void **state)
{
    static const char *const sorted[] = {
        "",
        "0",
        "Z",
        "a",
        "ab",
        "z",
        "\xc3\xa9",
        "\xed\x9f\xbf",
        "\xf0\x9f\x98\x80",
        "\xf4\x8f\xbf\xbf",
        "\xee\x80\x80",
        "\xef\xbd\x9e",
    };
    enum { N = sizeof(sorted) / sizeof(sorted[0]) };

    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            int order = shard_ring_compare(bytes_cstr(sorted[i]), bytes_cstr(sorted[j]));

            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

/* --- own rules --- */

static void add_nodes(struct fixture *f, unsigned n)
{
    char id[8];

    for (unsigned i = 1; i <= n; i++) {
        (void)snprintf(id, sizeof(id), "n%u", i);
        (void)fixture_info(f, id, 1, "[{\"name\":\"s\",\"actions\":{\"s.a\":{}}}]");
    }
}

static char choose(struct fixture *f, unsigned key)
{
    char params[32];
    struct strategy_input input;

    (void)snprintf(params, sizeof(params), "{\"id\":%u}", key);
    input = (struct strategy_input){bytes_cstr(params), BYTES("{}")};
    return registry_choose(f->registry, fixture_action(f, "s.a"), &input)->node_id->bytes.p[1];
}

static void without_key_chance_decides(void **state)
{
    static const char *const options[] = {NULL, "{'shardKey':'no'}", "{'shardKey':'#id'}",
                                          "{'shardKey':5}", "{'shardKey':'id','ringSize':-1}"};

    for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        struct fixture *f = fixture_balanced("Shard", options[i]);
        bool seen[3] = {false};

        add_nodes(f, 3);
        for (unsigned round = 0; round < 200; round++) {
            seen[choose(f, 1) - '1'] = true;
        }
        assert_true(seen[0] && seen[1] && seen[2]);
        fixture_balanced_free(f);
    }
}

static void open_breakers_send_only_their_own_keys_away(void **state)
{
    struct fixture *f = fixture_balanced("Shard", "{'shardKey':'id'}");
    char before[KEYS];
    unsigned moved[4] = {0};

    add_nodes(f, 4);
    for (unsigned key = 0; key < KEYS; key++) {
        before[key] = choose(f, key);
    }
    endpoint_set_available(fixture_action(f, "s.a")->items[1], false);
    for (unsigned key = 0; key < KEYS; key++) {
        char now = choose(f, key);

        assert_int_not_equal(now, '2');
        assert_true(before[key] == '2' || now == before[key]);
        moved[now - '1'] += before[key] == '2';
    }
    assert_true(moved[2] > 0);
    endpoint_set_available(fixture_action(f, "s.a")->items[1], true);
    for (unsigned key = 0; key < KEYS; key++) {
        assert_int_equal(choose(f, key), before[key]);
    }
    fixture_balanced_free(f);
}

/* A node that goes and comes back finds its keys again, wherever it stands in the list. */
static void the_ring_follows_the_nodes(void **state)
{
    struct fixture *f = fixture_balanced("Shard", "{'shardKey':'id'}");
    char before[KEYS];

    add_nodes(f, 4);
    for (unsigned key = 0; key < KEYS; key++) {
        before[key] = choose(f, key);
    }
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "n1")));
    for (unsigned key = 0; key < KEYS; key++) {
        assert_int_not_equal(choose(f, key), '1');
    }
    add_nodes(f, 1);
    assert_bytes(fixture_nodes_of(f, "s.a"), "n2,n3,n4,n1");
    for (unsigned key = 0; key < KEYS; key++) {
        assert_int_equal(choose(f, key), before[key]);
    }
    fixture_balanced_free(f);
}

/* What was built and remembered before must not show. */
static void a_grown_list_is_as_a_new_one(void **state)
{
    struct fixture *f = fixture_balanced("Shard", "{'shardKey':'id'}");
    unsigned n_of_last = 0;

    for (unsigned n = 2; n <= 6; n++) {
        struct fixture *fresh = fixture_balanced("Shard", "{'shardKey':'id'}");

        add_nodes(f, n);
        add_nodes(fresh, n);
        for (unsigned key = 0; key < KEYS; key++) {
            char chosen = choose(f, key);

            assert_int_equal(chosen, choose(fresh, key));
            n_of_last += chosen == '6';
        }
        fixture_balanced_free(fresh);
    }
    assert_true(n_of_last > 0);
    fixture_balanced_free(f);
}

static void whole_and_nested_names_are_found(void **state)
{
    struct fixture *f = fixture_balanced("Shard", "{'shardKey':'#user.id'}");
    struct strategy_input nested = {BYTES("{}"), BYTES("{\"user\":{\"id\":\"x\"}}")};
    struct strategy_input whole = {BYTES("{}"), BYTES("{\"user.id\":\"x\",\"user\":1}")};
    struct endpoint *e;

    add_nodes(f, 9);
    e = registry_choose(f->registry, fixture_action(f, "s.a"), &nested);
    for (unsigned i = 0; i < 20; i++) {
        assert_ptr_equal(registry_choose(f->registry, fixture_action(f, "s.a"), &nested), e);
        assert_ptr_equal(registry_choose(f->registry, fixture_action(f, "s.a"), &whole), e);
    }
    fixture_balanced_free(f);
}

/* --- limits --- */

static void a_huge_ring_needs_no_room(void **state)
{
    struct shard_ring ring;

    shard_ring_init(&ring, 10000, 1e300, 0);
    assert_true(ring.n_entries == (uint64_t)10000 * SHARD_RING_VNODES_MAX);
    assert_true(shard_ring_find(&ring, BYTES("key")) < 10000);
}

static void the_cache_keeps_the_last_ones(void **state)
{
    struct shard_cache c;
    unsigned place = 0;

    shard_cache_init(&c, 2);
    shard_cache_put(&c, BYTES("a"), 1);
    shard_cache_put(&c, BYTES("b"), 2);
    assert_true(shard_cache_get(&c, BYTES("a"), &place));
    assert_int_equal(place, 1);
    shard_cache_put(&c, BYTES("c"), 3);
    assert_false(shard_cache_get(&c, BYTES("b"), &place));
    assert_true(shard_cache_get(&c, BYTES("a"), &place));
    assert_true(shard_cache_get(&c, BYTES("c"), &place));
    shard_cache_clear(&c);
    assert_false(shard_cache_get(&c, BYTES("a"), &place));
    shard_cache_put(&c, BYTES("a"), 4);
    assert_true(shard_cache_get(&c, BYTES("a"), &place));
    assert_int_equal(place, 4);
    shard_cache_clear(&c);
}

static void the_cache_has_limits(void **state)
{
    char long_key[SHARD_CACHE_KEY_BYTES + 1] = {'k'};
    struct shard_cache c;
    unsigned place;

    shard_cache_init(&c, 1e300);
    shard_cache_put(&c, bytes_of(long_key, sizeof(long_key)), 1);
    assert_int_equal(c.entries.count, 0);
    for (unsigned i = 0; i < SHARD_CACHE_MAX + 100; i++) {
        char key[16];

        (void)snprintf(key, sizeof(key), "%u", i);
        shard_cache_put(&c, bytes_cstr(key), i);
    }
    assert_int_equal(c.entries.count, SHARD_CACHE_MAX);
    shard_cache_clear(&c);
    shard_cache_init(&c, 0);
    shard_cache_put(&c, BYTES("a"), 1);
    assert_false(shard_cache_get(&c, BYTES("a"), &place));
    shard_cache_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_are_the_recorded_ones),
        cmocka_unit_test(texts_sort_as_javascript_sorts),
        cmocka_unit_test(without_key_chance_decides),
        cmocka_unit_test(open_breakers_send_only_their_own_keys_away),
        cmocka_unit_test(the_ring_follows_the_nodes),
        cmocka_unit_test(a_grown_list_is_as_a_new_one),
        cmocka_unit_test(whole_and_nested_names_are_found),
        cmocka_unit_test(a_huge_ring_needs_no_room),
        cmocka_unit_test(the_cache_keeps_the_last_ones),
        cmocka_unit_test(the_cache_has_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
