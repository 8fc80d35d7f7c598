/* SPDX-License-Identifier: MIT */
/* What the files of api/ share. */
#pragma once

#include "api/api.h"

struct api_mcall;

struct api {
    struct loop *loop;
    struct broker *broker;     /* borrowed */
    struct external *external; /* borrowed */
    struct http_server *server;
    struct logger log;
    void (*drained)(void *owner);
    void *drained_owner;
};

/* Members of a call's or an event's body; found while the body is validated, in one pass. */
enum api_member {
    API_PARAMS,
    API_META,
    API_OPTIONS,
    API_TIMEOUT,
    API_RETRIES,
    API_GROUPS,
    API_MEMBERS /* how many */
};

/* One request under way; lives in the HTTP request's arena, as do its texts. */
struct api_request {
    struct api *api;
    struct http_request *http;
    struct bytes request_id;                /* of the caller, or a new one */
    struct bytes name;                      /* the path's parameter, decoded and trimmed; or none */
    struct bytes body;                      /* slice: object or array; "{}" when there was none */
    struct json_field members[API_MEMBERS]; /* of the body, by enum api_member */
    struct bytes query;      /* slice: object of the query members; none when there are none */
    struct context *ctx;     /* the call that runs, or NULL */
    struct api_mcall *mcall; /* the calls that run, or NULL */
    bool is_removing;        /* waits for a service to be gone */
};

struct arena *api_arena(struct api_request *request);

/* --- api_routes.c --- */
void api_routes_run(struct api_request *request);
bool api_routes_want_body(struct bytes path);

/* --- api_body.c --- */
/* Reads the body of the HTTP request into request->body; false when it has answered a fault. */
bool api_body_read(struct api_request *request);

/* --- api_params.c --- */
/* Names the members that api_body_read looks for. */
void api_params_init(struct api_request *request);
/* A member of the request: the path's has been taken; query stands over body. */
struct bytes api_params_get(const struct api_request *request, enum api_member member);
/* All members together: body, overwritten by query, overwritten by {path_name: name}. */
struct bytes api_params_all(struct api_request *request, struct bytes path_name);
/* A number, or text that holds one (queries only have texts). */
bool api_params_number(struct bytes slice, struct arena *arena, double *out);
/* An option that is not what it has to be. */
struct api_option_fault {
    const char *name;    /* "headers" */
    const char *type;    /* "object" */
    const char *must;    /* "must be an Object" */
    struct bytes actual; /* slice */
};
/* Reads what stands in options into call; slices and texts are borrowed from both. */
bool api_options_read(struct bytes options, struct arena *arena, struct broker_call *call,
                      struct api_option_fault *out) MUST_CHECK;
/* As struct broker_call has it: < 0 when it is no number; a negative number is 0, as in the
 * original. */
double api_options_retries(struct bytes slice, struct arena *arena);
/* Reads the query text. */
void api_params_read_query(struct api_request *request);
/* The context that a nested call names by X-Parent-ID, or NULL. */
struct context *api_params_parent(struct api_request *request);
/* The same for a call, which is not made below one whose time was up. */
void api_params_nest(struct api_request *request, struct broker_call *call);

/* --- handlers --- */
void api_call_action(struct api_request *request);
void api_mcall_run(struct api_request *request);
void api_event_emit(struct api_request *request);
void api_event_broadcast(struct api_request *request);
void api_registry_register(struct api_request *request);
void api_registry_unregister(struct api_request *request);
void api_registry_nodes(struct api_request *request);
void api_registry_services(struct api_request *request);
void api_registry_actions(struct api_request *request);
void api_registry_events(struct api_request *request);
void api_cache_stats(struct api_request *request);
void api_cache_clean(struct api_request *request);
void api_cache_get(struct api_request *request);
void api_cache_remove(struct api_request *request);
void api_health_live(struct api_request *request);
void api_health_ready(struct api_request *request);

/* --- api_mcall.c --- */
/* Nobody waits for the answer: gives up what still runs. The request is answered, into nowhere. */
void api_mcall_abandon(struct api_mcall *m);

/* --- api_registry.c --- */
/* Nobody waits for the end of a removal: it is answered, into nowhere, and goes on. */
void api_registry_abandon(struct api_request *request);

/* --- api_reply.c --- */
/* 200 with this JSON text. */
void api_reply_json(struct api_request *request, unsigned status, struct bytes json);
void api_reply_empty(struct api_request *request);
/* A flat error: {name, message, code, type, data}. type: text or none; data: slice or none. */
struct api_error {
    const char *name;
    struct bytes message;
    unsigned code;
    struct bytes type;
    struct bytes data;
};
void api_reply_error(struct api_request *request, const struct api_error *error);
/* What stands in place of an answer that is too large. */
extern const struct api_error api_reply_too_large;
/* A Moleculer error in the flat form. */
void api_reply_mol_error(struct api_request *request, const struct mol_error *error);
/* The outcome of a call (docs/api.md, Calling). */
void api_reply_call(struct api_request *request, const struct context *ctx);
/* --- api_repeat.c --- */
/* Header lines of the answer to a call. */
void api_repeat_add_headers(struct buf *headers, const struct context *ctx);

/* A flat error's JSON, for refusals of the HTTP server. */
void api_reply_error_json(const struct api_error *error, struct buf *out);

/* --- api_fault.c: faults of the endpoint's own parameters, as the validator says them --- */
struct api_fault {
    const char *type; /* "required", "object", ... */
    struct bytes message;
    struct bytes field;
    struct bytes actual; /* slice or none */
    const char *action;  /* "$sidecar.callAction" */
};
void api_fault_reply(struct api_request *request, const struct api_fault *fault);
/* faults: slice, what api_fault_json wrote in an array. */
void api_fault_reply_list(struct api_request *request, struct bytes faults);
/* An entry of ValidationError's data. */
void api_fault_json(struct json_writer *w, const struct api_fault *fault, struct bytes node_id);
/* Answers 422 and returns false when the path's parameter is blank. */
bool api_fault_check_name(struct api_request *request, const char *field, const char *action);
/* Answers 422: the field is to be an object. */
void api_fault_no_object(struct api_request *request, struct bytes field, struct bytes actual,
                         const char *action);
/* Answers 422 and returns false unless the member is an object, null or absent. */
bool api_fault_check_object(struct api_request *request, enum api_member member,
                            const char *action);
