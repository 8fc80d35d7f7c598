/* SPDX-License-Identifier: MIT */
/* SipHash-1-3 against values of other implementations (CPython's among them), and its key. */
#include "base/hash.h"

#include "base/mem.h"
#include "support/check.h"

/* The input of n bytes is 0, 1, ... n - 1, the key 0, 1, ... 15. */
static const struct {
    size_t n;
    uint64_t hash;
} known[] = {
    {0, 0xabac0158050fc4dc},  {1, 0xc9f49bf37d57ca93},  {7, 0xd3927d989bb11140},
    {8, 0x369095118d299a8e},  {9, 0x25a48eb36c063de4},  {15, 0xd320d86d2a519956},
    {16, 0xcc4fdd1a7d908b66}, {63, 0x9d199062b7bbb3a8},
};

static const struct hash_key counting = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static void test_known_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        /* Its own block: the sanitizer sees a read beyond the end. */
        char *input = mem_alloc(known[i].n ? known[i].n : 1);

        for (size_t at = 0; at < known[i].n; at++) {
            input[at] = (char)at;
        }
        assert_true(hash_bytes(&counting, bytes_of(input, known[i].n)) == known[i].hash);
        mem_free(input);
    }
}

static void test_same_bytes(void **state)
{
    struct hash_key key = hash_key_random();

    (void)state;
    assert_true(hash_bytes(&key, BYTES("a")) == hash_bytes(&key, bytes_of("abc", 1)));
    assert_true(hash_bytes(&key, BYTES("a")) != hash_bytes(&key, BYTES("b")));
    assert_true(hash_bytes(&key, BYTES("ab")) != hash_bytes(&key, BYTES("ba")));
    assert_true(hash_bytes(&key, BYTES("a")) != hash_bytes(&key, bytes_of("a\0", 2)));
    assert_true(hash_bytes(&key, BYTES_NONE) == hash_bytes(&key, BYTES("")));
}

static void test_keys_differ(void **state)
{
    struct hash_key one = hash_key_random(), other = hash_key_random();
    struct hash_key halves[] = {{one.low, other.high}, {other.low, one.high}};

    (void)state;
    assert_true(one.low != other.low && one.high != other.high);
    for (size_t i = 0; i < 2; i++) {
        assert_true(hash_bytes(&one, BYTES("name")) != hash_bytes(&halves[i], BYTES("name")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_values),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_keys_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
