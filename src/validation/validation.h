/* SPDX-License-Identifier: MIT */
/*
 * Checks params of actions and events against the schemas that services declare, and sanitises
 * them, as fastest-validator 1.19 does (reference: its behaviour with JSON schemas; what would need
 * JavaScript functions is refused). A schema is compiled once into a tree of rules.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

struct validation;

enum {
    /* --- what a schema may be; larger ones are refused --- */
    VALIDATION_SCHEMA_BYTES_MAX = 1 << 20,    /* its text */
    VALIDATION_RULES_MAX = 10000,             /* aliases worked in */
    VALIDATION_LIST_MAX = 10000,              /* members of an enum */
    VALIDATION_PATTERNS_BYTES_MAX = 16 << 20, /* what they are compiled to */
    /* --- what a run may give back; more is left out --- */
    VALIDATION_ERRORS_MAX = 1000,
    VALIDATION_ERRORS_BYTES_MAX = 1 << 20,
    VALIDATION_MESSAGE_BYTES_MAX = 64 << 10,
};

/*
 * Both arguments are validated slices and copied. options: the broker option validator.options
 * (messages, defaults, aliases, haltOnFirstError, considerNullAsAValue) or BYTES_NONE. ERR_INVALID:
 * the reason is appended to error.
 */
int validation_compile(struct bytes schema, struct bytes options, struct validation **out,
                       struct buf *error) MUST_CHECK;
void validation_free(struct validation *v); /* NULL passes */

/*
 * params is a validated slice; BYTES_NONE is undefined (callers give "{}" for missing params).
 * out_params: the sanitised value, the very same slice when nothing changed. out_errors: a JSON
 * array of {type, message, field?, expected?, actual?, label?}, or BYTES_NONE when params are
 * valid. Both live in the arena, or where params live. Params that pass unchanged take nothing of
 * it, and nothing of the heap unless they are large (some hundred values). A run whose work or
 * memory is out of proportion to the params ends with the one error {type: "limit"}.
 */
void validation_run(const struct validation *v, struct bytes params, struct arena *arena,
                    struct bytes *out_params, struct bytes *out_errors);
