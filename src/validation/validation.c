/* SPDX-License-Identifier: MIT */
/* From schema text to rules, from params text to errors and sanitised text. */
#include "validation/validation.h"

#include <stddef.h>

#include "base/mem.h"
#include "validation/rule.h"

/* What a run may take, in proportion to its params: enough for some rules at each value. */
enum {
    RUN_STEPS = 3000000,
    RUN_STEPS_PER_BYTE = 4,
    RUN_WORK = 4000000, /* of patterns, in characters: less than ten milliseconds */
    RUN_WORK_PER_BYTE = 192,
    RUN_BYTES = 16 << 20,
    RUN_BYTES_PER_BYTE = 64,
};

/* Fits a tree of some hundred values; what checks larger ones goes to the heap. */
enum { SCRATCH_BYTES = 12 * 1024 };

struct validation {
    struct arena arena; /* schema, options and rules */
    struct rule_options options;
    struct rule_regex *regexes;
    struct js_regex_room *room; /* of all of them; NULL when there are none */
    struct rule *root;
    struct bytes label; /* of the root: what the schema itself says, not what aliases add */
};

static bool read_options(struct rule_compiler *c, const struct value *options)
{
    static const char *const functions[] = {"customRules", "customFunctions", "plugins"};
    struct rule_options *out = &c->options;

    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (rule_is_on(options, functions[i])) {
            (void)rule_refuse(c, "The validator option '%s' needs JavaScript.", functions[i]);
            return false;
        }
    }
    out->messages = value_get(options, BYTES("messages"));
    out->defaults = value_get(options, BYTES("defaults"));
    out->aliases = value_get(options, BYTES("aliases"));
    out->halt_on_first_error = rule_is_true(options, "haltOnFirstError");
    out->consider_null_a_value = rule_is_on(options, "considerNullAsAValue");
    for (size_t i = 0; value_is(out->aliases, JSON_OBJECT) && i < out->aliases->n; i++) {
        if (rule_table_find(out->aliases->members[i].name)) {
            (void)rule_refuse(c, "Alias name must not be a rule name");
            return false;
        }
    }
    return true;
}

/* The members of a plain schema are the properties of the object; names with $$ are directives. */
static struct value *root_definition(struct value *schema, struct arena *arena)
{
    struct value *definition, *properties;

    if (schema->type == JSON_ARRAY || rule_is_true(schema, "$$root")) {
        return schema;
    }
    definition = value_object(arena);
    properties = value_object(arena);
    for (size_t i = 0; i < schema->n; i++) {
        if (!bytes_starts_with(schema->members[i].name, BYTES("$$"))) {
            value_add(properties, schema->members[i].name, schema->members[i].value, arena);
        }
    }
    value_add(definition, BYTES("type"), value_string(BYTES("object"), arena), arena);
    if (value_has(schema, BYTES("$$strict"))) {
        value_add(definition, BYTES("strict"), value_get(schema, BYTES("$$strict")), arena);
    }
    value_add(definition, BYTES("properties"), properties, arena);
    return definition;
}

static struct bytes root_label(const struct value *schema, struct arena *arena)
{
    const struct value *label = value_get(schema, BYTES("label"));

    return rule_is_true(schema, "$$root") && value_is_truthy(label)
               ? value_convert_text(label, arena)
               : BYTES_NONE;
}

static struct rule *compile_root(struct rule_compiler *c, struct value *schema,
                                 struct bytes options)
{
    if (!read_options(c, value_parse(arena_copy(c->arena, options), c->arena))) {
        return NULL;
    }
    if (!value_is(schema, JSON_OBJECT) && !value_is(schema, JSON_ARRAY)) {
        return rule_refuse(c, "Invalid schema.");
    }
    return rule_compile(c, root_definition(schema, c->arena));
}

static bool is_too_large(struct bytes schema, struct buf *error)
{
    if (schema.n > VALIDATION_SCHEMA_BYTES_MAX) {
        buf_add_format(error, "Schema is larger than %d bytes.", VALIDATION_SCHEMA_BYTES_MAX);
        return true;
    }
    return false;
}

int validation_compile(struct bytes schema_text, struct bytes options, struct validation **out,
                       struct buf *error)
{
    struct validation *v;
    struct rule_compiler c = {.error = error};
    struct value *schema;

    if (is_too_large(schema_text, error)) {
        return ERR_INVALID;
    }
    v = mem_new(struct validation);
    c.arena = &v->arena;
    arena_init(&v->arena);
    schema = value_parse(arena_copy(&v->arena, schema_text), &v->arena);
    v->root = compile_root(&c, schema, options);
    v->label = root_label(schema, &v->arena);
    v->options = c.options;
    v->regexes = c.regexes;
    v->room = v->regexes ? js_regex_room_new() : NULL;
    if (!v->root) {
        validation_free(v);
        return ERR_INVALID;
    }
    *out = v;
    return 0;
}

void validation_free(struct validation *v)
{
    if (!v) {
        return;
    }
    for (struct rule_regex *node = v->regexes; node; node = node->next) {
        js_regex_free(node->regex);
    }
    js_regex_room_free(v->room);
    arena_fini(&v->arena);
    mem_free(v);
}

static struct bytes to_text(const struct value *v, struct arena *arena)
{
    struct bytes text;
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    value_to_json(v, &out);
    text = arena_copy(arena, buf_bytes(&out));
    buf_fini(&out);
    return text;
}

/* What a value is in errors may be large, and in many of them: the last ones are left out. */
static struct bytes errors_text(const struct rule_run *r, struct arena *arena)
{
    struct bytes text;
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    for (size_t i = 0; i < r->errors->n && out.n < VALIDATION_ERRORS_BYTES_MAX; i++) {
        rule_message_fill(r->errors->items[i], r->arena);
        buf_add_char(&out, i > 0 ? ',' : '[');
        value_to_json(r->errors->items[i], &out);
    }
    buf_add_char(&out, ']');
    text = arena_copy(arena, buf_bytes(&out));
    buf_fini(&out);
    return text;
}

static void run(const struct validation *v, struct rule_run *r, struct value *value)
{
    struct rule_place root = {.step = RULE_STEP_ROOT, .label = v->label};

    r->options = &v->options;
    r->errors = value_array(r->arena);
    /* What the root rule gives back is lost: only changes inside the value count. */
    (void)rule_apply(r, v->root, &root, &root, value);
}

void validation_run(const struct validation *v, struct bytes params, struct arena *arena,
                    struct bytes *out_params, struct bytes *out_errors)
{
    /* Not zeroed, as builds do it with locals: most of it is never used. */
    _Alignas(max_align_t) __attribute__((uninitialized)) char room[SCRATCH_BYTES];
    struct arena scratch;
    struct rule_run r = {.arena = &scratch,
                         .room = v->room,
                         .steps_left = RUN_STEPS + RUN_STEPS_PER_BYTE * (uint64_t)params.n,
                         .work_left = RUN_WORK + RUN_WORK_PER_BYTE * (uint64_t)params.n};
    struct value *value;

    arena_init_in(&scratch, room, sizeof(room));
    value = value_parse(params, &scratch);
    r.arena_bytes_max = scratch.used_bytes + RUN_BYTES + RUN_BYTES_PER_BYTE * params.n;
    run(v, &r, value);
    if (rule_is_exhausted(&r)) {
        *out_params = params;
        *out_errors = BYTES("[{\"type\":\"limit\",\"message\":"
                            "\"The parameters take too much work to check.\"}]");
    } else {
        *out_params = r.changed && value ? to_text(value, arena) : params;
        *out_errors = r.n_errors ? errors_text(&r, arena) : BYTES_NONE;
    }
    arena_fini(&scratch);
}
