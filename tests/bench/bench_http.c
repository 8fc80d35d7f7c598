/* SPDX-License-Identifier: MIT */
/* HTTP load: a fixed number of kept-alive connections with one request out on each, answers
 * compared byte by byte with what was asked for. With --hold it opens connections, makes one
 * request on each and keeps them idle until its input ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_args.h"
#include "bench_die.h"
#include "bench_http_msg.h"
#include "bench_load.h"
#include "bench_payload.h"
#include "bench_stream.h"

#define ANSWER_PREFIX "{\"response\":"

struct http_options {
    unsigned long port;
    const char *method;
    const char *path;
    unsigned long payload; /* bytes of params; 0: no body */
    bool echo;             /* the answer carries the payload back */
    bool slots;            /* meta tells the connection, for an app that must know its callers */
    unsigned long status;  /* of each answer */
    unsigned long hold;    /* connections to keep idle; 0: measure */
    struct bench_load_options load;
};

struct http_client {
    struct http_options options;
    struct bench_loop loop;
    struct bench_payloads payloads;
    struct bench_buf request;
    size_t slot_at;                /* in request: digits that each connection overwrites; 0: none */
    struct bench_buf answer_start; /* what each answer's body must begin with */
    struct http_connection *connections;
    struct bench_load load;
    struct bench_watch input; /* of --hold */
    unsigned long n_opened;
    unsigned long n_held;
};

struct http_connection {
    struct bench_stream stream;
    struct http_client *client;
    unsigned slot;
};

#define HOLD_AT_ONCE 64U
#define SLOT_DIGITS  5U

/* Returns where from its end the digits of the slot stand; 0: nowhere. */
static size_t make_body(const struct http_options *options, struct bench_text payload,
                        struct bench_buf *out)
{
    size_t slot_at;

    bench_buf_append(out, BENCH_TEXT("{\"params\":"));
    bench_buf_append(out, payload);
    bench_buf_append(out, BENCH_TEXT(",\"meta\":{\"tenant\":\"bench\""));
    if (!options->slots) {
        bench_buf_append(out, BENCH_TEXT("}}"));
        return 0;
    }
    bench_buf_append(out, BENCH_TEXT(",\"slot\":\""));
    slot_at = out->end;
    bench_buf_append(out, BENCH_TEXT("00000\"}}"));
    return out->end - slot_at;
}

static void make_request(struct http_client *client)
{
    const struct http_options *options = &client->options;
    struct bench_buf *request = &client->request;
    struct bench_text payload = {0};
    struct bench_buf body = {0};
    size_t slot_from_end = 0;

    if (options->payload > 0) {
        payload = bench_payloads_get(&client->payloads, options->payload);
        slot_from_end = make_body(options, payload, &body);
    }
    bench_buf_printf(request, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%lu\r\n", options->method,
                     options->path, options->port);
    if (payload.len > 0) {
        bench_buf_printf(request, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                         body.end);
    }
    bench_buf_append(request, BENCH_TEXT("\r\n"));
    bench_buf_append(request, bench_buf_text(&body));
    client->slot_at = slot_from_end > 0 ? request->end - slot_from_end : 0;
    bench_buf_fini(&body);
    if (options->echo) {
        bench_buf_append(&client->answer_start, BENCH_TEXT(ANSWER_PREFIX));
        bench_buf_append(&client->answer_start, payload);
    }
}

static void check_answer(const struct http_client *client, const struct bench_http_msg *answer)
{
    struct bench_text start = bench_buf_text(&client->answer_start);
    int shown = answer->body.len < 300 ? (int)answer->body.len : 300;

    if (bench_http_msg_status(answer) != client->options.status) {
        bench_die("%s: answer '%.*s' %.*s", client->options.path, (int)answer->start_line.len,
                  answer->start_line.at, shown, answer->body.at);
    }
    if (answer->body.len < start.len ||
        (start.len > 0 && memcmp(answer->body.at, start.at, start.len) != 0)) {
        bench_die("%s: wrong answer %.*s", client->options.path, shown, answer->body.at);
    }
}

static void send_request(struct http_connection *connection)
{
    struct http_client *client = connection->client;
    unsigned rest = connection->slot;

    for (size_t i = SLOT_DIGITS; client->slot_at > 0 && i > 0; i--) {
        client->request.data[client->slot_at + i - 1] = (char)('0' + rest % 10);
        rest /= 10;
    }
    bench_stream_send(&connection->stream, bench_buf_text(&client->request));
}

static void on_end(struct bench_stream *stream)
{
    const struct http_connection *connection =
        container_of(stream, const struct http_connection, stream);
    struct bench_text rest = bench_buf_text(&stream->in);

    bench_die("%s: the server closed connection %u (%.*s)", connection->client->options.path,
              connection->slot, (int)(rest.len < 200 ? rest.len : 200), rest.at);
}

static void open_next_held(struct http_client *client);

static void on_answer(struct http_connection *connection)
{
    struct http_client *client = connection->client;

    if (client->options.hold == 0) {
        bench_load_answered(&client->load, connection->slot);
        return;
    }
    client->n_held++;
    open_next_held(client);
    if (client->n_held == client->options.hold) {
        (void)printf("holding %lu\n", client->n_held);
        (void)fflush(stdout);
    }
}

static void on_data(struct bench_stream *stream)
{
    struct http_connection *connection = container_of(stream, struct http_connection, stream);
    struct bench_text in = bench_buf_text(&stream->in);
    struct bench_http_msg answer;

    switch (bench_http_msg_read(in, &answer)) {
    case BENCH_HTTP_PARTIAL:
        return;
    case BENCH_HTTP_UNSUPPORTED:
        bench_die("%s: cannot read the answer %.*s", connection->client->options.path,
                  (int)(in.len < 300 ? in.len : 300), in.at);
    case BENCH_HTTP_COMPLETE:
        break;
    }
    check_answer(connection->client, &answer);
    bench_buf_consume(&stream->in, answer.len);
    on_answer(connection);
}

static void connect_slot(struct http_client *client, unsigned slot)
{
    struct http_connection *connection = &client->connections[slot];

    connection->client = client;
    connection->slot = slot;
    connection->stream.on_data = on_data;
    connection->stream.on_end = on_end;
    bench_stream_connect(&connection->stream, &client->loop, (uint16_t)client->options.port);
}

static void make_connections(struct http_client *client, unsigned long n)
{
    client->connections = calloc(n, sizeof(*client->connections));
    if (client->connections == NULL) {
        bench_die("out of memory for %lu connections", n);
    }
}

static void on_send(struct bench_load *load, unsigned slot)
{
    struct http_client *client = container_of(load, struct http_client, load);

    send_request(&client->connections[slot]);
}

static void measure(struct http_client *client)
{
    make_connections(client, client->options.load.in_flight);
    for (unsigned slot = 0; slot < client->options.load.in_flight; slot++) {
        connect_slot(client, slot);
    }
    client->load.options = client->options.load;
    client->load.loop = &client->loop;
    client->load.send = on_send;
    bench_load_start(&client->load);
    bench_loop_run(&client->loop);
    bench_load_finish(&client->load);
    bench_load_print(&client->load);
    bench_load_fini(&client->load);
}

static void open_next_held(struct http_client *client)
{
    if (client->n_opened < client->options.hold) {
        connect_slot(client, (unsigned)client->n_opened);
        send_request(&client->connections[client->n_opened]);
        client->n_opened++;
    }
}

static void on_input(struct bench_watch *watch, uint32_t events)
{
    bench_loop_stop(&container_of(watch, struct http_client, input)->loop);
}

static void hold(struct http_client *client)
{
    make_connections(client, client->options.hold);
    client->input = (struct bench_watch){.fd = fileno(stdin), .on_ready = on_input};
    bench_loop_watch(&client->loop, &client->input);
    while (client->n_opened < client->options.hold && client->n_opened < HOLD_AT_ONCE) {
        open_next_held(client);
    }
    bench_loop_run(&client->loop);
}

static void client_fini(struct http_client *client, unsigned long n_connections)
{
    for (unsigned long i = 0; i < n_connections; i++) {
        bench_stream_close(&client->connections[i].stream);
    }
    free(client->connections);
    bench_buf_fini(&client->request);
    bench_buf_fini(&client->answer_start);
    bench_payloads_fini(&client->payloads);
    bench_loop_fini(&client->loop);
}

int main(int argc, char **argv)
{
    static struct http_client client = {.options = {.method = "POST", .path = "/", .status = 200}};
    struct http_options *options = &client.options;
    const struct bench_arg args[] = {
        {"port", BENCH_ARG_NUMBER, &options->port, "where the server listens on 127.0.0.1"},
        {"method", BENCH_ARG_TEXT, &options->method, "POST or another (POST)"},
        {"path", BENCH_ARG_TEXT, &options->path, "request target (/)"},
        {"payload", BENCH_ARG_NUMBER, &options->payload, "bytes of params (0: no body)"},
        {"echo", BENCH_ARG_FLAG, &options->echo, "the answer must carry the payload back"},
        {"slots", BENCH_ARG_FLAG, &options->slots, "meta.slot tells the connection"},
        {"status", BENCH_ARG_NUMBER, &options->status, "of each answer (200)"},
        {"hold", BENCH_ARG_NUMBER, &options->hold, "keep that many idle connections instead"},
        BENCH_LOAD_ARGS(&options->load),
        {0},
    };

    options->load = BENCH_LOAD_OPTIONS_INIT;
    bench_args_parse(argc, argv, args);
    bench_loop_init(&client.loop);
    make_request(&client);
    if (options->hold > 0) {
        hold(&client);
        client_fini(&client, client.n_opened);
    } else {
        measure(&client);
        client_fini(&client, options->load.in_flight);
    }
    return EXIT_SUCCESS;
}
