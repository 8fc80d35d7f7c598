/* SPDX-License-Identifier: MIT */
/*
 * What the cluster sees of a posted service schema (docs/protocol.md, Publishing a service):
 * names, and the service object that INFO carries. Does not check handlers.
 */
#pragma once

#include "json/json.h"

struct published_names {
    struct bytes name;      /* text */
    struct bytes full_name; /* text */
    struct bytes version;   /* slice: number or string; or none */
    bool has_prefix;        /* actions are called "<full_name>.<raw name>" */
};

/* Texts are in the arena or in the schema. ERR_TYPE: no object, or its name is no text. */
int published_schema_names(struct bytes schema, struct arena *arena,
                           struct published_names *out) MUST_CHECK;
/* An action's rawName, or an event's name: its "name", else its key (a raw key). */
struct bytes published_schema_raw_name(struct bytes key, struct bytes definition,
                                       struct arena *arena);
struct bytes published_schema_action_name(const struct published_names *names,
                                          struct bytes raw_name, struct arena *arena);
/* Whether an action is registered at all: "private" and unknown visibilities are not. */
bool published_schema_is_registered(struct bytes action);

/*
 * Appends the service object to out, and the actions with "protected": true (an object, see struct
 * local_service.hidden) to out_hidden; nothing when there are none. Definitions that are false are
 * skipped. ERR_TYPE as above, or for a definition that is neither object nor text; ERR_LIMIT as
 * published_settings_write. What was appended is of no use then.
 */
int published_schema_build(struct bytes schema, struct buf *out, struct buf *out_hidden) MUST_CHECK;
