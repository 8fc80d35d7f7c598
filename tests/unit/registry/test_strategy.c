/* SPDX-License-Identifier: MIT */
/*
 * What every strategy has to keep, whatever its options are; which one a list of endpoints gets.
 * A new strategy takes a row in contract_names.
 */
#include "unit/registry/fixture.h"

static const char *const contract_names[] = {"RoundRobin", "Random", "CpuUsage", "Latency",
                                             "Shard"};

enum { N_NAMES = sizeof(contract_names) / sizeof(contract_names[0]), ROUNDS = 200, NODES = 6 };

/* The last ones are nobody's idea of options. */
static const char *const contract_options[] = {
    NULL,
    "{}",
    "{'sampleCount':2,'lowCpuUsage':50,'lowLatency':5,'shardKey':'id','vnodes':3}",
    "{'sampleCount':-1,'shardKey':'#tenant','ringSize':100,'cacheSize':1}",
    "{'sampleCount':1e300,'vnodes':1e300,'ringSize':1e300,'cacheSize':1e300,'collectCount':1e300,"
    "'pingInterval':1e300,'lowLatency':1e300,'lowCpuUsage':1e300,'shardKey':'id'}",
    "{'sampleCount':-1e300,'vnodes':-1e300,'ringSize':-1e300,'cacheSize':-1e300,"
    "'collectCount':-1e300,'pingInterval':-1e300,'shardKey':'id'}",
    "{'sampleCount':1e999,'vnodes':1e999,'ringSize':1e999,'cacheSize':1e999,'collectCount':1e999,"
    "'pingInterval':1e999,'shardKey':'id'}",
    "{'sampleCount':1e-300,'vnodes':1e-300,'ringSize':1e-300,'cacheSize':0.1,'collectCount':0.1,"
    "'pingInterval':1e-300,'shardKey':'id'}",
    "{'sampleCount':'3','vnodes':{},'ringSize':[],'cacheSize':null,'collectCount':true,"
    "'shardKey':{'a':1}}",
    "{'sampleCount':null,'shardKey':''}",
    "[]",
    "7",
    "'text'",
};

enum { N_OPTIONS = sizeof(contract_options) / sizeof(contract_options[0]) };

#define SERVICE "[{\"name\":\"s\",\"actions\":{\"s.a\":{},\"s.b\":{}},\"events\":{\"e\":{}}}]"

static void add_node(struct fixture *f, unsigned i)
{
    char id[16], packet[256];

    (void)snprintf(id, sizeof(id), "n%u", i);
    (void)snprintf(packet, sizeof(packet),
                   "{\"services\":" SERVICE ",\"instanceID\":\"i\",\"seq\":1,\"hostname\":\"h%u\"}",
                   i / 2);
    (void)fixture_packet(f, id, bytes_cstr(packet));
}

static void remove_node(struct fixture *f, unsigned i)
{
    char id[16];

    (void)snprintf(id, sizeof(id), "n%u", i);
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, id)));
    registry_node_remove(f->registry, fixture_node(f, id));
}

static const struct strategy_input *input_of(unsigned round)
{
    static const struct strategy_input inputs[] = {
        {{NULL, 0}, {NULL, 0}},
        {BYTES_INIT("{\"id\":1}"), BYTES_INIT("{\"tenant\":\"x\"}")},
        {BYTES_INIT("{\"id\":[1,{}]}"), BYTES_INIT("{}")},
        {BYTES_INIT("\"text\""), BYTES_INIT("{\"tenant\":null}")},
        {BYTES_INIT("{\"id\":\"\"}"), BYTES_INIT("{\"tenant\":\"\"}")},
    };
    unsigned n = sizeof(inputs) / sizeof(inputs[0]);

    return round % (n + 1) == n ? NULL : &inputs[round % (n + 1)];
}

static void check_choice(const struct endpoint_list *list, const struct endpoint *e)
{
    unsigned i = 0;

    if (list->n_items == list->n_unavailable) {
        assert_null(e);
        return;
    }
    assert_non_null(e);
    while (i < list->n_items && list->items[i] != e) {
        i++;
    }
    assert_true(i < list->n_items);
    assert_true(e->is_available);
}

static void contract_run(const char *name, const char *options)
{
    struct fixture *f = fixture_balanced(name, options);
    bool is_there[NODES] = {false};

    (void)fixture_add(f, "{\"name\":\"s\",\"actions\":{\"s.a\":{},\"s.b\":{}}}");
    (void)fixture_add(f, "{\"name\":\"t\",\"actions\":{\"s.a\":{}}}");
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct endpoint_list *list = fixture_action(f, round % 2 ? "s.a" : "s.b");
        unsigned i = round * 7 % NODES;
        const struct strategy_input *input = input_of(round);

        if (is_there[i]) {
            remove_node(f, i);
        } else {
            add_node(f, i);
        }
        is_there[i] = !is_there[i];
        endpoint_set_available(list->items[round % list->n_items], round % 3 != 0);
        check_choice(list, registry_choose(f->registry, list, input));
        if (list->n_local > 0) {
            struct endpoint *e = registry_choose_local(f->registry, list, input);

            assert_true(!e || (e->local && e->is_available));
            assert_true(e || !list->locals[0]->is_available);
        }
    }
    fixture_balanced_free(f);
}

static void every_strategy_keeps_the_contract(void **state)
{
    for (unsigned i = 0; i < N_NAMES; i++) {
        for (unsigned j = 0; j < N_OPTIONS; j++) {
            contract_run(contract_names[i], contract_options[j]);
        }
    }
}

/* Over time each of them is chosen when nothing speaks for one of them. */
static void every_strategy_uses_all_without_reason(void **state)
{
    for (unsigned i = 0; i < N_NAMES; i++) {
        struct fixture *f = fixture_balanced(contract_names[i], NULL);
        unsigned seen[4] = {0};

        for (unsigned n = 0; n < 4; n++) {
            add_node(f, n);
        }
        for (unsigned round = 0; round < 400; round++) {
            seen[registry_choose(f->registry, fixture_action(f, "s.a"), NULL)->node_id->bytes.p[1] -
                 '0']++;
        }
        for (unsigned n = 0; n < 4; n++) {
            assert_true(seen[n] > 40);
        }
        fixture_balanced_free(f);
    }
}

static void names_have_no_case(void **state)
{
    assert_string_equal(strategy_find(BYTES("roundrobin"))->name, "RoundRobin");
    assert_string_equal(strategy_find(BYTES("RANDOM"))->name, "Random");
    assert_string_equal(strategy_find(BYTES("cpuusage"))->name, "CpuUsage");
    assert_string_equal(strategy_find(BYTES("latency"))->name, "Latency");
    assert_string_equal(strategy_find(BYTES("ShArD"))->name, "Shard");
    assert_null(strategy_find(BYTES("")));
    assert_null(strategy_find(BYTES("ShardStrategy")));
}

/* --- which one a list gets --- */

/* "none": the registry's own, not made yet. */
static const char *strategy_of(struct fixture *f, const char *action)
{
    const struct strategy *s = fixture_action(f, action)->strategy;

    return s ? s->ops->name : "none";
}

static void definitions_name_strategies(void **state)
{
    struct fixture *f = *state;

    (void)fixture_info(f, "n1", 1,
                       "[{\"name\":\"s\",\"actions\":{"
                       "\"s.name\":{\"strategy\":\"shard\"},"
                       "\"s.type\":{\"strategy\":{\"type\":\"CpuUsage\"}},"
                       "\"s.empty\":{\"strategy\":{}},"
                       "\"s.unknown\":{\"strategy\":\"X\"},\"s.other\":{\"strategy\":{\"type\":5}},"
                       "\"s.number\":{\"strategy\":5},\"s.null\":{\"strategy\":null},"
                       "\"s.options\":{\"strategyOptions\":{\"a\":1}},"
                       "\"s.faulty\":{\"strategyOptions\":7},\"s.none\":{}}}]");
    assert_string_equal(strategy_of(f, "s.name"), "Shard");
    assert_string_equal(strategy_of(f, "s.type"), "CpuUsage");
    assert_string_equal(strategy_of(f, "s.empty"), "RoundRobin");
    assert_string_equal(strategy_of(f, "s.unknown"), "none");
    assert_string_equal(strategy_of(f, "s.other"), "none");
    assert_string_equal(strategy_of(f, "s.number"), "none");
    assert_string_equal(strategy_of(f, "s.null"), "none");
    assert_string_equal(strategy_of(f, "s.options"), "RoundRobin");
    assert_string_equal(strategy_of(f, "s.faulty"), "none");
    assert_string_equal(strategy_of(f, "s.none"), "none");
}

static void the_first_definition_decides(void **state)
{
    struct fixture *f = *state;

    (void)fixture_info(
        f, "n1", 1, "[{\"name\":\"s\",\"actions\":{\"s.a\":{\"strategy\":\"Shard\"},\"s.b\":{}}}]");
    (void)fixture_info(f, "n2", 1,
                       "[{\"name\":\"s\",\"actions\":{\"s.a\":{\"strategy\":\"Random\"},"
                       "\"s.b\":{\"strategy\":\"Shard\"}}}]");
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "n1")));
    assert_string_equal(strategy_of(f, "s.a"), "Shard");
    assert_string_equal(strategy_of(f, "s.b"), "none");
}

/* The strategy of an event's group. */
static const char *event_strategy_of(struct fixture *f, const char *group)
{
    list_for_each (link, registry_event_lists(f->registry)) {
        const struct endpoint_list *list = list_entry(link, struct endpoint_list, link);

        if (bytes_eq(list->group, bytes_cstr(group))) {
            return list->strategy ? list->strategy->ops->name : "none";
        }
    }
    return "no such group";
}

static void each_event_and_group_has_its_own(void **state)
{
    struct fixture *f = *state;

    (void)fixture_info(f, "n1", 1,
                       "[{\"name\":\"s\",\"events\":{\"e\":{\"strategy\":\"Shard\"}}},"
                       "{\"name\":\"t\",\"events\":{\"e\":{\"strategyOptions\":{}}}},"
                       "{\"name\":\"u\",\"events\":{\"e\":{}}}]");
    assert_string_equal(event_strategy_of(f, "s"), "Shard");
    assert_string_equal(event_strategy_of(f, "t"), "RoundRobin");
    assert_string_equal(event_strategy_of(f, "u"), "none");
}

static void definitions_take_the_registrys_options(void **state)
{
    struct fixture *f = fixture_balanced("RoundRobin", "{'shardKey':'id'}");
    struct strategy_input input = {BYTES("{\"id\":5}"), BYTES_NONE};
    struct endpoint *first;

    (void)fixture_info(f, "n1", 1,
                       "[{\"name\":\"s\",\"actions\":{\"s.a\":{\"strategy\":\"Shard\"}}}]");
    (void)fixture_info(f, "n2", 1, "[{\"name\":\"s\",\"actions\":{\"s.a\":{}}}]");
    (void)fixture_info(f, "n3", 1, "[{\"name\":\"s\",\"actions\":{\"s.a\":{}}}]");
    first = registry_choose(f->registry, fixture_action(f, "s.a"), &input);
    for (unsigned i = 0; i < 50; i++) {
        assert_ptr_equal(registry_choose(f->registry, fixture_action(f, "s.a"), &input), first);
    }
    fixture_balanced_free(f);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_strategy_keeps_the_contract),
        cmocka_unit_test(every_strategy_uses_all_without_reason),
        cmocka_unit_test(names_have_no_case),
        WITH_FIXTURE(definitions_name_strategies),
        WITH_FIXTURE(the_first_definition_decides),
        WITH_FIXTURE(each_event_and_group_has_its_own),
        cmocka_unit_test(definitions_take_the_registrys_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
