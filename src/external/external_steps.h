/* SPDX-License-Identifier: MIT */
/*
 * Hooks and fallbacks of a schema: which steps each of its actions has beside its handler
 * (docs/services.md). What is asked while a call runs is in external_step.c.
 */
#pragma once

#include "external/external_internal.h"

enum { EXTERNAL_STEPS_MAX = 32 }; /* of one kind and action */

struct external_steps;

/* An action of the schema. */
struct external_action {
    struct bytes raw_name;   /* text, by which patterns know it */
    struct bytes path;       /* text: where it stands, "actions.list" */
    struct bytes definition; /* slice: object, or a text (then it has none of its own) */
};

/*
 * Reads the hooks of the service. schema, arena and fault are borrowed until external_steps_free;
 * steps live in the arena. ERR_TYPE: the fault's path, text (without the path) and value say what
 * is wrong, here as below. *out is to be freed in any case.
 */
int external_steps_new(struct bytes schema, struct arena *arena, struct external_fault *fault,
                       struct external_steps **out) MUST_CHECK;
void external_steps_free(struct external_steps *s); /* NULL passes */
/* Sets the steps of h (zeroed) as the service and the action declare them. */
int external_steps_of_action(struct external_steps *s, const struct external_action *a,
                             struct external_handler *h) MUST_CHECK;
