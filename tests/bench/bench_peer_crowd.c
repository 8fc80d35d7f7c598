/* SPDX-License-Identifier: MIT */
/* Many nodes with many services, to see what a large cluster costs: replicas of a limited number of
 * different services, as clusters have them, spread evenly over the nodes. */
#include "bench_peer.h"

#include "bench_die.h"

static void write_action(struct bench_buf *out, unsigned service, const char *name)
{
    bench_buf_printf(out,
                     "\"service-%u.%s\":{\"rawName\":\"%s\",\"name\":\"service-%u.%s\","
                     "\"params\":{\"id\":{\"type\":\"string\",\"min\":3},"
                     "\"limit\":\"number|optional\"},\"cache\":false}",
                     service, name, name, service, name);
}

static void write_service(struct bench_buf *out, unsigned service)
{
    bench_buf_printf(out,
                     "{\"name\":\"service-%u\",\"fullName\":\"service-%u\",\"settings\":{},"
                     "\"metadata\":{},\"actions\":{",
                     service, service);
    write_action(out, service, "find");
    bench_buf_append(out, BENCH_TEXT(","));
    write_action(out, service, "update");
    bench_buf_printf(out,
                     "},\"events\":{\"service-%u.changed\":{\"name\":\"service-%u.changed\","
                     "\"group\":\"service-%u\"}}}",
                     service, service, service);
}

static void write_services(struct bench_cluster *cluster, unsigned index, struct bench_buf *out)
{
    const struct peer *peer = container_of(cluster, const struct peer, cluster);
    unsigned n = (unsigned)peer->options->services;
    unsigned names = (unsigned)peer->options->names;

    for (unsigned i = 0; i < n; i++) {
        if (i > 0) {
            bench_buf_append(out, BENCH_TEXT(","));
        }
        write_service(out, (index * n + i) % names);
    }
}

static void on_message(struct peer *peer, const struct bench_nats_message *message)
{
    bench_die("the crowd subscribed to nothing else: %.*s", (int)message->subject.len,
              message->subject.at);
}

void peer_crowd(const struct peer_options *options)
{
    struct peer peer = {
        .options = options,
        .on_message = on_message,
        .on_joined = peer_say_ready,
    };

    if (options->nodes < 2 || options->nodes > 9999 || options->services > options->names) {
        bench_die("--nodes must be from 2 to 9999, --services at most --names");
    }
    peer_join(&peer, (unsigned)options->nodes, write_services);
    bench_loop_run(&peer.loop);
    peer_leave(&peer);
}
