/* SPDX-License-Identifier: MIT */
/* $node: what the registry knows and how this process does, as actions. */
#include "broker/node_service.h"

#include "broker/broker_internal.h"
#include "broker/node_health.h"
#include "registry/registry_list.h"

struct node_service {
    struct local_service base;
    struct broker *broker; /* borrowed: outlives it */
};

#define FLAG(name, value)                                                                          \
    "\"" name "\":{\"type\":\"boolean\",\"optional\":true,\"convert\":true,\"default\":" value "}"
#define TEXTS(name)                                                                                \
    "\"" name "\":{\"type\":\"multi\",\"optional\":true,\"rules\":[{\"type\":\"string\"},"         \
    "{\"type\":\"array\",\"items\":\"string\"}]}"
#define ACTION(name, params)                                                                       \
    "\"$node." name "\":{\"cache\":false,\"tracing\":false," params "\"rawName\":\"" name          \
    "\",\"name\":\"$node." name "\"}"
#define PARAMS(flags) "\"params\":{" flags "},"

static const char published
    [] = "{\"name\":\"$node\",\"fullName\":\"$node\",\"settings\":{},\"metadata\":{},\"actions\":"
         "{" ACTION(
             "list",
             PARAMS(FLAG("withServices", "false") "," FLAG(
                 "onlyAvailable",
                 "false"))) "," ACTION("services",
                                       PARAMS(FLAG("onlyLocal", "false") "," FLAG(
                                           "skipInternal",
                                           "false") "," FLAG("withActions",
                                                             "f"
                                                             "a"
                                                             "l"
                                                             "s"
                                                             "e") "," FLAG("withEvents", "false") "," FLAG("onlyAvailable",
                                                                                                           "false") "," FLAG("grouping", "true"))) "," ACTION("actions", PARAMS(FLAG("onlyLocal", "false") "," FLAG("skipInternal", "fa"
                                                                                                                                                                                                                                    "ls"
                                                                                                                                                                                                                                    "e") "," FLAG("withEndpoints", "false") "," FLAG("onlyAvailable", "false"))) "," ACTION("events", PARAMS(FLAG("onlyLocal", "false") "," FLAG("skipInternal",
                                                                                                                                                                                                                                                                                                                                                                                 "false") "," FLAG("withEndpoints",
                                                                                                                                                                                                                                                                                                                                                                                                   "false") "," FLAG("onlyAvailable", "false"))) "," ACTION("health",
                                                                                                                                                                                                                                                                                                                                                                                                                                                            "") "," ACTION("options",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                           PARAMS(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                               "")) "," ACTION("metrics",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               PARAMS(TEXTS(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                   "types") "," TEXTS("includes") "," TEXTS("excludes"))) "},\"events\":{}}";

/* --- parameters --- */

struct flag {
    struct bytes name;
    bool *value;
};

/* Conversions of the validator's boolean rule with convert. */
static bool read_boolean(struct bytes slice, bool *out)
{
    static const struct {
        const char *text;
        bool value;
    } forms[] = {{"true", true},     {"false", false},     {"1", true},     {"0", false},
                 {"\"true\"", true}, {"\"false\"", false}, {"\"1\"", true}, {"\"0\"", false},
                 {"\"on\"", true},   {"\"off\"", false}};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (bytes_eq(slice, bytes_cstr(forms[i].text))) {
            *out = forms[i].value;
            return true;
        }
    }
    return false;
}

static void add_fault(struct json_writer *w, const struct context *ctx, const char *type,
                      const char *must, struct json_field field)
{
    json_begin_object(w);
    json_member_text(w, BYTES("type"), bytes_cstr(type));
    json_key(w, BYTES("message"));
    buf_add_format(w->out, "\"The '%.*s' field must be %s.\"", BYTES_ARG(field.name), must);
    w->needs_comma = true;
    json_member_text(w, BYTES("field"), field.name);
    json_member(w, BYTES("actual"), field.value);
    json_member_text(w, BYTES("nodeID"), ctx->node_id);
    json_member_text(w, BYTES("action"), ctx->name);
    json_end_object(w);
}

static struct mol_error *validation_error(struct context *ctx, struct buf *faults)
{
    struct mol_error *error =
        mol_error_new(&ctx->arena, MOL_ERROR_VALIDATION, BYTES("Parameters validation error!"), 0,
                      BYTES_NONE, arena_copy(&ctx->arena, buf_bytes(faults)));

    return error;
}

/* Sets ctx->error when a flag is no boolean. */
static bool read_flags(struct context *ctx, const struct flag *flags, size_t n_flags)
{
    struct buf faults;
    struct json_writer w = json_writer(&faults);
    bool fine = true;

    buf_init(&faults, BUF_NO_LIMIT);
    json_begin_array(&w);
    for (size_t i = 0; i < n_flags; i++) {
        struct bytes value = json_get(ctx->params, flags[i].name);

        if (!json_is_null_or_none(value) && !read_boolean(value, flags[i].value)) {
            add_fault(&w, ctx, "boolean", "a boolean", (struct json_field){flags[i].name, value});
            fine = false;
        }
    }
    json_end_array(&w);
    if (!fine) {
        ctx->error = validation_error(ctx, &faults);
    }
    buf_fini(&faults);
    return fine;
}

static void finish_with(struct context *ctx, struct buf *json)
{
    if (!ctx->error) {
        ctx->result = arena_copy(&ctx->arena, buf_bytes(json));
    }
    buf_fini(json);
    pipeline_finish(ctx);
}

/* --- actions --- */

typedef void list_fn(struct registry *r, const struct registry_list_options *o, struct buf *out);

static void list(struct broker *b, struct context *ctx, list_fn *run)
{
    struct registry_list_options o = {.grouping = true};
    const struct flag flags[] = {
        {BYTES("onlyLocal"), &o.only_local},         {BYTES("skipInternal"), &o.skip_internal},
        {BYTES("withServices"), &o.with_services},   {BYTES("withActions"), &o.with_actions},
        {BYTES("withEvents"), &o.with_events},       {BYTES("withEndpoints"), &o.with_endpoints},
        {BYTES("onlyAvailable"), &o.only_available}, {BYTES("grouping"), &o.grouping},
    };
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    if (read_flags(ctx, flags, sizeof(flags) / sizeof(flags[0]))) {
        run(b->registry, &o, &out);
    }
    finish_with(ctx, &out);
}

static void list_nodes(struct broker *b, struct context *ctx)
{
    list(b, ctx, registry_list_nodes);
}

static void list_services(struct broker *b, struct context *ctx)
{
    list(b, ctx, registry_list_services);
}

static void list_actions(struct broker *b, struct context *ctx)
{
    list(b, ctx, registry_list_actions);
}

static void list_events(struct broker *b, struct context *ctx)
{
    list(b, ctx, registry_list_events);
}

static void health(struct broker *b, struct context *ctx)
{
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    node_health_json(b->loop, &out);
    finish_with(ctx, &out);
}

static void options(struct broker *b, struct context *ctx)
{
    ctx->result = b->options->public_options;
    pipeline_finish(ctx);
}

static bool is_text_or_texts(struct bytes slice, struct json_writer *w, const struct context *ctx,
                             struct bytes name)
{
    struct json_iter it = json_iter(slice);
    struct bytes item;
    bool fine = json_is_null_or_none(slice) || json_type(slice) == JSON_STRING ||
                json_type(slice) == JSON_ARRAY;

    while (fine && json_next_item(&it, &item)) {
        fine = json_type(item) == JSON_STRING;
    }
    if (!fine) {
        add_fault(w, ctx, "string", "a string", (struct json_field){name, slice});
        add_fault(w, ctx, "array", "an array", (struct json_field){name, slice});
    }
    return fine;
}

/* Metrics are not collected: the original's answer to that, after its check of the parameters. */
static void metrics(struct broker *b, struct context *ctx)
{
    static const char *const names[] = {"types", "includes", "excludes"};
    struct buf faults;
    struct json_writer w = json_writer(&faults);
    bool fine = true;

    buf_init(&faults, BUF_NO_LIMIT);
    json_begin_array(&w);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct bytes name = bytes_cstr(names[i]);

        fine = is_text_or_texts(json_get(ctx->params, name), &w, ctx, name) && fine;
    }
    json_end_array(&w);
    ctx->error =
        fine ? mol_error_new(&ctx->arena, MOL_ERROR_CLIENT, BYTES("Metrics feature is disabled"),
                             400, BYTES("METRICS_DISABLED"), BYTES_NONE)
             : validation_error(ctx, &faults);
    finish_with(ctx, &faults);
}

static void node_call(struct local_service *s, const struct endpoint *e, struct context *ctx)
{
    static const struct {
        const char *name;
        void (*run)(struct broker *b, struct context *ctx);
    } actions[] = {
        {"$node.list", list_nodes},      {"$node.services", list_services},
        {"$node.actions", list_actions}, {"$node.events", list_events},
        {"$node.health", health},        {"$node.options", options},
        {"$node.metrics", metrics},
    };
    struct broker *b = container_of(s, struct node_service, base)->broker;

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (bytes_eq(e->name, bytes_cstr(actions[i].name))) {
            actions[i].run(b, ctx);
            return;
        }
    }
    pipeline_finish(ctx);
}

static void node_event(struct local_service *s, const struct endpoint *e, struct context *ctx)
{
    pipeline_finish(ctx);
}

static void node_free(struct local_service *s)
{
    shared_unref(s->published);
    mem_free(container_of(s, struct node_service, base));
}

struct local_service *node_service_new(struct broker *broker)
{
    static const struct local_service_ops ops = {
        .call = node_call, .event = node_event, .free = node_free};
    struct node_service *n = mem_new(struct node_service);

    n->base = (struct local_service){
        .ops = &ops, .refs = 1, .published = shared_new(bytes_cstr(published))};
    n->broker = broker;
    return &n->base;
}
