/* SPDX-License-Identifier: MIT */
/* Reads and checks what an action says about its caching. */
#include "cacher/cacher_rule.h"

#include <math.h>
#include <string.h>

#include "model/event_patterns.h"
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
    if (!rule->is_locking || !json_double(json_get(lock, BYTES("staleTime")), &rule->stale_s)) {
        rule->stale_s = 0;
    }
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

static const char *keys_fault(struct bytes keys)
{
    return json_is_list_of_strings(keys) ? NULL : "must be a list of texts";
}

static const char *enabled_fault(struct bytes enabled)
{
    return json_type(enabled) == JSON_BOOL ||
                   json_type(json_get(enabled, BYTES("param"))) == JSON_STRING
               ? NULL
               : "must be a boolean or {param, equals}";
}

static const char *lock_fault(struct bytes lock)
{
    return json_type(lock) == JSON_BOOL || json_is_object(lock) ? NULL
                                                                : "must be a boolean or an object";
}

static const char *bool_fault(struct bytes slice)
{
    return json_type(slice) == JSON_BOOL ? NULL : "must be a boolean";
}

static const char *seconds_fault(struct bytes slice)
{
    double seconds;

    return json_double(slice, &seconds) && isfinite(seconds) && seconds >= 0
               ? NULL
               : "must be a number of seconds";
}

static const char *keygen_fault(struct bytes keygen)
{
    return "needs JavaScript and is not supported";
}

struct member {
    const char *name;
    const char *(*fault)(struct bytes slice);
};

/* Of the members that are neither absent nor null. */
static const char *members_fault(struct bytes object, const struct member *members, size_t n,
                                 const char **out_member)
{
    for (size_t i = 0; i < n; i++) {
        const char *name = strrchr(members[i].name, '.');
        struct bytes value = json_get(object, bytes_cstr(name ? name + 1 : members[i].name));
        const char *fault = json_is_null_or_none(value) ? NULL : members[i].fault(value);

        if (fault) {
            *out_member = members[i].name;
            return fault;
        }
    }
    return NULL;
}

const char *cacher_rule_fault(struct bytes cache, const char **out_member)
{
    static const struct member members[] = {{"keys", keys_fault},
                                            {"enabled", enabled_fault},
                                            {"lock", lock_fault},
                                            {"ttl", seconds_fault},
                                            {"keygen", keygen_fault}};
    static const struct member lock[] = {{"lock.enabled", bool_fault},
                                         {"lock.ttl", seconds_fault},
                                         {"lock.staleTime", seconds_fault}};
    const char *fault;

    *out_member = "";
    if (json_is_null_or_none(cache) || json_type(cache) == JSON_BOOL) {
        return NULL;
    }
    if (!json_is_object(cache)) {
        return "must be a boolean or an object";
    }
    fault = members_fault(cache, members, sizeof(members) / sizeof(members[0]), out_member);
    return fault ? fault
                 : members_fault(json_get(cache, BYTES("lock")), lock,
                                 sizeof(lock) / sizeof(lock[0]), out_member);
}

const char *cacher_rule_clean_fault(struct bytes clean)
{
    enum json_type type = json_type(clean);

    if (json_is_null_or_none(clean) || type == JSON_BOOL) {
        return NULL;
    }
    if (type != JSON_STRING && !json_is_list_of_strings(clean)) {
        return "must be true, a pattern of keys or a list of them";
    }
    if (json_count(clean) > EVENT_PATTERNS_MAX) {
        return "has more than 100 patterns";
    }
    return event_patterns_longest(clean) > EVENT_PATTERN_BYTES_MAX
               ? "has a pattern of more than 255 bytes"
               : NULL;
}
