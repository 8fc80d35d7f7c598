/* SPDX-License-Identifier: MIT */
/* Options from the environment: defaults, coercion, refusals, what $node.options shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/config_env.h"
#include "json/json.h"

static char error_text[256];

static int read_config(struct config *c, const char *first, const char *second)
{
    char a[256], b[256];
    char *const environment[] = {a, b, NULL};

    (void)snprintf(a, sizeof(a), "%s", first ? first : "X=1");
    (void)snprintf(b, sizeof(b), "%s", second ? second : "Y=1");
    error_text[0] = '\0';
    return config_read(c, environment, error_text, sizeof(error_text));
}

static void defaults_are_the_originals(void **state)
{
    struct config c;

    assert_int_equal(read_config(&c, NULL, NULL), 0);
    assert_true(c.port == 5103);
    assert_true(bytes_eq(c.host, BYTES("127.0.0.1")));
    assert_true(c.broker.heartbeat_interval_s == 10 && c.broker.heartbeat_timeout_s == 30);
    assert_true(c.broker.prefer_local);
    assert_int_equal(c.broker.max_queue_size, 50000);
    assert_int_equal(c.broker.info_debounce_ms, 1000);
    assert_true(c.broker.dependency_interval_ms == 1000 && c.broker.dependency_timeout_ms == 0);
    assert_int_equal(c.broker.protocol, PROTOCOL_NONE);
    assert_false(bytes_is_set(c.broker.transporter));
    assert_true(c.broker.node_id.n > 0);
    config_fini(&c);
}

static void variables_stand_over_defaults(void **state)
{
    struct config c;

    assert_int_equal(read_config(&c, "SIDECAR_PORT=0x10", "REGISTRY_PREFERLOCAL=TRUE"), 0);
    assert_true(c.port == 16);
    assert_false(c.broker.prefer_local); /* true only for exactly "true" */
    config_fini(&c);
    assert_int_equal(read_config(&c, "DEPENDENCYINTERVAL=50", "DEPENDENCYTIMEOUT=2e3"), 0);
    assert_true(c.broker.dependency_interval_ms == 50 && c.broker.dependency_timeout_ms == 2000);
    config_fini(&c);
    assert_int_equal(read_config(&c, "PROTOCOLVERSION=4", "NODEID=n1"), 0);
    assert_int_equal(c.broker.protocol, PROTOCOL_4);
    assert_true(bytes_eq(c.broker.node_id, BYTES("n1")));
    config_fini(&c);
    assert_int_equal(read_config(&c, "SIDECAR_PORT=", NULL), 0); /* empty: not set */
    assert_true(c.port == 5103);
    config_fini(&c);
}

static void metrics_have_a_short_form(void **state)
{
    struct config c;

    assert_int_equal(read_config(&c, NULL, NULL), 0);
    assert_false(c.broker.metrics.is_enabled);
    assert_int_equal(c.broker.metrics.max_items, 2000);
    config_fini(&c);
    assert_int_equal(read_config(&c, "METRICS_ENABLED=true", "SIDECAR_METRICS_LIMIT=5"), 0);
    assert_true(c.broker.metrics.is_enabled);
    assert_int_equal(c.broker.metrics.max_items, 5);
    config_fini(&c);
    assert_int_equal(read_config(&c, "METRICS=true", NULL), 0);
    assert_true(c.broker.metrics.is_enabled);
    assert_true(json_is_true(
        json_get(json_get(c.broker.public_options, BYTES("metrics")), BYTES("enabled"))));
    config_fini(&c);
    assert_int_equal(read_config(&c, "METRICS=false", "METRICS_ENABLED=true"), 0);
    assert_false(c.broker.metrics.is_enabled); /* it takes the place of the object */
    config_fini(&c);
    assert_int_equal(read_config(&c, "METRICS=on", NULL), ERR_INVALID);
    assert_string_equal(error_text, "METRICS must be a boolean (true or false), not 'on'.");
    config_fini(&c);
    assert_int_equal(read_config(&c, "SIDECAR_METRICS_LIMIT=0", NULL), ERR_INVALID);
    config_fini(&c);
}

static void faults_are_told(void **state)
{
    static const struct {
        const char *variable, *text;
    } faults[] = {
        {"SIDECAR_PORT=abc", "SIDECAR_PORT must be a number"},
        {"SIDECAR_PORT=70000", "SIDECAR_PORT must be from 0 to 65535"},
        {"SIDECAR_BODY_LIMIT=-1", "SIDECAR_BODY_LIMIT"},
        {"SIDECAR_BODY_LIMIT=Infinity", "SIDECAR_BODY_LIMIT"},
        {"DISABLEBALANCER=maybe", "DISABLEBALANCER must be a boolean"},
        {"LOGLEVEL=loud", "LOGLEVEL"},
        {"PROTOCOLVERSION=6", "PROTOCOLVERSION"},
        {"SIDECAR_APP_TIMEOUT=0", "SIDECAR_APP_TIMEOUT"},
        {"SIDECAR_APP_CONNECTIONS=0", "SIDECAR_APP_CONNECTIONS"},
        {"SIDECAR_CACHE_LIMIT=0", "SIDECAR_CACHE_LIMIT"},
        {"SIDECAR_CACHE_LIMIT=1e30", "SIDECAR_CACHE_LIMIT"},
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct config c;

        assert_int_equal(read_config(&c, faults[i].variable, NULL), ERR_INVALID);
        assert_non_null(strstr(error_text, faults[i].text));
        config_fini(&c);
    }
}

static void credentials_are_masked(void **state)
{
    struct config c;
    struct bytes shown;

    assert_int_equal(read_config(&c, "TRANSPORTER=nats://u:secret@h:1,nats://k:hidden@h2", NULL),
                     0);
    shown = c.broker.public_options;
    assert_null(memmem(shown.p, shown.n, "secret", 6));
    assert_null(memmem(shown.p, shown.n, "hidden", 6));
    assert_non_null(memmem(shown.p, shown.n, "nats://***@h:1,nats://***@h2", 28));
    assert_true(json_is_true(json_get(json_get(shown, BYTES("registry")), BYTES("preferLocal"))));
    config_fini(&c);
}

static void transporter_options_are_an_object(void **state)
{
    struct config c;

    assert_int_equal(read_config(&c, "MOL_TRANSPORTER__OPTIONS__TLS__CA_FILE=/a.pem",
                                 "MOL_TRANSPORTER__OPTIONS__RECONNECT_TIME_WAIT=250"),
                     0);
    assert_true(bytes_eq(c.transporter_options,
                         BYTES("{\"tls\":{\"caFile\":\"/a.pem\"},\"reconnectTimeWait\":250}")));
    config_fini(&c);
}

static void strategies_have_options(void **state)
{
    struct config c;
    struct bytes shown;

    assert_int_equal(read_config(&c, NULL, NULL), 0);
    assert_false(bytes_is_set(c.broker.strategy_options));
    shown = json_get(c.broker.public_options, BYTES("registry"));
    assert_false(bytes_is_set(json_get(shown, BYTES("strategyOptions"))));
    config_fini(&c);
    assert_int_equal(read_config(&c, "MOL_REGISTRY__STRATEGY_OPTIONS__SHARD_KEY=#user.id",
                                 "MOL_REGISTRY__STRATEGY_OPTIONS__VNODES=20"),
                     0);
    assert_true(
        bytes_eq(c.broker.strategy_options, BYTES("{\"shardKey\":\"#user.id\",\"vnodes\":20}")));
    shown = json_get(c.broker.public_options, BYTES("registry"));
    assert_true(bytes_eq(json_get(shown, BYTES("strategyOptions")), c.broker.strategy_options));
    assert_true(json_string_eq(json_get(shown, BYTES("strategy")), BYTES("RoundRobin")));
    config_fini(&c);
}

static void cachers_are_named_or_described(void **state)
{
    struct config c;

    assert_int_equal(read_config(&c, NULL, NULL), 0);
    assert_false(bytes_is_set(c.broker.cacher.type));
    assert_true(c.broker.cacher.limit_bytes == 64 << 20);
    config_fini(&c);
    assert_int_equal(read_config(&c, "CACHER=false", "MOL_CACHER__OPTIONS__TTL=5"), 0);
    assert_false(bytes_is_set(c.broker.cacher.type));
    config_fini(&c);
    assert_int_equal(read_config(&c, "CACHER=Memory", "MOL_CACHER__OPTIONS__TTL=0.5"), 0);
    assert_true(bytes_eq(c.broker.cacher.type, BYTES("Memory")));
    assert_true(c.broker.cacher.ttl_s == 0.5);
    assert_int_equal(c.broker.cacher.max_entries, 1000);
    config_fini(&c);
    assert_int_equal(
        read_config(&c, "MOL_CACHER__OPTIONS__MAX_PARAMS_LENGTH=60", "SIDECAR_CACHE_LIMIT=1000"),
        0);
    assert_true(bytes_eq(c.broker.cacher.type, BYTES("Memory")));
    assert_int_equal(c.broker.cacher.max_params_length, 60);
    assert_int_equal(c.broker.cacher.limit_bytes, 1000);
    config_fini(&c);
    assert_int_equal(read_config(&c, "MOL_CACHER__TYPE=MemoryLRU", "MOL_CACHER__OPTIONS__MAX=7"),
                     0);
    assert_true(bytes_eq(c.broker.cacher.type, BYTES("MemoryLRU")));
    assert_int_equal(c.broker.cacher.max_entries, 7);
    config_fini(&c);
}

static void numbers_are_javascripts(void **state)
{
    static const struct {
        const char *text;
        bool is_number;
        double value;
    } rows[] = {
        {"12", true, 12},    {" 1.5e3 ", true, 1500}, {"", true, 0},      {"-7", true, -7},
        {"0x1F", true, 31},  {"0b101", true, 5},      {"0o17", true, 15}, {".5", true, 0.5},
        {"1_000", false, 0}, {"12px", false, 0},      {"0x", false, 0},   {"nan", false, 0},
        {"--1", false, 0},   {"0b2", false, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double value = 0;

        assert_int_equal(config_env_number(bytes_cstr(rows[i].text), &value), rows[i].is_number);
        assert_true(!rows[i].is_number || value == rows[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_originals),
        cmocka_unit_test(variables_stand_over_defaults),
        cmocka_unit_test(metrics_have_a_short_form),
        cmocka_unit_test(faults_are_told),
        cmocka_unit_test(credentials_are_masked),
        cmocka_unit_test(transporter_options_are_an_object),
        cmocka_unit_test(strategies_have_options),
        cmocka_unit_test(cachers_are_named_or_described),
        cmocka_unit_test(numbers_are_javascripts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
