/* SPDX-License-Identifier: MIT */
/* The settings of the process: defaults, overwritten by the environment (docs/protocol.md,
 * Options). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "model/broker_options.h"

struct config {
    struct arena arena; /* owns the texts */
#define CONFIG_TEXT                               struct bytes
#define CONFIG_NUMBER                             double
#define CONFIG_BOOL                               bool
#define CONFIG(kind, field, path, initial, about) CONFIG_##kind field;
#include "config/config.def"
#undef CONFIG
#undef CONFIG_TEXT
#undef CONFIG_NUMBER
#undef CONFIG_BOOL
    struct bytes transporter_options; /* slice: object, from MOL_TRANSPORTER__OPTIONS__... */
    struct bytes cacher_options;      /* slice: object, from MOL_CACHER__... */
    struct broker_options broker;     /* made of the above; borrows from this config */
};

/* environment: as environ. ERR_INVALID with a sentence in error_text. */
int config_read(struct config *c, char *const *environment, char *error_text,
                size_t error_room) MUST_CHECK;
void config_fini(struct config *c);
/* Every option with its variable, default and meaning, as a table for --help. */
void config_print_options(FILE *out);
