/* SPDX-License-Identifier: MIT */
/*
 * Log lines in Moleculer's "full" console format:
 *     [2026-11-24T09:17:27.108Z] INFO  node-1/BROKER: text
 * One sink a process (it writes to two files), one struct logger a module. base, json, value and
 * the codecs never log. Control characters in a message are escaped, so peers cannot forge lines.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/bytes.h"

enum log_level { LOG_NONE, LOG_FATAL, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };

struct log_sink {
    enum log_level level; /* prints this level and the stronger ones */
    bool colors;
    FILE *out, *err; /* fatal, error and warn go to err; borrowed; NULL: nowhere */
    char node_id[256];
};

struct logger {
    struct log_sink *sink; /* borrowed; NULL: silent */
    const char *module;    /* printed in upper case, borrowed */
};

/* "fatal" ... "trace", any case; false for anything else. */
bool log_level_parse(struct bytes text, enum log_level *out);
/* Colours as the environment and the terminal allow (NO_COLOR, FORCE_COLOR, TERM=dumb...). */
bool log_colors_wanted(FILE *out);

static inline bool log_is_on(const struct logger *l, enum log_level level)
{
    return l->sink && l->sink->level >= level;
}

void log_write(const struct logger *l, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_at(l, level, ...) (log_is_on(l, level) ? log_write(l, level, __VA_ARGS__) : (void)0)
#define log_fatal(l, ...)     log_at(l, LOG_FATAL, __VA_ARGS__)
#define log_error(l, ...)     log_at(l, LOG_ERROR, __VA_ARGS__)
#define log_warn(l, ...)      log_at(l, LOG_WARN, __VA_ARGS__)
#define log_info(l, ...)      log_at(l, LOG_INFO, __VA_ARGS__)
#define log_debug(l, ...)     log_at(l, LOG_DEBUG, __VA_ARGS__)
#define log_trace(l, ...)     log_at(l, LOG_TRACE, __VA_ARGS__)
