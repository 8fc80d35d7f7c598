/* SPDX-License-Identifier: MIT */
/*
 * JSON text is the currency: it is validated once, then travels as slices of the bytes it came in.
 * A "json slice" below is a struct bytes that holds exactly one validated value without blanks
 * around it; BYTES_NONE stands for JavaScript's undefined. All functions but json_scan take
 * validated slices only. RFC 8259; duplicates and lone surrogates as JavaScript's JSON.parse.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

enum json_type {
    JSON_NONE,
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

enum { JSON_DEPTH_DEFAULT = 512, JSON_DEPTH_MAX = 4096 };

struct json_fault {
    size_t position;  /* byte offset */
    const char *text; /* static, e.g. "unexpected end" */
};

/*
 * Validates one document (blanks around it allowed) and trims it to a json slice. ERR_SYNTAX,
 * ERR_DEPTH, ERR_UTF8 with the fault filled in when given. depth_limit 0: JSON_DEPTH_DEFAULT; more
 * than JSON_DEPTH_MAX counts as that.
 */
int json_scan(struct bytes text, unsigned depth_limit, struct bytes *out,
              struct json_fault *fault) MUST_CHECK;

enum json_type json_type(struct bytes slice); /* BYTES_NONE: JSON_NONE */
static inline bool json_is_object(struct bytes slice)
{
    return slice.n && slice.p[0] == '{';
}
bool json_is_true(struct bytes slice);
bool json_is_null_or_none(struct bytes slice);
/* null, undefined, false, 0, -0 and "" are not truthy. */
bool json_is_truthy(struct bytes slice);

/* --- walking objects and arrays --- */
struct json_iter {
    struct bytes rest;
};

/* An object or an array; anything else has no members. */
struct json_iter json_iter(struct bytes slice);
/* Next member as slices: key with its quotes (raw). Duplicates come as they stand. */
bool json_next_member(struct json_iter *it, struct bytes *out_key, struct bytes *out_value);
bool json_next_item(struct json_iter *it, struct bytes *out_value);
/*
 * For walks into everything, which look at each byte once: keys and scalars as slices, the brackets
 * of containers as one byte each; commas and colons are left out. it->rest begins as the slice.
 */
bool json_next_token(struct json_iter *it, struct bytes *out_token);
size_t json_count(struct bytes slice);            /* members or items; 0 for scalars */
bool json_is_list_of_strings(struct bytes slice); /* an array, empty or of strings alone */

/* The last member of that (decoded) name, or BYTES_NONE, also when slice is no object. */
struct bytes json_get(struct bytes slice, struct bytes name);

/* Several members at once, in one pass; absent ones are BYTES_NONE. Names must differ. Cheapest
 * when the fields are in the order in which the members are likely to come. */
struct json_field {
    struct bytes name;
    struct bytes value;
};
void json_get_fields(struct bytes slice, struct json_field *fields, size_t n_fields);

/*
 * As json_scan and json_get_fields in one pass over a document that should be an object; when it is
 * another type, all fields are BYTES_NONE and the result is still 0 (out tells the type).
 */
int json_scan_fields(struct bytes text, struct json_field *fields, size_t n_fields,
                     struct bytes *out, struct json_fault *fault) MUST_CHECK;

/* --- strings: a slice with quotes --- */
/*
 * The decoded text as UTF-8: a slice of the source when nothing is escaped, else in the arena.
 * A lone surrogate decodes to U+FFFD. Not a string: BYTES_NONE.
 */
struct bytes json_string(struct bytes slice, struct arena *arena);
/* Compares a string slice (or raw key) with plain text without decoding to memory. */
bool json_string_eq(struct bytes slice, struct bytes text);
/* Appends a quoted, escaped string; invalid UTF-8 becomes U+FFFD. */
void json_add_string(struct buf *out, struct bytes text);
/* The same into an arena. */
struct bytes json_quote(struct bytes text, struct arena *arena);

/* --- numbers --- */
bool json_double(struct bytes slice, double *out); /* only for numbers; 1e400 gives infinity */
/* A number that is integral and within +-2^53. */
bool json_integer(struct bytes slice, int64_t *out);
/* As JavaScript prints a number (Number.prototype.toString, ES2023 6.1.6.1.20); NaN, inf: null. */
void json_add_double(struct buf *out, double value);

/* --- writing: commas and quotes are added where needed --- */
struct json_writer {
    struct buf *out;
    bool needs_comma;
};

struct json_writer json_writer(struct buf *out);
void json_begin_object(struct json_writer *w);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w);
void json_end_array(struct json_writer *w);
void json_key(struct json_writer *w, struct bytes name);
void json_raw(struct json_writer *w, struct bytes slice); /* BYTES_NONE writes null */
void json_text(struct json_writer *w, struct bytes text);
void json_bool(struct json_writer *w, bool value);
void json_int(struct json_writer *w, int64_t value);
void json_number(struct json_writer *w, double value);
/* Members; a BYTES_NONE value writes nothing at all, as JSON.stringify drops undefined. */
void json_member(struct json_writer *w, struct bytes name, struct bytes slice);
void json_member_text(struct json_writer *w, struct bytes name, struct bytes text);
void json_member_int(struct json_writer *w, struct bytes name, int64_t value);
void json_member_bool(struct json_writer *w, struct bytes name, bool value);

/*
 * Object.assign({}, base, over) in text: members of base in their order (values replaced by over's
 * last), then over's new ones. Either may be BYTES_NONE or no object (then it counts as {}).
 * Returns one of the two slices unchanged where that is the result.
 */
struct bytes json_merge(struct bytes base, struct bytes over, struct arena *arena);
