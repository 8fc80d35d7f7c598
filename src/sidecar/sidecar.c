/* SPDX-License-Identifier: MIT */
/* Composition root: config -> broker -> HTTP client -> REST API, and the way back. */
#include "sidecar/sidecar.h"

#include "api/api.h"
#include "base/assert.h"
#include "base/mem.h"
#include "broker/broker.h"
#include "external/external.h"
#include "middleware/middleware.h"

struct sidecar {
    struct loop *loop;
    struct config *config;
    struct logger log;
    struct broker *broker;
    struct external external;
    struct api *api;
    bool is_stopping;
    struct external_caller caller;
    struct loop_timer patience; /* while connections end */
    struct sidecar_events events;
};

static void on_ready(struct broker *b, bool was_reconnect)
{
    struct sidecar *s = broker_owner(b);

    log_info(&s->log, "The node is %s.", was_reconnect ? "connected again" : "ready");
}

static void on_lost(struct broker *b, const char *reason)
{
    struct sidecar *s = broker_owner(b);

    log_warn(&s->log, "The cluster is out of reach; local calls go on.");
}

static void on_conflict(struct broker *b)
{
    struct sidecar *s = broker_owner(b);

    log_fatal(&s->log, "ServiceBroker has detected a nodeID conflict, use unique nodeIDs. "
                       "ServiceBroker stopped.");
    s->events.on_conflict(s);
}

static int broker_create(struct sidecar *s, struct log_sink *sink)
{
    struct broker_setup setup = {
        .options = &s->config->broker,
        .sink = sink,
        .events = {on_ready, on_lost, on_conflict, s},
    };

    setup.middlewares = middleware_list(&setup.n_middlewares);
    return broker_new(s->loop, &setup, &s->broker);
}

static int api_create(struct sidecar *s)
{
    struct api_options options = {
        .host = s->config->host,
        .port = (unsigned)s->config->port,
        .body_limit_bytes = (size_t)s->config->body_limit_bytes,
    };
    bool is_unix = bytes_starts_with(options.host, BYTES("/"));
    bool is_v6 = bytes_find(options.host, ':') < options.host.n;
    int err = api_new(s->loop, &options, s->broker, &s->external, &s->api);

    if (err) {
        log_fatal(&s->log, "Unable to listen on %.*s port %u: %s.", BYTES_ARG(options.host),
                  options.port, err_text(err));
        return err;
    }
    if (is_unix) {
        log_info(&s->log, "HTTP server is listening on unix:%.*s", BYTES_ARG(options.host));
    } else {
        log_info(&s->log, "HTTP server is listening on http://%s%.*s%s:%u", is_v6 ? "[" : "",
                 BYTES_ARG(options.host), is_v6 ? "]" : "", api_port(s->api));
    }
    return 0;
}

int sidecar_start(struct loop *loop, struct config *config, struct log_sink *sink,
                  const struct sidecar_events *events, struct sidecar **out)
{
    struct sidecar *s = mem_new(struct sidecar);
    int err;

    s->loop = loop;
    s->config = config;
    s->log = (struct logger){sink, "sidecar"};
    s->events = *events;
    log_info(&s->log, "Moleculer Sidecar v%s is starting...", SIDECAR_VERSION);
    err = broker_create(s, sink);
    if (err == 0) {
        s->external = (struct external){
            .broker = s->broker,
            .client =
                http_client_new(loop,
                                &(struct http_client_options){
                                    .connections_per_origin = (unsigned)config->app_connections,
                                }),
            .log = {sink, "external"},
            .app_timeout_ms = config->app_timeout_ms,
        };
        external_caller_init(&s->caller, &s->external);
        broker_set_caller_service(s->broker, &s->caller.base);
        err = api_create(s);
    }
    if (err) {
        sidecar_free(s);
        return err;
    }
    broker_start(s->broker);
    *out = s;
    return 0;
}

void *sidecar_owner(const struct sidecar *s)
{
    return s->events.owner;
}

unsigned sidecar_port(const struct sidecar *s)
{
    return api_port(s->api);
}

/* --- stopping: first the cluster, then HTTP, since apps call others while they finish --- */

static void on_api_drained(void *owner)
{
    struct sidecar *s = owner;

    loop_timer_stop(&s->patience);
    s->events.on_exit(s);
}

static void on_patience_over(struct loop_timer *timer)
{
    struct sidecar *s = container_of(timer, struct sidecar, patience);

    log_warn(&s->log, "Connections that do not end are cut.");
    s->events.on_exit(s);
}

/* Slow clients get as long as running calls did. */
static void on_broker_stopped(struct broker *b)
{
    struct sidecar *s = broker_owner(b);

    loop_timer_init(s->loop, &s->patience, on_patience_over);
    loop_timer_start(&s->patience, broker_options(b)->shutdown_timeout_ms);
    api_drain(s->api, on_api_drained, s);
}

void sidecar_stop(struct sidecar *s)
{
    if (!s->is_stopping) {
        s->is_stopping = true;
        broker_stop(s->broker, on_broker_stopped);
    }
}

void sidecar_free(struct sidecar *s)
{
    if (!s) {
        return;
    }
    loop_timer_stop(&s->patience);
    api_free(s->api);
    if (s->broker) {
        broker_give_up(s->broker);
    }
    http_client_free(s->external.client);
    broker_free(s->broker);
    mem_free(s);
}
