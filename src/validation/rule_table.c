/* SPDX-License-Identifier: MIT */
/* The types that a schema may name. */
#include "validation/rule.h"

struct entry {
    const char *type;
    rule_compile_fn *compile;
};

static const struct entry entries[] = {
    {"any", rule_compile_any},
    {"array", rule_compile_array},
    {"boolean", rule_compile_boolean},
    {"class", rule_compile_class},
    {"currency", rule_compile_currency},
    {"custom", rule_compile_any},
    {"date", rule_compile_date},
    {"email", rule_compile_email},
    {"enum", rule_compile_enum},
    {"equal", rule_compile_equal},
    {"forbidden", rule_compile_forbidden},
    {"function", rule_compile_function},
    {"luhn", rule_compile_luhn},
    {"mac", rule_compile_mac},
    {"multi", rule_compile_multi},
    {"number", rule_compile_number},
    {"object", rule_compile_object},
    {"objectID", rule_compile_object_id},
    {"record", rule_compile_record},
    {"string", rule_compile_string},
    {"tuple", rule_compile_tuple},
    {"url", rule_compile_url},
    {"uuid", rule_compile_uuid},
};

rule_compile_fn *rule_table_find(struct bytes type)
{
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (bytes_eq(type, bytes_cstr(entries[i].type))) {
            return entries[i].compile;
        }
    }
    return NULL;
}
