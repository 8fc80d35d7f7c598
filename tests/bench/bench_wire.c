/* SPDX-License-Identifier: MIT */
/* Our NATS client alone: publishes to a subject of its own through the server and waits for the
 * message, with a fixed number of them under way. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_args.h"
#include "bench_clock.h"
#include "bench_die.h"
#include "bench_hist.h"
#include "wire/nats/nats_client.h"

#define SUBJECT       BYTES("bench.wire")
#define PAYLOAD_BYTES 200U
#define MAX_IN_FLIGHT 1024U
#define WARMUP_NS     (300 * BENCH_NS_PER_MS)

/* What a message carries besides padding. */
struct stamp {
    uint64_t slot;
    uint64_t sent_ns;
};

struct wire {
    struct loop *loop;
    struct nats_client *client;
    unsigned long in_flight;
    uint64_t duration_ns;
    uint64_t begin_ns; /* of the warm-up, then of the measurement */
    uint64_t begin_cpu_ns;
    bool measuring;
    uint64_t sent_ns[MAX_IN_FLIGHT]; /* by slot */
    struct bench_hist hist;
};

static void send_slot(struct wire *wire, uint64_t slot)
{
    char payload[PAYLOAD_BYTES] = {0};
    struct stamp stamp = {slot, bench_clock_now_ns()};

    wire->sent_ns[slot] = stamp.sent_ns;
    memcpy(payload, &stamp, sizeof(stamp));
    if (nats_client_publish(wire->client, SUBJECT, bytes_of(payload, sizeof(payload))) != 0) {
        bench_die("publishing was refused");
    }
}

static void begin_measurement(struct wire *wire, uint64_t now_ns)
{
    wire->measuring = true;
    wire->begin_ns = now_ns;
    wire->begin_cpu_ns = bench_clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    bench_hist_clear(&wire->hist);
}

static void on_message(struct nats_client *client, const struct nats_message *message)
{
    struct wire *wire = nats_client_owner(client);
    uint64_t now_ns = bench_clock_now_ns();
    struct stamp stamp;

    if (message->payload.n != PAYLOAD_BYTES) {
        bench_die("a message of %zu bytes came back", message->payload.n);
    }
    memcpy(&stamp, message->payload.p, sizeof(stamp));
    if (stamp.slot >= wire->in_flight || wire->sent_ns[stamp.slot] != stamp.sent_ns) {
        bench_die("a message came back that was not sent, or twice");
    }
    bench_hist_add(&wire->hist, now_ns - stamp.sent_ns);
    if (!wire->measuring && now_ns - wire->begin_ns > WARMUP_NS) {
        begin_measurement(wire, now_ns);
    } else if (wire->measuring && now_ns - wire->begin_ns >= wire->duration_ns) {
        loop_stop(wire->loop);
        return;
    }
    send_slot(wire, stamp.slot);
}

static void on_connected(struct nats_client *client, bool was_reconnect)
{
    struct wire *wire = nats_client_owner(client);

    if (was_reconnect) {
        bench_die("the connection was lost");
    }
    wire->begin_ns = bench_clock_now_ns();
    for (uint64_t slot = 0; slot < wire->in_flight; slot++) {
        send_slot(wire, slot);
    }
}

static void on_disconnected(struct nats_client *client, int err, const char *text)
{
    bench_die("disconnected: %s", text);
}

static void on_error(struct nats_client *client, const char *text)
{
    bench_die("%s", text);
}

static void print_result(const struct wire *wire)
{
    double messages = (double)wire->hist.n;
    uint64_t cpu_ns = bench_clock_read_ns(CLOCK_PROCESS_CPUTIME_ID) - wire->begin_cpu_ns;
    double seconds = (double)(bench_clock_now_ns() - wire->begin_ns) / 1e9;

    (void)printf("{\"in_flight\":%lu,\"messages\":%" PRIu64 ",\"per_second\":%.1f,"
                 "\"p50_us\":%.1f,\"p99_us\":%.1f,\"cpu_us\":%.3f}\n",
                 wire->in_flight, wire->hist.n, messages / seconds,
                 bench_hist_quantile_us(&wire->hist, 0.5),
                 bench_hist_quantile_us(&wire->hist, 0.99), (double)cpu_ns / 1e3 / messages);
}

static void on_closed(void *owner)
{
    struct wire *wire = owner;

    loop_stop(wire->loop);
}

static void run(struct wire *wire, unsigned long port)
{
    static const struct nats_client_events events = {
        .on_connected = on_connected,
        .on_disconnected = on_disconnected,
        .on_error = on_error,
        .on_message = on_message,
    };
    char server[64];
    struct nats_client_options options = {0};

    (void)snprintf(server, sizeof(server), "nats://127.0.0.1:%lu", port);
    options.servers = bytes_cstr(server);
    wire->loop = loop_new();
    if (nats_client_new(wire->loop, &options, &events, wire, &wire->client) != 0 ||
        nats_client_subscribe(wire->client, SUBJECT, BYTES_NONE, wire) <= 0) {
        bench_die("cannot use %s", server);
    }
    nats_client_start(wire->client);
    loop_run(wire->loop);
    print_result(wire);
    nats_client_close(wire->client, on_closed);
    loop_run(wire->loop);
    loop_free(wire->loop);
}

int main(int argc, char **argv)
{
    static struct wire wire = {.in_flight = 1};
    unsigned long port = 4222;
    unsigned long duration_ms = 2000;
    const struct bench_arg args[] = {
        {"port", BENCH_ARG_NUMBER, &port, "of the NATS server on 127.0.0.1 (4222)"},
        {"in-flight", BENCH_ARG_NUMBER, &wire.in_flight, "messages under way (1)"},
        {"duration", BENCH_ARG_NUMBER, &duration_ms, "ms of measurement (2000)"},
        {0},
    };

    bench_args_parse(argc, argv, args);
    if (wire.in_flight < 1 || wire.in_flight > MAX_IN_FLIGHT) {
        bench_die("--in-flight must be from 1 to %u", MAX_IN_FLIGHT);
    }
    wire.duration_ns = duration_ms * BENCH_NS_PER_MS;
    run(&wire, port);
    return EXIT_SUCCESS;
}
