/* SPDX-License-Identifier: MIT */
/* How fast our parameter rules check what passes, without a call around them. Documents of
 * slightly different lengths take turns. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench_args.h"
#include "bench_clock.h"
#include "bench_die.h"
#include "bench_payload.h"
#include "validation/validation.h"
#include "json/json.h"

#define ROUNDS 5

struct rules {
    struct validation *validation;
    struct arena arena; /* of results: what passes leaves nothing there */
    struct bytes documents[BENCH_PAYLOADS_MAX];
};

static struct validation *compile(const char *schema)
{
    struct validation *validation;
    struct bytes slice;
    struct buf error;

    buf_init(&error, BUF_NO_LIMIT);
    if (json_scan(bytes_cstr(schema), 0, &slice, NULL) != 0 ||
        validation_compile(slice, BYTES_NONE, &validation, &error) != 0) {
        bench_die("no schema: %.*s", BYTES_ARG(buf_bytes(&error)));
    }
    buf_fini(&error);
    return validation;
}

static void check_all(struct rules *rules)
{
    struct bytes params;
    struct bytes errors;

    for (size_t i = 0; i < BENCH_PAYLOADS_MAX; i++) {
        validation_run(rules->validation, rules->documents[i], &rules->arena, &params, &errors);
        if (bytes_is_set(errors)) {
            bench_die("refused: %.*s", BYTES_ARG(errors));
        }
    }
}

static int compare(const void *left, const void *right)
{
    const double *a = left;
    const double *b = right;

    return (*a > *b) - (*a < *b);
}

/* Nanoseconds of processor time a document, the median of some rounds. */
static double measure(struct rules *rules, uint64_t duration_ns)
{
    double times_ns[ROUNDS];

    check_all(rules);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t begin_ns = bench_clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
        uint64_t end_ns;
        size_t n = 0;

        do {
            check_all(rules);
            n += BENCH_PAYLOADS_MAX;
            end_ns = bench_clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
        } while (end_ns - begin_ns < duration_ns / ROUNDS);
        times_ns[round] = (double)(end_ns - begin_ns) / (double)n;
    }
    qsort(times_ns, ROUNDS, sizeof(*times_ns), compare);
    return times_ns[ROUNDS / 2];
}

static void measure_size(struct rules *rules, size_t bytes, unsigned long duration_ms)
{
    struct bench_payloads payloads = {0};
    double time_ns;

    for (size_t i = 0; i < BENCH_PAYLOADS_MAX; i++) {
        struct bench_text document = bench_payloads_get(&payloads, bytes + i);

        rules->documents[i] = bytes_of(document.at, document.len);
    }
    time_ns = measure(rules, duration_ms * BENCH_NS_PER_MS);
    (void)printf("{\"bytes\":%zu,\"per_second\":%.0f,\"mb_per_second\":%.1f}\n", bytes,
                 1e9 / time_ns, (double)bytes * 1e3 / time_ns);
    bench_payloads_fini(&payloads);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {200, 1000, 10000};
    unsigned long duration_ms = 500;
    const char *schema = "{}";
    const struct bench_arg args[] = {
        {"schema", BENCH_ARG_TEXT, &schema, "rules, as JSON, that the payloads pass ({})"},
        {"duration", BENCH_ARG_NUMBER, &duration_ms, "ms for each size (500)"},
        {0},
    };
    struct rules rules = {0};

    bench_args_parse(argc, argv, args);
    rules.validation = compile(schema);
    arena_init(&rules.arena);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        measure_size(&rules, sizes[i], duration_ms);
    }
    arena_fini(&rules.arena);
    validation_free(rules.validation);
    return EXIT_SUCCESS;
}
