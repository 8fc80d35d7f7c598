/* SPDX-License-Identifier: MIT */
/* Nodes for flow tests. */
#include "flow/flow.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "broker/broker_internal.h"
#include "middleware/middleware.h"
#include "registry/endpoint.h"
#include "transit/transit_internal.h"
#include "transporter/transporter_memory.h"

enum { RING = 8, RING_BYTES = 4096, STEP_MS = 5 };

struct flow_service {
    struct local_service base;
    flow_handler_fn *handler;
};

struct bytes flow_json(const char *text)
{
    static char ring[RING][RING_BYTES];
    static unsigned at;
    char *out = ring[at++ % RING];
    size_t n = strlen(text);

    ASSERT(n < RING_BYTES);
    for (size_t i = 0; i <= n; i++) {
        out[i] = text[i];
        if (text[i] == '\'') {
            out[i] = '"';
        }
    }
    return bytes_of(out, n);
}

void flow_init(struct flow *f)
{
    f->loop = loop_new_virtual(1700000000000);
}

void flow_fini(struct flow *f)
{
    loop_advance(f->loop, 0);
    loop_free(f->loop);
}

static void on_ready(struct broker *b, bool was_reconnect)
{
    struct flow_node *n = broker_owner(b);

    n->is_ready = true;
}

static void on_lost(struct broker *b, const char *reason)
{
    struct flow_node *n = broker_owner(b);

    n->is_ready = false;
}

static void on_conflict(struct broker *b)
{
    struct flow_node *n = broker_owner(b);

    n->has_conflict = true;
}

void flow_node_init(struct flow *f, struct flow_node *n, const char *node_id, enum protocol version)
{
    *n = (struct flow_node){0};
    (void)snprintf(n->node_id, sizeof(n->node_id), "%s", node_id);
    (void)snprintf(n->sink.node_id, sizeof(n->sink.node_id), "%s", node_id);
    n->sink.level = getenv("FLOW_LOG") ? LOG_TRACE : LOG_NONE;
    n->sink.out = n->sink.err = stderr;
    n->options = (struct broker_options){
        .namespace_ = BYTES("flow"),
        .node_id = bytes_cstr(n->node_id),
        .metadata = BYTES("{}"),
        .transporter = BYTES("Fake"),
        .public_options = BYTES("{}"),
        .protocol = version,
        .heartbeat_interval_s = 10,
        .heartbeat_timeout_s = 30,
        .prefer_local = true,
        .clean_offline_nodes_timeout_s = 600,
        .max_queue_size = 1000,
        .info_debounce_ms = 1000,
        .dependency_interval_ms = 1000,
        .stop_delay_ms = 100,
        .shutdown_timeout_ms = 5000,
    };
}

void flow_node_create(struct flow *f, struct flow_node *n)
{
    struct broker_setup setup = {
        .options = &n->options,
        .sink = &n->sink,
        .events = {on_ready, on_lost, on_conflict, n},
    };

    setup.middlewares = middleware_list(&setup.n_middlewares);
    ASSERT(broker_new(f->loop, &setup, &n->broker) == 0);
}

void flow_node_start(struct flow *f, struct flow_node *n)
{
    if (!n->broker) {
        flow_node_create(f, n);
    }
    broker_start(n->broker);
    loop_advance(f->loop, 2000);
    ASSERT(n->is_ready || !bytes_is_set(n->options.transporter));
}

static void on_stopped(struct broker *b)
{
    struct flow_node *n = broker_owner(b);

    n->is_stopped = true;
}

void flow_node_stop(struct flow *f, struct flow_node *n)
{
    broker_stop(n->broker, on_stopped);
    for (int i = 0; i < 10000 && !n->is_stopped; i++) {
        loop_advance(f->loop, STEP_MS);
    }
    ASSERT(n->is_stopped);
    broker_free(n->broker);
    n->broker = NULL;
}

void flow_node_cut(struct flow_node *n, bool is_cut)
{
    transporter_memory_cut(n->broker->transit->transporter, is_cut);
}

static void service_run(struct local_service *s, const struct endpoint *e, struct context *ctx)
{
    container_of(s, struct flow_service, base)->handler(ctx);
}

static void service_free(struct local_service *s)
{
    shared_unref(s->published);
    mem_free(container_of(s, struct flow_service, base));
}

void flow_node_serve(struct flow_node *n, const char *published, flow_handler_fn *handler)
{
    flow_node_serve_later(n, published, handler, &(struct broker_wait){0});
}

void flow_node_serve_later(struct flow_node *n, const char *published, flow_handler_fn *handler,
                           const struct broker_wait *wait)
{
    static const struct local_service_ops ops = {
        .call = service_run, .event = service_run, .free = service_free};
    struct flow_service *s = mem_new(struct flow_service);

    s->base = (struct local_service){
        .ops = &ops, .refs = 1, .published = shared_new(flow_json(published))};
    s->handler = handler;
    ASSERT(n->broker);
    broker_start_service(n->broker, &s->base, wait);
    local_service_unref(&s->base);
}

void flow_pair_init(struct flow_pair *p, enum protocol version_a, enum protocol version_b)
{
    flow_init(&p->f);
    flow_node_init(&p->f, &p->a, "a", version_a);
    flow_node_init(&p->f, &p->b, "b", version_b);
}

void flow_pair_start(struct flow_pair *p, const char *published, flow_handler_fn *handler)
{
    flow_node_start(&p->f, &p->b);
    flow_node_serve(&p->b, published, handler);
    flow_node_start(&p->f, &p->a);
    loop_advance(p->f.loop, 2000);
}

void flow_pair_stop(struct flow_pair *p)
{
    struct flow_node *nodes[] = {&p->a, &p->b};

    for (int i = 0; i < 2; i++) {
        if (nodes[i]->broker) {
            flow_node_stop(&p->f, nodes[i]);
        }
    }
    flow_fini(&p->f);
}

static void drop_held(struct context *ctx)
{
    struct flow_held *h = ctx->work;

    for (unsigned i = 0; i < h->n; i++) {
        if (h->contexts[i] == ctx) {
            h->contexts[i] = NULL;
        }
    }
}

void flow_hold(struct flow_held *h, struct context *ctx)
{
    ASSERT(h->n < sizeof(h->contexts) / sizeof(h->contexts[0]));
    h->contexts[h->n++] = ctx;
    ctx->work = h;
    ctx->cancel = drop_held;
}

struct context *flow_held_take(struct flow_held *h, unsigned i)
{
    struct context *ctx = h->contexts[i];

    ASSERT(ctx);
    h->contexts[i] = NULL;
    return ctx;
}

static char *copy(struct bytes text)
{
    return bytes_is_set(text) ? mem_strndup(text.p, text.n) : NULL;
}

static void on_done(struct context *ctx)
{
    struct flow_outcome *o = ctx->owner;
    struct buf error;
    struct json_writer w = json_writer(&error);

    buf_init(&error, BUF_NO_LIMIT);
    o->is_done = true;
    o->result = copy(ctx->result);
    o->meta = copy(ctx->meta);
    if (ctx->error) {
        o->code = mol_error_code(ctx->error);
        o->error_name = copy(ctx->error->name);
        mol_error_to_wire(&w, ctx->error, BYTES("here"));
        o->error_json = copy(buf_bytes(&error));
    }
    buf_fini(&error);
}

struct context *flow_call_start(struct flow_node *n, const struct broker_call *call,
                                struct flow_outcome *out)
{
    *out = (struct flow_outcome){0};
    return broker_call(n->broker, call, on_done, out);
}

void flow_call(struct flow *f, struct flow_node *n, const struct broker_call *call,
               struct flow_outcome *out, int64_t most_ms)
{
    (void)flow_call_start(n, call, out);
    ASSERT(!out->is_done);
    for (int64_t ms = 0; ms <= most_ms && !out->is_done; ms += STEP_MS) {
        loop_advance(f->loop, STEP_MS);
    }
}

void flow_outcome_fini(struct flow_outcome *o)
{
    mem_free(o->result);
    mem_free(o->error_name);
    mem_free(o->error_json);
    mem_free(o->meta);
    *o = (struct flow_outcome){0};
}
