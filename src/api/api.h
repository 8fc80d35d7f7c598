/* SPDX-License-Identifier: MIT */
/* The REST API (docs/api.md): an HTTP server whose requests become broker calls and answers. */
#pragma once

#include "base/log.h"
#include "broker/broker.h"
#include "external/external.h"
#include "http/http_server.h"

struct api;

struct api_options {
    struct bytes host;
    unsigned port;
    size_t body_limit_bytes;
};

/* Opens the port. ERR_IN_USE, ERR_ACCESS... borrows broker and external. */
int api_new(struct loop *loop, const struct api_options *options, struct broker *broker,
            struct external *external, struct api **out) MUST_CHECK;
unsigned api_port(const struct api *api);
/* No new connections; running requests finish; then done. */
void api_drain(struct api *api, void (*done)(void *owner), void *owner);
/* Closes at once. NULL passes. */
void api_free(struct api *api);
