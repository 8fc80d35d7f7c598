/* SPDX-License-Identifier: MIT */
/* The insertion-ordered table, also against a plain array under random work. */
#include "base/map.h"

#include "support/check.h"

static int values[2048];

static void test_set_and_get(void **state)
{
    struct map m;

    (void)state;
    map_init(&m);
    assert_null(map_get(&m, BYTES("a")));
    assert_null(map_remove(&m, BYTES("a")));
    assert_null(map_set(&m, BYTES("a"), &values[1]));
    assert_null(map_set(&m, BYTES(""), &values[2]));
    assert_ptr_equal(map_get(&m, BYTES("a")), &values[1]);
    assert_ptr_equal(map_get(&m, BYTES_NONE), &values[2]);
    assert_ptr_equal(map_set(&m, BYTES("a"), &values[3]), &values[1]);
    assert_int_equal(m.count, 2);
    assert_ptr_equal(map_remove(&m, BYTES("a")), &values[3]);
    assert_null(map_remove(&m, BYTES("a")));
    assert_null(map_get(&m, BYTES("a")));
    assert_int_equal(m.count, 1);
    map_fini(&m);
    assert_int_equal(m.count, 0);
    assert_null(map_get(&m, BYTES("")));
}

static void test_replaced_key_is_the_new_memory(void **state)
{
    char old_key[] = "key", new_key[] = "key";
    struct map m;

    (void)state;
    map_init(&m);
    (void)map_set(&m, bytes_of(old_key, 3), &values[0]);
    (void)map_set(&m, bytes_of(new_key, 3), &values[1]);
    memset(old_key, 'x', 3);
    assert_ptr_equal(map_get(&m, BYTES("key")), &values[1]);
    map_fini(&m);
}

static void check_names(const struct map *m, const char *want)
{
    char got[32] = "";
    size_t n = 0;

    map_for_each (e, m) {
        got[n++] = e->key.p[0];
    }
    assert_string_equal(got, want);
    assert_int_equal(m->count, n);
}

static void test_order(void **state)
{
    struct map m;

    (void)state;
    map_init(&m);
    check_names(&m, "");
    for (const char *name = "hgfedcba"; *name; name++) {
        (void)map_set(&m, bytes_of(name, 1), &values[0]);
    }
    check_names(&m, "hgfedcba");
    (void)map_set(&m, BYTES("e"), &values[1]);
    check_names(&m, "hgfedcba");
    (void)map_remove(&m, BYTES("h"));
    (void)map_remove(&m, BYTES("e"));
    (void)map_remove(&m, BYTES("a"));
    check_names(&m, "gfdcb");
    (void)map_set(&m, BYTES("e"), &values[2]);
    check_names(&m, "gfdcbe");
    map_fini(&m);
}

static void test_remove_while_iterating(void **state)
{
    struct map m;

    (void)state;
    map_init(&m);
    for (const char *name = "abcdefgh"; *name; name++) {
        (void)map_set(&m, bytes_of(name, 1), &values[0]);
    }
    map_for_each (e, &m) {
        if (e->key.p[0] % 2) {
            (void)map_remove(&m, e->key);
        }
    }
    check_names(&m, "bdfh");
    map_fini(&m);
}

/* Holes must not make the table grow when as much is removed as is added. */
static void test_churn_stays_small(void **state)
{
    char keys[2][16];
    struct map m;

    (void)state;
    map_init(&m);
    for (int i = 0; i < 100000; i++) {
        int n = snprintf(keys[i % 2], sizeof(keys[0]), "key-%d", i);

        (void)map_set(&m, bytes_of(keys[i % 2], (size_t)n), &values[1]);
        if (i > 0) {
            char old[16];

            n = snprintf(old, sizeof(old), "key-%d", i - 1);
            assert_non_null(map_remove(&m, bytes_of(old, (size_t)n)));
        }
    }
    assert_int_equal(m.count, 1);
    assert_in_range(m.cap, 1, 64);
    map_fini(&m);
}

/* What collides in one table does not in the next, nor in this one once it was emptied. */
static void test_each_table_hashes_its_own_way(void **state)
{
    struct map m[2];
    uint64_t hash;

    (void)state;
    for (int i = 0; i < 2; i++) {
        map_init(&m[i]);
        (void)map_set(&m[i], BYTES("key"), &values[0]);
    }
    hash = m[0].entries[0].hash;
    assert_true(hash != m[1].entries[0].hash);
    map_fini(&m[0]);
    (void)map_set(&m[0], BYTES("key"), &values[0]);
    assert_true(hash != m[0].entries[0].hash);
    map_fini(&m[0]);
    map_fini(&m[1]);
}

static void test_against_an_array(void **state)
{
    static char keys[512][8];
    void *want[512] = {NULL};
    uint32_t seed = 1;
    size_t count = 0;
    struct map m;

    (void)state;
    map_init(&m);
    for (int i = 0; i < 512; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "k%d", i);
    }
    for (int round = 0; round < 200000; round++) {
        struct bytes key;
        unsigned at;

        seed = seed * 1664525 + 1013904223;
        at = seed >> 23;
        key = bytes_cstr(keys[at]);
        if (seed >> 8 & 1) {
            void *value = &values[seed >> 10 & 2047];

            assert_ptr_equal(map_set(&m, key, value), want[at]);
            count += want[at] == NULL;
            want[at] = value;
        } else {
            assert_ptr_equal(map_remove(&m, key), want[at]);
            count -= want[at] != NULL;
            want[at] = NULL;
        }
        assert_int_equal(m.count, count);
        assert_ptr_equal(map_get(&m, key), want[at]);
    }
    map_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_and_get),
        cmocka_unit_test(test_replaced_key_is_the_new_memory),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_remove_while_iterating),
        cmocka_unit_test(test_churn_stays_small),
        cmocka_unit_test(test_each_table_hashes_its_own_way),
        cmocka_unit_test(test_against_an_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
