/* SPDX-License-Identifier: MIT */
/* How fast our JSON scanner validates and slices. Many different documents of each kind take turns,
 * because repeating one trains the branch predictor and flatters every scanner. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_args.h"
#include "bench_buf.h"
#include "bench_clock.h"
#include "bench_die.h"
#include "json/json.h"

#define POOL_BYTES  (2U * 1024 * 1024)
#define ROUNDS      5
#define MAX_STRINGS 4U

struct pool {
    struct bench_buf text;
    struct bytes *documents; /* slices of text */
    size_t n_documents;
};

/* xorshift64: the same documents in every run. */
static unsigned pick(uint64_t *seed, unsigned limit)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (unsigned)(*seed >> 33) % limit;
}

static void add_record(struct bench_buf *out, uint64_t *seed)
{
    static const char *const words[] = {"blue", "longer name of an item", "x", "tag-17"};

    bench_buf_printf(out, "{\"id\":%u,\"name\":\"%s\",\"price\":%u.%02u", pick(seed, 100000),
                     words[pick(seed, MAX_STRINGS)], pick(seed, 1000), pick(seed, 100));
    if (pick(seed, 2) == 0) {
        bench_buf_printf(out, ",\"tags\":[\"%s\",\"%s\"]", words[pick(seed, MAX_STRINGS)],
                         words[pick(seed, MAX_STRINGS)]);
    }
    bench_buf_printf(out, ",\"stock\":%s}", pick(seed, 2) == 0 ? "true" : "null");
}

static void add_text(struct bench_buf *out, uint64_t *seed)
{
    static const char *const parts[] = {"plain words of a text, some of them long. ",
                                        "Gr\xc3\xbc\xc3\x9f"
                                        "e aus K\xc3\xb6ln ",
                                        "line\\n\\\"quoted\\\" ", "\xe6\x97\xa5\xe6\x9c\xac "};
    unsigned n = pick(seed, 12) + 1;

    bench_buf_append(out, BENCH_TEXT("\""));
    while (n-- > 0) {
        bench_buf_printf(out, "%s", parts[pick(seed, MAX_STRINGS)]);
    }
    bench_buf_append(out, BENCH_TEXT("\""));
}

static void add_numbers(struct bench_buf *out, uint64_t *seed)
{
    bench_buf_printf(out, "[%d,%u.%05u,%ue%d]", (int)pick(seed, 2000) - 1000, pick(seed, 100),
                     pick(seed, 100000), pick(seed, 10), (int)pick(seed, 40) - 20);
}

/* One document of about `bytes` bytes: a list made by `add`. */
static void add_document(struct bench_buf *out, size_t bytes, uint64_t *seed,
                         void (*add)(struct bench_buf *, uint64_t *))
{
    size_t start = out->end;

    bench_buf_append(out, BENCH_TEXT("{\"list\":["));
    do {
        if (out->data[out->end - 1] != '[') {
            bench_buf_append(out, BENCH_TEXT(","));
        }
        add(out, seed);
    } while (out->end - start < bytes);
    bench_buf_append(out, BENCH_TEXT("]}"));
}

static void pool_init(struct pool *pool, size_t bytes, void (*add)(struct bench_buf *, uint64_t *))
{
    size_t n_max = POOL_BYTES / bytes + 1;
    size_t *ends = calloc(n_max, sizeof(*ends));
    uint64_t seed = 88172645463325252ULL;

    *pool = (struct pool){.documents = calloc(n_max, sizeof(*pool->documents))};
    if (ends == NULL || pool->documents == NULL) {
        bench_die("out of memory");
    }
    while (pool->text.end < POOL_BYTES && pool->n_documents < n_max) {
        add_document(&pool->text, bytes, &seed, add);
        ends[pool->n_documents++] = pool->text.end;
    }
    for (size_t i = 0, start = 0; i < pool->n_documents; start = ends[i++]) {
        pool->documents[i] = bytes_of(pool->text.data + start, ends[i] - start);
    }
    free(ends);
}

static void pool_fini(struct pool *pool)
{
    bench_buf_fini(&pool->text);
    free(pool->documents);
}

static void scan_all(const struct pool *pool)
{
    for (size_t i = 0; i < pool->n_documents; i++) {
        struct bytes slice;

        if (json_scan(pool->documents[i], 0, &slice, NULL) != 0) {
            bench_die("refused %.200s", pool->documents[i].p);
        }
    }
}

static int compare(const void *left, const void *right)
{
    const double *a = left;
    const double *b = right;

    return (*a > *b) - (*a < *b);
}

/* MB a second of processor time, the median of some rounds. */
static double measure(const struct pool *pool, uint64_t duration_ns)
{
    double rates[ROUNDS];

    scan_all(pool);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t begin_ns = bench_clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
        uint64_t end_ns;
        size_t bytes = 0;

        do {
            scan_all(pool);
            bytes += pool->text.end;
            end_ns = bench_clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
        } while (end_ns - begin_ns < duration_ns / ROUNDS);
        rates[round] = (double)bytes * 1e3 / (double)(end_ns - begin_ns);
    }
    qsort(rates, ROUNDS, sizeof(*rates), compare);
    return rates[ROUNDS / 2];
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*add)(struct bench_buf *, uint64_t *);
    } kinds[] = {{"records", add_record}, {"texts", add_text}, {"numbers", add_numbers}};
    static const size_t sizes[] = {200, 1000, 10000, 100000};
    unsigned long duration_ms = 500;
    const struct bench_arg args[] = {
        {"duration", BENCH_ARG_NUMBER, &duration_ms, "ms for each kind and size (500)"},
        {0},
    };
    struct pool pool;

    bench_args_parse(argc, argv, args);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        for (size_t j = 0; j < sizeof(sizes) / sizeof(*sizes); j++) {
            pool_init(&pool, sizes[j], kinds[i].add);
            (void)printf("{\"kind\":\"%s\",\"bytes\":%zu,\"mb_per_second\":%.1f}\n", kinds[i].name,
                         sizes[j], measure(&pool, duration_ms * BENCH_NS_PER_MS));
            pool_fini(&pool);
        }
    }
    return EXIT_SUCCESS;
}
