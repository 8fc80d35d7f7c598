/* SPDX-License-Identifier: MIT */
/* Counts packets (docs/metrics.md). */
#include "transit/transit_internal.h"

void transit_metrics_init(struct transit *t)
{
    static const enum metrics_id all[] = {
        METRICS_TRANSIT_READY,
        METRICS_TRANSIT_CONNECTED,
        METRICS_TRANSIT_PONG_TIME,
        METRICS_TRANSIT_PONG_SYSTIME_DIFF,
        METRICS_TRANSIT_ORPHAN_RESPONSE_TOTAL,
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        (void)metrics_get(t->metrics, all[i]);
    }
}

static void add(struct transit *t, enum metrics_id id, const struct metric_label *label, size_t n)
{
    metric_add(metric_item(metrics_get(t->metrics, id), label), (double)n);
}

void transit_metrics_count(struct transit *t, enum metrics_id id)
{
    add(t, id, NULL, 1);
}

void transit_metrics_packet(struct transit *t, enum metrics_id id, enum packet_type type)
{
    const struct metric_label label = metric_text(bytes_cstr(packet_type_name(type)));

    add(t, id, &label, 1);
}

void transit_metrics_sent(struct transit *t, size_t bytes)
{
    add(t, METRICS_TRANSPORTER_PACKETS_SENT_TOTAL, NULL, 1);
    add(t, METRICS_TRANSPORTER_PACKETS_SENT_BYTES, NULL, bytes);
}

void transit_metrics_received(struct transit *t, size_t bytes)
{
    add(t, METRICS_TRANSPORTER_PACKETS_RECEIVED_TOTAL, NULL, 1);
    add(t, METRICS_TRANSPORTER_PACKETS_RECEIVED_BYTES, NULL, bytes);
}
