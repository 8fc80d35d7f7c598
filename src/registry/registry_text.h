/* SPDX-License-Identifier: MIT */
/*
 * A service as it was published, read once and kept once however many nodes publish the same text
 * (as the copies of one program do). Private to registry/.
 */
#pragma once

#include "registry/registry.h"

struct registry_text {
    unsigned refs;
    bool is_shared;      /* in registry.texts */
    struct shared *text; /* owned ref: the service object, hidden actions, the name (decoded) */
    struct shared *full_name; /* owned ref, text; outlives the text in endpoints */
    struct bytes slice;       /* the service object */
    struct bytes hidden;      /* slice like actions, or none: struct local_service.hidden */
};

/*
 * One reference for the caller. hidden is none but for own services. ERR_TYPE when slice is no
 * object or has no name.
 */
int registry_text_get(struct registry *r, struct bytes slice, struct bytes hidden,
                      struct registry_text **out) MUST_CHECK;
struct registry_text *registry_text_ref(struct registry_text *t);
/* Points the service's texts and slices into t. */
void registry_text_read(const struct registry_text *t, struct registry_service *s);
void registry_text_unref(struct registry *r, struct registry_text *t); /* NULL passes */
