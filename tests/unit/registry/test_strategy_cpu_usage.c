/* SPDX-License-Identifier: MIT */
/* CpuUsage, rule by rule (docs/protocol.md, Choosing an endpoint). */
#include "unit/registry/fixture.h"

static struct fixture *start(const char *options, unsigned n)
{
    struct fixture *f = fixture_balanced("CpuUsage", options);
    char id[8];

    for (unsigned i = 1; i <= n; i++) {
        (void)snprintf(id, sizeof(id), "n%u", i);
        (void)fixture_info(f, id, 1, "[{\"name\":\"s\",\"actions\":{\"s.a\":{}}}]");
    }
    return f;
}

static void beat(struct fixture *f, const char *node_id, const char *cpu)
{
    registry_node_heartbeat(f->registry, fixture_node(f, node_id), bytes_cstr(cpu));
}

static struct bytes choose(struct fixture *f)
{
    return fixture_chosen(registry_choose(f->registry, fixture_action(f, "s.a"), NULL));
}

static void the_lowest_of_all_is_chosen(void **state)
{
    struct fixture *f = start("{'sampleCount':0}", 4);

    beat(f, "n1", "80");
    beat(f, "n2", "40.5");
    beat(f, "n3", "40.25");
    beat(f, "n4", "40.25");
    for (unsigned i = 0; i < 20; i++) {
        assert_bytes(choose(f), "n3"); /* of equal ones the first */
    }
    beat(f, "n3", "90");
    assert_bytes(choose(f), "n4");
    fixture_balanced_free(f);
}

static void one_that_is_low_enough_ends_the_look(void **state)
{
    struct fixture *f = start("{'sampleCount':-1,'lowCpuUsage':30}", 3);

    beat(f, "n1", "30"); /* not below */
    beat(f, "n2", "29");
    beat(f, "n3", "1");
    assert_bytes(choose(f), "n2");
    fixture_balanced_free(f);
}

static void low_is_ten_and_samples_are_three(void **state)
{
    struct fixture *f = start(NULL, 3);

    beat(f, "n1", "10");
    beat(f, "n2", "9");
    beat(f, "n3", "0");
    assert_bytes(choose(f), "n2"); /* three of three: all, in order */
    fixture_balanced_free(f);
    f = start("{'lowCpuUsage':0}", 4);
    beat(f, "n1", "10");
    beat(f, "n2", "20");
    beat(f, "n3", "30");
    beat(f, "n4", "40");
    for (unsigned i = 0, others = 0; i < 1000 && others < 3; i++) {
        others += !bytes_eq(choose(f), BYTES("n1")); /* three of four: it may not be seen */
        assert_true(i < 999);
    }
    fixture_balanced_free(f);
}

static void unknown_ones_are_passed_over(void **state)
{
    struct fixture *f = start("{'sampleCount':0}", 3);
    bool seen[3] = {false};

    for (unsigned i = 0; i < 100; i++) {
        seen[choose(f).p[1] - '1'] = true; /* nothing is known */
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    beat(f, "n3", "99");
    beat(f, "n2", "null");
    for (unsigned i = 0; i < 20; i++) {
        assert_bytes(choose(f), "n3");
    }
    fixture_balanced_free(f);
}

/* Faulty loads of other nodes count as none. */
static void faulty_loads_change_nothing(void **state)
{
    static const char *const faulty[] = {"1e999", "-1e999", "\"1\"", "[]", "{}", "true", "null"};
    struct fixture *f = start("{'sampleCount':0}", 2);

    beat(f, "n1", "50");
    beat(f, "n2", "60");
    for (unsigned i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
        beat(f, "n2", faulty[i]);
        assert_bytes(choose(f), "n1");
    }
    fixture_balanced_free(f);
}

static void the_own_node_counts_too(void **state)
{
    struct fixture *f = start("{'sampleCount':0}", 1);

    (void)fixture_add(f, "{\"name\":\"s\",\"actions\":{\"s.a\":{}}}");
    beat(f, "n1", "50");
    beat(f, "me", "20");
    assert_bytes(choose(f), "me");
    beat(f, "me", "70");
    assert_bytes(choose(f), "n1");
    fixture_balanced_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lowest_of_all_is_chosen),
        cmocka_unit_test(one_that_is_low_enough_ends_the_look),
        cmocka_unit_test(low_is_ten_and_samples_are_three),
        cmocka_unit_test(unknown_ones_are_passed_over),
        cmocka_unit_test(faulty_loads_change_nothing),
        cmocka_unit_test(the_own_node_counts_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
