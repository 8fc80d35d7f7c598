/* SPDX-License-Identifier: MIT */
/*
 * What the broker says of itself and of the registry in metrics. These gauges are set when somebody
 * looks, not at each change: a large cluster changes often and is looked at seldom.
 */
#include "broker/broker_internal.h"

static void set_info(struct broker *b, enum metrics_id id, struct bytes slice)
{
    metric_set_info(metric_item(metrics_get(b->metrics, id), NULL), slice);
}

static void set_text(struct broker *b, enum metrics_id id, struct bytes text)
{
    struct buf quoted;

    buf_init(&quoted, BUF_NO_LIMIT);
    json_add_string(&quoted, text);
    set_info(b, id, buf_bytes(&quoted));
    buf_fini(&quoted);
}

static void set_gauge(struct broker *b, enum metrics_id id, size_t value)
{
    metric_set(metric_item(metrics_get(b->metrics, id), NULL), (double)value);
}

static void set_of(struct broker *b, enum metrics_id id, struct bytes name, size_t value)
{
    const struct metric_label label = metric_text(name);

    metric_set(metric_item(metrics_get(b->metrics, id), &label), (double)value);
}

void broker_metrics_init(struct broker *b)
{
    struct bytes client = registry_local_node(b->registry)->client;
    bool is_old = b->options->protocol == PROTOCOL_4;

    if (!b->metrics) {
        return;
    }
    set_info(b, METRICS_NODE_TYPE, json_get(client, BYTES("type")));
    set_info(b, METRICS_NODE_VERSIONS_MOLECULER, json_get(client, BYTES("version")));
    set_text(b, METRICS_NODE_VERSIONS_PROTOCOL, is_old ? BYTES("4") : BYTES("5"));
    set_text(b, METRICS_BROKER_NAMESPACE, b->options->namespace_);
    broker_metrics_refresh(b);
}

static void set_nodes(struct broker *b)
{
    size_t n_all = 0, n_online = 0;

    list_for_each (link, registry_nodes(b->registry)) {
        n_all++;
        n_online += list_entry(link, struct registry_node, link)->is_available ? 1 : 0;
    }
    set_gauge(b, METRICS_REGISTRY_NODES_TOTAL, n_all);
    set_gauge(b, METRICS_REGISTRY_NODES_ONLINE_TOTAL, n_online);
}

/* A service counts once, with an endpoint for each node that has it. */
struct service_count {
    struct bytes full_name; /* borrowed */
    size_t n_nodes;
};

static void count_service(struct bytes full_name, struct map *counts, struct arena *arena)
{
    struct service_count *count = map_get(counts, full_name);

    if (!count) {
        count = arena_new(arena, struct service_count);
        count->full_name = full_name;
        (void)map_set(counts, full_name, count);
    }
    count->n_nodes++;
}

static void count_services(struct broker *b, struct map *counts, struct arena *arena)
{
    list_for_each (node_link, registry_nodes(b->registry)) {
        struct registry_node *node = list_entry(node_link, struct registry_node, link);

        list_for_each (link, &node->services) {
            count_service(list_entry(link, struct registry_service, link)->full_name, counts,
                          arena);
        }
    }
}

static void set_services(struct broker *b)
{
    struct arena arena;
    struct map counts;

    arena_init(&arena);
    map_init(&counts);
    count_services(b, &counts, &arena);
    set_gauge(b, METRICS_REGISTRY_SERVICES_TOTAL, counts.count);
    (void)metrics_get(b->metrics, METRICS_REGISTRY_SERVICE_ENDPOINTS_TOTAL);
    map_for_each (e, &counts) {
        const struct service_count *count = e->value;

        set_of(b, METRICS_REGISTRY_SERVICE_ENDPOINTS_TOTAL, count->full_name, count->n_nodes);
    }
    map_fini(&counts);
    arena_fini(&arena);
}

/* As in the original the last of several groups of one event name says its number. */
static void set_lists(struct broker *b, const struct list *lists, enum metrics_id total,
                      enum metrics_id of_each)
{
    size_t n = 0;

    list_for_each (link, lists) {
        n++;
    }
    set_gauge(b, total, n);
    (void)metrics_get(b->metrics, of_each);
    list_for_each (link, lists) {
        const struct endpoint_list *l = list_entry(link, struct endpoint_list, link);

        set_of(b, of_each, l->name->bytes, l->n_items);
    }
}

static void set_transit(struct broker *b)
{
    set_gauge(b, METRICS_TRANSIT_READY, b->discoverer && discoverer_is_ready(b->discoverer));
    set_gauge(b, METRICS_TRANSIT_CONNECTED, transit_is_connected(b->transit));
    set_gauge(b, METRICS_TRANSIT_REQUESTS_ACTIVE, transit_pending(b->transit));
    set_gauge(b, METRICS_TRANSIT_STREAMS_SEND_ACTIVE, 0);
}

static size_t count_local_services(const struct broker *b)
{
    size_t n = 0;

    list_for_each (link, &registry_local_node(b->registry)->services) {
        n++;
    }
    return n;
}

void broker_metrics_refresh(struct broker *b)
{
    if (!b->metrics) {
        return;
    }
    set_gauge(b, METRICS_BROKER_STARTED, b->state == BROKER_STARTED ? 1 : 0);
    set_gauge(b, METRICS_BROKER_LOCAL_SERVICES_TOTAL, count_local_services(b));
    set_gauge(b, METRICS_BROKER_MIDDLEWARES_TOTAL, b->n_middlewares);
    set_nodes(b);
    set_services(b);
    set_lists(b, registry_action_lists(b->registry), METRICS_REGISTRY_ACTIONS_TOTAL,
              METRICS_REGISTRY_ACTION_ENDPOINTS_TOTAL);
    set_lists(b, registry_event_lists(b->registry), METRICS_REGISTRY_EVENTS_TOTAL,
              METRICS_REGISTRY_EVENT_ENDPOINTS_TOTAL);
    if (b->transit) {
        set_transit(b);
    }
}

void broker_metrics_pong(struct broker *b, struct bytes node_id, double elapsed_ms,
                         double time_diff_ms)
{
    if (b->metrics) {
        const struct metric_label label = metric_text(node_id);

        metric_set(metric_item(metrics_get(b->metrics, METRICS_TRANSIT_PONG_TIME), &label),
                   elapsed_ms);
        metric_set(metric_item(metrics_get(b->metrics, METRICS_TRANSIT_PONG_SYSTIME_DIFF), &label),
                   time_diff_ms);
    }
}

void broker_metrics_count_event(struct broker *b, enum metrics_id id, struct bytes event)
{
    if (b->metrics) {
        const struct metric_label labels[] = {metric_text(event), metric_slice(BYTES_NONE)};

        metric_add(metric_item(metrics_get(b->metrics, id), labels), 1);
    }
}
