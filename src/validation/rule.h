/* SPDX-License-Identifier: MIT */
/*
 * What the rules of this folder share: a rule is compiled from its resolved schema into a struct
 * that begins with struct rule; checking walks the rules along the value.
 */
#pragma once

#include "model/js_regex.h"
#include "value/value.h"
#include "value/value_convert.h"

struct rule;
struct rule_run;
struct rule_place;

/* The value, as it is to be written back, after checks that may have added errors. */
typedef struct value *rule_check_fn(struct rule_run *r, const struct rule *rule,
                                    const struct rule_place *at, struct value *v);

struct rule {
    rule_check_fn *check;
    const struct value *schema;   /* resolved: shorthand, aliases and defaults worked in */
    const struct value *messages; /* the rule's own, or NULL */
    struct value *fallback;       /* "default", or NULL */
    struct bytes label;
    bool optional, nullable, not_nullable;
    bool passes_missing; /* forbidden: a missing value is what it wants */
    bool is_key;         /* checks the key of a record */
};

/* --- compiling --- */
struct rule_options {
    const struct value *messages, *defaults, *aliases;
    bool halt_on_first_error, consider_null_a_value;
};

struct rule_regex {
    struct rule_regex *next;
    struct bytes source, flags;
    struct js_regex *regex;
};

struct rule_compiler {
    struct arena *arena; /* the validation's */
    struct rule_options options;
    struct rule_regex *regexes; /* to free with the validation; the last one first */
    size_t regex_bytes;
    struct buf *error;
    unsigned depth, n_rules;
};

typedef struct rule *rule_compile_fn(struct rule_compiler *c, const struct value *schema);

/* Any rule definition: text, list or object. NULL: the reason is in c->error. */
struct rule *rule_compile(struct rule_compiler *c, struct value *definition);
/* Resolves a definition that is no list into an object of its own. */
struct value *rule_schema_resolve(struct rule_compiler *c, struct value *definition);
/* Adds the members that target has not, into nested objects, too. */
void rule_schema_extend(struct value *target, const struct value *source, struct arena *arena);
/* NULL when the type is unknown. */
rule_compile_fn *rule_table_find(struct bytes type);
/* Explains why and returns NULL. */
struct rule *rule_refuse(struct rule_compiler *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Owned by the validation; source and flags live as long. NULL: not valid, or too much of them,
 * explained. */
struct js_regex *rule_compile_regex(struct rule_compiler *c, struct bytes source,
                                    struct bytes flags);

/* A number of the schema, also given as text; null and undefined: not set. */
struct rule_limit {
    double number;
    bool set;
    bool is_bool;           /* true or false: orders as 1 or 0, but equals no number */
    struct value *expected; /* as errors show it */
};
/* false: not a number, explained. */
bool rule_read_limit(struct rule_compiler *c, const struct value *schema, const char *name,
                     struct rule_limit *out);
struct rule_list {
    const struct value *values; /* NULL: none */
    struct value *text;         /* as errors show it */
};
/* n === the limit */
bool rule_limit_equals(const struct rule_limit *limit, double n);
/* As JSON would bring it: a copy whose infinite numbers are null. NULL passes. */
struct value *rule_json_value(const struct value *v, struct arena *arena);
/* "enum" or "values" of a schema as NULL or a list with its text. false: too long, explained. */
bool rule_read_list(struct rule_compiler *c, const struct value *schema, const char *name,
                    struct rule_list *out);
bool rule_is_set(const struct value *schema, const char *name);  /* neither undefined nor null */
bool rule_is_on(const struct value *schema, const char *name);   /* truthy */
bool rule_is_true(const struct value *schema, const char *name); /* exactly true */
bool rule_is_false(const struct value *schema, const char *name);

/* --- checking --- */
struct rule_run {
    struct arena *arena;
    const struct rule_options *options;
    struct value *errors; /* array; at most VALIDATION_ERRORS_MAX */
    size_t n_errors;      /* counted on */
    size_t n_before;      /* errors when the innermost branch of a multi rule began */
    bool changed;         /* the value is not what was given any more */

    /* What is left: about one step for a rule at a value, or a dozen comparisons. */
    uint64_t steps_left, work_left; /* work: of patterns, in characters */
    size_t arena_bytes_max;         /* of arena->used_bytes */
    struct js_regex_room *room;     /* the validation's */
};

enum rule_step { RULE_STEP_ROOT, RULE_STEP_MEMBER, RULE_STEP_RECORD, RULE_STEP_ITEM };

/* Where in the value: errors name it. */
struct rule_place {
    const struct rule_place *up;
    enum rule_step step;
    struct bytes name;    /* of a member */
    size_t index;         /* of an item */
    struct value *parent; /* the object whose member the rule "equal" may name */
    struct bytes label;
};

struct rule_fault {
    const char *type;
    struct value *expected, *actual; /* NULL: absent */
};

/*
 * Checks presence, then the value. outer is where a missing value is reported: of an object's
 * member the member itself, else the container.
 */
struct value *rule_apply(struct rule_run *r, const struct rule *rule, const struct rule_place *at,
                         const struct rule_place *outer, struct value *v);
/* false: no steps, no work or no memory is left. Then nothing is checked any more. */
bool rule_spend(struct rule_run *r, size_t steps);
bool rule_is_exhausted(const struct rule_run *r);
void rule_fail(struct rule_run *r, const struct rule *rule, const struct rule_place *at,
               struct rule_fault fault);
/* The same with the limit as what was expected. */
void rule_fail_limit(struct rule_run *r, const struct rule *rule, const struct rule_place *at,
                     struct rule_fault fault, const struct rule_limit *limit);
/* The text of an error before its placeholders are filled in: that is done when the run is over,
 * since values in errors may still be sanitised. */
struct bytes rule_message(const struct rule_run *r, const struct rule *rule, const char *type);
void rule_message_fill(struct value *error, struct arena *arena);
/* "a.b[0]"; none at the root. */
struct bytes rule_place_path(const struct rule_place *at, struct arena *arena);

/* Array.prototype.includes for primitives; true when the run is exhausted. */
bool rule_list_has(struct rule_run *r, const struct value *list, const struct value *v);
struct value *rule_list_text(const struct value *list, struct arena *arena); /* joined by ", " */
/* Ends the run when it cannot be told. */
bool rule_matches(struct rule_run *r, struct js_regex *pattern, struct bytes text);

/* --- the rules, by family --- */
rule_compile_fn rule_compile_any, rule_compile_boolean, rule_compile_forbidden,
    rule_compile_function, rule_compile_object_id, rule_compile_class;
rule_compile_fn rule_compile_number;
rule_compile_fn rule_compile_string;
rule_compile_fn rule_compile_email, rule_compile_url, rule_compile_uuid, rule_compile_mac,
    rule_compile_luhn, rule_compile_currency;
rule_compile_fn rule_compile_date;
rule_compile_fn rule_compile_enum, rule_compile_equal;
rule_compile_fn rule_compile_array, rule_compile_tuple;
rule_compile_fn rule_compile_object, rule_compile_record;
rule_compile_fn rule_compile_multi;
/* A list of definitions is optional or nullable when all its branches are. */
void rule_multi_inherit(struct rule *rule, const struct rule_options *options);
