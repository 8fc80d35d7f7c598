/* SPDX-License-Identifier: MIT */
/*
 * An action's policy (retryPolicy, circuitBreaker, bulkhead) laid over the broker's options, and
 * the declarative form of its "check": {codes: [500, "502-504"], types: [], names: [], retryable:
 * bool}; an error passes when any condition that is given holds (docs/protocol.md, Checks).
 */
#pragma once

#include "model/mol_error.h"
#include "json/json.h"

/* policy: slice, an object or anything else (then all is initial). */
double policy_number(struct bytes policy, struct bytes name, double initial);
bool policy_bool(struct bytes policy, struct bytes name, bool initial);

/* check: slice, an object. */
bool policy_check(struct bytes check, const struct mol_error *error);
/* NULL, or what is wrong with a check: a sentence part, static. */
const char *policy_check_fault(struct bytes check);
