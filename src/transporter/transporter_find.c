/* SPDX-License-Identifier: MIT */
/* The list of transporters: adding one is its file and a row here. */
#include "transporter/transporter_find.h"

struct transporter_kind {
    const char *name, *scheme;
    const struct transporter_ops *ops;
};

static const struct transporter_kind kinds[] = {
    {"NATS", "nats://", &transporter_nats_ops},
    {"Fake", NULL, &transporter_memory_ops},
};

const struct transporter_ops *transporter_find(struct bytes option, struct bytes *out_url)
{
    *out_url = BYTES_NONE;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct transporter_kind *kind = &kinds[i];

        if (bytes_eq_nocase(option, bytes_cstr(kind->name))) {
            return kind->ops;
        }
        if (kind->scheme && bytes_starts_with(option, bytes_cstr(kind->scheme))) {
            *out_url = option;
            return kind->ops;
        }
    }
    return NULL;
}
