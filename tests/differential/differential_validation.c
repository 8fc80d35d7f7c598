/* SPDX-License-Identifier: MIT */
/*
 * Validates what it reads: lines of {options, schema, value} become lines of {refused} (why the
 * schema does not compile) or {result, value} (true or errors, and the value as it is then).
 */
#include <stdio.h>
#include <stdlib.h>

#include "validation/validation.h"
#include "json/json.h"

enum { OPTIONS, SCHEMA, VALUE, N_FIELDS };

static void run(const struct validation *v, struct bytes value, struct json_writer *w)
{
    struct bytes params, errors;
    struct arena arena;

    arena_init(&arena);
    validation_run(v, value, &arena, &params, &errors);
    json_key(w, BYTES("result"));
    json_raw(w, bytes_is_set(errors) ? errors : BYTES("true"));
    if (bytes_is_set(params)) {
        json_key(w, BYTES("value"));
        json_raw(w, params);
    }
    arena_fini(&arena);
}

static int answer(struct bytes line, struct buf *out)
{
    struct json_field fields[N_FIELDS] = {{BYTES("options"), BYTES_NONE},
                                          {BYTES("schema"), BYTES_NONE},
                                          {BYTES("value"), BYTES_NONE}};
    struct json_writer w = json_writer(out);
    struct validation *v = NULL;
    struct bytes all;
    struct buf error;

    if (json_scan_fields(line, fields, N_FIELDS, &all, NULL) != 0) {
        return 1;
    }
    buf_init(&error, BUF_NO_LIMIT);
    json_begin_object(&w);
    if (validation_compile(fields[SCHEMA].value, fields[OPTIONS].value, &v, &error) != 0) {
        json_key(&w, BYTES("refused"));
        json_text(&w, buf_bytes(&error));
    } else {
        run(v, fields[VALUE].value, &w);
    }
    json_end_object(&w);
    validation_free(v);
    buf_fini(&error);
    return 0;
}

int main(void)
{
    size_t room = 0;
    char *line = NULL;
    int failed = 0;

    for (ssize_t n; !failed && (n = getline(&line, &room, stdin)) > 0;) {
        struct buf out;

        buf_init(&out, BUF_NO_LIMIT);
        failed = answer(bytes_of(line, (size_t)n), &out);
        buf_add_char(&out, '\n');
        (void)fwrite(out.p, 1, out.n, stdout);
        (void)fflush(stdout);
        buf_fini(&out);
    }
    free(line);
    return failed;
}
