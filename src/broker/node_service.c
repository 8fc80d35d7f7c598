/* SPDX-License-Identifier: MIT */
/* $node: what the registry knows and how this process does, as actions. */
#include "broker/node_service.h"

#include "base/assert.h"
#include "broker/broker_internal.h"
#include "broker/node_health.h"
#include "model/event_patterns.h"
#include "registry/registry_list.h"
#include "validation/validation.h"

enum { NODE_ACTIONS = 7 };

struct node_service {
    struct local_service base;
    struct broker *broker;                   /* borrowed: outlives it */
    struct validation *params[NODE_ACTIONS]; /* owned; NULL: anything goes */
    struct local_handler handlers[NODE_ACTIONS];
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

/* clang-format off */
static const char published[] =
    "{\"name\":\"$node\",\"fullName\":\"$node\",\"settings\":{},\"metadata\":{},\"actions\":{"
    ACTION("list", PARAMS(
        FLAG("withServices", "false") "," FLAG("onlyAvailable", "false"))) ","
    ACTION("services", PARAMS(
        FLAG("onlyLocal", "false") "," FLAG("skipInternal", "false") ","
        FLAG("withActions", "false") "," FLAG("withEvents", "false") ","
        FLAG("onlyAvailable", "false") "," FLAG("grouping", "true"))) ","
    ACTION("actions", PARAMS(
        FLAG("onlyLocal", "false") "," FLAG("skipInternal", "false") ","
        FLAG("withEndpoints", "false") "," FLAG("onlyAvailable", "false"))) ","
    ACTION("events", PARAMS(
        FLAG("onlyLocal", "false") "," FLAG("skipInternal", "false") ","
        FLAG("withEndpoints", "false") "," FLAG("onlyAvailable", "false"))) ","
    ACTION("health", "") ","
    ACTION("options", PARAMS("")) ","
    ACTION("metrics", PARAMS(TEXTS("types") "," TEXTS("includes") "," TEXTS("excludes")))
    "},\"events\":{}}";
/* clang-format on */

struct flag {
    struct bytes name;
    bool *value;
};

/* The validator has converted them and filled in their defaults. */
static void read_flags(const struct context *ctx, const struct flag *flags, size_t n_flags)
{
    for (size_t i = 0; i < n_flags; i++) {
        struct bytes value = json_get(ctx->params, flags[i].name);

        if (bytes_is_set(value)) {
            *flags[i].value = json_is_true(value);
        }
    }
}

static void finish_with(struct context *ctx, struct buf *json)
{
    ctx->result = arena_copy(&ctx->arena, buf_bytes(json));
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
    read_flags(ctx, flags, sizeof(flags) / sizeof(flags[0]));
    run(b->registry, &o, &out);
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

static void fail_with(struct context *ctx, struct bytes message, struct bytes type)
{
    ctx->error = mol_error_new(&ctx->arena, MOL_ERROR_CLIENT, message, 400, type, BYTES_NONE);
    pipeline_finish(ctx);
}

/* All else waits while they are matched. */
static bool is_too_much(const struct metrics_filter *f)
{
    return json_count(f->types) + json_count(f->includes) + json_count(f->excludes) >
           EVENT_PATTERNS_MAX;
}

static bool has_long(const struct metrics_filter *f)
{
    return event_patterns_longest(f->types) > EVENT_PATTERN_BYTES_MAX ||
           event_patterns_longest(f->includes) > EVENT_PATTERN_BYTES_MAX ||
           event_patterns_longest(f->excludes) > EVENT_PATTERN_BYTES_MAX;
}

static void metrics(struct broker *b, struct context *ctx)
{
    struct metrics_filter filter = {
        .types = json_get(ctx->params, BYTES("types")),
        .includes = json_get(ctx->params, BYTES("includes")),
        .excludes = json_get(ctx->params, BYTES("excludes")),
    };
    struct buf out;
    struct json_writer w = json_writer(&out);

    if (!b->metrics) {
        fail_with(ctx, BYTES("Metrics feature is disabled"), BYTES("METRICS_DISABLED"));
        return;
    }
    if (is_too_much(&filter)) {
        fail_with(ctx, BYTES("There are too many types and patterns."), BYTES("TOO_MANY_FILTERS"));
        return;
    }
    if (has_long(&filter)) {
        fail_with(ctx, BYTES("A type or pattern is too long."), BYTES("FILTER_TOO_LONG"));
        return;
    }
    buf_init(&out, BUF_NO_LIMIT);
    broker_metrics_refresh(b);
    metrics_list(b->metrics, &filter, &w);
    finish_with(ctx, &out);
}

struct node_action {
    const char *name;
    void (*run)(struct broker *b, struct context *ctx);
};

static const struct node_action actions[NODE_ACTIONS] = {
    {"$node.list", list_nodes},      {"$node.services", list_services},
    {"$node.actions", list_actions}, {"$node.events", list_events},
    {"$node.health", health},        {"$node.options", options},
    {"$node.metrics", metrics},
};

/* Index of an action, NODE_ACTIONS when there is none of that name. */
static size_t find_action(struct bytes name)
{
    size_t i = 0;

    while (i < NODE_ACTIONS && !bytes_eq(name, bytes_cstr(actions[i].name))) {
        i++;
    }
    return i;
}

static struct node_service *of(struct local_service *s)
{
    return container_of(s, struct node_service, base);
}

static const struct local_handler *node_find(struct local_service *s, struct bytes name,
                                             bool is_event)
{
    size_t i = find_action(name);

    return i < NODE_ACTIONS && !is_event ? &of(s)->handlers[i] : NULL;
}

static void node_call(struct local_service *s, const struct endpoint *e, struct context *ctx)
{
    actions[ctx->local_handler - of(s)->handlers].run(of(s)->broker, ctx);
}

static void node_event(struct local_service *s, const struct endpoint *e, struct context *ctx)
{
    pipeline_finish(ctx);
}

static void node_free(struct local_service *s)
{
    struct node_service *n = of(s);

    for (size_t i = 0; i < NODE_ACTIONS; i++) {
        validation_free(n->params[i]);
    }
    shared_unref(s->published);
    mem_free(n);
}

static void compile_params(struct node_service *n)
{
    struct bytes definitions = json_get(n->base.published->bytes, BYTES("actions"));

    for (size_t i = 0; i < NODE_ACTIONS; i++) {
        struct bytes definition = json_get(definitions, bytes_cstr(actions[i].name));
        struct bytes params = json_get(definition, BYTES("params"));
        struct buf error;

        buf_init(&error, BUF_NO_LIMIT);
        ASSERT(!bytes_is_set(params) ||
               validation_compile(params, BYTES_NONE, &n->params[i], &error) == 0);
        n->handlers[i].params = n->params[i];
        buf_fini(&error);
    }
}

struct local_service *node_service_new(struct broker *broker)
{
    static const struct local_service_ops ops = {
        .find = node_find, .call = node_call, .event = node_event, .free = node_free};
    struct node_service *n = mem_new(struct node_service);

    n->base = (struct local_service){
        .ops = &ops, .refs = 1, .published = shared_new(bytes_cstr(published))};
    n->broker = broker;
    compile_params(n);
    return &n->base;
}
