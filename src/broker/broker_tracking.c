/* SPDX-License-Identifier: MIT */
/*
 * Stopping in order: a service that goes, and a node that goes, wait for what runs in them.
 *
 * Happy path: with tracking.enabled the tracker middleware marks contexts on their way in and out;
 * whoever stops looks at an interval whether marked ones still run. When the time of a service is
 * up ($shutdownTimeout, else tracking.shutdownTimeout) it is not waited for any longer, and the log
 * tells. Without tracking a service goes at once, while its contexts run on, and a node waits for
 * all of them.
 */
#include "broker/broker_internal.h"

enum { POLL_MS = 100 };

/* Whoever wants to hear when a service is gone. */
struct waiter {
    broker_removed_fn *done; /* or NULL */
    void *owner;
    struct list link;
};

/* A service on its way out: one, however many want it gone. */
struct removal {
    struct broker *broker;
    struct local_service *service; /* owned ref */
    char *name;                    /* owned, full name */
    uint64_t since_ms;
    struct loop_timer timer;
    struct list link;    /* in broker.removals */
    struct list waiters; /* of struct waiter.link */
};

void broker_track(struct context *ctx)
{
    ctx->is_tracked = true;
    ctx->tracked = ctx->endpoint->local ? local_service_ref(ctx->endpoint->local) : NULL;
}

void broker_untrack(struct context *ctx)
{
    ctx->is_tracked = false;
    local_service_unref(ctx->tracked);
    ctx->tracked = NULL;
}

/* Of a service, or (NULL) of calls to other nodes. */
static double time_of(const struct broker *b, const struct local_service *s)
{
    return s && s->shutdown_timeout_ms > 0 ? s->shutdown_timeout_ms
                                           : b->options->shutdown_timeout_ms;
}

/* --- the node --- */

bool broker_is_drained(const struct broker *b, uint64_t since_ms)
{
    double waited_ms = (double)(loop_now_ms(b->loop) - since_ms);

    if (b->n_running == 0) {
        return true;
    }
    if (!b->options->is_tracking) {
        return waited_ms >= b->options->shutdown_timeout_ms;
    }
    list_for_each (link, &b->running) {
        const struct context *ctx = list_entry(link, struct context, link);

        if (ctx->is_tracked && waited_ms < time_of(b, ctx->tracked)) {
            return false;
        }
    }
    return true;
}

/* --- a service --- */

static unsigned count_running(const struct broker *b, const struct local_service *s)
{
    unsigned n = 0;

    list_for_each (link, &b->running) {
        const struct context *ctx = list_entry(link, struct context, link);

        n += ctx->is_tracked && ctx->tracked == s;
    }
    return n;
}

static void removal_free(struct removal *r)
{
    struct list *link;

    while ((link = list_pop(&r->waiters))) {
        mem_free(list_entry(link, struct waiter, link));
    }
    loop_timer_stop(&r->timer);
    list_remove(&r->link);
    local_service_unref(r->service);
    mem_free(r->name);
    mem_free(r);
}

/* One that has been replaced meanwhile has gone already. */
static void remove_now(struct removal *r)
{
    struct broker *b = r->broker;
    struct registry_service *rs = registry_find_local_service(b->registry, bytes_cstr(r->name));

    if (rs && rs->local == r->service) {
        (void)registry_remove_local_service(b->registry, bytes_cstr(r->name));
        log_info(&b->log, "Service '%s' is stopped.", r->name);
        broker_services_changed(b);
    }
}

static void finish(struct removal *r)
{
    struct list *link;

    remove_now(r);
    while ((link = list_pop(&r->waiters))) {
        struct waiter *w = list_entry(link, struct waiter, link);
        struct waiter heard = *w;

        mem_free(w);
        if (heard.done) {
            heard.done(heard.owner);
        }
    }
    removal_free(r);
}

static void on_poll(struct loop_timer *timer)
{
    struct removal *r = container_of(timer, struct removal, timer);
    struct broker *b = r->broker;
    unsigned n = r->service ? count_running(b, r->service) : 0;

    if (n > 0 && (double)(loop_now_ms(b->loop) - r->since_ms) < time_of(b, r->service)) {
        loop_timer_start(timer, POLL_MS);
        return;
    }
    if (n > 0) {
        log_error(&b->log,
                  "GracefulStopTimeoutError: Unable to stop '%s' service gracefully: %u context(s) "
                  "still run.",
                  r->name, n);
    }
    finish(r);
}

static struct removal *removal_new(struct broker *b, struct bytes name,
                                   struct local_service *service)
{
    struct removal *r = mem_new(struct removal);

    r->broker = b;
    r->name = mem_strndup(name.p, name.n);
    r->service = service ? local_service_ref(service) : NULL;
    r->since_ms = loop_now_ms(b->loop);
    list_init(&r->waiters);
    list_append(&b->removals, &r->link);
    loop_timer_init(b->loop, &r->timer, on_poll);
    loop_timer_start(&r->timer, 0);
    return r;
}

static void wait_for(struct removal *r, broker_removed_fn *done, void *owner)
{
    struct waiter *w = mem_new(struct waiter);

    w->done = done;
    w->owner = owner;
    list_append(&r->waiters, &w->link);
}

static struct removal *find_removal(const struct broker *b, const struct local_service *service)
{
    list_for_each (link, &b->removals) {
        struct removal *r = list_entry(link, struct removal, link);

        if (service && r->service == service) {
            return r;
        }
    }
    return NULL;
}

/* Starts it, and tells. service NULL: only one that waited for others is forgotten. */
static struct removal *start_removal(struct broker *b, struct bytes name,
                                     struct local_service *service)
{
    struct removal *r = removal_new(b, name, service);
    unsigned n = service ? count_running(b, service) : 0;

    if (n > 0) {
        log_warn(&b->log, "Waiting for %u running context(s) of '%s'...", n, r->name);
    } else if (service) {
        remove_now(r);
    } else {
        log_info(&b->log, "Service '%s' is stopped.", r->name);
    }
    return r;
}

int broker_remove_service(struct broker *b, struct bytes full_name, broker_removed_fn *done,
                          void *owner)
{
    bool was_waiting = broker_waiting_remove(b, full_name);
    struct registry_service *rs = registry_find_local_service(b->registry, full_name);
    struct local_service *service = rs ? rs->local : NULL;
    struct removal *r;

    if (!rs && !was_waiting) {
        return ERR_NOT_FOUND;
    }
    r = find_removal(b, service);
    wait_for(r ? r : start_removal(b, full_name, service), done, owner);
    return 0;
}

static void forget(struct removal *r, const void *owner)
{
    list_for_each_safe (link, &r->waiters) {
        struct waiter *w = list_entry(link, struct waiter, link);

        if (w->owner == owner) {
            list_remove(&w->link);
            mem_free(w);
        }
    }
}

void broker_forget_removal(struct broker *b, const void *owner)
{
    list_for_each (link, &b->removals) {
        forget(list_entry(link, struct removal, link), owner);
    }
}

void broker_removals_free(struct broker *b)
{
    struct list *link;

    while ((link = list_pop(&b->removals))) {
        removal_free(list_entry(link, struct removal, link));
    }
}
