/* SPDX-License-Identifier: MIT */
/* The diff: what stays, what comes and goes, replacing local services, names of services. */
#include "unit/registry/fixture.h"

static struct endpoint *only(struct fixture *f, const char *action)
{
    struct endpoint_list *list = fixture_action(f, action);

    assert_non_null(list);
    assert_int_equal(list->n_items, 1);
    return list->items[0];
}

static void test_endpoints_that_stay(void **state)
{
    struct fixture *f = *state;
    struct endpoint *a;

    (void)fixture_info(f, "n1", 1,
                       "[{\"name\":\"s\",\"actions\":{\"s.a\":{\"timeout\":5},\"s.b\":{}}}]");
    (void)fixture_info(f, "n2", 1, "[{\"name\":\"s\",\"actions\":{\"s.a\":{}}}]");
    a = fixture_action(f, "s.a")->items[0];
    endpoint_set_available(a, false);
    assert_true(a->timeout_ms == 5);

    (void)fixture_info(f, "n1", 2,
                       "[{\"name\":\"s\",\"actions\":{\"s.c\":{},\"s.a\":{\"timeout\":0}}}]");
    assert_true(f->services_changed);
    assert_ptr_equal(fixture_action(f, "s.a")->items[0], a);
    assert_false(a->is_available);
    assert_int_equal(fixture_action(f, "s.a")->n_unavailable, 1);
    assert_bytes(a->definition, "{\"timeout\":0}");
    assert_true(a->timeout_ms == 0);
    assert_bytes(fixture_nodes_of(f, "s.a"), "n1,n2");
    assert_bytes(fixture_nodes_of(f, "s.b"), "none");
    assert_bytes(fixture_nodes_of(f, "s.c"), "n1");

    (void)fixture_info(f, "n1", 3, "[{\"name\":\"s\",\"actions\":{\"s.c\":{},\"s.a\":{}}}]");
    assert_false(f->services_changed);
    assert_true(a->timeout_ms < 0);
}

static void test_definitions_move_to_the_new_text(void **state)
{
    struct fixture *f = *state;
    struct endpoint *a;
    struct shared *text;

    (void)fixture_info(f, "n1", 1, "[{\"name\":\"s\",\"actions\":{\"s.a\":{}}}]");
    a = only(f, "s.a");
    text = shared_ref(a->text);
    (void)fixture_info(f, "n1", 2, "[{\"name\":\"s\",\"actions\":{\"s.a\":{}},\"x\":1}]");
    assert_ptr_not_equal(a->text, text);
    assert_int_equal(text->refs, 1); /* nobody but us holds what was replaced */
    shared_unref(text);
    assert_in_range((uintptr_t)a->definition.p, (uintptr_t)a->text->bytes.p,
                    (uintptr_t)a->text->bytes.p + a->text->bytes.n - a->definition.n);
}

static void test_same_text_is_kept_once(void **state)
{
    struct fixture *f = *state;
    const char *services = "[{\"name\":\"s\",\"actions\":{\"s.a\":{}}}]";
    struct endpoint_list *list;
    struct shared *text;

    (void)fixture_info(f, "n1", 1, services);
    (void)fixture_info(f, "n2", 1, services);
    (void)fixture_info(f, "n2", 2, services);
    assert_false(f->services_changed);
    list = fixture_action(f, "s.a");
    text = shared_ref(list->items[0]->text);
    assert_ptr_equal(list->items[1]->text, text);
    assert_int_equal(text->refs, 4); /* the registry, two endpoints, us */
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "n1")));
    assert_bytes(fixture_nodes_of(f, "s.a"), "n2");
    assert_true(registry_node_disconnected(f->registry, fixture_node(f, "n2")));
    registry_node_remove(f->registry, fixture_node(f, "n1"));
    assert_int_equal(text->refs, 2);
    registry_node_remove(f->registry, fixture_node(f, "n2"));
    assert_int_equal(text->refs, 1);
    shared_unref(text);
}

static void test_names_escaped_or_missing(void **state)
{
    struct fixture *f = *state;
    const char *services = "[{\"name\":\"caf\\u00e9\",\"version\":2,\"actions\":{\"x\":{}}},"
                           "{\"name\":\"t\",\"version\":\"beta\",\"events\":{\"e\":{}}},"
                           "{\"name\":\"u\",\"version\":1.50,\"fullName\":\"\"},"
                           "{\"name\":\"w\",\"version\":\"\"},"
                           "{\"name\":\"p\",\"version\":3,\"fullName\":\"p\"}]";

    for (int seq = 1; seq < 4; seq++) {
        (void)fixture_info(f, "n1", seq, services);
        assert_int_equal(f->services_changed, seq == 1);
        assert_true(registry_has_service(f->registry, BYTES("v2.caf\xC3\xA9")));
        assert_true(registry_has_service(f->registry, BYTES("beta.t")));
        assert_true(registry_has_service(f->registry, BYTES("v1.5.u")));
        assert_true(registry_has_service(f->registry, BYTES(".w")));
        assert_true(registry_has_service(f->registry, BYTES("p")));
        assert_false(registry_has_service(f->registry, BYTES("v3.p")));
        assert_bytes(only(f, "x")->service_name, "v2.caf\xC3\xA9");
        assert_bytes(registry_next_event(f->registry, NULL, BYTES("e"))->group, "t");
    }
}

static void test_services_that_vanish(void **state)
{
    struct fixture *f = *state;

    (void)fixture_info(f, "n1", 1,
                       "[{\"name\":\"s\",\"actions\":{\"s.a\":{}},\"events\":{\"e\":{}}},"
                       "{\"name\":\"t\",\"actions\":{\"t.a\":{}}}]");
    (void)fixture_info(f, "n1", 2, "[{\"name\":\"t\",\"actions\":{\"t.a\":{}}}]");
    assert_true(f->services_changed);
    assert_false(registry_has_service(f->registry, BYTES("s")));
    assert_int_equal(fixture_action(f, "s.a")->n_items, 0);
    assert_int_equal(registry_next_event(f->registry, NULL, BYTES("e"))->n_items, 0);
    assert_bytes(fixture_nodes_of(f, "t.a"), "n1");
    /* Without any endpoint of its own a service still comes and goes. */
    (void)fixture_info(f, "n1", 3, "[{\"name\":\"t\",\"actions\":{\"t.a\":{}}},{\"name\":\"u\"}]");
    assert_true(f->services_changed);
}

static void test_action_moves_to_another_service(void **state)
{
    struct fixture *f = *state;

    (void)fixture_info(f, "n1", 1, "[{\"name\":\"s\",\"actions\":{\"a\":{}}}]");
    (void)fixture_info(f, "n1", 2, "[{\"name\":\"t\",\"actions\":{\"a\":{}}}]");
    assert_bytes(only(f, "a")->service_name, "t");
    (void)fixture_info(f, "n1", 3,
                       "[{\"name\":\"s\",\"actions\":{\"a\":{}}},{\"name\":\"t\",\"actions\":"
                       "{\"a\":{}}}]");
    assert_bytes(fixture_nodes_of(f, "a"), "n1,n1");
}

static void test_protected_of_others(void **state)
{
    struct fixture *f = *state;

    (void)fixture_info(f, "n1", 1,
                       "[{\"name\":\"s\",\"actions\":{\"s.a\":{\"visibility\":\"public\"}}}]");
    assert_bytes(fixture_nodes_of(f, "s.a"), "n1");
    (void)fixture_info(f, "n1", 2,
                       "[{\"name\":\"s\",\"actions\":{\"s.a\":{\"visibility\":\"protected\"}}}]");
    assert_true(f->services_changed);
    assert_bytes(fixture_nodes_of(f, "s.a"), "none");

    (void)fixture_add(f, "{\"name\":\"s\",\"actions\":{\"s.a\":{\"visibility\":\"protected\"}}}");
    assert_bytes(fixture_nodes_of(f, "s.a"), "me");
    assert_true(only(f, "s.a")->is_protected);
    assert_ptr_equal(registry_choose_local(f->registry, fixture_action(f, "s.a"), NULL),
                     only(f, "s.a"));
}

/* --- local --- */

static void test_local_service(void **state)
{
    struct fixture *f = *state;
    struct local_service *s = fixture_add(
        f, "{\"name\":\"s\",\"version\":1,\"fullName\":\"v1.s\",\"settings\":{\"x\":1},"
           "\"metadata\":null,\"actions\":{\"v1.s.a\":{\"rawName\":\"a\",\"name\":\"v1.s.a\"}}}");
    struct registry_service *found = registry_find_local_service(f->registry, BYTES("v1.s"));

    assert_non_null(found);
    assert_ptr_equal(found->local, s);
    assert_bytes(found->name, "s");
    assert_bytes(found->version, "1");
    assert_bytes(found->settings, "{\"x\":1}");
    assert_bytes(found->metadata, "{}");
    assert_bytes(found->events, "{}");
    assert_null(registry_find_local_service(f->registry, BYTES("s")));
    assert_ptr_equal(only(f, "v1.s.a")->local, s);
    assert_false(registry_remove_local_service(f->registry, BYTES("s")));
    assert_true(registry_remove_local_service(f->registry, BYTES("v1.s")));
    assert_int_equal(f->n_live_services, 0);
    assert_bytes(fixture_nodes_of(f, "v1.s.a"), "none");
}

static void test_replacing(void **state)
{
    struct fixture *f = *state;
    struct local_service *one =
        fixture_add(f, "{\"name\":\"s\",\"actions\":{\"s.a\":{\"v\":1},\"s.old\":{}},"
                       "\"events\":{\"e\":{}}}");
    struct endpoint *a = endpoint_ref(only(f, "s.a"));
    struct local_service *two;

    local_service_ref(one); /* a running call */
    endpoint_set_available(a, false);
    two = fixture_add(f, "{\"name\":\"s\",\"actions\":{\"s.new\":{},\"s.a\":{\"v\":2}},"
                         "\"events\":{\"e\":{}}}");
    assert_ptr_equal(only(f, "s.a"), a);
    assert_ptr_equal(a->local, two);
    assert_false(a->is_available);
    assert_bytes(a->definition, "{\"v\":2}");
    assert_bytes(fixture_nodes_of(f, "s.old"), "none");
    assert_bytes(fixture_nodes_of(f, "s.new"), "me");
    assert_ptr_equal(registry_find_local_service(f->registry, BYTES("s"))->local, two);
    assert_int_equal(f->n_live_services, 2);
    assert_int_equal(one->refs, 1);
    local_service_unref(one);
    assert_int_equal(f->n_live_services, 1);
    assert_true(registry_remove_local_service(f->registry, BYTES("s")));
    assert_int_equal(f->n_live_services, 1); /* a holds it */
    assert_ptr_equal(a->local, two);
    endpoint_unref(a);
    assert_int_equal(f->n_live_services, 0);
}

/* A service with n actions, or n services with one each, beside one of 60,000 and "$node". */
static bool has_room(struct fixture *f, const char *name, unsigned n_services, unsigned n_actions)
{
    struct local_service **services = mem_realloc(NULL, n_services * sizeof(*services));
    bool has;

    for (unsigned i = 0; i < n_services; i++) {
        struct buf text;

        buf_init(&text, BUF_NO_LIMIT);
        buf_add_format(&text, "{\"fullName\":\"%s%u\",\"actions\":{", name, i);
        for (unsigned a = 0; a < n_actions; a++) {
            buf_add_format(&text, "%s\"%u\":{}", a ? "," : "", a);
        }
        buf_add(&text, BYTES("}}"));
        services[i] = mem_new(struct local_service);
        services[i]->published = shared_new(buf_bytes(&text));
        buf_fini(&text);
    }
    has = registry_has_local_room(f->registry, services, n_services);
    for (unsigned i = 0; i < n_services; i++) {
        shared_unref(services[i]->published);
        mem_free(services[i]);
    }
    mem_free(services);
    return has;
}

static void test_local_room(void **state)
{
    struct fixture *f = *state;
    struct buf text;

    buf_init(&text, BUF_NO_LIMIT);
    buf_add(&text, BYTES("{\"name\":\"big0\",\"actions\":{"));
    for (unsigned a = 0; a < 60000; a++) {
        buf_add_format(&text, "%s\"a%u\":{}", a ? "," : "", a);
    }
    buf_add(&text, BYTES("}}"));
    buf_add_char(&text, '\0');
    (void)fixture_add(f, text.p);
    buf_fini(&text);
    assert_true(has_room(f, "other", 1, 40000));
    assert_false(has_room(f, "other", 1, 40001));
    assert_true(has_room(f, "big", 1, 100000)); /* in place of the one there is */
    assert_false(has_room(f, "big", 1, 100001));
    assert_true(has_room(f, "s", REGISTRY_MAX_NODE_SERVICES - 1, 1));
    assert_false(has_room(f, "s", REGISTRY_MAX_NODE_SERVICES, 1));
}

/* Names that are used once and never again do not stay for ever. */
static void test_churn(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 50000; i++) {
        char text[128];

        (void)snprintf(text, sizeof(text),
                       "{\"name\":\"s\",\"actions\":{\"a%u\":{}},\"events\":{\"e%u.*\":{}}}", i, i);
        (void)fixture_add(f, text);
    }
    assert_null(registry_find_action(f->registry, BYTES("a0")));
    assert_non_null(registry_find_action(f->registry, BYTES("a49998")));
    assert_bytes(fixture_nodes_of(f, "a49999"), "me");
    assert_true(registry_remove_local_service(f->registry, BYTES("s")));
}

/* Own or foreign: an action that was there is found at every step, and in its place. */
static void test_place_is_kept(void **state)
{
    struct fixture *f = *state;

    (void)fixture_info(f, "n1", 1, "[{\"name\":\"s\",\"actions\":{\"s.a\":{}}}]");
    (void)fixture_add(f, "{\"name\":\"s\",\"actions\":{\"s.a\":{}}}");
    (void)fixture_info(f, "n2", 1, "[{\"name\":\"s\",\"actions\":{\"s.a\":{}}}]");
    (void)fixture_add(f, "{\"name\":\"s\",\"actions\":{\"s.a\":{}}}");
    (void)fixture_info(f, "n1", 2, "[{\"name\":\"s\",\"actions\":{\"s.a\":{}}}]");
    assert_bytes(fixture_nodes_of(f, "s.a"), "n1,me,n2");
    assert_true(registry_remove_local_service(f->registry, BYTES("s")));
    (void)fixture_add(f, "{\"name\":\"s\",\"actions\":{\"s.a\":{}}}");
    assert_bytes(fixture_nodes_of(f, "s.a"), "n1,n2,me");
}

static void test_the_same_object_again(void **state)
{
    struct fixture *f = *state;
    struct local_service *s = fixture_add(f, "{\"name\":\"s\",\"actions\":{\"s.a\":{}}}");

    registry_add_local_service(f->registry, s);
    registry_add_local_service(f->registry, s);
    assert_ptr_equal(only(f, "s.a")->local, s);
    assert_int_equal(s->refs, 2); /* service and endpoint */
}

static void test_hidden_actions(void **state)
{
    struct fixture *f = *state;
    struct registry_list_options all = {.with_actions = true, .with_endpoints = true};
    const char *published = "{\"name\":\"s\",\"fullName\":\"s\",\"settings\":{},\"metadata\":{},"
                            "\"actions\":{\"s.a\":{\"name\":\"s.a\"}},\"events\":{}}";
    struct local_service *s = fixture_service(
        f, published, "{\"s.h\":{\"protected\":true,\"timeout\":9,\"name\":\"s.h\"}}");
    struct endpoint *e;

    registry_add_local_service(f->registry, s);
    local_service_unref(s);
    e = endpoint_ref(registry_choose(f->registry, fixture_action(f, "s.h"), NULL));
    assert_true(e->timeout_ms == 9);
    assert_bytes(e->service_name, "s");

    registry_list_services(f->registry, &all, &f->out);
    registry_list_actions(f->registry, &all, &f->out);
    registry_local_services_json(f->registry, &f->out);
    buf_add_char(&f->out, '\0');
    assert_non_null(strstr(f->out.p, "s.a"));
    assert_null(strstr(f->out.p, "s.h"));

    (void)fixture_add(f, published);
    assert_null(registry_choose(f->registry, fixture_action(f, "s.h"), NULL));
    assert_bytes(e->service_name, "s"); /* its text is still there */
    endpoint_unref(e);
}

static void test_info_services(void **state)
{
    struct fixture *f = *state;

    registry_local_services_json(f->registry, &f->out);
    assert_bytes_eq(buf_bytes(&f->out), BYTES("[]"));
    (void)fixture_add(f, "{\"name\":\"a\",\"n\":1.0}");
    (void)fixture_add(f, "{\"name\":\"b\"}");
    (void)fixture_add(f, "{\"name\":\"a\",\"n\":2}");
    (void)fixture_info(f, "n1", 1, "[{\"name\":\"c\"}]");
    buf_clear(&f->out);
    registry_local_services_json(f->registry, &f->out);
    assert_bytes_eq(buf_bytes(&f->out), BYTES("[{\"name\":\"a\",\"n\":2},{\"name\":\"b\"}]"));
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_endpoints_that_stay),
        WITH_FIXTURE(test_definitions_move_to_the_new_text),
        WITH_FIXTURE(test_same_text_is_kept_once),
        WITH_FIXTURE(test_names_escaped_or_missing),
        WITH_FIXTURE(test_services_that_vanish),
        WITH_FIXTURE(test_action_moves_to_another_service),
        WITH_FIXTURE(test_protected_of_others),
        WITH_FIXTURE(test_local_service),
        WITH_FIXTURE(test_replacing),
        WITH_FIXTURE(test_local_room),
        WITH_FIXTURE(test_churn),
        WITH_FIXTURE(test_place_is_kept),
        WITH_FIXTURE(test_the_same_object_again),
        WITH_FIXTURE(test_hidden_actions),
        WITH_FIXTURE(test_info_services),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
