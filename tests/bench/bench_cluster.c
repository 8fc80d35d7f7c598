/* SPDX-License-Identifier: MIT */
/* Membership in a Moleculer cluster over NATS: DISCOVER, INFO, HEARTBEAT and DISCONNECT for one
 * node or for a thousand. */
#include "bench_cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_clock.h"
#include "bench_die.h"
#include "bench_json.h"

#define HEARTBEAT_PERIOD_NS (5 * BENCH_NS_PER_S)
#define HEARTBEAT_MIN_NS    (20 * BENCH_NS_PER_MS)

static const struct bench_text everyone = {"", 0};

void bench_cluster_topic(const struct bench_cluster *cluster, char out_topic[BENCH_TOPIC_MAX],
                         const char *type, struct bench_text node)
{
    int len = snprintf(out_topic, BENCH_TOPIC_MAX, "MOL%s%s.%s%s%.*s",
                       *cluster->name_space == '\0' ? "" : "-", cluster->name_space, type,
                       node.len == 0 ? "" : ".", (int)node.len, node.at);

    if (len < 0 || len >= (int)BENCH_TOPIC_MAX) {
        bench_die("node id '%.*s' is too long", (int)node.len, node.at);
    }
}

static void write_node_id(struct bench_cluster *cluster, unsigned index)
{
    if (cluster->n_nodes == 1) {
        bench_buf_printf(&cluster->packet, "%s", cluster->node_id);
    } else {
        bench_buf_printf(&cluster->packet, "%s-%04u", cluster->node_id, index);
    }
}

/* The members every packet ends with. */
static void write_envelope(struct bench_cluster *cluster, unsigned index)
{
    bench_buf_printf(&cluster->packet, "\"ver\":\"%s\",\"sender\":\"", cluster->protocol);
    write_node_id(cluster, index);
    bench_buf_append(&cluster->packet, BENCH_TEXT("\"}"));
}

static void publish_packet(struct bench_cluster *cluster, const char *type, struct bench_text node)
{
    struct bench_text payload = bench_buf_text(&cluster->packet);
    char topic[BENCH_TOPIC_MAX];

    bench_cluster_topic(cluster, topic, type, node);
    bench_nats_publish(cluster->nats, topic, &payload, 1);
}

static void publish_info(struct bench_cluster *cluster, unsigned index, struct bench_text to)
{
    struct bench_buf *packet = &cluster->packet;

    bench_buf_clear(packet);
    bench_buf_append(packet, BENCH_TEXT("{\"services\":["));
    if (cluster->write_services != NULL) {
        cluster->write_services(cluster, index, packet);
    }
    bench_buf_printf(packet,
                     "],\"ipList\":[\"127.0.0.1\"],\"hostname\":\"bench-%04u\",\"client\":{"
                     "\"type\":\"c\",\"version\":\"1.0.0\",\"langVersion\":\"17\"},\"config\":{},"
                     "\"instanceID\":\"%08llx-0000-4000-8000-%012x\",\"metadata\":{},\"seq\":1,",
                     index, cluster->started & 0xffffffff, index);
    write_envelope(cluster, index);
    publish_packet(cluster, "INFO", to);
}

/* Publishes a packet that is an envelope and, for HEARTBEAT, a load. */
static void publish_plain(struct bench_cluster *cluster, const char *type, unsigned index)
{
    bench_buf_clear(&cluster->packet);
    bench_buf_append(&cluster->packet, BENCH_TEXT("{"));
    if (strcmp(type, "HEARTBEAT") == 0) {
        bench_buf_append(&cluster->packet, BENCH_TEXT("\"cpu\":25,"));
    }
    write_envelope(cluster, index);
    publish_packet(cluster, type, everyone);
}

static void set_heartbeat(struct bench_cluster *cluster)
{
    uint64_t gap_ns = HEARTBEAT_PERIOD_NS / cluster->n_nodes;

    bench_timer_set(&cluster->heartbeat,
                    bench_clock_now_ns() + (gap_ns < HEARTBEAT_MIN_NS ? HEARTBEAT_MIN_NS : gap_ns));
}

/* Each tick is for the nodes of the time that it stands for, so that many nodes do not beat at
 * once. */
static void on_heartbeat(struct bench_timer *timer)
{
    struct bench_cluster *cluster = container_of(timer, struct bench_cluster, heartbeat);
    unsigned n = (unsigned)(cluster->n_nodes * HEARTBEAT_MIN_NS / HEARTBEAT_PERIOD_NS) + 1;

    while (n-- > 0) {
        publish_plain(cluster, "HEARTBEAT", cluster->next_heartbeat);
        cluster->next_heartbeat = (cluster->next_heartbeat + 1) % cluster->n_nodes;
    }
    set_heartbeat(cluster);
}

void bench_cluster_start(struct bench_cluster *cluster, struct bench_loop *loop)
{
    char topic[BENCH_TOPIC_MAX];

    cluster->started = bench_clock_now_ns() / BENCH_NS_PER_MS;
    bench_cluster_topic(cluster, topic, "DISCOVER", everyone);
    bench_nats_subscribe(cluster->nats, topic, BENCH_CLUSTER_SID_DISCOVER);
    bench_cluster_topic(cluster, topic, "DISCOVER", BENCH_TEXT("*"));
    bench_nats_subscribe(cluster->nats, topic, BENCH_CLUSTER_SID_DISCOVER_NODE);
    for (unsigned i = 0; i < cluster->n_nodes; i++) {
        publish_info(cluster, i, everyone);
    }
    bench_timer_init(&cluster->heartbeat, loop, on_heartbeat);
    set_heartbeat(cluster);
}

static struct bench_text find_sender(struct bench_text packet)
{
    struct bench_json_walk walk;

    bench_json_walk_init(&walk, packet, NULL);
    while (bench_json_walk_next(&walk)) {
        if (bench_text_is(walk.key, "sender")) {
            return bench_json_string(walk.value);
        }
    }
    return (struct bench_text){0};
}

static bool is_own(const struct bench_cluster *cluster, struct bench_text node)
{
    size_t len = strlen(cluster->node_id);

    return node.len >= len && memcmp(node.at, cluster->node_id, len) == 0 &&
           (cluster->n_nodes == 1 ? node.len == len : node.len == len + 5);
}

/* Answers a DISCOVER to one node, whose id the subject ends with. */
static void answer_one(struct bench_cluster *cluster, struct bench_text subject,
                       struct bench_text sender)
{
    const char *dot = memrchr(subject.at, '.', subject.len);
    struct bench_text node = {dot + 1, (size_t)(subject.at + subject.len - dot) - 1};
    unsigned index = 0;

    if (!is_own(cluster, node)) {
        return;
    }
    for (size_t i = strlen(cluster->node_id) + 1; i < node.len; i++) {
        index = index * 10 + (unsigned)(node.at[i] - '0');
    }
    publish_info(cluster, index, sender);
}

bool bench_cluster_handle(struct bench_cluster *cluster, const struct bench_nats_message *message)
{
    struct bench_text sender;

    if (message->sid >= BENCH_CLUSTER_SID_FREE) {
        return false;
    }
    sender = find_sender(message->payload);
    if (sender.len == 0) {
        bench_die("a DISCOVER without sender: %.*s", (int)message->payload.len,
                  message->payload.at);
    }
    if (message->sid == BENCH_CLUSTER_SID_DISCOVER_NODE) {
        answer_one(cluster, message->subject, sender);
        return true;
    }
    for (unsigned i = 0; i < cluster->n_nodes && !is_own(cluster, sender); i++) {
        publish_info(cluster, i, sender);
    }
    return true;
}

void bench_cluster_leave(struct bench_cluster *cluster)
{
    for (unsigned i = 0; i < cluster->n_nodes; i++) {
        publish_plain(cluster, "DISCONNECT", i);
    }
    bench_timer_fini(&cluster->heartbeat);
    bench_buf_fini(&cluster->packet);
}
