/* SPDX-License-Identifier: MIT */
/* The choice of an endpoint, rule by rule (docs/protocol.md, Choosing an endpoint). */
#include "unit/registry/fixture.h"

#include "registry/strategy.h"

#define SERVICE "{\"name\":\"s\",\"actions\":{\"s.a\":{},\"$s.i\":{}}}"

static void add_nodes(struct fixture *f, unsigned n)
{
    char id[8];

    for (unsigned i = 1; i <= n; i++) {
        (void)snprintf(id, sizeof(id), "n%u", i);
        (void)fixture_info(f, id, 1, "[" SERVICE "]");
    }
}

static struct bytes choose(struct fixture *f, const char *action)
{
    return fixture_chosen(registry_choose(f->registry, fixture_action(f, action), NULL));
}

static void set_available(struct fixture *f, const char *action, unsigned i, bool is_available)
{
    endpoint_set_available(fixture_action(f, action)->items[i], is_available);
}

static void test_round_robin(void **state)
{
    struct fixture *f = *state;

    add_nodes(f, 3);
    for (unsigned round = 0; round < 2; round++) {
        assert_bytes(choose(f, "s.a"), "n1");
        assert_bytes(choose(f, "s.a"), "n2");
        assert_bytes(choose(f, "s.a"), "n3");
    }
    /* Each action counts for itself. */
    assert_bytes(choose(f, "s.a"), "n1");
    assert_bytes(choose(f, "$s.i"), "n1");
}

static void test_round_robin_counts_what_is_available(void **state)
{
    struct fixture *f = *state;

    add_nodes(f, 3);
    assert_bytes(choose(f, "s.a"), "n1");
    set_available(f, "s.a", 1, false);
    assert_bytes(choose(f, "s.a"), "n3"); /* the counter stands at 1, the row is n1, n3 */
    assert_bytes(choose(f, "s.a"), "n1");
    set_available(f, "s.a", 2, false);
    assert_bytes(choose(f, "s.a"), "n1");
    set_available(f, "s.a", 0, false);
    assert_bytes(choose(f, "s.a"), "none");
    assert_false(endpoint_list_has_available(fixture_action(f, "s.a")));
    set_available(f, "s.a", 1, true);
    set_available(f, "s.a", 1, true);
    assert_bytes(choose(f, "s.a"), "n2");
    assert_true(endpoint_list_has_available(fixture_action(f, "s.a")));
}

static void test_only_one(void **state)
{
    struct fixture *f = *state;

    add_nodes(f, 1);
    assert_bytes(choose(f, "s.a"), "n1");
    assert_null(fixture_action(f, "s.a")->strategy); /* not consulted */
    set_available(f, "s.a", 0, false);
    assert_bytes(choose(f, "s.a"), "none");
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "n1")));
    assert_bytes(choose(f, "s.a"), "none");
    assert_null(fixture_action(f, "never.seen"));
}

static void test_local_is_preferred(void **state)
{
    struct fixture *f = *state;

    add_nodes(f, 2);
    (void)fixture_add(f, SERVICE);
    for (unsigned i = 0; i < 3; i++) {
        assert_bytes(choose(f, "s.a"), "me");
    }
    set_available(f, "s.a", 2, false);
    assert_bytes(choose(f, "s.a"), "n1");
    assert_bytes(choose(f, "s.a"), "n2");
    assert_null(registry_choose_local(f->registry, fixture_action(f, "s.a"), NULL));
    set_available(f, "s.a", 2, true);
    assert_bytes(choose(f, "s.a"), "me");
}

static void test_local_is_not_preferred(void **state)
{
    struct fixture *f = *state;

    (void)fixture_add(f, SERVICE);
    add_nodes(f, 2);
    assert_bytes(choose(f, "s.a"), "me");
    assert_bytes(choose(f, "s.a"), "n1");
    assert_bytes(choose(f, "s.a"), "n2");
    assert_bytes(choose(f, "s.a"), "me");
}

static void test_internal_stays_here(void **state)
{
    struct fixture *f = *state;

    add_nodes(f, 2);
    assert_bytes(choose(f, "$s.i"), "n1"); /* no local one */
    (void)fixture_add(f, SERVICE);
    for (unsigned i = 0; i < 3; i++) {
        assert_bytes(choose(f, "$s.i"), "me");
    }
    set_available(f, "$s.i", 2, false);
    assert_bytes(choose(f, "$s.i"), "none");
}

static void test_several_local_ones(void **state)
{
    struct fixture *f = *state;
    struct endpoint_list *list;

    (void)fixture_add(f, "{\"name\":\"s\",\"actions\":{\"a\":{}}}");
    (void)fixture_add(f, "{\"name\":\"t\",\"actions\":{\"a\":{}}}");
    (void)fixture_info(f, "n1", 1, "[{\"name\":\"u\",\"actions\":{\"a\":{}}}]");
    list = fixture_action(f, "a");
    assert_int_equal(list->n_local, 2);
    assert_bytes(registry_choose(f->registry, list, NULL)->service_name, "s");
    assert_bytes(registry_choose(f->registry, list, NULL)->service_name, "t");
    assert_bytes(registry_choose_local(f->registry, list, NULL)->service_name, "s");
    set_available(f, "a", 0, false);
    assert_bytes(registry_choose(f->registry, list, NULL)->service_name, "t");
    assert_true(registry_remove_local_service(f->registry, BYTES("t")));
    assert_int_equal(list->n_local, 1);
    assert_bytes(registry_choose(f->registry, list, NULL)->service_name, "u");
}

static void test_given_node(void **state)
{
    struct fixture *f = *state;
    struct endpoint_list *list;

    add_nodes(f, 3);
    (void)fixture_add(f, SERVICE);
    (void)fixture_info(f, "other", 1, "[]");
    list = fixture_action(f, "s.a");
    assert_bytes(fixture_chosen(registry_choose_node(f->registry, list, BYTES("n2"))), "n2");
    assert_bytes(fixture_chosen(registry_choose_node(f->registry, list, BYTES("me"))), "me");
    assert_null(registry_choose_node(f->registry, list, BYTES("other")));
    assert_null(registry_choose_node(f->registry, list, BYTES("nobody")));
    set_available(f, "s.a", 1, false);
    assert_null(registry_choose_node(f->registry, list, BYTES("n2")));
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "n3")));
    assert_null(registry_choose_node(f->registry, list, BYTES("n3")));
}

static void test_open_breaker_leaves_with_its_endpoint(void **state)
{
    struct fixture *f = *state;

    add_nodes(f, 3);
    set_available(f, "s.a", 1, false);
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "n2")));
    assert_int_equal(fixture_action(f, "s.a")->n_unavailable, 0);
    assert_bytes(choose(f, "s.a"), "n1");
    assert_bytes(choose(f, "s.a"), "n3");
    assert_int_equal(fixture_info(f, "n2", 1, "[" SERVICE "]"), REGISTRY_NODE_RETURNED);
    assert_bytes(fixture_nodes_of(f, "s.a"), "n1,n3,n2");
    assert_bytes(choose(f, "s.a"), "n2");
}

/* The first registration's wish counts, and nobody falls over an unknown one. */
static void test_strategy_of_an_action(void **state)
{
    struct fixture *f = *state;
    unsigned seen[2] = {0};

    (void)fixture_info(f, "n1", 1,
                       "[{\"name\":\"s\",\"actions\":{\"s.r\":{\"strategy\":\"random\"},"
                       "\"s.u\":{\"strategy\":\"Unknown\"}}}]");
    (void)fixture_info(f, "n2", 1,
                       "[{\"name\":\"s\",\"actions\":{\"s.r\":{\"strategy\":\"RoundRobin\"},"
                       "\"s.u\":{}}}]");
    for (unsigned i = 0; i < 200; i++) {
        seen[bytes_eq(choose(f, "s.r"), BYTES("n1"))]++;
    }
    assert_string_equal(fixture_action(f, "s.r")->strategy_ops->name, "Random");
    assert_true(seen[0] > 20 && seen[1] > 20);
    assert_bytes(choose(f, "s.u"), "n1");
    assert_bytes(choose(f, "s.u"), "n2");
    assert_bytes(choose(f, "s.u"), "n1");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_round_robin),
        WITH_FIXTURE(test_round_robin_counts_what_is_available),
        WITH_FIXTURE(test_only_one),
        WITH_FIXTURE(test_local_is_preferred),
        cmocka_unit_test_setup_teardown(test_local_is_not_preferred, fixture_new_without_preference,
                                        fixture_free),
        WITH_FIXTURE(test_internal_stays_here),
        WITH_FIXTURE(test_several_local_ones),
        WITH_FIXTURE(test_given_node),
        WITH_FIXTURE(test_open_breaker_leaves_with_its_endpoint),
        WITH_FIXTURE(test_strategy_of_an_action),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
