/* SPDX-License-Identifier: MIT */
/*
 * A Moleculer error: data that travels with a call, to callers of any kind. All members are json
 * slices (json/json.h) so that what came from a peer leaves as it came; BYTES_NONE is undefined.
 * Everything lives in the arena it was made with. See docs/protocol.md, Errors.
 */
#pragma once

#include "json/json.h"

enum mol_error_kind {
#define MOL_ERROR(id, name, code, type, retryable) MOL_ERROR_##id,
#include "model/mol_error.def"
#undef MOL_ERROR
    MOL_ERROR_KIND_COUNT
};

struct mol_error {
    struct bytes name;    /* a string */
    struct bytes message; /* usually a string; any value when the peer threw one */
    struct bytes code;    /* number or string; none for plain JavaScript errors */
    struct bytes type;
    struct bytes data;
    struct bytes node_id;   /* where it arose, when known */
    struct bytes retryable; /* true, false, or none */
    struct bytes stack;
};

/* --- making: data as the class documents it, message from its template --- */

/* ServiceNotFound, ServiceNotAvailable, RequestTimeout/Skipped/Rejected, QueueIsFull:
 * data {action, nodeID?}; node_id BYTES_NONE leaves it out. Texts, not json. */
struct mol_error *mol_error_about_action(struct arena *arena, enum mol_error_kind kind,
                                         struct bytes action, struct bytes node_id);
/* Any kind with its own message text; type is text or BYTES_NONE (the kind's own); data a json
 * slice or BYTES_NONE; code 0: the kind's own. */
struct mol_error *mol_error_new(struct arena *arena, enum mol_error_kind kind, struct bytes message,
                                int code, struct bytes type, struct bytes data);
/* As mol_error_about_action, from any data (a json slice), e.g. {action, nodeID, size, limit}; also
 * MaxCallLevel, ProtocolVersionMismatch and InvalidPacketData. */
struct mol_error *mol_error_from_data(struct arena *arena, enum mol_error_kind kind,
                                      struct bytes data);
/* "Request level is reached the limit (<level>) on '<nodeID>' node." */
struct mol_error *mol_error_max_call_level(struct arena *arena, int level, struct bytes node_id);
struct mol_error *mol_error_broker_disconnected(struct arena *arena);

/* --- the wire --- */

/* From RES.error: rebuilt by name (docs/protocol.md, Errors). Any json value is accepted. */
struct mol_error *mol_error_from_wire(struct arena *arena, struct bytes error, struct bytes sender);
/* As RES.error: name, message, nodeID, code, type, retryable, stack, data; none left out.
 * A missing nodeID is own_node_id; a missing stack is "<name>: <message>" in one line. */
void mol_error_to_wire(struct json_writer *w, const struct mol_error *error,
                       struct bytes own_node_id);

/* As callers over HTTP and apps see it: all but the stack, absent members left out. */
void mol_error_to_json(struct json_writer *w, const struct mol_error *error);

/* Deep copy. */
struct mol_error *mol_error_copy(struct arena *arena, const struct mol_error *error);
/* The code when it is an integral number, else 0. */
int mol_error_code(const struct mol_error *error);
bool mol_error_is_retryable(const struct mol_error *error);
/*
 * The call of that action failed with it: whether it may be made again without doing something
 * twice. True when the action has not run, or who failed says that it may be tried again; false
 * when it has run, or nobody knows.
 */
bool mol_error_may_repeat(const struct mol_error *error, struct bytes action);
/* For logs: message text (decoded), at most as long as it is. */
struct bytes mol_error_text(const struct mol_error *error, struct arena *arena);
