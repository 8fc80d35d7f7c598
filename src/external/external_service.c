/* SPDX-License-Identifier: MIT */
/* A posted schema as a local service: what it publishes, and which URL serves what. */
#include "base/assert.h"
#include "base/map.h"
#include "external/external_steps.h"
#include "external/published_schema.h"
#include "registry/endpoint.h"
#include "validation/validation.h"

struct external_service {
    struct local_service base;
    struct external *external; /* borrowed */
    struct arena arena;        /* owns the texts below */
    struct map actions;        /* full name -> struct external_handler */
    struct map events;         /* pattern -> struct external_handler */
    struct bytes full_name, base_url;
    struct broker_wait wait;
};

static struct external_service *of(struct local_service *s)
{
    return container_of(s, struct external_service, base);
}

static const struct external_handler *handler_of(const struct context *ctx)
{
    return container_of_const(ctx->local_handler, struct external_handler, base);
}

static const struct local_handler *service_find(struct local_service *s, struct bytes name,
                                                bool is_event)
{
    struct external_service *x = of(s);
    const struct external_handler *h = map_get(is_event ? &x->events : &x->actions, name);

    return h ? &h->base : NULL;
}

static void service_call(struct local_service *s, const struct endpoint *e, struct context *ctx)
{
    external_action_run(of(s)->external, handler_of(ctx), ctx);
}

static bool service_step(struct local_service *s, const struct local_handler *h,
                         struct context *ctx, const struct local_step *step)
{
    return external_step_run(of(s)->external, container_of_const(h, struct external_handler, base),
                             ctx, step);
}

static void service_event(struct local_service *s, const struct endpoint *e, struct context *ctx)
{
    external_event_run(of(s)->external, handler_of(ctx), ctx);
}

static void handlers_fini(struct map *map)
{
    map_for_each (e, map) {
        validation_free(((struct external_handler *)e->value)->params);
    }
    map_fini(map);
}

static void service_free(struct local_service *s)
{
    struct external_service *x = of(s);

    shared_unref(s->published);
    shared_unref(s->hidden);
    handlers_fini(&x->actions);
    handlers_fini(&x->events);
    arena_fini(&x->arena);
    mem_free(x);
}

/* NULL when there is nothing to check; that it compiles has been checked (external_schema.c). */
static struct validation *compile_params(struct bytes definition)
{
    struct bytes params = json_get(definition, BYTES("params"));
    struct validation *v = NULL;
    struct buf error;

    if (json_is_null_or_none(params)) {
        return NULL;
    }
    buf_init(&error, BUF_NO_LIMIT);
    if (validation_compile(params, BYTES_NONE, &v, &error) != 0) {
        v = NULL;
    }
    buf_fini(&error);
    return v;
}

/* Handler URL = baseUrl + handler, joined as text. */
static struct external_handler *add_handler(struct external_service *x, struct map *map,
                                            struct bytes name, struct bytes definition)
{
    struct bytes handler = external_definition_handler(definition);
    struct bytes path = json_string(handler, &x->arena);
    struct external_handler *h = arena_new(&x->arena, struct external_handler);
    struct external_handler *before;

    h->name = arena_copy(&x->arena, name);
    if (bytes_is_set(path)) {
        h->url = arena_format(&x->arena, "%.*s%.*s", BYTES_ARG(x->base_url), BYTES_ARG(path));
    }
    h->params = compile_params(definition);
    h->base.params = h->params;
    before = map_set(map, h->name, h);
    if (before) { /* two keys gave one name: the last stands */
        validation_free(before->params);
    }
    return h;
}

static int add_action(struct external_service *x, const struct published_names *names,
                      struct external_steps *steps, struct bytes key, struct bytes definition)
{
    struct external_action action = {
        .raw_name = published_schema_raw_name(key, definition, &x->arena),
        .path = BYTES("actions"),
        .definition = definition,
    };
    struct bytes name = published_schema_action_name(names, action.raw_name, &x->arena);
    struct external_handler *h = add_handler(x, &x->actions, name, definition);

    return external_steps_of_action(steps, &action, h);
}

static int add_actions(struct external_service *x, struct bytes schema,
                       const struct published_names *names)
{
    struct json_iter it = json_iter(json_get(schema, BYTES("actions")));
    struct external_steps *steps;
    struct external_fault fault;
    struct bytes key, definition;
    int err = external_steps_new(schema, &x->arena, &fault, &steps);

    while (err == 0 && json_next_member(&it, &key, &definition)) {
        err = add_action(x, names, steps, key, definition);
    }
    external_steps_free(steps);
    return err;
}

static void add_events(struct external_service *x, struct bytes schema)
{
    struct json_iter it = json_iter(json_get(schema, BYTES("events")));
    struct bytes key, definition;

    while (json_next_member(&it, &key, &definition)) {
        struct bytes name = published_schema_raw_name(key, definition, &x->arena);

        (void)add_handler(x, &x->events, name, definition);
    }
}

static int publish(struct external_service *x, struct bytes schema)
{
    struct buf shown, hidden;
    int err;

    buf_init(&shown, BUF_NO_LIMIT);
    buf_init(&hidden, BUF_NO_LIMIT);
    err = published_schema_build(schema, &shown, &hidden);
    if (err == 0) {
        x->base.published = shared_new(buf_bytes(&shown));
        x->base.hidden = hidden.n ? shared_new(buf_bytes(&hidden)) : NULL;
    }
    buf_fini(&shown);
    buf_fini(&hidden);
    return err;
}

static struct external_service *service_alloc(struct external *external)
{
    static const struct local_service_ops ops = {
        .find = service_find,
        .call = service_call,
        .event = service_event,
        .step = service_step,
        .free = service_free,
    };
    struct external_service *x = mem_new(struct external_service);

    x->base.ops = &ops;
    x->base.refs = 1;
    x->external = external;
    arena_init(&x->arena);
    map_init(&x->actions);
    map_init(&x->events);
    return x;
}

int external_service_new(struct external *external, struct bytes schema, struct local_service **out)
{
    struct external_service *x = service_alloc(external);
    struct bytes base_url = json_get(json_get(schema, BYTES("settings")), BYTES("baseUrl"));
    struct external_fault fault;
    struct published_names names;
    int err = published_schema_names(schema, &x->arena, &names);

    if (err == 0) {
        err = external_dependencies_read(schema, &x->arena, &x->wait, &fault);
    }
    if (err == 0) {
        err = publish(x, schema);
    }
    (void)json_double(json_get(json_get(schema, BYTES("settings")), BYTES("$shutdownTimeout")),
                      &x->base.shutdown_timeout_ms);
    if (err == 0) {
        x->full_name = arena_copy(&x->arena, names.full_name);
        x->base_url = json_string(base_url, &x->arena);
        err = add_actions(x, schema, &names);
    }
    if (err) {
        service_free(&x->base);
        return err;
    }
    add_events(x, schema);
    x->base_url = BYTES_NONE; /* may lie in the schema */
    *out = &x->base;
    return 0;
}

struct bytes external_service_full_name(const struct local_service *service)
{
    return ((const struct external_service *)(const void *)service)->full_name;
}

const struct broker_wait *external_service_wait(const struct local_service *service)
{
    return &((const struct external_service *)(const void *)service)->wait;
}
