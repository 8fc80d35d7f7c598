/* SPDX-License-Identifier: MIT */
/* Log lines: format, levels, files, colours, and that peers cannot forge lines. */
#include "base/log.h"

#include <stdlib.h>
#include <time.h>

#include "support/check.h"

/* What a sink wrote to its two files. */
struct capture {
    struct log_sink sink;
    struct logger logger;
    char *out_text, *err_text;
    size_t out_n, err_n;
};

static void capture_init(struct capture *c, enum log_level level)
{
    *c = (struct capture){.sink = {.level = level, .node_id = "node-1"}};
    c->sink.out = open_memstream(&c->out_text, &c->out_n);
    c->sink.err = open_memstream(&c->err_text, &c->err_n);
    assert_true(c->sink.out && c->sink.err);
    c->logger = (struct logger){&c->sink, "broker"};
}

static void capture_fini(struct capture *c)
{
    (void)fclose(c->sink.out);
    (void)fclose(c->sink.err);
    free(c->out_text);
    free(c->err_text);
}

static void check_time(const char *line)
{
    struct tm tm = {0};
    const char *rest = strptime(line, "[%Y-%m-%dT%H:%M:%S.", &tm);
    time_t now = time(NULL);

    assert_non_null(rest);
    assert_in_range(timegm(&tm), now - 10, now);
    assert_int_equal(strspn(rest, "0123456789"), 3);
    assert_int_equal(rest[3], 'Z');
    assert_int_equal(rest[4], ']');
}

static void test_format(void **state)
{
    struct capture c;

    (void)state;
    capture_init(&c, LOG_TRACE);
    log_info(&c.logger, "text %d %s", 5, "x");
    check_time(c.out_text);
    assert_string_equal(c.out_text + 26, " INFO  node-1/BROKER: text 5 x\n");
    assert_int_equal(c.err_n, 0);
    capture_fini(&c);
}

static void test_files(void **state)
{
    static const char *const names[] = {"", "FATAL", "ERROR", "WARN ", "INFO ", "DEBUG", "TRACE"};

    (void)state;
    for (enum log_level level = LOG_FATAL; level <= LOG_TRACE; level++) {
        struct capture c;
        char *text;

        capture_init(&c, LOG_TRACE);
        log_at(&c.logger, level, "x");
        text = level <= LOG_WARN ? c.err_text : c.out_text;
        assert_int_equal(level <= LOG_WARN ? c.out_n : c.err_n, 0);
        assert_memory_equal(text + 27, names[level], 5);
        capture_fini(&c);
    }
}

static void test_levels(void **state)
{
    (void)state;
    for (enum log_level sink = LOG_NONE; sink <= LOG_TRACE; sink++) {
        for (enum log_level level = LOG_FATAL; level <= LOG_TRACE; level++) {
            struct capture c;

            capture_init(&c, sink);
            log_at(&c.logger, level, "x");
            assert_int_equal(c.out_n + c.err_n > 0, level <= sink);
            assert_int_equal(log_is_on(&c.logger, level), level <= sink);
            capture_fini(&c);
        }
    }
}

static void test_silent(void **state)
{
    struct log_sink nowhere = {.level = LOG_TRACE};
    struct logger loggers[] = {{NULL, "x"}, {&nowhere, "x"}};

    (void)state;
    assert_false(log_is_on(&loggers[0], LOG_FATAL));
    log_fatal(&loggers[0], "lost");
    log_error(&loggers[1], "lost");
    log_trace(&loggers[1], "lost");
}

static void test_control_characters(void **state)
{
    struct capture c;

    (void)state;
    capture_init(&c, LOG_INFO);
    log_info(&c.logger, "%s", "a\nb\r\x1b[31m\x7f\t\xc3\xa9");
    assert_non_null(strstr(c.out_text, "BROKER: a\\x0ab\\x0d\\x1b[31m\\x7f\\x09\xc3\xa9\n"));
    capture_fini(&c);
}

static void test_colors(void **state)
{
    struct capture c;

    (void)state;
    capture_init(&c, LOG_INFO);
    c.sink.colors = true;
    log_info(&c.logger, "x\x1b");
    assert_memory_equal(c.out_text, "\x1b[90m[", 6);
    assert_string_equal(strchr(c.out_text, ']'),
                        "]\x1b[39m \x1b[32mINFO \x1b[39m \x1b[90mnode-1/BROKER\x1b[39m\x1b[90m:"
                        "\x1b[39m x\\x1b\n");
    log_fatal(&c.logger, "y");
    assert_non_null(strstr(c.err_text, "\x1b[31m\x1b[7mFATAL\x1b[39m\x1b[27m"));
    capture_fini(&c);
}

static void test_long_messages_are_cut(void **state)
{
    struct capture c;
    char *text = malloc(200001);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', 200000);
    text[200000] = '\0';
    capture_init(&c, LOG_INFO);
    log_info(&c.logger, "%s", text);
    assert_in_range(c.out_n, 1000, 70000);
    assert_int_equal(c.out_text[c.out_n - 1], '\n');
    capture_fini(&c);
    free(text);
}

static void test_parse(void **state)
{
    static const char *const names[] = {"", "fatal", "Error", "WARN", "info", "debug", "trace"};
    static const char *const wrong[] = {"", "warning", "infos", "inf", " info", "none"};
    enum log_level level = LOG_NONE;

    (void)state;
    for (enum log_level want = LOG_FATAL; want <= LOG_TRACE; want++) {
        assert_true(log_level_parse(bytes_cstr(names[want]), &level));
        assert_int_equal(level, want);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(log_level_parse(bytes_cstr(wrong[i]), &level));
    }
    assert_int_equal(level, LOG_TRACE);
}

static void clear_environment(void)
{
    static const char *const names[] = {"NO_COLOR", "FORCE_COLOR", "NODE_DISABLE_COLORS", "TERM"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(unsetenv(names[i]), 0);
    }
}

static bool wanted_with(const char *name, const char *value, FILE *file)
{
    bool wanted;

    assert_int_equal(setenv(name, value, 1), 0);
    wanted = log_colors_wanted(file);
    return wanted;
}

static void test_colors_wanted(void **state)
{
    FILE *file = tmpfile(); /* no terminal */

    (void)state;
    assert_non_null(file);
    clear_environment();
    assert_false(log_colors_wanted(file));
    assert_false(wanted_with("FORCE_COLOR", "0", file));
    assert_true(wanted_with("FORCE_COLOR", "1", file));
    assert_true(wanted_with("TERM", "xterm", file));
    assert_false(wanted_with("TERM", "dumb", file));
    assert_true(wanted_with("TERM", "xterm", file));
    assert_false(wanted_with("NO_COLOR", "1", file));
    clear_environment();
    assert_true(wanted_with("FORCE_COLOR", "1", file));
    assert_false(wanted_with("NODE_DISABLE_COLORS", "1", file));
    clear_environment();
    (void)fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_colors),
        cmocka_unit_test(test_long_messages_are_cut),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_colors_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
