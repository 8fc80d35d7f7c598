/* SPDX-License-Identifier: MIT */
/*
 * POST /v1/mcall: several calls in one request (docs/api.md, Several calls at once). They all run
 * at once; the answer comes when the last one has ended, or, unless it is to be settled, with the
 * first failure.
 */
#include "api/api_internal.h"
#include "base/map.h"
#include "broker/pipeline.h"

enum {
    CALLS_MAX = 1000,
    KEPT_MAX_BYTES = 32 * 1024 * 1024, /* of results, meta and errors while others still run */
};

static const char mcall_action[] = "$sidecar.mcall";

struct mcall_entry {
    struct api_mcall *mcall;
    struct bytes key; /* text, when the calls are an object */
    struct broker_call call;
    struct context *ctx; /* while it runs */
    struct bytes result; /* slice or none */
    struct mol_error *error;
    struct bytes meta; /* slice */
};

/* Outlives the request: after a failure has been answered the other calls run to their end, without
 * being tried again. */
struct api_mcall {
    struct api_request *request; /* NULL: answered */
    struct arena arena;          /* owns all slices and texts of what is asked */
    struct arena outcomes;       /* owns what came of the calls that have ended */
    struct bytes request_id;
    bool is_list, is_settled;
    struct mcall_entry *entries;
    size_t n_entries;
    size_t n_open; /* calls that have not ended, and who starts or aborts them */
};

/* --- the answer --- */

static void write_settled(const struct mcall_entry *e, struct json_writer *w)
{
    json_begin_object(w);
    json_member_text(w, BYTES("status"), e->error ? BYTES("rejected") : BYTES("fulfilled"));
    if (e->error) {
        json_key(w, BYTES("reason"));
        mol_error_to_json(w, e->error);
    } else {
        json_member(w, BYTES("value"), e->result);
    }
    json_end_object(w);
}

static void write_outcome(const struct mcall_entry *e, struct json_writer *w)
{
    if (e->mcall->is_settled) {
        write_settled(e, w);
    } else {
        json_raw(w, e->result);
    }
}

static void write_meta(const struct mcall_entry *e, struct json_writer *w)
{
    json_raw(w, e->meta);
}

/* A list or an object as the calls are one. */
static void write_all(const struct api_mcall *m, struct json_writer *w, struct bytes member,
                      void (*write)(const struct mcall_entry *e, struct json_writer *w))
{
    json_key(w, member);
    if (m->is_list) {
        json_begin_array(w);
    } else {
        json_begin_object(w);
    }
    for (size_t i = 0; i < m->n_entries; i++) {
        if (!m->is_list) {
            json_key(w, m->entries[i].key);
        }
        write(&m->entries[i], w);
    }
    if (m->is_list) {
        json_end_array(w);
    } else {
        json_end_object(w);
    }
}

static struct api_request *take_request(struct api_mcall *m)
{
    struct api_request *request = m->request;

    request->mcall = NULL;
    m->request = NULL;
    return request;
}

static void reply_all(struct api_mcall *m)
{
    struct buf body;
    struct json_writer w = json_writer(&body);

    buf_init(&body, BUF_NO_LIMIT);
    json_begin_object(&w);
    write_all(m, &w, BYTES("response"), write_outcome);
    write_all(m, &w, BYTES("meta"), write_meta);
    json_end_object(&w);
    api_reply_json(take_request(m), 200, buf_bytes(&body));
    buf_fini(&body);
}

/* --- running --- */

static void mcall_free(struct api_mcall *m)
{
    arena_fini(&m->arena);
    arena_fini(&m->outcomes);
    mem_free(m);
}

/* One that kept it open is through. */
static void leave(struct api_mcall *m)
{
    if (--m->n_open > 0) {
        return;
    }
    if (m->request) {
        reply_all(m);
    }
    mcall_free(m);
}

/* The request is answered: what runs goes to its end, nothing is tried again. */
static void disown_others(struct api_mcall *m)
{
    for (size_t i = 0; i < m->n_entries; i++) {
        if (m->entries[i].ctx) {
            pipeline_disown(m->entries[i].ctx);
        }
    }
}

/* With the one that makes them too many all outcomes go. */
static void keep_outcome(struct mcall_entry *e, const struct context *ctx)
{
    struct api_mcall *m = e->mcall;

    e->result = arena_copy(&m->outcomes, ctx->result);
    e->meta = arena_copy(&m->outcomes, ctx->meta);
    e->error = ctx->error ? mol_error_copy(&m->outcomes, ctx->error) : NULL;
    if (m->outcomes.used_bytes > KEPT_MAX_BYTES) {
        api_reply_error(take_request(m), &api_reply_too_large);
        arena_fini(&m->outcomes);
        disown_others(m);
    }
}

static void on_called(struct context *ctx)
{
    struct mcall_entry *e = ctx->owner;
    struct api_mcall *m = e->mcall;

    e->ctx = NULL;
    if (m->request && ctx->error && !m->is_settled) {
        api_reply_call(take_request(m), ctx);
        disown_others(m);
    } else if (m->request) {
        keep_outcome(e, ctx);
    }
    leave(m);
}

static void start_all(struct api_mcall *m)
{
    struct broker *b = m->request->api->broker;

    m->n_open = m->n_entries + 1;
    for (size_t i = 0; i < m->n_entries; i++) {
        struct mcall_entry *e = &m->entries[i];

        e->ctx = broker_call(b, &e->call, on_called, e);
    }
    leave(m);
}

void api_mcall_abandon(struct api_mcall *m)
{
    m->n_open++;
    for (size_t i = 0; i < m->n_entries; i++) {
        struct context *ctx = m->entries[i].ctx;

        if (ctx) {
            pipeline_abandon(ctx, mol_error_about_action(&ctx->arena, MOL_ERROR_REQUEST_REJECTED,
                                                         ctx->name, ctx->node_id));
        }
    }
    leave(m);
}

/* --- reading --- */

/* Answers 422 and gives false. */
static bool refuse(struct api_request *request, struct bytes field, struct bytes value,
                   const char *type, const char *must)
{
    api_fault_reply(request, &(struct api_fault){
                                 .type = type,
                                 .message = arena_format(api_arena(request), "The '%.*s' field %s.",
                                                         BYTES_ARG(field), must),
                                 .field = field,
                                 .actual = value,
                                 .action = mcall_action,
                             });
    return false;
}

/* "calls[2].action", "calls.<key>.action"; no member: the call itself. */
static struct bytes field_of(const struct api_mcall *m, const struct mcall_entry *e,
                             const char *member)
{
    struct arena *arena = api_arena(m->request);
    const char *dot = *member ? "." : "";

    if (m->is_list) {
        return arena_format(arena, "calls[%td]%s%s", e - m->entries, dot, member);
    }
    return arena_format(arena, "calls.%.*s%s%s", BYTES_ARG(e->key), dot, member);
}

static bool check_object(const struct api_mcall *m, const struct mcall_entry *e, const char *member,
                         struct bytes value)
{
    return json_is_null_or_none(value) || json_is_object(value) ||
           refuse(m->request, field_of(m, e, member), value, "object", "must be an Object");
}

static bool read_action(struct api_mcall *m, struct mcall_entry *e, struct bytes value)
{
    struct bytes field = field_of(m, e, "action");

    if (json_is_null_or_none(value)) {
        return refuse(m->request, field, value, "required", "is required");
    }
    if (json_type(value) != JSON_STRING) {
        return refuse(m->request, field, value, "string", "must be a string");
    }
    e->call.action = bytes_trim(json_string(value, &m->arena));
    return e->call.action.n > 0 ||
           refuse(m->request, field, value, "stringEmpty", "must not be empty");
}

/* Its own options stand in place of the common ones, as in the original. */
static bool read_options(struct mcall_entry *e, struct bytes own, struct bytes common)
{
    struct api_mcall *m = e->mcall;
    bool has_own = !json_is_null_or_none(own);
    struct api_option_fault fault;
    struct bytes field;

    if (api_options_read(has_own ? own : common, &m->arena, &e->call, &fault)) {
        return true;
    }
    field = arena_format(&m->arena, "options.%s", fault.name);
    return refuse(m->request, has_own ? field_of(m, e, field.p) : field, fault.actual, fault.type,
                  fault.must);
}

static bool read_call(struct api_mcall *m, struct mcall_entry *e, struct bytes definition,
                      struct bytes common)
{
    struct json_field fields[] = {{BYTES("action"), BYTES_NONE},
                                  {BYTES("params"), BYTES_NONE},
                                  {BYTES("meta"), BYTES_NONE},
                                  {BYTES("options"), BYTES_NONE}};

    if (!json_is_object(definition)) {
        return refuse(m->request, field_of(m, e, ""), definition, "object", "must be an Object");
    }
    json_get_fields(definition, fields, 4);
    if (!read_action(m, e, fields[0].value) || !check_object(m, e, "meta", fields[2].value) ||
        !check_object(m, e, "options", fields[3].value)) {
        return false;
    }
    e->call.params = json_is_null_or_none(fields[1].value) ? BYTES("{}") : fields[1].value;
    e->call.meta = fields[2].value;
    return read_options(e, fields[3].value, common);
}

static struct mcall_entry *add_entry(struct api_mcall *m, struct bytes key)
{
    struct mcall_entry *e = &m->entries[m->n_entries++];

    *e = (struct mcall_entry){
        .mcall = m,
        .key = key,
        .meta = BYTES("{}"),
        .call = {.caller = BYTES("$sidecar"), .request_id = m->request_id},
    };
    api_params_nest(m->request, &e->call);
    return e;
}

static bool read_list(struct api_mcall *m, struct bytes calls, struct bytes common)
{
    struct json_iter it = json_iter(calls);
    struct bytes definition;

    while (json_next_item(&it, &definition)) {
        if (!read_call(m, add_entry(m, BYTES_NONE), definition, common)) {
            return false;
        }
    }
    return true;
}

/* Of a key that stands twice the last call counts, at the place of the first. */
static bool read_object(struct api_mcall *m, struct bytes calls, struct bytes common)
{
    struct json_iter it = json_iter(calls);
    struct bytes key, definition;
    struct map by_key;
    bool is_good = true;

    map_init(&by_key);
    while (is_good && json_next_member(&it, &key, &definition)) {
        struct bytes text = json_string(key, &m->arena);
        struct mcall_entry *e = map_get(&by_key, text);

        if (!e) {
            e = add_entry(m, text);
            map_set(&by_key, e->key, e);
        }
        is_good = read_call(m, e, definition, common);
    }
    map_fini(&by_key);
    return is_good;
}

static bool check(struct api_request *request, struct bytes calls, struct bytes settled)
{
    struct bytes field = BYTES("calls");
    enum json_type type = json_type(calls);

    if (!api_fault_check_object(request, API_OPTIONS, mcall_action)) {
        return false;
    }
    if (json_type(settled) != JSON_BOOL && !json_is_null_or_none(settled)) {
        return refuse(request, BYTES("settled"), settled, "boolean", "must be a boolean");
    }
    if (json_is_null_or_none(calls)) {
        return refuse(request, field, calls, "required", "is required");
    }
    if (type != JSON_ARRAY && type != JSON_OBJECT) {
        return refuse(request, field, calls, "array", "must be an array or an object");
    }
    return json_count(calls) <= CALLS_MAX ||
           refuse(request, field, BYTES_NONE, type == JSON_ARRAY ? "arrayMax" : "objectMaxProps",
                  "must contain at most 1000 calls");
}

void api_mcall_run(struct api_request *request)
{
    struct json_field fields[] = {{BYTES("calls"), BYTES_NONE}, {BYTES("settled"), BYTES_NONE}};
    struct bytes common = api_params_get(request, API_OPTIONS);
    struct api_mcall *m;
    struct bytes calls;

    json_get_fields(request->body, fields, 2);
    if (!check(request, fields[0].value, fields[1].value)) {
        return;
    }
    m = mem_new(struct api_mcall);
    arena_init(&m->arena);
    arena_init(&m->outcomes);
    m->request = request;
    m->request_id = arena_copy(&m->arena, request->request_id);
    calls = arena_copy(&m->arena, fields[0].value);
    common = arena_copy(&m->arena, common); /* calls may outlive the request */
    m->is_list = json_type(calls) == JSON_ARRAY;
    m->is_settled = json_is_true(fields[1].value);
    m->entries = arena_alloc(&m->arena, (json_count(calls) + 1) * sizeof(m->entries[0]));
    if (!(m->is_list ? read_list : read_object)(m, calls, common)) {
        mcall_free(m);
        return;
    }
    request->mcall = m;
    start_all(m);
}
