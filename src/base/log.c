/* SPDX-License-Identifier: MIT */
/* Console log lines: format, colours, escaping. */
#include "base/log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

enum { LOG_LINE_BYTES = 64 * 1024 };

struct level_look {
    const char *name;  /* padded to five */
    const char *color; /* ANSI, as the original's console */
    const char *reset;
};

static const struct level_look looks[] = {
    [LOG_NONE] = {"", "", ""},
    [LOG_FATAL] = {"FATAL", "\033[31m\033[7m", "\033[39m\033[27m"},
    [LOG_ERROR] = {"ERROR", "\033[31m", "\033[39m"},
    [LOG_WARN] = {"WARN ", "\033[33m", "\033[39m"},
    [LOG_INFO] = {"INFO ", "\033[32m", "\033[39m"},
    [LOG_DEBUG] = {"DEBUG", "\033[35m", "\033[39m"},
    [LOG_TRACE] = {"TRACE", "\033[90m", "\033[39m"},
};

bool log_level_parse(struct bytes text, enum log_level *out)
{
    for (enum log_level level = LOG_FATAL; level <= LOG_TRACE; level++) {
        if (bytes_eq_nocase(text, bytes_trim(bytes_cstr(looks[level].name)))) {
            *out = level;
            return true;
        }
    }
    return false;
}

static bool env_is_set(const char *name)
{
    const char *value = getenv(name);

    return value && *value;
}

bool log_colors_wanted(FILE *out)
{
    const char *term = getenv("TERM");
    const char *force = getenv("FORCE_COLOR");

    if (env_is_set("NODE_DISABLE_COLORS") || getenv("NO_COLOR") ||
        (term && bytes_eq(bytes_cstr(term), BYTES("dumb")))) {
        return false;
    }
    if (force && !bytes_eq(bytes_cstr(force), BYTES("0"))) {
        return true;
    }
    return isatty(fileno(out));
}

static void add_time(struct buf *line)
{
    struct timespec now;
    struct tm utc;
    char text[32];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    if (strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc) > 0) {
        buf_add_format(line, "[%s.%03ldZ]", text, now.tv_nsec / 1000000);
    }
}

static void add_module(struct buf *line, const char *module)
{
    for (; *module; module++) {
        buf_add_char(line, bytes_upper_char(*module));
    }
}

static void add_head(struct buf *line, const struct logger *l, enum log_level level)
{
    const struct level_look *look = &looks[level];
    bool colors = l->sink->colors;

    buf_add(line, bytes_cstr(colors ? "\033[90m" : ""));
    add_time(line);
    buf_add(line, bytes_cstr(colors ? "\033[39m " : " "));
    buf_add(line, bytes_cstr(colors ? look->color : ""));
    buf_add(line, bytes_cstr(look->name));
    buf_add(line, bytes_cstr(colors ? look->reset : ""));
    buf_add(line, bytes_cstr(colors ? " \033[90m" : " "));
    buf_add(line, bytes_cstr(l->sink->node_id));
    buf_add_char(line, '/');
    add_module(line, l->module);
    buf_add(line, bytes_cstr(colors ? "\033[39m\033[90m:\033[39m " : ": "));
}

static void add_escaped(struct buf *line, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f) {
            buf_add_format(line, "\\x%02x", c);
        } else {
            buf_add_char(line, *text);
        }
    }
}

void log_write(const struct logger *l, enum log_level level, const char *format, ...)
{
    FILE *file = level <= LOG_WARN ? l->sink->err : l->sink->out;
    struct buf line, message;
    va_list args;

    if (!file) {
        return;
    }
    buf_init(&line, BUF_NO_LIMIT);
    buf_init(&message, BUF_NO_LIMIT);
    va_start(args, format);
    if (buf_reserve(&message, LOG_LINE_BYTES) == 0 &&
        vsnprintf(message.p, LOG_LINE_BYTES, format, args) >= 0) {
        add_head(&line, l, level);
        add_escaped(&line, message.p);
        buf_add_char(&line, '\n');
        (void)fwrite(line.p, 1, line.n, file);
        (void)fflush(file);
    }
    va_end(args);
    buf_fini(&line);
    buf_fini(&message);
}
