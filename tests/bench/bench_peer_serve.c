/* SPDX-License-Identifier: MIT */
/* The called side: a node with the action peer.echo, which gives its params back. */
#include "bench_peer.h"

#include <stdio.h>

#include "bench_die.h"
#include "bench_json.h"

#define ECHO_ACTION "peer.echo"

static void write_services(struct bench_cluster *cluster, unsigned index, struct bench_buf *out)
{
    bench_buf_append(out, BENCH_TEXT("{\"name\":\"peer\",\"fullName\":\"peer\",\"settings\":{},"
                                     "\"metadata\":{},\"actions\":{\"" ECHO_ACTION
                                     "\":{\"rawName\":\"echo\",\"name\":\"" ECHO_ACTION
                                     "\"}},\"events\":{}}"));
}

struct request {
    struct bench_text id;
    struct bench_text action;
    struct bench_text params;
    struct bench_text meta;
    struct bench_text sender;
};

static struct request read_request(struct peer *peer, struct bench_text packet)
{
    struct request request = {.params = BENCH_TEXT("null"), .meta = BENCH_TEXT("{}")};
    struct bench_json_walk walk;

    bench_json_walk_init(&walk, packet, &peer->payloads);
    while (bench_json_walk_next(&walk)) {
        if (bench_text_is(walk.key, "id")) {
            request.id = bench_json_string(walk.value);
        } else if (bench_text_is(walk.key, "action")) {
            request.action = bench_json_string(walk.value);
        } else if (bench_text_is(walk.key, "params")) {
            request.params = walk.value;
        } else if (bench_text_is(walk.key, "meta")) {
            request.meta = walk.value;
        } else if (bench_text_is(walk.key, "sender")) {
            request.sender = bench_json_string(walk.value);
        }
    }
    return request;
}

static void answer(struct peer *peer, const struct request *request)
{
    struct bench_cluster *cluster = &peer->cluster;
    char topic[BENCH_TOPIC_MAX];
    char tail[BENCH_TOPIC_MAX];
    int tail_len = snprintf(tail, sizeof(tail), "%s,\"ver\":\"%s\",\"sender\":\"%.128s\"}",
                            *cluster->protocol == '4' ? "" : ",\"headers\":{}", cluster->protocol,
                            cluster->node_id);
    const struct bench_text parts[] = {
        BENCH_TEXT("{\"id\":\""),
        request->id,
        BENCH_TEXT("\",\"meta\":"),
        request->meta,
        BENCH_TEXT(",\"success\":true,\"data\":"),
        request->params,
        {tail, (size_t)tail_len},
    };

    bench_cluster_topic(cluster, topic, "RES", request->sender);
    bench_nats_publish(&peer->nats, topic, parts, sizeof(parts) / sizeof(*parts));
}

static void on_request(struct peer *peer, const struct bench_nats_message *message)
{
    struct request request = read_request(peer, message->payload);

    if (request.id.len == 0 || request.sender.len == 0 ||
        !bench_text_is(request.action, ECHO_ACTION)) {
        bench_die("not a request for " ECHO_ACTION ": %.*s", (int)message->payload.len,
                  message->payload.at);
    }
    answer(peer, &request);
}

void peer_serve(const struct peer_options *options)
{
    struct peer peer = {
        .options = options,
        .packets = "REQ",
        .on_message = on_request,
        .on_joined = peer_say_ready,
    };

    peer_join(&peer, 1, write_services);
    bench_loop_run(&peer.loop);
    peer_leave(&peer);
}
