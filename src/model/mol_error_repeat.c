/* SPDX-License-Identifier: MIT */
/* Whether a call that failed may be made again without doing something twice. */
#include "model/mol_error.h"

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

bool mol_error_may_repeat(const struct mol_error *error, struct bytes action)
{
    if (is_one_of(error->name, before_running, sizeof(before_running) / sizeof(char *)) ||
        json_string_eq(error->type, BYTES("SIDECAR_APP_UNREACHABLE"))) {
        return is_about(error, action);
    }
    return mol_error_is_retryable(error) &&
           !is_one_of(error->name, unknown, sizeof(unknown) / sizeof(char *));
}
