/* SPDX-License-Identifier: MIT */
/*
 * Services that start once others are there (docs/protocol.md, Dependencies). Until then nobody can
 * call them or knows of them; each looks round at its own interval.
 */
#include "broker/broker_internal.h"

#define NEVER_MS UINT64_MAX

struct waiting_service {
    struct broker *broker;         /* borrowed */
    struct local_service *service; /* owned ref */
    struct bytes full_name;        /* its key, with a NUL; in the arena, as needed */
    struct broker_dependency *needed;
    size_t n_needed;
    uint64_t interval_ms; /* > 0 */
    uint64_t give_up_ms;  /* loop time, or NEVER_MS */
    struct logger log;    /* of the service */
    struct loop_timer timer;
    struct arena arena;
};

/* Which of the names needed are meant. */
enum which { WHICH_ALL, WHICH_AVAILABLE, WHICH_MISSING };

/* --- what is needed --- */

/* Alternatives follow the first of their kind: one of them is enough. */
static bool has_all(const struct broker *b, const struct broker_dependency *needed, size_t n)
{
    bool has_one = true;

    for (size_t i = 0; i < n && (has_one || needed[i].is_alternative); i++) {
        bool is_first = !needed[i].is_alternative;

        has_one = (has_one && !is_first) || registry_has_service(b->registry, needed[i].name);
    }
    return has_one;
}

static bool is_available(const struct waiting_service *w, const struct broker_dependency *d)
{
    return registry_has_service(w->broker->registry, d->name);
}

static bool is_meant(const struct waiting_service *w, const struct broker_dependency *d,
                     enum which which)
{
    return which == WHICH_ALL || is_available(w, d) == (which == WHICH_AVAILABLE);
}

/* "a, b OR c" appended to out. */
static void list_names(const struct waiting_service *w, enum which which, struct buf *out)
{
    for (size_t i = 0; i < w->n_needed; i++) {
        const struct broker_dependency *d = &w->needed[i];

        if (is_meant(w, d, which)) {
            const char *between = which == WHICH_ALL && d->is_alternative ? " OR " : ", ";

            buf_add_format(out, "%s%.*s", out->n ? between : "", BYTES_ARG(d->name));
        }
    }
}

static void log_names(const struct waiting_service *w, enum log_level level, const char *before,
                      enum which which, const char *after)
{
    struct buf names;

    if (!log_is_on(&w->log, level)) {
        return;
    }
    buf_init(&names, BUF_NO_LIMIT);
    list_names(w, which, &names);
    log_write(&w->log, level, "%s'%.*s'%s", before, BYTES_ARG(buf_bytes(&names)), after);
    buf_fini(&names);
}

/* As the original: {services: [name], statuses: [{name, available}]}. */
static void write_statuses(const struct waiting_service *w, struct json_writer *out)
{
    json_begin_object(out);
    json_key(out, BYTES("services"));
    json_begin_array(out);
    for (size_t i = 0; i < w->n_needed; i++) {
        json_text(out, w->needed[i].name);
    }
    json_end_array(out);
    json_key(out, BYTES("statuses"));
    json_begin_array(out);
    for (size_t i = 0; i < w->n_needed; i++) {
        json_begin_object(out);
        json_member_text(out, BYTES("name"), w->needed[i].name);
        json_member_bool(out, BYTES("available"), is_available(w, &w->needed[i]));
        json_end_object(out);
    }
    json_end_array(out);
    json_end_object(out);
}

/* --- life --- */

/* Milliseconds as the clock counts them; limit stands for all that is longer. */
static uint64_t whole_ms(double ms, uint64_t limit)
{
    return ms < (double)UINT32_MAX ? (uint64_t)ms : limit;
}

static struct bytes name_of(const struct local_service *service, struct arena *arena)
{
    return json_string(json_get(service->published->bytes, BYTES("fullName")), arena);
}

static void copy_needed(struct waiting_service *w, const struct broker_wait *wait)
{
    w->needed = arena_alloc(&w->arena, wait->n_needed * sizeof(w->needed[0]));
    for (size_t i = 0; i < wait->n_needed; i++) {
        w->needed[i] = (struct broker_dependency){
            .name = arena_copy(&w->arena, wait->needed[i].name),
            .is_alternative = wait->needed[i].is_alternative,
        };
    }
    w->n_needed = wait->n_needed;
}

static struct waiting_service *waiting_new(struct broker *b, struct local_service *service,
                                           const struct broker_wait *wait)
{
    struct waiting_service *w = mem_new(struct waiting_service);
    const struct broker_options *o = b->options;
    double timeout = wait->timeout_ms > 0 ? wait->timeout_ms : o->dependency_timeout_ms;
    double interval = wait->interval_ms > 0 ? wait->interval_ms : o->dependency_interval_ms;

    w->broker = b;
    w->service = local_service_ref(service);
    arena_init(&w->arena);
    w->full_name = arena_copy(&w->arena, name_of(service, &w->arena));
    copy_needed(w, wait);
    w->interval_ms = interval >= 1 ? whole_ms(interval, UINT32_MAX) : 1;
    w->give_up_ms = NEVER_MS;
    if (timeout > 0 && timeout < (double)UINT32_MAX) {
        w->give_up_ms = loop_now_ms(b->loop) + whole_ms(timeout, UINT32_MAX);
    }
    w->log = (struct logger){b->sink, w->full_name.p};
    (void)map_set(&b->waiting, w->full_name, w);
    return w;
}

static void take_out(struct waiting_service *w)
{
    (void)map_remove(&w->broker->waiting, w->full_name);
}

/* It has been taken out. */
static void waiting_free(struct waiting_service *w)
{
    loop_timer_stop(&w->timer);
    local_service_unref(w->service);
    arena_fini(&w->arena);
    mem_free(w);
}

static void start(struct waiting_service *w)
{
    struct broker *b = w->broker;

    log_names(w, LOG_INFO, "Service(s) ", WHICH_AVAILABLE, " are available.");
    take_out(w); /* what is added drops those of its name that wait */
    if (registry_has_local_room(b->registry, &w->service, 1)) {
        broker_add_service(b, w->service);
        log_info(&b->log, "Service '%.*s' started.", BYTES_ARG(w->full_name));
    } else {
        log_error(&b->log, "Unable to start service '%.*s': the node has too many.",
                  BYTES_ARG(w->full_name));
    }
    waiting_free(w);
}

static void give_up(struct waiting_service *w)
{
    struct broker *b = w->broker;
    struct buf data;
    struct json_writer out = json_writer(&data);
    struct mol_error *error;

    buf_init(&data, BUF_NO_LIMIT);
    write_statuses(w, &out);
    error = mol_error_new(&w->arena, MOL_ERROR_SERVER, BYTES("Services waiting is timed out."), 500,
                          BYTES("WAITFOR_SERVICES"), buf_bytes(&data));
    log_names(w, LOG_ERROR, "Services waiting is timed out. Still missing: ", WHICH_MISSING, ".");
    log_error(&b->log, "Unable to start service '%.*s'.", BYTES_ARG(w->full_name));
    take_out(w);
    broker_notify_error(b, BYTES("$broker.error"), error, "broker", "failedServiceRestart");
    buf_fini(&data);
    waiting_free(w);
}

/* The last statement on w: it may be gone then. */
static void look(struct waiting_service *w)
{
    uint64_t now = loop_now_ms(w->broker->loop);
    uint64_t left = w->give_up_ms > now ? w->give_up_ms - now : 0;

    if (w->broker->state > BROKER_STARTED) {
        return; /* nothing starts any more */
    }
    if (has_all(w->broker, w->needed, w->n_needed)) {
        start(w);
    } else if (left == 0) {
        give_up(w);
    } else {
        log_names(w, LOG_DEBUG, "Still waiting for service(s) ", WHICH_MISSING, ".");
        loop_timer_start(&w->timer, left < w->interval_ms ? left : w->interval_ms);
    }
}

static void on_interval(struct loop_timer *timer)
{
    look(container_of(timer, struct waiting_service, timer));
}

void broker_start_service(struct broker *b, struct local_service *service,
                          const struct broker_wait *wait)
{
    struct waiting_service *w;

    if (wait->n_needed == 0) {
        broker_add_service(b, service);
        return;
    }
    broker_waiting_replace(b, service);
    w = waiting_new(b, service, wait);
    loop_timer_init(b->loop, &w->timer, on_interval);
    log_names(w, LOG_INFO, "Waiting for service(s) ", WHICH_ALL, "...");
    look(w);
}

bool broker_would_wait(const struct broker *b, struct bytes full_name,
                       const struct broker_wait *wait)
{
    return !has_all(b, wait->needed, wait->n_needed) && !map_get(&b->waiting, full_name);
}

bool broker_waiting_remove(struct broker *b, struct bytes full_name)
{
    struct waiting_service *w = map_remove(&b->waiting, full_name);

    if (w) {
        waiting_free(w);
    }
    return w != NULL;
}

void broker_waiting_replace(struct broker *b, const struct local_service *service)
{
    struct arena arena;

    if (b->waiting.count == 0) {
        return;
    }
    arena_init(&arena);
    (void)broker_waiting_remove(b, name_of(service, &arena));
    arena_fini(&arena);
}

void broker_waiting_free(struct broker *b)
{
    map_for_each (e, &b->waiting) {
        struct waiting_service *w = e->value;

        take_out(w);
        waiting_free(w);
    }
    map_fini(&b->waiting);
}

size_t broker_n_waiting(const struct broker *b)
{
    return b->waiting.count;
}

void broker_waiting_json(const struct broker *b, struct json_writer *out)
{
    json_begin_array(out);
    map_for_each (e, &b->waiting) {
        json_text(out, e->key);
    }
    json_end_array(out);
}
