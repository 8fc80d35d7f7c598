/* SPDX-License-Identifier: MIT */
/*
 * Services whose handlers are URLs: a posted schema becomes a local service, and its actions and
 * events become POST requests to the app (docs/api.md, What an app receives).
 */
#pragma once

#include "base/log.h"
#include "http/http_client.h"
#include "registry/local_service.h"
#include "json/json.h"

struct broker;
struct broker_wait;

/* What all external services share; lives longer than they do. */
struct external {
    struct broker *broker;
    struct http_client *client;
    struct logger log;
    double app_timeout_ms; /* of a request to an app, when the call has no deadline; > 0 */
};

/* What asks for callers: see broker_set_caller_service. In the caller's memory. */
struct external_caller {
    struct local_service base;
    struct external *external; /* borrowed */
};
void external_caller_init(struct external_caller *c, struct external *external);
/* An http, https or unix URL. */
bool external_is_url(struct bytes text);

/* --- schemas --- */

enum external_fault_kind {
    EXTERNAL_FAULT_VALUE,   /* 422, as the validator says it: data is its entry */
    EXTERNAL_FAULT_HANDLER, /* 400 INVALID_HANDLER: data is {action: def} or {event: def} */
    EXTERNAL_FAULT_SCHEMA,  /* 400 INVALID_SCHEMA: path and text tell what */
};

/* One thing that is wrong with a schema. Texts lie in the arena given to external_schema_check. */
struct external_fault {
    enum external_fault_kind kind;
    struct bytes path;  /* "actions.list.timeout" */
    struct bytes text;  /* sentence */
    struct bytes type;  /* VALUE: "required", "string", "stringEmpty" */
    struct bytes value; /* slice: what stands there, or none */
    struct list link;
};

/* Everything that is wrong, appended to faults; texts of warnings appended to warnings (json items
 * of an array, see json_writer). Changes nothing else. */
void external_schema_check(struct bytes schema, struct arena *arena, struct list *faults,
                           struct json_writer *warnings);

/* From a schema that passed the check; one reference, the caller's. ERR_LIMIT: settings too deep.
 */
int external_service_new(struct external *external, struct bytes schema,
                         struct local_service **out) MUST_CHECK;
/* Its full name ("v1.posts"), borrowed from the service. */
struct bytes external_service_full_name(const struct local_service *service);
/* What it waits for before it starts, borrowed from the service. */
const struct broker_wait *external_service_wait(const struct local_service *service);
