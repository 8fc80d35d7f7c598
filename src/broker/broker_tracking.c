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

/* A service on its way out. */
struct removal {
    struct broker *broker;
    struct local_service *service; /* owned ref */
    char *name;                    /* owned, full name */
    uint64_t since_ms;
    struct loop_timer timer;
    struct list link; /* in broker.removals */
    broker_removed_fn *done;
    void *owner;
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
    broker_removed_fn *done = r->done;
    void *owner = r->owner;

    remove_now(r);
    removal_free(r);
    if (done) {
        done(owner);
    }
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
    list_append(&b->removals, &r->link);
    loop_timer_init(b->loop, &r->timer, on_poll);
    loop_timer_start(&r->timer, 0);
    return r;
}

int broker_remove_service(struct broker *b, struct bytes full_name, broker_removed_fn *done,
                          void *owner)
{
    bool was_waiting = broker_waiting_remove(b, full_name);
    struct registry_service *rs = registry_find_local_service(b->registry, full_name);
    struct removal *r;
    unsigned n;

    if (!rs && !was_waiting) {
        return ERR_NOT_FOUND;
    }
    r = removal_new(b, full_name, rs ? rs->local : NULL);
    r->done = done;
    r->owner = owner;
    n = rs ? count_running(b, rs->local) : 0;
    if (n > 0) {
        log_warn(&b->log, "Waiting for %u running context(s) of '%s'...", n, r->name);
    } else {
        remove_now(r);
    }
    if (!rs) {
        log_info(&b->log, "Service '%s' is stopped.", r->name);
    }
    return 0;
}

void broker_forget_removal(struct broker *b, const void *owner)
{
    list_for_each (link, &b->removals) {
        struct removal *r = list_entry(link, struct removal, link);

        if (r->owner == owner) {
            r->done = NULL;
        }
    }
}

void broker_removals_free(struct broker *b)
{
    struct list *link;

    while ((link = list_pop(&b->removals))) {
        removal_free(list_entry(link, struct removal, link));
    }
}
