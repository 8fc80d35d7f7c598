/* SPDX-License-Identifier: MIT */
/* Moleculer errors: made here, read from the wire as the originals rebuild theirs, and written. */
#include "model/mol_error.h"

#include <limits.h>

#include "base/assert.h"

struct error_class {
    struct bytes name; /* a json slice, as type */
    struct bytes type;
    int code;
    bool retryable;
};

static const struct error_class classes[MOL_ERROR_KIND_COUNT] = {
#define MOL_ERROR(id, name, code, type, retryable)                                                 \
    [MOL_ERROR_##id] = {BYTES_INIT("\"" name "\""), BYTES_INIT("\"" type "\""), code, retryable},
#include "model/mol_error.def"
#undef MOL_ERROR
};

/* How many of the class' fields a peer's error decides when it is rebuilt (docs/protocol.md,
 * Errors). */
enum rebuild {
    REBUILD_GIVEN,   /* message, code, type, data */
    REBUILD_TYPED,   /* message, type, data */
    REBUILD_WORDED,  /* message, data */
    REBUILD_DATA,    /* data; the message follows from it */
    REBUILD_NOTHING, /* the class alone */
    REBUILD_GENERIC  /* no class */
};

static enum rebuild rebuild_of(enum mol_error_kind kind)
{
    switch (kind) {
    case MOL_ERROR_MOLECULER:
    case MOL_ERROR_RETRYABLE:
    case MOL_ERROR_SERVER:
    case MOL_ERROR_CLIENT:
        return REBUILD_GIVEN;
    case MOL_ERROR_VALIDATION:
        return REBUILD_TYPED;
    case MOL_ERROR_SERVICE_SCHEMA:
    case MOL_ERROR_BROKER_OPTIONS:
        return REBUILD_WORDED;
    case MOL_ERROR_SERVICE_NOT_FOUND:
    case MOL_ERROR_SERVICE_NOT_AVAILABLE:
    case MOL_ERROR_REQUEST_TIMEOUT:
    case MOL_ERROR_REQUEST_SKIPPED:
    case MOL_ERROR_REQUEST_REJECTED:
    case MOL_ERROR_QUEUE_IS_FULL:
    case MOL_ERROR_MAX_CALL_LEVEL:
    case MOL_ERROR_PROTOCOL_VERSION_MISMATCH:
    case MOL_ERROR_INVALID_PACKET_DATA:
        return REBUILD_DATA;
    case MOL_ERROR_GRACEFUL_STOP_TIMEOUT:
        return REBUILD_NOTHING;
    case MOL_ERROR_BROKER_DISCONNECTED:
    case MOL_ERROR_KIND_COUNT:
        break;
    }
    return REBUILD_GENERIC;
}

static enum mol_error_kind kind_of(struct bytes name)
{
    enum mol_error_kind kind = 0;

    while (kind < MOL_ERROR_KIND_COUNT && !bytes_eq(name, classes[kind].name)) {
        kind++;
    }
    return kind;
}

/* --- texts --- */

static struct bytes number_text(struct arena *arena, double value)
{
    struct buf buf;
    struct bytes text;

    buf_init(&buf, BUF_NO_LIMIT);
    json_add_double(&buf, value);
    text = arena_copy(arena, buf_bytes(&buf));
    buf_fini(&buf);
    return text;
}

/* What a JavaScript template makes of a value; arrays stay as they are written. */
static struct bytes template_text(struct arena *arena, struct bytes slice)
{
    double number;

    switch (json_type(slice)) {
    case JSON_NONE:
        return BYTES("undefined");
    case JSON_STRING:
        return json_string(slice, arena);
    case JSON_NUMBER:
        return json_double(slice, &number) ? number_text(arena, number) : slice;
    case JSON_OBJECT:
        return BYTES("[object Object]");
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_ARRAY:
        break;
    }
    return slice;
}

struct about {
    struct bytes action, node_id, service, version, level; /* slices */
};

static struct about read_about(struct bytes data)
{
    struct json_field fields[] = {{.name = BYTES_INIT("action")},
                                  {.name = BYTES_INIT("nodeID")},
                                  {.name = BYTES_INIT("service")},
                                  {.name = BYTES_INIT("version")},
                                  {.name = BYTES_INIT("level")}};

    json_get_fields(data, fields, sizeof(fields) / sizeof(fields[0]));
    return (struct about){fields[0].value, fields[1].value, fields[2].value, fields[3].value,
                          fields[4].value};
}

static struct bytes not_found_text(struct arena *arena, const struct about *about)
{
    struct bytes action = template_text(arena, about->action);
    struct bytes service = template_text(arena, about->service);

    if (json_is_truthy(about->service) && json_is_truthy(about->version)) {
        struct bytes version = template_text(arena, about->version);

        return arena_format(arena, "Service '%.*s.%.*s' not found.", BYTES_ARG(version),
                            BYTES_ARG(service));
    }
    if (json_is_truthy(about->service)) {
        return arena_format(arena, "Service '%.*s' not found.", BYTES_ARG(service));
    }
    if (!json_is_truthy(about->action)) {
        return BYTES("");
    }
    if (json_is_truthy(about->node_id)) {
        struct bytes node_id = template_text(arena, about->node_id);

        return arena_format(arena, "Service '%.*s' is not found on '%.*s' node.", BYTES_ARG(action),
                            BYTES_ARG(node_id));
    }
    return arena_format(arena, "Service '%.*s' is not found.", BYTES_ARG(action));
}

static struct bytes not_available_text(struct arena *arena, const struct about *about)
{
    struct bytes action = template_text(arena, about->action);
    struct bytes node_id = template_text(arena, about->node_id);

    if (json_is_truthy(about->node_id)) {
        return arena_format(arena, "Service '%.*s' is not available on '%.*s' node.",
                            BYTES_ARG(action), BYTES_ARG(node_id));
    }
    return arena_format(arena, "Service '%.*s' is not available.", BYTES_ARG(action));
}

/* Sentences about an action (or a level) on a node: before, between and after the two. */
static const char *const sentences[MOL_ERROR_KIND_COUNT][3] = {
    [MOL_ERROR_REQUEST_TIMEOUT] = {"Request is timed out when call '", "' action on '", "' node."},
    [MOL_ERROR_REQUEST_SKIPPED] = {"Calling '", "' is skipped because timeout reached on '",
                                   "' node."},
    [MOL_ERROR_REQUEST_REJECTED] = {"Request is rejected when call '", "' action on '", "' node."},
    [MOL_ERROR_QUEUE_IS_FULL] = {"Queue is full. Request '", "' action on '",
                                 "' node is rejected."},
    [MOL_ERROR_MAX_CALL_LEVEL] = {"Request level is reached the limit (", ") on '", "' node."},
    [MOL_ERROR_PROTOCOL_VERSION_MISMATCH] = {"Protocol version mismatch."},
    [MOL_ERROR_INVALID_PACKET_DATA] = {"Invalid packet data."},
};

/* The message of a class that says what its data say. */
static struct bytes message_text(struct arena *arena, enum mol_error_kind kind, struct bytes data)
{
    const char *const *parts = sentences[kind];
    struct about about = read_about(data);
    struct bytes what, node_id;

    if (kind == MOL_ERROR_SERVICE_NOT_FOUND) {
        return not_found_text(arena, &about);
    }
    if (kind == MOL_ERROR_SERVICE_NOT_AVAILABLE) {
        return not_available_text(arena, &about);
    }
    if (!parts[1]) {
        return bytes_cstr(parts[0]);
    }
    what = template_text(arena, kind == MOL_ERROR_MAX_CALL_LEVEL ? about.level : about.action);
    node_id = template_text(arena, about.node_id);
    return arena_format(arena, "%s%.*s%s%.*s%s", parts[0], BYTES_ARG(what), parts[1],
                        BYTES_ARG(node_id), parts[2]);
}

/* --- making --- */

static struct mol_error *new_of_class(struct arena *arena, enum mol_error_kind kind)
{
    struct mol_error *error = arena_new(arena, struct mol_error);
    const struct error_class *class = &classes[kind];

    error->name = class->name;
    error->message = BYTES("\"\"");
    error->code = arena_format(arena, "%d", class->code);
    error->type = class->type.n > 2 ? class->type : BYTES_NONE;
    error->retryable = class->retryable ? BYTES("true") : BYTES("false");
    return error;
}

/* size: the parameters of the original's constructors. NOLINTNEXTLINE(readability-function-size) */
struct mol_error *mol_error_new(struct arena *arena, enum mol_error_kind kind, struct bytes message,
                                int code, struct bytes type, struct bytes data)
{
    struct mol_error *error = new_of_class(arena, kind);

    error->message = json_quote(message, arena);
    error->data = arena_copy(arena, data);
    if (code) {
        error->code = arena_format(arena, "%d", code);
    }
    if (bytes_is_set(type)) {
        error->type = json_quote(type, arena);
    }
    return error;
}

struct mol_error *mol_error_from_data(struct arena *arena, enum mol_error_kind kind,
                                      struct bytes data)
{
    struct mol_error *error = new_of_class(arena, kind);

    ASSERT(rebuild_of(kind) == REBUILD_DATA);
    error->message = json_quote(message_text(arena, kind, data), arena);
    error->data = arena_copy(arena, data);
    return error;
}

struct mol_error *mol_error_about_action(struct arena *arena, enum mol_error_kind kind,
                                         struct bytes action, struct bytes node_id)
{
    struct bytes quoted = json_quote(action, arena);
    struct bytes data;

    if (bytes_is_set(node_id)) {
        struct bytes node = json_quote(node_id, arena);

        data = arena_format(arena, "{\"action\":%.*s,\"nodeID\":%.*s}", BYTES_ARG(quoted),
                            BYTES_ARG(node));
    } else {
        data = arena_format(arena, "{\"action\":%.*s}", BYTES_ARG(quoted));
    }
    return mol_error_from_data(arena, kind, data);
}

struct mol_error *mol_error_max_call_level(struct arena *arena, int level, struct bytes node_id)
{
    struct bytes node = json_quote(node_id, arena);

    return mol_error_from_data(
        arena, MOL_ERROR_MAX_CALL_LEVEL,
        arena_format(arena, "{\"nodeID\":%.*s,\"level\":%d}", BYTES_ARG(node), level));
}

struct mol_error *mol_error_broker_disconnected(struct arena *arena)
{
    struct mol_error *error =
        mol_error_new(arena, MOL_ERROR_BROKER_DISCONNECTED,
                      BYTES("The broker's transporter has disconnected. Please try again when a "
                            "connection is reestablished."),
                      0, BYTES_NONE, BYTES_NONE);

    error->stack = BYTES("\"\"");
    return error;
}

/* --- the wire --- */

static struct mol_error read_members(struct bytes error)
{
    enum { NAME, MESSAGE, CODE, TYPE, DATA, NODE_ID, RETRYABLE, STACK, COUNT };
    struct json_field fields[] = {
        [NAME] = {.name = BYTES_INIT("name")},
        [MESSAGE] = {.name = BYTES_INIT("message")},
        [CODE] = {.name = BYTES_INIT("code")},
        [TYPE] = {.name = BYTES_INIT("type")},
        [DATA] = {.name = BYTES_INIT("data")},
        [NODE_ID] = {.name = BYTES_INIT("nodeID")},
        [RETRYABLE] = {.name = BYTES_INIT("retryable")},
        [STACK] = {.name = BYTES_INIT("stack")},
    };

    json_get_fields(error, fields, COUNT);
    return (struct mol_error){
        .name = fields[NAME].value,
        .message = fields[MESSAGE].value,
        .code = fields[CODE].value,
        .type = fields[TYPE].value,
        .data = fields[DATA].value,
        .node_id = fields[NODE_ID].value,
        .retryable = fields[RETRYABLE].value,
        .stack = fields[STACK].value,
    };
}

/* An Error with the transported fields; its message is always a string. */
static struct mol_error *rebuild_generic(struct arena *arena, const struct mol_error *wire)
{
    struct mol_error *error = arena_new(arena, struct mol_error);

    *error = *wire;
    if (json_type(wire->name) != JSON_STRING) {
        error->name = BYTES("\"Error\"");
    }
    if (!bytes_is_set(wire->message)) {
        error->message = BYTES("\"\"");
    } else if (json_type(wire->message) != JSON_STRING) {
        error->message = json_quote(template_text(arena, wire->message), arena);
    }
    return error;
}

static struct mol_error *rebuild(struct arena *arena, const struct mol_error *wire)
{
    enum mol_error_kind kind = kind_of(wire->name);
    enum rebuild how = rebuild_of(kind);
    struct bytes data = wire->data;
    struct mol_error *error;

    if (how == REBUILD_GENERIC) {
        return rebuild_generic(arena, wire);
    }
    if (kind == MOL_ERROR_SERVICE_NOT_FOUND && !bytes_is_set(data)) {
        data = BYTES("{}"); /* the only class with a default */
    }
    if (how == REBUILD_DATA) {
        return mol_error_from_data(arena, kind, data);
    }
    error = new_of_class(arena, kind);
    if (how == REBUILD_NOTHING) {
        error->message = BYTES("\"Unable to stop ServiceBroker gracefully.\"");
        return error;
    }
    error->message = bytes_is_set(wire->message) ? wire->message : error->message;
    error->data = data;
    if (how == REBUILD_GIVEN) {
        error->type = wire->type;
        error->code = json_is_truthy(wire->code) ? wire->code : error->code;
    } else if (how == REBUILD_TYPED && json_is_truthy(wire->type)) {
        error->type = wire->type;
    }
    return error;
}

struct mol_error *mol_error_from_wire(struct arena *arena, struct bytes error, struct bytes sender)
{
    struct mol_error *rebuilt;
    struct mol_error wire;

    error = arena_copy(arena, error);
    if (!json_is_object(error)) {
        /* The originals lose the answer; the call fails at once instead of timing out. */
        rebuilt = mol_error_from_data(arena, MOL_ERROR_INVALID_PACKET_DATA, error);
        rebuilt->node_id = json_quote(sender, arena);
        return rebuilt;
    }
    wire = read_members(error);
    rebuilt = rebuild(arena, &wire);
    rebuilt->retryable = wire.retryable;
    rebuilt->node_id = json_is_truthy(wire.node_id) ? wire.node_id : json_quote(sender, arena);
    rebuilt->stack = json_is_truthy(wire.stack) ? wire.stack : BYTES_NONE;
    return rebuilt;
}

/* A value inside a string that is being written. */
static void add_inside_string(struct buf *out, struct bytes slice)
{
    enum json_type type = json_type(slice);

    if (type == JSON_STRING) {
        buf_add(out, bytes_of(slice.p + 1, slice.n - 2));
    } else if (type == JSON_ARRAY || type == JSON_OBJECT) {
        buf_add(out, BYTES("[object Object]"));
    } else {
        buf_add(out, slice);
    }
}

static void write_stack(struct json_writer *w, const struct mol_error *error)
{
    json_key(w, BYTES("stack"));
    if (bytes_is_set(error->stack)) {
        json_raw(w, error->stack);
        return;
    }
    json_raw(w, BYTES("\""));
    add_inside_string(w->out, error->name);
    buf_add(w->out, BYTES(": "));
    add_inside_string(w->out, error->message);
    buf_add_char(w->out, '"');
}

void mol_error_to_json(struct json_writer *w, const struct mol_error *error)
{
    json_begin_object(w);
    json_member(w, BYTES("name"), error->name);
    json_member(w, BYTES("message"), error->message);
    json_member(w, BYTES("code"), error->code);
    json_member(w, BYTES("type"), error->type);
    json_member(w, BYTES("data"), error->data);
    json_member(w, BYTES("nodeID"), error->node_id);
    json_member(w, BYTES("retryable"), error->retryable);
    json_end_object(w);
}

void mol_error_to_wire(struct json_writer *w, const struct mol_error *error,
                       struct bytes own_node_id)
{
    json_begin_object(w);
    json_member(w, BYTES("name"), error->name);
    json_member(w, BYTES("message"), error->message);
    if (json_is_truthy(error->node_id)) {
        json_member(w, BYTES("nodeID"), error->node_id);
    } else {
        json_member_text(w, BYTES("nodeID"), own_node_id);
    }
    json_member(w, BYTES("code"), error->code);
    json_member(w, BYTES("type"), error->type);
    json_member(w, BYTES("retryable"), error->retryable);
    write_stack(w, error);
    json_member(w, BYTES("data"), error->data);
    json_end_object(w);
}

/* --- using --- */

struct mol_error *mol_error_copy(struct arena *arena, const struct mol_error *error)
{
    struct mol_error *copy = arena_new(arena, struct mol_error);

    *copy = (struct mol_error){
        .name = arena_copy(arena, error->name),
        .message = arena_copy(arena, error->message),
        .code = arena_copy(arena, error->code),
        .type = arena_copy(arena, error->type),
        .data = arena_copy(arena, error->data),
        .node_id = arena_copy(arena, error->node_id),
        .retryable = arena_copy(arena, error->retryable),
        .stack = arena_copy(arena, error->stack),
    };
    return copy;
}

int mol_error_code(const struct mol_error *error)
{
    int64_t code;

    return json_integer(error->code, &code) && code >= INT_MIN && code <= INT_MAX ? (int)code : 0;
}

bool mol_error_is_retryable(const struct mol_error *error)
{
    return json_is_truthy(error->retryable);
}

struct bytes mol_error_text(const struct mol_error *error, struct arena *arena)
{
    struct bytes text = json_string(error->message, arena);

    return bytes_is_set(text) ? text : error->message;
}
