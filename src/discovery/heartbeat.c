/* SPDX-License-Identifier: MIT */
/*
 * Signs of life, ours and theirs (docs/protocol.md, Heartbeats). In a cluster that speaks both
 * protocols a HEARTBEAT of one version makes each node of the other log a mismatch, so the two
 * versions take turns when the time-out leaves room for it: no more packets than in a cluster of
 * one version.
 */
#include "base/uuid.h"
#include "discovery/discoverer_internal.h"

enum {
    MS_PER_S = 1000,
    JITTER_MS = 500,      /* of the interval, either way; drawn once per connection */
    SAMPLE_MS = 200,      /* CPU load is taken over this long before a heartbeat */
    CLEAN_MS = 60 * 1000, /* how often offline nodes are looked through */
};

static uint64_t draw_interval_ms(const struct discoverer *d)
{
    double ms = d->options->heartbeat_interval_s * MS_PER_S - JITTER_MS +
                (double)uuid_random_below(2 * JITTER_MS + 1);

    return ms > SAMPLE_MS ? loop_delay_ms(ms) : SAMPLE_MS + 1;
}

/* Taking turns is safe when two intervals fit into the time-out with a second to spare. */
static bool versions_take_turns(const struct discoverer *d)
{
    return 2 * d->interval_ms + MS_PER_S <
           loop_delay_ms(d->options->heartbeat_timeout_s * MS_PER_S);
}

static void send_heartbeats(struct discoverer *d, struct bytes cpu)
{
    struct packet_heartbeat heartbeat = {.cpu = cpu};
    enum protocol versions[2];
    unsigned n = transit_versions(d->transit, versions);

    if (n == 2 && versions_take_turns(d)) {
        transit_send_heartbeat(d->transit, versions[d->beats++ % 2], &heartbeat);
        return;
    }
    for (unsigned i = 0; i < (n ? n : 1); i++) {
        transit_send_heartbeat(d->transit, versions[i], &heartbeat);
    }
}

static void on_sampled(struct loop_timer *timer)
{
    struct discoverer *d = container_of(timer, struct discoverer, sample_timer);
    struct registry_node *local = registry_local_node(d->registry);
    struct buf text;
    int percent;

    buf_init(&text, BUF_NO_LIMIT);
    if (cpu_usage_look(&d->cpu, &percent)) {
        buf_add_u64(&text, (unsigned)percent);
    } else {
        buf_add(&text, BYTES("null"));
    }
    registry_node_heartbeat(d->registry, local, buf_bytes(&text));
    send_heartbeats(d, buf_bytes(&text));
    buf_fini(&text);
}

static void on_heartbeat_due(struct loop_timer *timer)
{
    struct discoverer *d = container_of(timer, struct discoverer, heartbeat_timer);
    int percent;

    (void)cpu_usage_look(&d->cpu, &percent);
    loop_timer_start(&d->sample_timer, SAMPLE_MS);
    loop_timer_start(&d->heartbeat_timer, d->interval_ms);
}

static void on_check_due(struct loop_timer *timer)
{
    struct discoverer *d = container_of(timer, struct discoverer, check_timer);
    double oldest = registry_uptime_s(d->registry) - d->options->heartbeat_timeout_s;

    loop_timer_start(timer, loop_delay_ms(d->options->heartbeat_timeout_s * MS_PER_S));
    list_for_each_safe (link, registry_nodes(d->registry)) {
        struct registry_node *node = list_entry(link, struct registry_node, link);

        if (!node->is_local && node->is_available && node->last_heartbeat_s < oldest) {
            log_warn(&d->log, "Heartbeat is not received from '%.*s' node.",
                     BYTES_ARG(node->id->bytes));
            discoverer_node_lost(d, node, true);
        }
    }
}

static void on_clean_due(struct loop_timer *timer)
{
    struct discoverer *d = container_of(timer, struct discoverer, clean_timer);
    double oldest = registry_uptime_s(d->registry) - d->options->clean_offline_nodes_timeout_s;

    loop_timer_start(timer, CLEAN_MS);
    list_for_each_safe (link, registry_nodes(d->registry)) {
        struct registry_node *node = list_entry(link, struct registry_node, link);

        if (!node->is_local && !node->is_available && node->last_heartbeat_s < oldest) {
            log_warn(&d->log, "Removing offline '%.*s' node from registry.",
                     BYTES_ARG(node->id->bytes));
            registry_node_remove(d->registry, node);
        }
    }
}

void heartbeat_init(struct discoverer *d)
{
    loop_timer_init(d->loop, &d->heartbeat_timer, on_heartbeat_due);
    loop_timer_init(d->loop, &d->sample_timer, on_sampled);
    loop_timer_init(d->loop, &d->check_timer, on_check_due);
    loop_timer_init(d->loop, &d->clean_timer, on_clean_due);
}

void heartbeat_start(struct discoverer *d)
{
    heartbeat_stop(d);
    if (d->options->heartbeat_interval_s <= 0) {
        return;
    }
    d->interval_ms = draw_interval_ms(d);
    loop_timer_start(&d->heartbeat_timer, d->interval_ms);
    if (!d->options->disable_heartbeat_checks && d->options->heartbeat_timeout_s > 0) {
        loop_timer_start(&d->check_timer,
                         loop_delay_ms(d->options->heartbeat_timeout_s * MS_PER_S));
    }
    if (!d->options->disable_offline_node_removing) {
        loop_timer_start(&d->clean_timer, CLEAN_MS);
    }
}

void heartbeat_stop(struct discoverer *d)
{
    loop_timer_stop(&d->heartbeat_timer);
    loop_timer_stop(&d->sample_timer);
    loop_timer_stop(&d->check_timer);
    loop_timer_stop(&d->clean_timer);
}
