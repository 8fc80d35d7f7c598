/* SPDX-License-Identifier: MIT */
/* Reads services and shares their texts. */
#include "registry/registry_text.h"

#include "base/assert.h"
#include "model/service_name.h"
#include "registry/registry_internal.h"

enum { TEXT_ROOM_BYTES = 512 };

enum text_field {
    TEXT_NAME,
    TEXT_FULL_NAME,
    TEXT_VERSION,
    TEXT_SETTINGS,
    TEXT_METADATA,
    TEXT_ACTIONS,
    TEXT_EVENTS,
    TEXT_FIELDS
};

static void get_fields(struct bytes slice, struct json_field fields[TEXT_FIELDS])
{
    static const char *const names[TEXT_FIELDS] = {
        [TEXT_NAME] = "name",         [TEXT_FULL_NAME] = "fullName", [TEXT_VERSION] = "version",
        [TEXT_SETTINGS] = "settings", [TEXT_METADATA] = "metadata",  [TEXT_ACTIONS] = "actions",
        [TEXT_EVENTS] = "events",
    };

    for (size_t i = 0; i < TEXT_FIELDS; i++) {
        fields[i] = (struct json_field){bytes_cstr(names[i]), BYTES_NONE};
    }
    json_get_fields(slice, fields, TEXT_FIELDS);
}

static struct bytes or_empty_object(struct bytes slice)
{
    return json_is_null_or_none(slice) ? BYTES("{}") : slice;
}

/* The slice, the hidden actions and the name, one behind the other. */
static struct shared *join(struct bytes slice, struct bytes hidden, struct bytes name)
{
    struct shared *joined;
    struct buf text;

    buf_init(&text, BUF_NO_LIMIT);
    buf_add(&text, slice);
    buf_add(&text, hidden);
    buf_add(&text, name);
    joined = shared_new(buf_bytes(&text));
    buf_fini(&text);
    return joined;
}

/* NULL when the slice is no service. */
static struct registry_text *text_new(struct bytes slice, struct bytes hidden)
{
    struct json_field fields[TEXT_FIELDS];
    struct registry_text *t = NULL;
    char room[TEXT_ROOM_BYTES];
    struct bytes name, full_name;
    struct arena arena;

    arena_init_in(&arena, room, sizeof(room));
    get_fields(slice, fields);
    name = json_string(fields[TEXT_NAME].value, &arena);
    full_name = json_string(fields[TEXT_FULL_NAME].value, &arena);
    if (full_name.n == 0) {
        full_name = service_name_full(name, fields[TEXT_VERSION].value, &arena);
    }
    if (name.n > 0) {
        t = mem_new(struct registry_text);
        t->refs = 1;
        t->full_name = shared_new(full_name);
        t->text = join(slice, hidden, name);
        t->slice = bytes_of(t->text->bytes.p, slice.n);
        t->hidden = hidden.n ? bytes_of(t->slice.p + slice.n, hidden.n) : BYTES_NONE;
    }
    arena_fini(&arena);
    return t;
}

int registry_text_get(struct registry *r, struct bytes slice, struct bytes hidden,
                      struct registry_text **out)
{
    struct registry_text *t = hidden.n ? NULL : map_get(&r->texts, slice);

    if (t) {
        *out = registry_text_ref(t);
        return 0;
    }
    t = json_is_object(slice) ? text_new(slice, hidden) : NULL;
    if (!t) {
        return ERR_TYPE;
    }
    if (hidden.n == 0) {
        t->is_shared = true;
        map_set(&r->texts, t->slice, t);
    }
    r->n_text_bytes += t->text->bytes.n;
    *out = t;
    return 0;
}

void registry_text_read(const struct registry_text *t, struct registry_service *s)
{
    struct json_field fields[TEXT_FIELDS];
    enum json_type version;

    get_fields(t->slice, fields);
    version = json_type(fields[TEXT_VERSION].value);
    s->name = bytes_from(t->text->bytes, t->slice.n + t->hidden.n);
    s->full_name = t->full_name->bytes;
    s->version =
        version == JSON_NUMBER || version == JSON_STRING ? fields[TEXT_VERSION].value : BYTES_NONE;
    s->settings = or_empty_object(fields[TEXT_SETTINGS].value);
    s->metadata = or_empty_object(fields[TEXT_METADATA].value);
    s->actions = or_empty_object(fields[TEXT_ACTIONS].value);
    s->events = or_empty_object(fields[TEXT_EVENTS].value);
}

struct registry_text *registry_text_ref(struct registry_text *t)
{
    t->refs++;
    return t;
}

void registry_text_unref(struct registry *r, struct registry_text *t)
{
    if (!t) {
        return;
    }
    ASSERT(t->refs > 0);
    if (--t->refs > 0) {
        return;
    }
    if (t->is_shared) {
        map_remove(&r->texts, t->slice);
    }
    r->n_text_bytes -= t->text->bytes.n;
    shared_unref(t->text);
    shared_unref(t->full_name);
    mem_free(t);
}
