/* SPDX-License-Identifier: MIT */
/* Reads golden files of tests/vectors: one JSON object a line. Anything amiss fails the test. */
#pragma once

#include "json/json.h"

struct vectors {
    struct buf text; /* owned: the whole file */
    struct bytes rest;
    struct arena arena; /* texts of all rows */
    struct bytes row;   /* the current one, a json slice; valid until vectors_close */
    unsigned line;
};

/* name inside TEST_VECTORS. */
void vectors_open(struct vectors *v, const char *name);
/* Steps to the next row; false at the end. */
bool vectors_next(struct vectors *v);
/* Back before the first row. */
void vectors_rewind(struct vectors *v);
void vectors_close(struct vectors *v);

/* The decoded text of a member of the row, or BYTES_NONE. */
struct bytes vectors_text(struct vectors *v, const char *member);
bool vectors_is(struct vectors *v, const char *member, const char *text);
