/* SPDX-License-Identifier: MIT */
/* The table of hosts and the pinger. */
#include "registry/latency.h"

#include <math.h>

#include "base/uuid.h"
#include "registry/registry_internal.h"

enum { MS_PER_S = 1000 };

struct latency_host {
    struct shared *name; /* owned ref */
    struct list nodes;   /* of struct registry_node.host_link */
    unsigned n_nodes;
    unsigned n_times, next; /* of times, a ring */
    double average_ms;      /* NaN: none yet */
    double times[];
};

struct latency {
    struct registry *registry; /* borrowed */
    struct map hosts;          /* struct latency_host by name, owned */
    bool is_wanted, is_greeted;
    unsigned collect_count;
    uint64_t interval_ms;
    latency_ping_fn *ping; /* NULL: not in the cluster */
    void *owner;
    struct loop_timer timer;
};

/* --- pinging --- */

static const struct registry_node *any_node_of(const struct latency_host *host)
{
    uint64_t skip = uuid_random_below(host->n_nodes);
    struct list *link = host->nodes.next;

    while (skip-- > 0) {
        link = link->next;
    }
    return list_entry(link, struct registry_node, host_link);
}

static void ping_hosts(struct latency *l)
{
    map_for_each (e, &l->hosts) {
        l->ping(l->owner, any_node_of(e->value)->id->bytes);
    }
}

static void on_ping_due(struct loop_timer *timer)
{
    struct latency *l = container_of(timer, struct latency, timer);

    loop_timer_start(timer, l->interval_ms);
    if (l->is_greeted) {
        ping_hosts(l);
        return;
    }
    l->is_greeted = true;
    l->ping(l->owner, BYTES_NONE);
}

static void begin(struct latency *l)
{
    if (l->is_wanted && l->ping && !loop_timer_is_running(&l->timer)) {
        loop_timer_start(&l->timer, 0);
    }
}

void latency_start(struct latency *l, latency_ping_fn *ping, void *owner)
{
    l->ping = ping;
    l->owner = owner;
    begin(l);
}

void latency_stop(struct latency *l)
{
    l->ping = NULL;
    loop_timer_stop(&l->timer);
}

/* --- the hosts --- */

static struct bytes name_of(const struct registry_node *node)
{
    struct bytes name = bytes_is_set(node->hostname) ? node->hostname : BYTES("null");

    return bytes_of(name.p, name.n < LATENCY_HOST_BYTES ? name.n : LATENCY_HOST_BYTES);
}

static struct latency_host *host_of(struct latency *l, const struct registry_node *node)
{
    struct latency_host *host = map_get(&l->hosts, name_of(node));

    if (!host) {
        host = mem_alloc(sizeof(*host) + l->collect_count * sizeof(host->times[0]));
        host->name = shared_new(name_of(node));
        host->average_ms = (double)NAN;
        list_init(&host->nodes);
        map_set(&l->hosts, host->name->bytes, host);
    }
    return host;
}

static void host_free(struct latency *l, struct latency_host *host)
{
    (void)map_remove(&l->hosts, host->name->bytes);
    shared_unref(host->name);
    mem_free(host);
}

void latency_node_gone(struct latency *l, struct registry_node *node)
{
    struct latency_host *host = node->host;

    if (!host) {
        return;
    }
    node->host = NULL;
    list_remove(&node->host_link);
    if (--host->n_nodes == 0) {
        host_free(l, host);
    }
}

void latency_node_there(struct latency *l, struct registry_node *node)
{
    struct latency_host *host;

    if (!l->is_wanted || node->is_local || !node->is_available) {
        return;
    }
    host = host_of(l, node);
    if (host == node->host) {
        return;
    }
    latency_node_gone(l, node);
    node->host = host;
    list_append(&host->nodes, &node->host_link);
    host->n_nodes++;
}

void latency_pong(struct latency *l, struct registry_node *node, double elapsed_ms)
{
    struct latency_host *host = node->host;
    double sum = 0;

    if (!host || !(elapsed_ms >= 0) || !isfinite(elapsed_ms)) {
        return;
    }
    host->times[host->next] = elapsed_ms;
    host->next = (host->next + 1) % l->collect_count;
    host->n_times += host->n_times < l->collect_count ? 1 : 0;
    for (unsigned i = 0; i < host->n_times; i++) {
        sum += host->times[i];
    }
    host->average_ms = sum / host->n_times;
}

double latency_of(const struct latency *l, const struct registry_node *node)
{
    const struct latency_host *host = node->host;

    if (!host && node->is_local) {
        host = map_get(&l->hosts, name_of(node)); /* others may live on this host, too */
    }
    return host ? host->average_ms : (double)NAN;
}

/* --- life --- */

static double limit(double value, double least, double most)
{
    value = value < most ? value : most;
    return value > least ? value : least;
}

void latency_want(struct latency *l, struct bytes options)
{
    double interval_ms;

    if (l->is_wanted) {
        return;
    }
    l->is_wanted = true;
    interval_ms = strategy_number(options, BYTES("pingInterval"), 10) * MS_PER_S;
    l->collect_count =
        (unsigned)limit(strategy_number(options, BYTES("collectCount"), 5), 1, LATENCY_COLLECT_MAX);
    l->interval_ms =
        loop_delay_ms(limit(interval_ms, LATENCY_INTERVAL_MIN_MS, LATENCY_INTERVAL_MAX_MS));
    list_for_each (link, &l->registry->nodes) {
        latency_node_there(l, list_entry(link, struct registry_node, link));
    }
    begin(l);
}

struct latency *latency_new(struct registry *r)
{
    struct latency *l = mem_new(struct latency);

    l->registry = r;
    map_init(&l->hosts);
    loop_timer_init(r->loop, &l->timer, on_ping_due);
    return l;
}

void latency_free(struct latency *l)
{
    if (!l) {
        return;
    }
    latency_stop(l);
    map_fini(&l->hosts);
    mem_free(l);
}
