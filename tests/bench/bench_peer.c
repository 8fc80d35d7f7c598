/* SPDX-License-Identifier: MIT */
/* A minimal Moleculer peer over NATS, protocol 4 or 5: answers calls of peer.echo; with --target
 * calls an action of another node and measures; with --nodes plays a crowd of nodes with services.
 */
#include "bench_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_args.h"

static void on_message(struct bench_nats *nats, const struct bench_nats_message *message)
{
    struct peer *peer = container_of(nats, struct peer, nats);

    if (!bench_cluster_handle(&peer->cluster, message)) {
        peer->on_message(peer, message);
    }
}

static void on_pong(struct bench_nats *nats)
{
    struct peer *peer = container_of(nats, struct peer, nats);

    peer->on_joined(peer);
}

static void subscribe(struct peer *peer)
{
    char topic[BENCH_TOPIC_MAX];
    struct bench_text node = {peer->options->node_id, strlen(peer->options->node_id)};

    bench_cluster_topic(&peer->cluster, topic, peer->packets, node);
    bench_nats_subscribe(&peer->nats, topic, BENCH_CLUSTER_SID_FREE);
}

void peer_join(struct peer *peer, unsigned n_nodes, peer_write_services_fn *write_services)
{
    bench_loop_init(&peer->loop);
    peer->nats.on_message = on_message;
    peer->nats.on_pong = on_pong;
    bench_nats_connect(&peer->nats, &peer->loop, (uint16_t)peer->options->port);
    peer->cluster = (struct bench_cluster){
        .nats = &peer->nats,
        .name_space = peer->options->name_space,
        .protocol = peer->options->protocol,
        .node_id = peer->options->node_id,
        .n_nodes = n_nodes,
        .write_services = write_services,
    };
    if (peer->packets != NULL) {
        subscribe(peer);
    }
    bench_cluster_start(&peer->cluster, &peer->loop);
    bench_nats_ping(&peer->nats);
}

void peer_leave(struct peer *peer)
{
    bench_cluster_leave(&peer->cluster);
    bench_nats_close(&peer->nats);
    bench_payloads_fini(&peer->payloads);
    bench_loop_fini(&peer->loop);
}

void peer_say_ready(struct peer *peer)
{
    (void)printf("ready\n");
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    struct peer_options options = {
        .node_id = "bench-peer",
        .name_space = "",
        .protocol = "4",
        .action = "bench.echo",
        .payload = 200,
        .services = 20,
        .names = 100,
        .load = BENCH_LOAD_OPTIONS_INIT,
    };
    const struct bench_arg args[] = {
        {"port", BENCH_ARG_NUMBER, &options.port, "of the NATS server on 127.0.0.1"},
        {"node", BENCH_ARG_TEXT, &options.node_id, "our node id (bench-peer)"},
        {"namespace", BENCH_ARG_TEXT, &options.name_space, "Moleculer namespace"},
        {"protocol", BENCH_ARG_TEXT, &options.protocol, "Moleculer protocol, 4 or 5 (4)"},
        {"target", BENCH_ARG_TEXT, &options.target, "call this node and measure"},
        {"action", BENCH_ARG_TEXT, &options.action, "the action to call (bench.echo)"},
        {"payload", BENCH_ARG_NUMBER, &options.payload, "bytes of params (200)"},
        {"nodes", BENCH_ARG_NUMBER, &options.nodes, "play that many nodes"},
        {"services", BENCH_ARG_NUMBER, &options.services, "services of each of them (20)"},
        {"names", BENCH_ARG_NUMBER, &options.names, "different services in all (100)"},
        BENCH_LOAD_ARGS(&options.load),
        {0},
    };

    bench_args_parse(argc, argv, args);
    if (options.target != NULL) {
        peer_call(&options);
    } else if (options.nodes > 0) {
        peer_crowd(&options);
    } else {
        peer_serve(&options);
    }
    return EXIT_SUCCESS;
}
