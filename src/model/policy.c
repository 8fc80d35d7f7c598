/* SPDX-License-Identifier: MIT */
/* Reads policies and tests errors against declared conditions. */
#include "model/policy.h"

double policy_number(struct bytes policy, struct bytes name, double initial)
{
    double value;

    return json_double(json_get(policy, name), &value) ? value : initial;
}

bool policy_bool(struct bytes policy, struct bytes name, bool initial)
{
    struct bytes value = json_get(policy, name);

    return json_type(value) == JSON_BOOL ? json_is_true(value) : initial;
}

/* 500, "500" or "502-504". False: none of these. */
static bool read_range(struct bytes item, unsigned long long *from, unsigned long long *to)
{
    struct bytes text = item;
    size_t dash;

    if (json_type(item) == JSON_STRING) {
        text = bytes_of(item.p + 1, item.n - 2);
    } else if (json_type(item) != JSON_NUMBER) {
        return false;
    }
    dash = bytes_find(text, '-');
    if (!bytes_to_u64(bytes_of(text.p, dash), UINT16_MAX, from)) {
        return false;
    }
    *to = *from;
    return dash == text.n || bytes_to_u64(bytes_from(text, dash + 1), UINT16_MAX, to);
}

static bool has_code(struct bytes codes, int code)
{
    struct json_iter it = json_iter(codes);
    unsigned long long from, to;
    struct bytes item;

    while (json_next_item(&it, &item)) {
        if (code > 0 && read_range(item, &from, &to) && (unsigned)code >= from &&
            (unsigned)code <= to) {
            return true;
        }
    }
    return false;
}

static bool has_text(struct bytes texts, struct bytes wanted)
{
    struct json_iter it = json_iter(texts);
    struct bytes item;

    while (json_next_item(&it, &item)) {
        if (bytes_eq(item, wanted)) {
            return true;
        }
    }
    return false;
}

bool policy_check(struct bytes check, const struct mol_error *error)
{
    struct bytes retryable = json_get(check, BYTES("retryable"));

    return has_code(json_get(check, BYTES("codes")), mol_error_code(error)) ||
           has_text(json_get(check, BYTES("types")), error->type) ||
           has_text(json_get(check, BYTES("names")), error->name) ||
           (json_type(retryable) == JSON_BOOL &&
            json_is_true(retryable) == mol_error_is_retryable(error));
}

static bool are_ranges(struct bytes codes)
{
    struct json_iter it = json_iter(codes);
    unsigned long long from, to;
    struct bytes item;

    while (json_next_item(&it, &item)) {
        if (!read_range(item, &from, &to)) {
            return false;
        }
    }
    return true;
}

static bool is_list_or_none(struct bytes slice)
{
    return json_is_null_or_none(slice) || json_type(slice) == JSON_ARRAY;
}

static bool are_texts_or_none(struct bytes slice)
{
    return json_is_null_or_none(slice) || json_is_list_of_strings(slice);
}

const char *policy_check_fault(struct bytes check)
{
    struct json_field f[] = {{BYTES("codes"), BYTES_NONE},
                             {BYTES("types"), BYTES_NONE},
                             {BYTES("names"), BYTES_NONE},
                             {BYTES("retryable"), BYTES_NONE}};

    if (!json_is_object(check)) {
        return "must be an object of conditions: codes, types, names, retryable";
    }
    json_get_fields(check, f, 4);
    if (!is_list_or_none(f[0].value) || !are_ranges(f[0].value)) {
        return "has codes that are no list of numbers or ranges";
    }
    if (!are_texts_or_none(f[1].value) || !are_texts_or_none(f[2].value)) {
        return "has types or names that are no list of texts";
    }
    if (!json_is_null_or_none(f[3].value) && json_type(f[3].value) != JSON_BOOL) {
        return "has a retryable that is no boolean";
    }
    return NULL;
}
