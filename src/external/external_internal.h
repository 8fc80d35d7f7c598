/* SPDX-License-Identifier: MIT */
/* What the files of external/ share. */
#pragma once

#include "broker/broker.h"
#include "external/external.h"
#include "model/context.h"

struct external_handler {
    struct local_handler base;
    struct bytes name;         /* full action name, or event pattern */
    struct bytes url;          /* may be no URL at all: then calls fail */
    struct validation *params; /* owned; NULL: anything goes */
};

/* --- external_action.c, external_event.c: run one handler for a context --- */
void external_action_run(struct external *x, const struct external_handler *h, struct context *ctx);
void external_event_run(struct external *x, const struct external_handler *h, struct context *ctx);

/* --- external_schema.c --- */
/* What keeps a text from being a name: those stand in topics, logs and headers. NULL: nothing. */
const char *external_schema_name_fault(struct bytes text);

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
    /* Sets the context's outcome; err, response as in http_client_done_fn, never ERR_CANCELED. */
    void (*answered)(struct external_request *request, int err,
                     const struct http_response *response);
};

/* Starts a request body of the context's parameters: everything but the first members. */
struct external_request *external_request_new(struct external *x, struct context *ctx);
void external_request_add_params(struct external_request *request, struct json_writer *w);
/* Sends it; the context finishes when it is over. */
void external_request_send(struct external_request *request, const struct external_handler *h);
/* Takes its body apart without sending: the context has failed before. */
void external_request_drop(struct external_request *request);

/* --- external_answer.c --- */
/* What the app's answer means for the call (http-api.md 6): result, meta, or error. */
void external_answer_read(struct context *ctx, const struct http_response *response);
/* What a failed request means (http-api.md 6.1). */
void external_answer_failed(struct external_request *request, int err);
