/* SPDX-License-Identifier: MIT */
/* Turns a posted schema into the service object of INFO, members in the original's order. */
#include "external/published_schema.h"

#include "external/published_settings.h"
#include "model/service_name.h"

enum schema_field {
    SCHEMA_NAME,
    SCHEMA_VERSION,
    SCHEMA_SETTINGS,
    SCHEMA_METADATA,
    SCHEMA_ACTIONS,
    SCHEMA_EVENTS,
    SCHEMA_FIELDS
};

static void get_fields(struct bytes schema, struct json_field fields[SCHEMA_FIELDS])
{
    static const char *const names[SCHEMA_FIELDS] = {
        [SCHEMA_NAME] = "name",         [SCHEMA_VERSION] = "version",
        [SCHEMA_SETTINGS] = "settings", [SCHEMA_METADATA] = "metadata",
        [SCHEMA_ACTIONS] = "actions",   [SCHEMA_EVENTS] = "events",
    };

    for (size_t i = 0; i < SCHEMA_FIELDS; i++) {
        fields[i] = (struct json_field){bytes_cstr(names[i]), BYTES_NONE};
    }
    json_get_fields(schema, fields, SCHEMA_FIELDS);
}

static int read_names(const struct json_field *fields, struct arena *arena,
                      struct published_names *out)
{
    struct bytes name = json_string(fields[SCHEMA_NAME].value, arena);
    struct bytes version = fields[SCHEMA_VERSION].value;
    struct bytes settings = fields[SCHEMA_SETTINGS].value;
    bool is_bare = json_is_true(json_get(settings, BYTES("$noVersionPrefix")));

    if (name.n == 0) {
        return ERR_TYPE;
    }
    if (json_type(version) != JSON_NUMBER && json_type(version) != JSON_STRING) {
        version = BYTES_NONE;
    }
    *out = (struct published_names){
        .name = name,
        .full_name = is_bare ? name : service_name_full(name, version, arena),
        .version = version,
        .has_prefix = !json_is_true(json_get(settings, BYTES("$noServiceNamePrefix"))),
    };
    return 0;
}

int published_schema_names(struct bytes schema, struct arena *arena, struct published_names *out)
{
    struct json_field fields[SCHEMA_FIELDS];

    get_fields(schema, fields);
    return read_names(fields, arena, out);
}

struct bytes published_schema_raw_name(struct bytes key, struct bytes definition,
                                       struct arena *arena)
{
    struct bytes name = json_string(json_get(definition, BYTES("name")), arena);

    return name.n > 0 ? name : json_string(key, arena);
}

struct bytes published_schema_action_name(const struct published_names *names,
                                          struct bytes raw_name, struct arena *arena)
{
    struct bytes full = raw_name;
    struct buf text;

    if (!names->has_prefix) {
        return full;
    }
    buf_init(&text, BUF_NO_LIMIT);
    buf_add(&text, names->full_name);
    buf_add_char(&text, '.');
    buf_add(&text, raw_name);
    full = arena_copy(arena, buf_bytes(&text));
    buf_fini(&text);
    return full;
}

bool published_schema_is_registered(struct bytes action)
{
    struct bytes visibility = json_get(action, BYTES("visibility"));

    return json_is_null_or_none(visibility) || json_string_eq(visibility, BYTES("published")) ||
           json_string_eq(visibility, BYTES("public")) ||
           json_string_eq(visibility, BYTES("protected"));
}

/* Members that get a value of ours: where the schema has them, else at the end in this order. */
struct own_member {
    struct bytes name;
    struct bytes text; /* none: leave the schema's */
    bool is_written;
};

/* Functions in the original. A "fallback" that is published makes its remote callers fail. */
static bool is_never_published(struct bytes key)
{
    static const char *const names[] = {"handler", "remoteHandler", "service", "hooks", "fallback"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (json_string_eq(key, bytes_cstr(names[i]))) {
            return true;
        }
    }
    return false;
}

static struct own_member *find_own(struct own_member *own, size_t n_own, struct bytes key)
{
    for (size_t i = 0; i < n_own; i++) {
        if (json_string_eq(key, own[i].name)) {
            return &own[i];
        }
    }
    return NULL;
}

static void write_own(struct json_writer *w, struct own_member *own)
{
    if (!own->is_written) {
        json_member_text(w, own->name, own->text);
        own->is_written = true;
    }
}

/* Without the closing brace. definition may be a text: the short form of {handler}. */
static void begin_definition(struct json_writer *w, struct bytes definition, struct own_member *own,
                             size_t n_own)
{
    struct json_iter it = json_iter(json_is_object(definition) ? definition : BYTES_NONE);
    struct bytes key, value;

    json_begin_object(w);
    while (json_next_member(&it, &key, &value)) {
        struct own_member *mine = find_own(own, n_own, key);

        if (mine) {
            write_own(w, mine);
        } else if (!is_never_published(key)) {
            json_raw(w, key);
            buf_add_char(w->out, ':');
            w->needs_comma = false;
            json_raw(w, value);
        }
    }
    for (size_t i = 0; i < n_own; i++) {
        write_own(w, &own[i]);
    }
}

/* Fit to be published, or to be skipped (*out_skip). */
static int check(struct bytes definition, bool *out_skip)
{
    enum json_type type = json_type(definition);

    *out_skip = type == JSON_BOOL && !json_is_true(definition);
    return *out_skip || type == JSON_OBJECT || type == JSON_STRING ? 0 : ERR_TYPE;
}

struct build {
    struct published_names names;
    struct bytes default_cache; /* setting $cache, or none */
    struct json_writer service, hidden;
    struct arena arena;
};

static int add_action(struct build *b, struct bytes key, struct bytes definition)
{
    struct bytes raw_name = published_schema_raw_name(key, definition, &b->arena);
    struct bytes name = published_schema_action_name(&b->names, raw_name, &b->arena);
    struct own_member own[] = {{BYTES("rawName"), raw_name, false}, {BYTES("name"), name, false}};
    bool is_hidden = json_is_truthy(json_get(definition, BYTES("protected")));
    struct json_writer *w = is_hidden ? &b->hidden : &b->service;
    bool skip;
    int status = check(definition, &skip);

    if (status != 0 || skip || !published_schema_is_registered(definition)) {
        return status;
    }
    json_key(w, name);
    begin_definition(w, definition, own, 2);
    if (!bytes_is_set(json_get(definition, BYTES("cache")))) {
        json_member(w, BYTES("cache"), b->default_cache);
    }
    json_end_object(w);
    return 0;
}

static int add_event(struct build *b, struct bytes key, struct bytes definition)
{
    struct bytes name = published_schema_raw_name(key, definition, &b->arena);
    struct own_member own[] = {{BYTES("name"), name, false}};
    bool skip;
    int status = check(definition, &skip);

    if (status != 0 || skip) {
        return status;
    }
    json_key(&b->service, name);
    begin_definition(&b->service, definition, own, 1);
    json_end_object(&b->service);
    return 0;
}

static int add_all(struct build *b, struct bytes definitions,
                   int (*add)(struct build *b, struct bytes key, struct bytes definition))
{
    struct json_iter it = json_iter(json_is_object(definitions) ? definitions : BYTES_NONE);
    struct bytes key, value;
    int status = 0;

    json_begin_object(&b->service);
    while (status == 0 && json_next_member(&it, &key, &value)) {
        status = add(b, key, value);
    }
    json_end_object(&b->service);
    return status;
}

static int write_service(struct build *b, const struct json_field *fields)
{
    struct json_writer *w = &b->service;
    struct bytes metadata = fields[SCHEMA_METADATA].value;
    int status;

    json_begin_object(w);
    json_member_text(w, BYTES("name"), b->names.name);
    json_member(w, BYTES("version"), fields[SCHEMA_VERSION].value); /* null too, as it was given */
    json_member_text(w, BYTES("fullName"), b->names.full_name);
    json_key(w, BYTES("settings"));
    status = published_settings_write(w, fields[SCHEMA_SETTINGS].value);
    if (status != 0) {
        return status;
    }
    json_member(w, BYTES("metadata"), json_is_null_or_none(metadata) ? BYTES("{}") : metadata);
    json_key(w, BYTES("actions"));
    status = add_all(b, fields[SCHEMA_ACTIONS].value, add_action);
    if (status != 0) {
        return status;
    }
    json_key(w, BYTES("events"));
    status = add_all(b, fields[SCHEMA_EVENTS].value, add_event);
    json_end_object(w);
    return status;
}

int published_schema_build(struct bytes schema, struct buf *out, struct buf *out_hidden)
{
    struct json_field fields[SCHEMA_FIELDS];
    size_t hidden_from = out_hidden->n;
    struct build b = {.service = json_writer(out), .hidden = json_writer(out_hidden)};
    int status;

    get_fields(schema, fields);
    arena_init(&b.arena);
    status = read_names(fields, &b.arena, &b.names);
    if (status == 0) {
        b.default_cache = json_get(fields[SCHEMA_SETTINGS].value, BYTES("$cache"));
        json_begin_object(&b.hidden);
        status = write_service(&b, fields);
        json_end_object(&b.hidden);
        if (out_hidden->n == hidden_from + 2) {
            out_hidden->n = hidden_from; /* an empty object */
        }
    }
    arena_fini(&b.arena);
    return status;
}
