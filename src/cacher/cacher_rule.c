/* SPDX-License-Identifier: MIT */
/* Reads and checks what an action says about its caching. */
#include "cacher/cacher_rule.h"

#include "value/value_convert.h"

static bool is_false(struct bytes slice)
{
    return json_type(slice) == JSON_BOOL && !json_is_true(slice);
}

static void read_keys(struct cacher_rule *rule, struct bytes keys, struct arena *arena)
{
    struct json_iter it = json_iter(keys);
    struct bytes item;

    if (json_type(keys) != JSON_ARRAY) {
        return;
    }
    rule->has_keys = true;
    rule->keys = arena_calloc(arena, (json_count(keys) + 1) * sizeof(*rule->keys));
    while (json_next_item(&it, &item)) {
        if (json_type(item) == JSON_STRING) {
            rule->keys[rule->n_keys++] = json_string(item, arena);
        }
    }
}

void cacher_rule_read(struct cacher_rule *rule, struct bytes cache, struct arena *arena)
{
    struct bytes enabled = json_get(cache, BYTES("enabled"));
    struct bytes lock = json_get(cache, BYTES("lock"));

    *rule = (struct cacher_rule){0};
    rule->is_on = json_is_true(cache) || (json_is_object(cache) && !is_false(enabled));
    rule->is_locking =
        json_is_true(lock) || (json_is_object(lock) && !is_false(json_get(lock, BYTES("enabled"))));
    rule->has_ttl = json_double(json_get(cache, BYTES("ttl")), &rule->ttl_s);
    read_keys(rule, json_get(cache, BYTES("keys")), arena);
    rule->param = json_string(json_get(enabled, BYTES("param")), arena);
    rule->equals = json_get(enabled, BYTES("equals"));
}

static bool is_equal(const struct value *v, struct bytes wanted, struct arena *arena)
{
    struct value *other = value_parse(wanted, arena);
    struct buf a, b;
    bool is_same;

    if (!value_is(v, JSON_OBJECT) && !value_is(v, JSON_ARRAY)) {
        return value_convert_is_same(v, other);
    }
    buf_init(&a, BUF_NO_LIMIT);
    buf_init(&b, BUF_NO_LIMIT);
    value_to_json(v, &a);
    value_to_json(other, &b);
    is_same = bytes_eq(buf_bytes(&a), buf_bytes(&b));
    buf_fini(&a);
    buf_fini(&b);
    return is_same;
}

bool cacher_rule_applies(const struct cacher_rule *rule, const struct cacher_key_call *call)
{
    struct arena arena;
    struct value *v;
    bool applies;

    if (!bytes_is_set(rule->param)) {
        return true;
    }
    arena_init(&arena);
    v = cacher_key_value(call, CACHER_KEY_015, rule->param, &arena);
    applies = bytes_is_set(rule->equals) ? is_equal(v, rule->equals, &arena) : value_is_truthy(v);
    arena_fini(&arena);
    return applies;
}

static bool are_texts(struct bytes list)
{
    struct json_iter it = json_iter(list);
    struct bytes item;

    if (json_type(list) != JSON_ARRAY) {
        return false;
    }
    while (json_next_item(&it, &item)) {
        if (json_type(item) != JSON_STRING) {
            return false;
        }
    }
    return true;
}

static const char *keys_fault(struct bytes keys)
{
    return json_is_null_or_none(keys) || are_texts(keys) ? NULL
                                                         : "has keys that are no list of texts";
}

static const char *enabled_fault(struct bytes enabled)
{
    if (json_is_null_or_none(enabled) || json_type(enabled) == JSON_BOOL) {
        return NULL;
    }
    if (json_type(json_get(enabled, BYTES("param"))) != JSON_STRING) {
        return "has an enabled that is neither a boolean nor {param, equals}";
    }
    return NULL;
}

static const char *lock_fault(struct bytes lock)
{
    if (json_is_null_or_none(lock) || json_type(lock) == JSON_BOOL || json_is_object(lock)) {
        return NULL;
    }
    return "has a lock that is neither a boolean nor an object";
}

const char *cacher_rule_fault(struct bytes cache)
{
    struct bytes ttl = json_get(cache, BYTES("ttl"));
    const char *fault = keys_fault(json_get(cache, BYTES("keys")));

    if (json_is_null_or_none(cache) || json_type(cache) == JSON_BOOL) {
        return NULL;
    }
    if (!json_is_object(cache)) {
        return "must be a boolean or an object";
    }
    if (!fault) {
        fault = enabled_fault(json_get(cache, BYTES("enabled")));
    }
    if (!fault) {
        fault = lock_fault(json_get(cache, BYTES("lock")));
    }
    if (!fault && !json_is_null_or_none(ttl) && json_type(ttl) != JSON_NUMBER) {
        fault = "has a ttl that is no number of seconds";
    }
    if (!fault && !json_is_null_or_none(json_get(cache, BYTES("keygen")))) {
        fault = "has a keygen, which needs JavaScript";
    }
    return fault;
}

const char *cacher_rule_clean_fault(struct bytes clean)
{
    enum json_type type = json_type(clean);

    if (json_is_null_or_none(clean) || type == JSON_BOOL || type == JSON_STRING ||
        are_texts(clean)) {
        return NULL;
    }
    return "must be true, a pattern of keys or a list of them";
}
