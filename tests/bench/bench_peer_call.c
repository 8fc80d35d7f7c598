/* SPDX-License-Identifier: MIT */
/* The calling side: REQ packets to one node, each RES matched by its id and compared with the
 * params, which the action must give back. */
#include "bench_peer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_die.h"
#include "bench_json.h"

#define ID_MAX 40U

struct caller {
    struct peer peer;
    struct bench_load load;
    struct bench_text params;
    struct bench_buf head;  /* of a REQ, behind the id and up to the params */
    struct bench_buf tail;  /* from the params up to the requestID */
    struct bench_buf close; /* behind the requestID */
    char topic[BENCH_TOPIC_MAX];
    uint64_t *numbers; /* by slot: the number of the request out */
};

/* Ids look like UUIDs and name the slot and the number of the request. */
static void write_id(char out_id[ID_MAX], unsigned slot, uint64_t number)
{
    (void)snprintf(out_id, ID_MAX, "%08x-0000-4000-8000-%012" PRIx64, slot,
                   number & 0xffffffffffff);
}

static void make_request(struct caller *caller)
{
    const struct peer_options *options = caller->peer.options;
    bool has_headers = *options->protocol != '4';

    caller->params = bench_payloads_get(&caller->peer.payloads, options->payload);
    bench_buf_printf(&caller->head, "\",\"action\":\"%s\",\"params\":", options->action);
    bench_buf_printf(&caller->tail,
                     ",\"meta\":{\"tenant\":\"bench\"},%s\"timeout\":0,\"level\":1,"
                     "\"tracing\":null,\"parentID\":null,\"caller\":null,\"stream\":false,"
                     "\"requestID\":\"",
                     has_headers ? "\"headers\":{}," : "");
    bench_buf_printf(&caller->close, "\",\"ver\":\"%s\",\"sender\":\"%s\"}", options->protocol,
                     options->node_id);
}

static void on_send(struct bench_load *load, unsigned slot)
{
    struct caller *caller = container_of(load, struct caller, load);
    char id_text[ID_MAX];
    struct bench_text id = {id_text, 0};

    caller->numbers[slot] = load->n_sent;
    write_id(id_text, slot, load->n_sent);
    id.len = strlen(id_text);
    const struct bench_text parts[] = {
        BENCH_TEXT("{\"id\":\""),      id, bench_buf_text(&caller->head),  caller->params,
        bench_buf_text(&caller->tail), id, bench_buf_text(&caller->close),
    };

    bench_nats_publish(&caller->peer.nats, caller->topic, parts, sizeof(parts) / sizeof(*parts));
}

/* The slot whose request has this id. */
static unsigned find_slot(const struct caller *caller, struct bench_text id)
{
    char wanted[ID_MAX];
    unsigned long slot;

    (void)snprintf(wanted, sizeof(wanted), "%.*s", (int)id.len, id.at);
    slot = strtoul(wanted, NULL, 16);
    if (slot < caller->load.options.in_flight) {
        write_id(wanted, (unsigned)slot, caller->numbers[slot]);
        if (bench_text_is(id, wanted)) {
            return (unsigned)slot;
        }
    }
    bench_die("an answer to no request: id '%.*s'", (int)id.len, id.at);
}

static void on_response(struct peer *peer, const struct bench_nats_message *message)
{
    struct caller *caller = container_of(peer, struct caller, peer);
    struct bench_text id = {0};
    bool success = false;
    bool equal = false;
    struct bench_json_walk walk;

    bench_json_walk_init(&walk, message->payload, &peer->payloads);
    while (bench_json_walk_next(&walk)) {
        if (bench_text_is(walk.key, "id")) {
            id = bench_json_string(walk.value);
        } else if (bench_text_is(walk.key, "success")) {
            success = bench_text_is(walk.value, "true");
        } else if (bench_text_is(walk.key, "data")) {
            equal = walk.value.len == caller->params.len &&
                    memcmp(walk.value.at, caller->params.at, walk.value.len) == 0;
        }
    }
    if (!success || !equal) {
        bench_die("wrong answer: %.*s",
                  (int)(message->payload.len < 500 ? message->payload.len : 500),
                  message->payload.at);
    }
    bench_load_answered(&caller->load, find_slot(caller, id));
}

/* Now the answers can reach us. */
static void on_joined(struct peer *peer)
{
    bench_load_start(&container_of(peer, struct caller, peer)->load);
}

static struct caller *caller_new(const struct peer_options *options)
{
    struct caller *caller = calloc(1, sizeof(*caller));

    if (caller == NULL) {
        bench_die("out of memory");
    }
    caller->peer = (struct peer){
        .options = options,
        .packets = "RES",
        .on_message = on_response,
        .on_joined = on_joined,
    };
    caller->load.options = options->load;
    caller->load.loop = &caller->peer.loop;
    caller->load.send = on_send;
    caller->numbers = calloc(options->load.in_flight, sizeof(*caller->numbers));
    if (caller->numbers == NULL) {
        bench_die("out of memory");
    }
    return caller;
}

static void caller_free(struct caller *caller)
{
    bench_load_fini(&caller->load);
    bench_buf_fini(&caller->head);
    bench_buf_fini(&caller->tail);
    bench_buf_fini(&caller->close);
    free(caller->numbers);
    free(caller);
}

void peer_call(const struct peer_options *options)
{
    struct caller *caller = caller_new(options);
    struct bench_text target = {options->target, strlen(options->target)};

    make_request(caller);
    peer_join(&caller->peer, 1, NULL);
    bench_cluster_topic(&caller->peer.cluster, caller->topic, "REQ", target);
    bench_loop_run(&caller->peer.loop);
    bench_load_finish(&caller->load);
    bench_load_print(&caller->load);
    peer_leave(&caller->peer);
    caller_free(caller);
}
