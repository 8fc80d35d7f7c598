/* SPDX-License-Identifier: MIT */
/* Posted schemas: whatever is refused has a path and a sentence, whatever passes makes a service.
 */
#include "base/assert.h"
#include "broker/broker.h"
#include "external/external.h"
#include "fuzz/fuzz.h"
#include "registry/local_service.h"

static void check_faults(const struct list *faults)
{
    list_for_each (link, faults) {
        const struct external_fault *fault = list_entry(link, struct external_fault, link);

        ASSERT(fault->path.n > 0 && fault->text.n > 0);
        ASSERT(fault->kind != EXTERNAL_FAULT_VALUE || fault->type.n > 0);
    }
}

static void check_service(struct bytes schema)
{
    struct external external = {0};
    struct local_service *service;
    const struct broker_wait *wait;

    if (external_service_new(&external, schema, &service) != 0) {
        return; /* settings too deep */
    }
    wait = external_service_wait(service);
    ASSERT(wait->timeout_ms >= 0 && wait->interval_ms >= 0);
    for (size_t i = 0; i < wait->n_needed; i++) {
        ASSERT(wait->needed[i].name.n > 0);
        ASSERT(i > 0 || !wait->needed[i].is_alternative);
    }
    ASSERT(external_service_full_name(service).n > 0);
    local_service_unref(service);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes schema;
    struct arena arena;
    struct list faults;
    struct buf warnings;
    struct json_writer w = json_writer(&warnings);

    if (json_scan(bytes_of((const char *)data, size), 0, &schema, NULL) != 0 ||
        !json_is_object(schema)) {
        return 0;
    }
    arena_init(&arena);
    list_init(&faults);
    buf_init(&warnings, BUF_NO_LIMIT);
    json_begin_array(&w);
    external_schema_check(schema, &arena, &faults, &w);
    json_end_array(&w);
    ASSERT(json_scan(buf_bytes(&warnings), 0, &(struct bytes){0}, NULL) == 0);
    if (list_is_empty(&faults)) {
        check_service(schema);
    }
    check_faults(&faults);
    buf_fini(&warnings);
    arena_fini(&arena);
    return 0;
}
