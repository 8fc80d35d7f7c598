/* SPDX-License-Identifier: MIT */
/* The broker options that this node acts on. Texts are owned by the config. */
#pragma once

#include "base/bytes.h"
#include "model/packet_type.h"

/* retryPolicy, circuitBreaker, bulkhead: the broker's, which actions may override. */
struct retry_options {
    bool is_enabled;
    double retries, delay_ms, max_delay_ms, factor;
};

struct breaker_options {
    bool is_enabled;
    double threshold, window_s, min_requests, half_open_ms;
};

struct bulkhead_options {
    bool is_enabled;
    double concurrency, max_queue; /* max_queue 0: no limit */
};

/* cacher: what keeps the results of actions. */
struct cacher_options {
    struct bytes type;        /* name; none: nothing is kept */
    double ttl_s;             /* 0: for ever */
    size_t max_params_length; /* of a key, from which on it is hashed; 0: never */
    size_t max_entries;       /* MemoryLRU */
    size_t limit_bytes;       /* of all that is kept */
};

struct broker_options {
    struct bytes namespace_; /* may be empty */
    struct bytes node_id;
    struct bytes metadata;            /* slice: object */
    struct bytes transporter;         /* name or URL; none: no networking */
    struct bytes transporter_options; /* slice: object or none */
    struct bytes serializer;          /* name; none: JSON */
    struct bytes strategy;            /* name; none: RoundRobin */
    struct bytes public_options;      /* slice: object; what $node.options shows, secrets masked */
    enum protocol protocol;           /* PROTOCOL_NONE: auto */
    struct retry_options retry;
    struct breaker_options breaker;
    struct bulkhead_options bulkhead;
    struct cacher_options cacher;
    double request_timeout_ms;   /* 0: none */
    int max_call_level;          /* 0: no limit */
    double heartbeat_interval_s; /* 0: no heartbeats */
    double heartbeat_timeout_s;
    bool prefer_local;
    bool disable_balancer;
    bool disable_version_check;
    bool disable_heartbeat_checks;
    bool disable_offline_node_removing;
    double clean_offline_nodes_timeout_s;
    double dependency_interval_ms;
    double dependency_timeout_ms; /* 0: none */
    unsigned max_queue_size;      /* pending requests to others; 0: no limit */
    unsigned info_debounce_ms;    /* transit.serviceChangedDebounceTime */
    unsigned stop_delay_ms;       /* registry.stopDelay */
    bool is_tracking;             /* tracking.enabled: services wait for their contexts */
    unsigned shutdown_timeout_ms; /* running calls at stop */
    unsigned max_running;         /* contexts at once; 429 above */
};
