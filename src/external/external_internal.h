/* SPDX-License-Identifier: MIT */
/* What the files of external/ share. */
#pragma once

#include "broker/broker.h"
#include "external/external.h"
#include "model/context.h"

/* What a schema declares beside a handler: whom to ask, or what to answer. */
struct external_step {
    struct bytes url;   /* text; none: value is the answer */
    struct bytes value; /* slice or none */
};

struct external_handler {
    struct local_handler base;
    const struct external_step *steps[LOCAL_STEP_KINDS]; /* base.n_steps of them */
    struct bytes name;                                   /* full action name, or event pattern */
    struct bytes url;          /* may be no URL at all: then calls fail; none: nobody is asked */
    struct validation *params; /* owned; NULL: anything goes */
};

/* --- external_action.c, external_event.c: run one handler for a context --- */
void external_action_run(struct external *x, const struct external_handler *h, struct context *ctx);
void external_event_run(struct external *x, const struct external_handler *h, struct context *ctx);

/* --- external_step.c --- */
/* Runs one of h's steps, see struct local_service_ops.step. */
bool external_step_run(struct external *x, const struct external_handler *h, struct context *ctx,
                       const struct local_step *step);
/* The same for a step that is a URL. */
bool external_step_ask(struct external *x, struct bytes url, struct context *ctx,
                       const struct local_step *step);

/* --- external_check.c: what is wrong with a schema, noted as it is found --- */
struct external_check {
    struct arena *arena;
    struct list *faults;
    struct json_writer *warnings;
    bool has_base_url; /* handlers may be relative */
};

/* To be filled in by the caller; value: slice or none. */
struct external_fault *external_check_fault(struct external_check *c, enum external_fault_kind kind,
                                            struct bytes path, struct bytes value);
/* text: what goes on behind the path. */
void external_check_refuse(struct external_check *c, struct bytes path, struct bytes value,
                           const char *text);
void external_check_warn(struct external_check *c, struct bytes path, const char *text);
bool external_check_has_control(struct bytes text);
/* What keeps a text from being a name: those stand in topics, logs and headers. NULL: nothing. */
const char *external_check_name_fault(struct bytes text);
/* Refuses slice when its text is no name. */
void external_check_name(struct external_check *c, struct bytes path, struct bytes slice,
                         struct bytes text);

/* A member that may be absent or null. Tables of them end with one without a name. */
struct external_member {
    const char *name;
    const char *(*fault)(struct bytes slice); /* NULL, or a sentence part */
    const struct external_member *below;      /* of its own members, or NULL */
};

/* path: of the object, which may be anything. */
void external_check_members(struct external_check *c, struct bytes path, struct bytes object,
                            const struct external_member *members);
void external_check_cache(struct external_check *c, struct bytes path, struct bytes cache);
const char *external_check_bool_fault(struct bytes slice);
const char *external_check_number_fault(struct bytes slice);   /* finite */
const char *external_check_amount_fault(struct bytes slice);   /* finite, 0 or more */
const char *external_check_positive_fault(struct bytes slice); /* finite, above 0 */
const char *external_check_string_fault(struct bytes slice);
const char *external_check_text_name_fault(struct bytes slice); /* a string that can be a name */
const char *external_check_object_fault(struct bytes slice);

/* --- external_definition.c --- */
/* The handler of a definition, which may be that alone: slice or none. */
struct bytes external_definition_handler(struct bytes definition);
/* One action or event. kind: "actions" or "events"; key: the raw key of its definition. */
void external_definition_check(struct external_check *c, struct bytes kind, struct bytes key,
                               struct bytes definition);

/* --- external_url.c --- */
enum external_url_kind {
    EXTERNAL_URL_RELATIVE, /* a path, or any text without a scheme */
    EXTERNAL_URL_ABSOLUTE, /* http:, https:, unix: */
    EXTERNAL_URL_FOREIGN,  /* of another scheme */
};
enum external_url_kind external_url_kind(struct bytes url);

/* --- external_dependencies.c --- */
/*
 * What a service of this schema waits for, in the arena. ERR_TYPE, ERR_LIMIT: the fault's path,
 * text (without the path) and value say what is wrong.
 */
int external_dependencies_read(struct bytes schema, struct arena *arena, struct broker_wait *out,
                               struct external_fault *fault) MUST_CHECK;

/* --- external_request.c --- */
/* A POST to the app on behalf of a context; lives in its arena. */
struct external_request {
    struct http_client_request http;
    struct buf body;
    struct context *ctx;
    struct external *external;
    double left_ms; /* time it may take; < 0: the call has no limit */
    /* Sets the context's outcome; err, response as in http_client_done_fn, never ERR_CANCELED. */
    void (*answered)(struct external_request *request, int err,
                     const struct http_response *response);
    void (*finished)(struct context *ctx); /* after answered, as the last thing */
};

/* Zeroed before. With the time that the context has left; finished is pipeline_finish. */
void external_request_init(struct external_request *request, struct external *x,
                           struct context *ctx);
struct external_request *external_request_new(struct external *x, struct context *ctx);
/* The members of the body that requests of all kinds have, and those of actions. */
void external_request_add_params(struct external_request *request, struct json_writer *w);
void external_request_add_options(struct external_request *request, struct json_writer *w);
/* False: there is no such URL, ctx->error says so, and the request is gone. */
bool external_request_send(struct external_request *request, struct bytes url);

/* --- external_answer.c --- */
/* What the app's answer means for the call (docs/api.md, What an app answers): result, meta, or
 * error. */
void external_answer_read(struct context *ctx, const struct http_response *response);
/* The same for a hook or a fallback: only what it may change changes. */
void external_answer_read_step(struct context *ctx, const struct http_response *response,
                               enum local_step_kind kind);
/* What a failed request means. */
void external_answer_failed(struct external_request *request, int err);
