/* SPDX-License-Identifier: MIT */
/* The intrusive list: order, removal, iteration. */
#include "base/list.h"

#include <string.h>

#include "support/check.h"

struct item {
    char name;
    struct list link;
};

static void check_order(struct list *head, const char *want)
{
    char got[16] = "";
    size_t n = 0;

    list_for_each (node, head) {
        got[n++] = list_entry(node, struct item, link)->name;
    }
    assert_string_equal(got, want);
    n = strlen(want);
    for (struct list *node = head->prev; node != head; node = node->prev) {
        assert_int_equal(list_entry(node, struct item, link)->name, want[--n]);
    }
    assert_int_equal(n, 0);
}

static void make_items(struct item *items, struct list *head, const char *names)
{
    list_init(head);
    for (size_t i = 0; names[i]; i++) {
        items[i].name = names[i];
        list_append(head, &items[i].link);
    }
}

static void test_order(void **state)
{
    struct item items[4], first = {.name = 'z'};
    struct list head;

    (void)state;
    make_items(items, &head, "abc");
    check_order(&head, "abc");
    list_prepend(&head, &first.link);
    check_order(&head, "zabc");
    assert_false(list_is_empty(&head));
}

static void test_remove(void **state)
{
    struct item items[4];
    struct list head;

    (void)state;
    make_items(items, &head, "abc");
    list_remove(&items[1].link);
    check_order(&head, "ac");
    list_remove(&items[1].link);
    check_order(&head, "ac");
    assert_true(list_is_empty(&items[1].link));
    list_remove(&items[0].link);
    list_remove(&items[2].link);
    assert_true(list_is_empty(&head));
    list_append(&head, &items[1].link);
    check_order(&head, "b");
}

static void test_pop(void **state)
{
    struct item items[4];
    struct list head;

    (void)state;
    make_items(items, &head, "ab");
    assert_ptr_equal(list_pop(&head), &items[0].link);
    assert_true(list_is_empty(&items[0].link));
    assert_ptr_equal(list_pop(&head), &items[1].link);
    assert_null(list_pop(&head));
}

static void test_splice(void **state)
{
    struct item left_items[4], right_items[4];
    struct list left, right;

    (void)state;
    make_items(left_items, &left, "ab");
    make_items(right_items, &right, "cd");
    list_splice(&left, &right);
    check_order(&left, "abcd");
    assert_true(list_is_empty(&right));
    list_splice(&left, &right);
    check_order(&left, "abcd");
    list_splice(&right, &left);
    check_order(&right, "abcd");
    assert_true(list_is_empty(&left));
}

static void test_remove_while_iterating(void **state)
{
    struct item items[8];
    struct list head;

    (void)state;
    make_items(items, &head, "abcdef");
    list_for_each_safe (node, &head) {
        if (list_entry(node, struct item, link)->name % 2) {
            list_remove(node);
        }
    }
    check_order(&head, "bdf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_pop),
        cmocka_unit_test(test_splice),
        cmocka_unit_test(test_remove_while_iterating),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
