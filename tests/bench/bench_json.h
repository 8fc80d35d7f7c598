/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "bench_buf.h"

struct bench_payloads;

/* Walks the members of the object that `text` begins with. Trusts its input to be valid JSON: it is
 * for packets of peers under test, in which a fault shows as a wrong answer. */
struct bench_json_walk {
    struct bench_text rest;          /* what is not read yet */
    struct bench_payloads *payloads; /* known texts, jumped over by one comparison; or NULL */
    struct bench_text key;           /* of the current member, without quotes */
    struct bench_text value;         /* of the current member, as it stands in the text */
};

/* Starts before the first member; a text that is no object has none. */
void bench_json_walk_init(struct bench_json_walk *walk, struct bench_text text,
                          struct bench_payloads *payloads);

/* Goes to the next member; false at the end. */
bool bench_json_walk_next(struct bench_json_walk *walk);

/* The inside of a string value without escapes; an empty text for any other value. */
struct bench_text bench_json_string(struct bench_text value);
