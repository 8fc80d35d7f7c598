/* SPDX-License-Identifier: MIT */
/* Events: groups, and which lists match a name in which order. */
#include "unit/registry/fixture.h"

/* The matching lists as "pattern/group,...". */
static struct bytes matches(struct fixture *f, const char *event)
{
    buf_clear(&f->out);
    for (struct endpoint_list *l = NULL;
         (l = registry_next_event(f->registry, l, bytes_cstr(event)));) {
        if (f->out.n) {
            buf_add_char(&f->out, ',');
        }
        buf_add(&f->out, l->name->bytes);
        buf_add_char(&f->out, '/');
        buf_add(&f->out, l->group);
    }
    return f->out.n ? buf_bytes(&f->out) : BYTES("none");
}

static void test_groups(void **state)
{
    struct fixture *f = *state;

    (void)fixture_info(f, "n1", 1,
                       "[{\"name\":\"s\",\"version\":1,\"events\":{\"e\":{},\"f\":{\"group\":"
                       "\"g\"}}}]");
    (void)fixture_info(f, "n2", 1,
                       "[{\"name\":\"s\",\"version\":2,\"events\":{\"e\":{}}},{\"name\":\"t\","
                       "\"events\":{\"e\":{},\"f\":{}}}]");
    assert_bytes(matches(f, "e"), "e/s,e/t");
    assert_bytes(matches(f, "f"), "f/g,f/t");
    assert_bytes(matches(f, "x"), "none");
    /* The group leaves the version out. */
    assert_int_equal(registry_next_event(f->registry, NULL, BYTES("e"))->n_items, 2);
}

static void test_two_versions_on_one_node(void **state)
{
    struct fixture *f = *state;
    struct endpoint_list *list;

    (void)fixture_info(f, "n1", 1,
                       "[{\"name\":\"s\",\"version\":1,\"events\":{\"e\":{\"a\":1}}},"
                       "{\"name\":\"s\",\"version\":2,\"events\":{\"e\":{\"a\":2}}}]");
    list = registry_next_event(f->registry, NULL, BYTES("e"));
    assert_int_equal(list->n_items, 2);
    (void)fixture_info(f, "n1", 2, "[{\"name\":\"s\",\"version\":2,\"events\":{\"e\":{\"a\":2}}}]");
    assert_int_equal(list->n_items, 1);
    assert_bytes(list->items[0]->service_name, "v2.s");
}

static void test_group_changes(void **state)
{
    struct fixture *f = *state;

    (void)fixture_info(f, "n1", 1, "[{\"name\":\"s\",\"events\":{\"e\":{}}}]");
    (void)fixture_info(f, "n1", 2, "[{\"name\":\"s\",\"events\":{\"e\":{\"group\":\"g\"}}}]");
    assert_true(f->services_changed);
    assert_bytes(matches(f, "e"), "e/s,e/g");
    assert_int_equal(registry_next_event(f->registry, NULL, BYTES("e"))->n_items, 0);
}

static void test_order_of_appearance(void **state)
{
    struct fixture *f = *state;

    (void)fixture_info(f, "n1", 1,
                       "[{\"name\":\"a\",\"events\":{\"u.*\":{},\"u.x\":{},\"**\":{},\"z\":{}}},"
                       "{\"name\":\"b\",\"events\":{\"u.x\":{},\"u.?\":{},\"*\":{}}},"
                       "{\"name\":\"c\",\"events\":{\"u.x\":{},\"u.y\":{},\"u.**\":{}}}]");
    assert_bytes(matches(f, "u.x"), "u.*/a,u.x/a,**/a,u.x/b,u.?/b,u.x/c,u.**/c");
    assert_bytes(matches(f, "u.y"), "u.*/a,**/a,u.?/b,u.y/c,u.**/c");
    assert_bytes(matches(f, "u.x.y"), "**/a,u.**/c");
    assert_bytes(matches(f, "z"), "**/a,z/a,*/b");
    assert_bytes(matches(f, "$node.connected"), "**/a");
    assert_bytes(matches(f, ""), "**/a,*/b");
}

static void test_separator_in_names(void **state)
{
    struct fixture *f = *state;

    (void)fixture_info(f, "n1", 1,
                       "[{\"name\":\"s\",\"events\":{\"a\":{\"group\":\"1:bc\"},"
                       "\"a1:b\":{\"group\":\"c\"},\"1:a\":{\"group\":\"b\"}}}]");
    assert_bytes(matches(f, "a"), "a/1:bc");
    assert_bytes(matches(f, "a1:b"), "a1:b/c");
    assert_bytes(matches(f, "1:a"), "1:a/b");
}

/* One name in as many groups as a node may have: linear work, and still in order. */
static void test_many_groups_of_one_name(void **state)
{
    struct fixture *f = *state;
    unsigned n = 0;
    struct buf services;

    buf_init(&services, BUF_NO_LIMIT);
    buf_add(&services, BYTES("[{\"name\":\"s\",\"events\":["));
    for (unsigned i = 0; i < REGISTRY_MAX_NODE_EVENTS; i++) {
        buf_add_format(&services, "%s{\"name\":\"e\",\"group\":\"g%u\"}", i ? "," : "", i);
    }
    buf_add(&services, BYTES("]}]"));
    buf_add_char(&services, '\0');
    assert_int_equal(fixture_info(f, "n1", 1, services.p), REGISTRY_NODE_NEW);
    buf_fini(&services);
    for (struct endpoint_list *l = NULL;
         (l = registry_next_event(f->registry, l, BYTES("e"))) != NULL;) {
        assert_int_equal(l->order, n++);
    }
    assert_int_equal(n, REGISTRY_MAX_NODE_EVENTS);
}

/* They keep their place, but cost nothing while nobody has them. */
static void test_forgotten_patterns(void **state)
{
    struct fixture *f = *state;
    const char *published = "{\"name\":\"s\",\"events\":{\"a.*\":{},\"**\":{}}}";

    (void)fixture_add(f, published);
    (void)fixture_add(f, "{\"name\":\"t\",\"events\":{\"*.b\":{}}}");
    assert_bytes(matches(f, "a.b"), "a.*/s,**/s,*.b/t");
    assert_true(registry_remove_local_service(f->registry, BYTES("s")));
    assert_bytes(matches(f, "a.b"), "*.b/t");
    (void)fixture_add(f, published);
    assert_bytes(matches(f, "a.b"), "a.*/s,**/s,*.b/t");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_groups),
        WITH_FIXTURE(test_forgotten_patterns),
        WITH_FIXTURE(test_two_versions_on_one_node),
        WITH_FIXTURE(test_group_changes),
        WITH_FIXTURE(test_order_of_appearance),
        WITH_FIXTURE(test_separator_in_names),
        WITH_FIXTURE(test_many_groups_of_one_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
