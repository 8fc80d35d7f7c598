/* SPDX-License-Identifier: MIT */
/*
 * The hooks of a service and its actions, and the fallbacks of actions, as a schema has them: URLs,
 * references to actions of the same service, or (a fallback) a value. Which hooks an action has is
 * found once, at registration (docs/protocol.md, Hooks, Fallback).
 */
#include "external/external_steps.h"

#include "base/map.h"
#include "model/event_match.h"

enum {
    HOOK_KINDS = LOCAL_STEP_ERROR + 1,
    PATTERNS_MAX = 1000,
    STEPS_MAX = 100000,
    WORK_MAX = 40000000
};

static const char *const kind_names[HOOK_KINDS] = {
    [LOCAL_STEP_BEFORE] = "before",
    [LOCAL_STEP_AFTER] = "after",
    [LOCAL_STEP_ERROR] = "error",
};

/* The hooks of a service for the actions that one of the patterns matches. */
struct hook_set {
    bool is_for_all;                 /* its key is "*" */
    struct event_pattern **patterns; /* owned patterns, the array in the arena */
    unsigned n_patterns;
    struct external_step *steps; /* in the arena */
    unsigned n_steps;
    struct list link;
};

struct external_steps {
    struct bytes schema;
    struct bytes base_url;              /* text */
    struct arena *arena;                /* borrowed: of texts */
    struct external_fault *fault;       /* borrowed */
    struct list sets[HOOK_KINDS];       /* of struct hook_set.link */
    struct map sets_by_key[HOOK_KINDS]; /* the same */
    unsigned n_patterns;
    uint64_t work;      /* that is left for trying patterns */
    unsigned n_steps;   /* of all actions */
    struct map actions; /* name -> struct named_action in the arena; made when first asked */
};

/* An action that hooks may refer to, by its key or its name. */
struct named_action {
    struct bytes handler; /* slice */
};

static int refuse(const struct external_steps *s, struct bytes path, struct bytes value,
                  const char *text)
{
    *s->fault = (struct external_fault){
        .kind = EXTERNAL_FAULT_SCHEMA, .path = path, .value = value, .text = bytes_cstr(text)};
    return ERR_TYPE;
}

/* --- one step --- */

/* An absolute URL as it is, any other text behind the base URL. */
static int read_url(const struct external_steps *s, struct bytes path, struct bytes slice,
                    struct external_step *out)
{
    struct bytes text = json_string(slice, s->arena);
    enum external_url_kind kind = external_url_kind(text);

    if (text.n == 0 || kind == EXTERNAL_URL_FOREIGN) {
        return refuse(s, path, slice, "must be an http, https or unix URL");
    }
    if (external_check_has_control(text)) {
        return refuse(s, path, slice, "has control characters");
    }
    if (kind == EXTERNAL_URL_RELATIVE && s->base_url.n == 0) {
        return refuse(s, path, slice, "is relative and there is no settings.baseUrl");
    }
    out->url = kind == EXTERNAL_URL_ABSOLUTE
                   ? arena_copy(s->arena, text)
                   : arena_format(s->arena, "%.*s%.*s", BYTES_ARG(s->base_url), BYTES_ARG(text));
    return 0;
}

static void name_action(struct external_steps *s, struct bytes name, struct named_action *action)
{
    if (name.n > 0 && !map_get(&s->actions, name)) {
        map_set(&s->actions, name, action);
    }
}

static void name_actions(struct external_steps *s)
{
    struct bytes actions = json_get(s->schema, BYTES("actions"));
    struct json_iter it = json_iter(json_is_object(actions) ? actions : BYTES_NONE);
    struct bytes key, definition;

    while (json_next_member(&it, &key, &definition)) {
        struct named_action *action = arena_new(s->arena, struct named_action);

        action->handler = external_definition_handler(definition);
        name_action(s, json_string(key, s->arena), action);
        name_action(s, json_string(json_get(definition, BYTES("name")), s->arena), action);
    }
}

/* The URL text of that action. None: the service has no such action, or it has no handler. */
static struct bytes handler_of(struct external_steps *s, struct bytes name)
{
    const struct named_action *action;

    if (s->actions.count == 0) {
        name_actions(s);
    }
    action = map_get(&s->actions, name);
    return action ? json_string(action->handler, s->arena) : BYTES_NONE;
}

static int read_reference(struct external_steps *s, struct bytes path, struct bytes slice,
                          struct external_step *out)
{
    struct bytes name = json_string(slice, s->arena);
    struct bytes handler = bytes_is_set(name) ? handler_of(s, name) : BYTES_NONE;

    if (!bytes_is_set(handler)) {
        return refuse(s, path, slice, "must be a URL or the name of an action of this service");
    }
    out->url = arena_format(s->arena, "%.*s%.*s", BYTES_ARG(s->base_url), BYTES_ARG(handler));
    return 0;
}

static int read_object(struct external_steps *s, struct bytes path, struct bytes object,
                       bool may_be_value, struct external_step *out)
{
    struct json_field fields[] = {
        {BYTES("url"), BYTES_NONE}, {BYTES("action"), BYTES_NONE}, {BYTES("value"), BYTES_NONE}};

    json_get_fields(object, fields, 3);
    if (json_count(object) == 1 && bytes_is_set(fields[0].value)) {
        return read_url(s, arena_format(s->arena, "%.*s.url", BYTES_ARG(path)), fields[0].value,
                        out);
    }
    if (json_count(object) == 1 && bytes_is_set(fields[1].value)) {
        return read_reference(s, arena_format(s->arena, "%.*s.action", BYTES_ARG(path)),
                              fields[1].value, out);
    }
    if (may_be_value && json_count(object) == 1 && bytes_is_set(fields[2].value)) {
        out->value = arena_copy(s->arena, fields[2].value);
        return 0;
    }
    return refuse(s, path, object,
                  may_be_value ? "must have exactly one member: url, action or value"
                               : "must have exactly one member: url or action");
}

static int read_step(struct external_steps *s, struct bytes path, struct bytes slice,
                     bool may_be_value, struct external_step *out)
{
    *out = (struct external_step){0};
    if (json_type(slice) == JSON_STRING) {
        struct bytes text = json_string(slice, s->arena);

        return bytes_starts_with(text, BYTES("/")) ||
                       external_url_kind(text) == EXTERNAL_URL_ABSOLUTE
                   ? read_url(s, path, slice, out)
                   : read_reference(s, path, slice, out);
    }
    if (json_is_object(slice)) {
        return read_object(s, path, slice, may_be_value, out);
    }
    return refuse(s, path, slice, "must be a URL, the name of an action, or an object");
}

/* One step or a list of them, appended to steps. null counts as none. */
static int read_steps(struct external_steps *s, struct bytes path, struct bytes slice,
                      struct external_step steps[EXTERNAL_STEPS_MAX], unsigned *n_steps)
{
    struct json_iter it = json_iter(slice);
    struct bytes item;
    int err = 0;

    if (json_is_null_or_none(slice)) {
        return 0;
    }
    if (json_type(slice) != JSON_ARRAY) {
        return *n_steps == EXTERNAL_STEPS_MAX
                   ? refuse(s, path, BYTES_NONE, "is more than the 32 hooks an action may have")
                   : read_step(s, path, slice, false, &steps[(*n_steps)++]);
    }
    for (size_t i = 0; err == 0 && json_next_item(&it, &item); i++) {
        err = *n_steps == EXTERNAL_STEPS_MAX
                  ? refuse(s, path, BYTES_NONE, "has more than the 32 hooks an action may have")
                  : read_step(s, arena_format(s->arena, "%.*s[%zu]", BYTES_ARG(path), i), item,
                              false, &steps[(*n_steps)++]);
    }
    return err;
}

/* --- of the service --- */

static unsigned count_alternatives(struct bytes key)
{
    unsigned n = 1;

    for (size_t i = 0; i < key.n; i++) {
        n += key.p[i] == '|';
    }
    return n;
}

/* "create|update" */
static int read_patterns(struct external_steps *s, struct bytes path, struct bytes key,
                         struct hook_set *set)
{
    unsigned n = count_alternatives(key);

    if (n > PATTERNS_MAX - s->n_patterns) {
        return refuse(s, path, BYTES_NONE, "is more than the 1,000 patterns that hooks may have");
    }
    s->n_patterns += n;
    set->is_for_all = bytes_eq(key, BYTES("*"));
    if (set->is_for_all) {
        return 0;
    }
    set->patterns = arena_calloc(s->arena, n * sizeof(struct event_pattern *));
    while (set->n_patterns < n) {
        size_t end = bytes_find(key, '|');
        struct event_pattern *pattern = event_pattern_new(bytes_of(key.p, end));

        if (!pattern) {
            return refuse(s, path, BYTES_NONE, "is no valid pattern of action names");
        }
        set->patterns[set->n_patterns++] = pattern;
        key = bytes_from(key, end < key.n ? end + 1 : end);
    }
    return 0;
}

/* Of a key that stands twice the last hooks count, at the place of the first. */
static int set_of(struct external_steps *s, enum local_step_kind kind, struct bytes path,
                  struct bytes key, struct hook_set **out)
{
    struct hook_set *set = map_get(&s->sets_by_key[kind], key);
    int err = 0;

    if (!set) {
        set = mem_new(struct hook_set);
        list_append(&s->sets[kind], &set->link);
        map_set(&s->sets_by_key[kind], key, set);
        err = read_patterns(s, path, key, set);
    }
    *out = set;
    return err;
}

static int read_set(struct external_steps *s, enum local_step_kind kind, struct bytes key,
                    struct bytes slice)
{
    struct bytes path = arena_format(s->arena, "hooks.%s.%.*s", kind_names[kind], BYTES_ARG(key));
    struct external_step steps[EXTERNAL_STEPS_MAX] = {0};
    unsigned n_steps = 0;
    struct hook_set *set;
    int err = set_of(s, kind, path, key, &set);

    if (err == 0) {
        err = read_steps(s, path, slice, steps, &n_steps);
    }
    set->n_steps = n_steps;
    set->steps = arena_alloc(s->arena, n_steps * sizeof(steps[0]));
    memcpy(set->steps, steps, n_steps * sizeof(steps[0]));
    return err;
}

static int read_sets(struct external_steps *s, enum local_step_kind kind, struct bytes sets)
{
    struct json_iter it = json_iter(sets);
    struct bytes key, slice;
    int err = 0;

    if (json_is_null_or_none(sets)) {
        return 0;
    }
    if (!json_is_object(sets)) {
        return refuse(s, arena_format(s->arena, "hooks.%s", kind_names[kind]), sets,
                      "must be an object of hooks by patterns of action names");
    }
    while (err == 0 && json_next_member(&it, &key, &slice)) {
        err = read_set(s, kind, json_string(key, s->arena), slice);
    }
    return err;
}

/* HOOK_KINDS when it is none. */
static unsigned kind_of(struct bytes key)
{
    unsigned kind = 0;

    while (kind < HOOK_KINDS && !json_string_eq(key, bytes_cstr(kind_names[kind]))) {
        kind++;
    }
    return kind;
}

/* What stands in hooks, whichever level: an object of before, after, error. */
static int check_hooks(const struct external_steps *s, struct bytes path, struct bytes hooks)
{
    struct json_iter it = json_iter(hooks);
    struct bytes key, slice;

    if (json_is_null_or_none(hooks)) {
        return 0;
    }
    if (!json_is_object(hooks)) {
        return refuse(s, path, hooks, "must be an object with before, after and error");
    }
    while (json_next_member(&it, &key, &slice)) {
        if (kind_of(key) == HOOK_KINDS) {
            struct bytes name = json_string(key, s->arena);

            return refuse(s, arena_format(s->arena, "%.*s.%.*s", BYTES_ARG(path), BYTES_ARG(name)),
                          slice, "is not one of before, after and error");
        }
    }
    return 0;
}

int external_steps_new(struct bytes schema, struct arena *arena, struct external_fault *fault,
                       struct external_steps **out)
{
    struct bytes hooks = json_get(schema, BYTES("hooks"));
    struct bytes base_url = json_get(json_get(schema, BYTES("settings")), BYTES("baseUrl"));
    struct external_steps *s = mem_new(struct external_steps);
    int err;

    s->schema = schema;
    s->work = WORK_MAX;
    s->base_url = json_string(base_url, arena);
    s->arena = arena;
    s->fault = fault;
    map_init(&s->actions);
    for (unsigned kind = 0; kind < HOOK_KINDS; kind++) {
        list_init(&s->sets[kind]);
        map_init(&s->sets_by_key[kind]);
    }
    err = check_hooks(s, BYTES("hooks"), hooks);
    for (unsigned kind = 0; err == 0 && kind < HOOK_KINDS; kind++) {
        err = read_sets(s, kind, json_get(hooks, bytes_cstr(kind_names[kind])));
    }
    *out = s;
    return err;
}

static void set_free(struct hook_set *set)
{
    for (unsigned i = 0; i < set->n_patterns; i++) {
        event_pattern_free(set->patterns[i]);
    }
    mem_free(set);
}

void external_steps_free(struct external_steps *s)
{
    struct list *link;

    if (!s) {
        return;
    }
    for (unsigned kind = 0; kind < HOOK_KINDS; kind++) {
        while ((link = list_pop(&s->sets[kind]))) {
            set_free(list_entry(link, struct hook_set, link));
        }
        map_fini(&s->sets_by_key[kind]);
    }
    map_fini(&s->actions);
    mem_free(s);
}

/* --- of an action --- */

/* Steps of one kind, while they are gathered. */
struct gathering {
    struct external_step steps[EXTERNAL_STEPS_MAX];
    unsigned n_steps;
};

static bool is_meant(const struct hook_set *set, bool for_all, struct bytes raw_name,
                     uint64_t *work)
{
    if (for_all || set->is_for_all) {
        return for_all && set->is_for_all;
    }
    for (unsigned i = 0; i < set->n_patterns; i++) {
        if (event_pattern_test_within(set->patterns[i], raw_name, work)) {
            return true;
        }
    }
    return false;
}

/* Those of the service: of "*", or of the patterns that match. */
static int gather(struct external_steps *s, enum local_step_kind kind, bool for_all,
                  const struct external_action *a, struct gathering *g)
{
    list_for_each (link, &s->sets[kind]) {
        const struct hook_set *set = list_entry(link, struct hook_set, link);

        if (!is_meant(set, for_all, a->raw_name, &s->work)) {
            continue;
        }
        if (set->n_steps > EXTERNAL_STEPS_MAX - g->n_steps) {
            return refuse(s, a->path, BYTES_NONE, "has more than 32 hooks of one kind");
        }
        memcpy(g->steps + g->n_steps, set->steps, set->n_steps * sizeof(set->steps[0]));
        g->n_steps += set->n_steps;
    }
    return s->work > 0 ? 0
                       : refuse(s, BYTES("hooks"), BYTES_NONE, "has patterns that take too much");
}

static int gather_own(struct external_steps *s, enum local_step_kind kind,
                      const struct external_action *a, struct gathering *g)
{
    struct bytes hooks = json_get(a->definition, BYTES("hooks"));
    struct bytes name = bytes_cstr(kind_names[kind]);

    if (json_is_null_or_none(hooks)) {
        return 0;
    }
    return read_steps(
        s, arena_format(s->arena, "%.*s.hooks.%.*s", BYTES_ARG(a->path), BYTES_ARG(name)),
        json_get(hooks, name), g->steps, &g->n_steps);
}

/* Before the handler from the outside in, afterwards from the inside out. */
static int gather_kind(struct external_steps *s, enum local_step_kind kind,
                       const struct external_action *a, struct gathering *g)
{
    bool inwards = kind == LOCAL_STEP_BEFORE;
    int err = inwards ? gather(s, kind, true, a, g) : gather_own(s, kind, a, g);

    if (err == 0) {
        err = gather(s, kind, false, a, g);
    }
    if (err == 0) {
        err = inwards ? gather_own(s, kind, a, g) : gather(s, kind, true, a, g);
    }
    return err;
}

static int keep(struct external_steps *s, enum local_step_kind kind,
                const struct external_action *a, const struct gathering *g,
                struct external_handler *h)
{
    struct external_step *steps;

    if (g->n_steps > STEPS_MAX - s->n_steps) {
        return refuse(s, a->path, BYTES_NONE, "is beyond the 100,000 hooks a service may have");
    }
    s->n_steps += g->n_steps;
    steps = arena_alloc(s->arena, g->n_steps * sizeof(steps[0]));
    memcpy(steps, g->steps, g->n_steps * sizeof(steps[0]));
    h->steps[kind] = steps;
    h->base.n_steps[kind] = g->n_steps;
    return 0;
}

static int read_fallback(struct external_steps *s, const struct external_action *a,
                         struct external_handler *h)
{
    struct bytes slice = json_get(a->definition, BYTES("fallback"));
    struct gathering g;
    int err;

    if (json_is_null_or_none(slice)) {
        return 0;
    }
    g.n_steps = 1;
    err = read_step(s, arena_format(s->arena, "%.*s.fallback", BYTES_ARG(a->path)), slice, true,
                    &g.steps[0]);
    return err ? err : keep(s, LOCAL_STEP_FALLBACK, a, &g, h);
}

int external_steps_of_action(struct external_steps *s, const struct external_action *a,
                             struct external_handler *h)
{
    struct bytes hooks = json_get(a->definition, BYTES("hooks"));
    struct bytes path =
        bytes_is_set(hooks) ? arena_format(s->arena, "%.*s.hooks", BYTES_ARG(a->path)) : BYTES_NONE;
    int err = check_hooks(s, path, hooks);

    for (unsigned kind = 0; err == 0 && kind < HOOK_KINDS; kind++) {
        struct gathering g;

        g.n_steps = 0;
        err = gather_kind(s, kind, a, &g);
        if (err == 0 && g.n_steps > 0) {
            err = keep(s, kind, a, &g, h);
        }
    }
    return err ? err : read_fallback(s, a, h);
}
