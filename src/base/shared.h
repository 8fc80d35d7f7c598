/* SPDX-License-Identifier: MIT */
/* Immutable text with several owners, counted: definitions, INFO payloads, instance ids. */
#pragma once

#include "base/bytes.h"

struct shared {
    unsigned refs;
    struct bytes bytes; /* NUL-terminated */
};

struct shared *shared_new(struct bytes text); /* copies; one reference, the caller's */
struct shared *shared_ref(struct shared *s);  /* returns s; NULL passes */
void shared_unref(struct shared *s);          /* NULL passes */
