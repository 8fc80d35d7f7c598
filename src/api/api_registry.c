/* SPDX-License-Identifier: MIT */
/* Registering, unregistering and listing services (docs/api.md). */
#include "api/api_internal.h"
#include "registry/registry.h"

static const char register_action[] = "$sidecar.registerService";
static const char too_much[] = "The node would have too many services, actions and events.";

/* A registration: one schema or a list, all or nothing. */
struct registration {
    struct api_request *request;
    struct bytes schemas; /* slice: array */
    bool is_list;
    struct list faults;
    struct buf warnings;
    struct json_writer warnings_writer;
    struct local_service **services; /* one for each schema, NULL until made */
    struct map names;                /* of those made: full name -> service */
    size_t n;
};

/* --- refusing --- */

static bool has_value_fault(const struct registration *r)
{
    list_for_each (link, &r->faults) {
        if (list_entry(link, struct external_fault, link)->kind == EXTERNAL_FAULT_VALUE) {
            return true;
        }
    }
    return false;
}

static void reply_value_faults(struct registration *r)
{
    struct buf data;
    struct json_writer w = json_writer(&data);

    buf_init(&data, BUF_NO_LIMIT);
    json_begin_array(&w);
    list_for_each (link, &r->faults) {
        const struct external_fault *fault = list_entry(link, struct external_fault, link);

        if (fault->kind == EXTERNAL_FAULT_VALUE) {
            api_fault_json(&w,
                           &(struct api_fault){.type = fault->type.p,
                                               .message = fault->text,
                                               .field = fault->path,
                                               .actual = fault->value,
                                               .action = register_action},
                           broker_options(r->request->api->broker)->node_id);
        }
    }
    json_end_array(&w);
    api_fault_reply_list(r->request, buf_bytes(&data));
    buf_fini(&data);
}

static void write_faults(struct json_writer *w, const struct registration *r)
{
    json_key(w, BYTES("faults"));
    json_begin_array(w);
    list_for_each (link, &r->faults) {
        const struct external_fault *fault = list_entry(link, struct external_fault, link);

        json_begin_object(w);
        json_member_text(w, BYTES("path"), fault->path);
        json_member_text(w, BYTES("message"), fault->text);
        json_member(w, BYTES("actual"), fault->value);
        json_end_object(w);
    }
    json_end_array(w);
}

/* The first fault names the error; data lists them all (a lone handler fault as the original). */
static void reply_schema_faults(struct registration *r)
{
    const struct external_fault *first = list_entry(r->faults.next, struct external_fault, link);
    bool is_handler = first->kind == EXTERNAL_FAULT_HANDLER;
    bool is_alone = r->faults.next->next == &r->faults;
    struct buf data;
    struct json_writer w = json_writer(&data);

    buf_init(&data, BUF_NO_LIMIT);
    json_begin_object(&w);
    if (is_handler) {
        json_member(&w, first->path.p[0] == 'a' ? BYTES("action") : BYTES("event"), first->value);
    }
    if (!is_handler || !is_alone) {
        write_faults(&w, r);
    }
    json_end_object(&w);
    api_reply_error(r->request,
                    &(struct api_error){
                        .name = "MoleculerClientError",
                        .message = first->text,
                        .code = 400,
                        .type = is_handler ? BYTES("INVALID_HANDLER") : BYTES("INVALID_SCHEMA"),
                        .data = buf_bytes(&data),
                    });
    buf_fini(&data);
}

static void reply_faults(struct registration *r)
{
    if (has_value_fault(r)) {
        reply_value_faults(r);
    } else {
        reply_schema_faults(r);
    }
}

static void reply_full(struct registration *r)
{
    api_reply_error(r->request, &(struct api_error){
                                    .name = "QueueIsFullError",
                                    .message = BYTES("Too many services wait for others."),
                                    .code = 429,
                                    .type = BYTES("QUEUE_FULL"),
                                });
}

/* --- checking and making --- */

static void add_fault(struct registration *r, struct bytes path, struct bytes text)
{
    struct external_fault *fault = arena_new(api_arena(r->request), struct external_fault);

    fault->kind = EXTERNAL_FAULT_SCHEMA;
    fault->path = path;
    fault->text = text;
    list_append(&r->faults, &fault->link);
}

/* Faults of a list say which schema they are in. */
static void prefix_paths(struct registration *r, struct list *faults, size_t index)
{
    struct arena *arena = api_arena(r->request);

    list_for_each (link, faults) {
        struct external_fault *fault = list_entry(link, struct external_fault, link);

        if (r->is_list && fault->kind == EXTERNAL_FAULT_SCHEMA) {
            fault->path = arena_format(arena, "[%zu].%.*s", index, BYTES_ARG(fault->path));
        }
    }
    list_splice(&r->faults, faults);
}

/* More than the registry takes anyway is not looked at. */
static bool is_too_large(struct bytes schema)
{
    return json_count(json_get(schema, BYTES("actions"))) +
               json_count(json_get(schema, BYTES("events"))) >
           REGISTRY_MAX_NODE_ACTIONS;
}

static void make_service(struct registration *r, struct bytes schema, size_t index)
{
    struct list faults;
    int err;

    list_init(&faults);
    if (json_is_object(schema) && is_too_large(schema)) {
        add_fault(r, BYTES("actions"), bytes_cstr(too_much));
        return;
    }
    if (json_is_object(schema)) {
        external_schema_check(schema, api_arena(r->request), &faults, &r->warnings_writer);
    } else {
        add_fault(r, arena_format(api_arena(r->request), "[%zu]", index),
                  BYTES("A service schema must be an object."));
        return;
    }
    if (!list_is_empty(&faults)) {
        prefix_paths(r, &faults, index);
        return;
    }
    err = external_service_new(r->request->api->external, schema, &r->services[index]);
    if (err) {
        add_fault(r, BYTES("settings"), bytes_cstr(err_text(err)));
    } else if (map_set(&r->names, external_service_full_name(r->services[index]),
                       r->services[index])) {
        add_fault(r, arena_format(api_arena(r->request), "[%zu].name", index),
                  BYTES("The list has two services of this name and version."));
    }
}

static void make_services(struct registration *r)
{
    struct registry *registry = broker_registry(r->request->api->broker);
    struct json_iter it = json_iter(r->schemas);
    struct bytes schema;

    for (size_t index = 0; json_next_item(&it, &schema); index++) {
        make_service(r, schema, index);
    }
    if (list_is_empty(&r->faults) && !registry_has_local_room(registry, r->services, r->n)) {
        add_fault(r, BYTES("actions"), bytes_cstr(too_much));
    }
}

static void registration_init(struct registration *r, struct api_request *request)
{
    struct arena *arena = api_arena(request);

    *r = (struct registration){.request = request};
    r->is_list = json_type(request->body) == JSON_ARRAY;
    r->schemas = request->body;
    if (!r->is_list) {
        struct json_field query[] = {{BYTES("name"), BYTES_NONE}, {BYTES("version"), BYTES_NONE}};
        struct buf given;
        struct json_writer w = json_writer(&given);

        /* The query may name a service, no more. */
        json_get_fields(request->query, query, 2);
        buf_init(&given, BUF_NO_LIMIT);
        json_begin_object(&w);
        json_member(&w, query[0].name, query[0].value);
        json_member(&w, query[1].name, query[1].value);
        json_end_object(&w);
        r->schemas = json_merge(request->body, arena_copy(arena, buf_bytes(&given)), arena);
        r->schemas = arena_format(arena, "[%.*s]", BYTES_ARG(r->schemas));
        buf_fini(&given);
    }
    r->n = json_count(r->schemas);
    r->services = arena_calloc(arena, r->n * sizeof(struct local_service *));
    list_init(&r->faults);
    map_init(&r->names);
    buf_init(&r->warnings, BUF_NO_LIMIT);
    r->warnings_writer = json_writer(&r->warnings);
    json_begin_array(&r->warnings_writer);
}

/* Conservative: those of one list may be enough for each other. */
static bool has_waiting_room(const struct registration *r)
{
    const struct broker *b = r->request->api->broker;
    size_t n = broker_n_waiting(b);

    for (size_t i = 0; i < r->n; i++) {
        n += broker_would_wait(b, external_service_full_name(r->services[i]),
                               external_service_wait(r->services[i]));
    }
    return n <= BROKER_WAITING_MAX;
}

static void commit(struct registration *r)
{
    struct api *api = r->request->api;

    for (size_t i = 0; i < r->n; i++) {
        struct bytes name = external_service_full_name(r->services[i]);

        broker_start_service(api->broker, r->services[i], external_service_wait(r->services[i]));
        log_info(&api->log, "Service '%.*s' registered.", BYTES_ARG(name));
    }
}

static void release_services(struct registration *r)
{
    map_fini(&r->names);
    for (size_t i = 0; i < r->n; i++) {
        local_service_unref(r->services[i]);
    }
}

static void reply_registered(struct registration *r)
{
    struct api *api = r->request->api;
    struct bytes warnings;

    json_end_array(&r->warnings_writer);
    warnings = buf_bytes(&r->warnings);
    if (bytes_eq(warnings, BYTES("[]"))) {
        api_reply_json(r->request, 200, BYTES("{\"status\":\"OK\"}"));
        return;
    }
    log_warn(&api->log, "Registered with warnings: %.*s", BYTES_ARG(warnings));
    api_reply_json(r->request, 200,
                   arena_format(api_arena(r->request), "{\"status\":\"OK\",\"warnings\":%.*s}",
                                BYTES_ARG(warnings)));
}

void api_registry_register(struct api_request *request)
{
    struct registration r;
    bool has_room = true;

    registration_init(&r, request);
    if (r.n > REGISTRY_MAX_NODE_SERVICES) {
        add_fault(&r, BYTES("[]"), bytes_cstr(too_much));
    } else {
        make_services(&r);
    }
    if (r.n == 0) {
        add_fault(&r, BYTES("name"), BYTES("The 'name' field is required."));
        list_entry(r.faults.next, struct external_fault, link)->kind = EXTERNAL_FAULT_VALUE;
        list_entry(r.faults.next, struct external_fault, link)->type = BYTES("required");
    }
    if (list_is_empty(&r.faults)) {
        has_room = has_waiting_room(&r);
        if (has_room) {
            commit(&r);
        }
    }
    /* The answer ends the request, and with it everything in its arena. */
    release_services(&r);
    if (!has_room) {
        reply_full(&r);
    } else if (list_is_empty(&r.faults)) {
        reply_registered(&r);
    } else {
        reply_faults(&r);
    }
    buf_fini(&r.warnings);
}

/* --- unregistering --- */

static void on_removed(void *owner)
{
    struct api_request *request = owner;

    request->is_removing = false;
    api_reply_json(request, 200, BYTES("{\"status\":\"OK\"}"));
}

void api_registry_unregister(struct api_request *request)
{
    struct broker *b = request->api->broker;

    if (!api_fault_check_name(request, "serviceName", "$sidecar.unregisterService")) {
        return;
    }
    /* Names with '$' are the broker's own. */
    if (request->name.p[0] != '$' &&
        broker_remove_service(b, request->name, on_removed, request) == 0) {
        request->is_removing = true;
        return;
    }
    api_reply_error(request, &(struct api_error){
                                 .name = "MoleculerClientError",
                                 .message = BYTES("Service not found"),
                                 .code = 404,
                                 .type = BYTES("NOT_FOUND"),
                                 .data = api_params_all(request, BYTES("serviceName")),
                             });
}

void api_registry_abandon(struct api_request *request)
{
    broker_forget_removal(request->api->broker, request);
    on_removed(request);
}

/* --- listing --- */

static void on_listed(struct context *ctx)
{
    struct api_request *request = ctx->owner;

    request->ctx = NULL;
    if (ctx->error) {
        api_reply_mol_error(request, ctx->error);
    } else {
        api_reply_json(request, 200, ctx->result);
    }
}

static void list(struct api_request *request, struct bytes action)
{
    struct broker_call call = {
        .action = action,
        .params = api_params_all(request, BYTES_NONE),
        .request_id = request->request_id,
        .caller = BYTES("$sidecar"),
        .retries = -1,
    };

    request->ctx = broker_call(request->api->broker, &call, on_listed, request);
}

void api_registry_nodes(struct api_request *request)
{
    list(request, BYTES("$node.list"));
}

void api_registry_services(struct api_request *request)
{
    list(request, BYTES("$node.services"));
}

void api_registry_actions(struct api_request *request)
{
    list(request, BYTES("$node.actions"));
}

void api_registry_events(struct api_request *request)
{
    list(request, BYTES("$node.events"));
}
