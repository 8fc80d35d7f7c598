/* SPDX-License-Identifier: MIT */
/*
 * What an answer tells of trying again: how often the sidecar has done so already, and whether the
 * caller may (docs/api.md, Trying again).
 */
#include "api/api_internal.h"

/* Raised before the action of that name has run. */
static const char *const before_running[] = {
    "ServiceNotFoundError", "ServiceNotAvailableError", "QueueIsFullError",
    "RequestSkippedError",  "MaxCallLevelError",        "ValidationError",
};

/* Retryable for those who can bear that it runs twice: nobody knows whether it has run. */
static const char *const unknown[] = {"RequestTimeoutError", "RequestRejectedError",
                                      "BrokerDisconnectedError"};

static bool is_one_of(struct bytes name, const char *const *names, size_t n_names)
{
    for (size_t i = 0; i < n_names; i++) {
        if (json_string_eq(name, bytes_cstr(names[i]))) {
            return true;
        }
    }
    return false;
}

/* An action that calls others may hand on their error: then it has run itself. */
static bool is_about(const struct mol_error *error, struct bytes action)
{
    struct json_iter it = json_iter(error->data);
    struct bytes entry = error->data;

    if (json_type(error->data) == JSON_ARRAY && !json_next_item(&it, &entry)) {
        return false;
    }
    return json_string_eq(json_get(entry, BYTES("action")), action);
}

bool api_repeat_is_safe(const struct context *ctx)
{
    const struct mol_error *error = ctx->error;

    if (is_one_of(error->name, before_running, sizeof(before_running) / sizeof(char *)) ||
        json_string_eq(error->type, BYTES("SIDECAR_APP_UNREACHABLE"))) {
        return is_about(error, ctx->name);
    }
    return mol_error_is_retryable(error) &&
           !is_one_of(error->name, unknown, sizeof(unknown) / sizeof(char *));
}

void api_repeat_add_headers(struct buf *headers, const struct context *ctx)
{
    if (ctx->n_retries > 0) {
        buf_add_format(headers, "X-Retry-Attempts: %u\r\n", ctx->n_retries);
    }
    if (ctx->error) {
        buf_add(headers, api_repeat_is_safe(ctx) ? BYTES("X-Repeat-Safe: yes\r\n")
                                                 : BYTES("X-Repeat-Safe: no\r\n"));
    }
}
