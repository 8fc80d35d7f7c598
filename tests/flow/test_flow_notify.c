/* SPDX-License-Identifier: MIT */
/* Internal events that a service of the node hears: of its own life, of others, of faults. */
#include "support/check.h"

#include "broker/broker_internal.h"
#include "flow/flow.h"
#include "transit/transit_internal.h"

static struct {
    char log[2048];
    unsigned n_heard;
    struct context *held;
    const char *holds; /* the event whose handler does not end by itself */
} seen;

static void on_cancel(struct context *ctx)
{
    seen.held = NULL;
}

static void note(struct context *ctx)
{
    size_t at = strlen(seen.log);

    seen.n_heard++;
    (void)snprintf(seen.log + at, sizeof(seen.log) - at, "%.*s %.*s\n", BYTES_ARG(ctx->name),
                   BYTES_ARG(bytes_is_set(ctx->params) ? ctx->params : BYTES("-")));
    if (seen.holds && bytes_eq(ctx->name, bytes_cstr(seen.holds))) {
        seen.held = ctx;
        ctx->cancel = on_cancel;
        return;
    }
    pipeline_finish(ctx);
}

static const char listener[] =
    "{'name':'l','fullName':'l','settings':{},'metadata':{},'actions':{},'events':{"
    "'$broker.**':{'name':'$broker.**'},'$transporter.**':{'name':'$transporter.**'},"
    "'$transit.**':{'name':'$transit.**'},'$services.changed':{'name':'$services.changed'}}}";

/* node is there first, so that it hears of its own start. */
static void start(struct flow *f, struct flow_node *n)
{
    memset(&seen, 0, sizeof(seen));
    flow_init(f);
    flow_node_init(f, n, "here", PROTOCOL_5);
    n->options.shutdown_timeout_ms = 1000;
    flow_node_create(f, n);
    flow_node_serve(n, listener, note);
    flow_node_start(f, n);
}

static void forget(void)
{
    seen.log[0] = '\0';
}

static void a_service_hears_the_start_of_its_node_once(void **state)
{
    struct flow f;
    struct flow_node n;

    start(&f, &n);
    assert_non_null(strstr(seen.log, "$broker.started -\n"));
    assert_non_null(strstr(seen.log, "$transporter.connected {\"wasReconnect\":false}\n"));
    assert_non_null(strstr(seen.log, "$services.changed {\"localService\":true}\n"));
    forget();
    flow_node_cut(&n, true);
    loop_advance(f.loop, 1000);
    flow_node_cut(&n, false);
    loop_advance(f.loop, 10000);
    assert_non_null(strstr(seen.log, "$transporter.disconnected {\"graceFul\":false}\n"));
    assert_non_null(strstr(seen.log, "$transporter.connected {\"wasReconnect\":true}\n"));
    assert_null(strstr(seen.log, "$broker.started"));
    flow_node_stop(&f, &n);
    flow_fini(&f);
}

static void a_service_hears_the_end_of_its_node(void **state)
{
    struct flow f;
    struct flow_node n;

    start(&f, &n);
    forget();
    flow_node_stop(&f, &n);
    assert_string_equal(seen.log,
                        "$transporter.disconnected {\"graceFul\":true}\n$broker.stopped -\n");
    flow_fini(&f);
}

static void on_stopped(struct broker *b)
{
    ((struct flow_node *)broker_owner(b))->is_stopped = true;
}

static void the_end_waits_a_moment_for_who_hears_of_it(void **state)
{
    struct flow f;
    struct flow_node n;

    start(&f, &n);
    seen.holds = "$broker.stopped";
    broker_stop(n.broker, on_stopped);
    loop_advance(f.loop, 500);
    assert_non_null(seen.held);
    assert_false(n.is_stopped);
    pipeline_finish(seen.held);
    loop_advance(f.loop, 100);
    assert_true(n.is_stopped);
    broker_free(n.broker);
    flow_fini(&f);
}

static void the_end_does_not_wait_for_ever(void **state)
{
    struct flow f;
    struct flow_node n;

    start(&f, &n);
    seen.holds = "$broker.stopped";
    broker_stop(n.broker, on_stopped);
    loop_advance(f.loop, 3000);
    assert_true(n.is_stopped);
    broker_give_up(n.broker);
    loop_advance(f.loop, 1);
    assert_null(seen.held);
    broker_free(n.broker);
    flow_fini(&f);
}

static void a_node_without_a_network_starts_at_once(void **state)
{
    struct flow f;
    struct flow_node n;

    memset(&seen, 0, sizeof(seen));
    flow_init(&f);
    flow_node_init(&f, &n, "alone", PROTOCOL_5);
    n.options.transporter = BYTES_NONE;
    flow_node_create(&f, &n);
    flow_node_serve(&n, listener, note);
    flow_node_start(&f, &n);
    assert_string_equal(seen.log, "$services.changed {\"localService\":true}\n$broker.started -\n");
    forget();
    flow_node_stop(&f, &n);
    assert_string_equal(seen.log, "$broker.stopped -\n");
    flow_fini(&f);
}

static void faults_of_the_transporter_are_told(void **state)
{
    struct flow f;
    struct flow_node n;

    start(&f, &n);
    forget();
    transit_tell_error(n.broker->transit, "transit", "failedSendResponsePacket", "it broke");
    assert_non_null(strstr(seen.log, "$transit.error {\"error\":{"));
    assert_non_null(strstr(seen.log, "\"message\":\"it broke\""));
    assert_non_null(
        strstr(seen.log, "\"module\":\"transit\",\"type\":\"failedSendResponsePacket\"}"));
    flow_node_stop(&f, &n);
    flow_fini(&f);
}

static size_t small_payload(const struct transporter *t)
{
    return 1500;
}

static void tell_others(struct context *ctx)
{
    broker_broadcast(ctx->broker, &(struct broker_event){.event = BYTES("told")}, NULL, NULL);
    pipeline_finish(ctx);
}

/* What was too large must not stand before what its listener sends. */
static void who_hears_of_a_fault_may_send(void **state)
{
    static const char watcher[] = "{'name':'w','fullName':'w','settings':{},'metadata':{},"
                                  "'actions':{},'events':{'$transit.**':{'name':'$transit.**'}}}";
    static const char other[] = "{'name':'o','fullName':'o','settings':{},'metadata':{},"
                                "'actions':{},'events':{'told':{'name':'told'},'large':{'name':"
                                "'large'}}}";
    char params[4096];
    struct transporter_ops small;
    struct transporter *transporter;
    struct flow_pair p;

    memset(&seen, 0, sizeof(seen));
    flow_pair_init(&p, PROTOCOL_5, PROTOCOL_5);
    flow_pair_start(&p, other, note);
    flow_node_serve(&p.a, watcher, tell_others);
    transporter = p.a.broker->transit->transporter;
    small = *transporter->ops;
    small.max_payload = small_payload;
    transporter->ops = &small;
    (void)snprintf(params, sizeof(params), "{\"x\":%03000d}", 1);
    params[5] = '1'; /* no number begins with 0 */
    broker_emit(p.a.broker,
                &(struct broker_event){.event = BYTES("large"), .params = bytes_cstr(params)}, NULL,
                NULL);
    loop_advance(p.f.loop, 100);
    assert_string_equal(seen.log, "told null\n");
    flow_pair_stop(&p);
}

static void faults_without_end_are_told_within_limits(void **state)
{
    struct flow f;
    struct flow_node n;

    start(&f, &n);
    n.options.max_running = 1;
    seen.holds = "$transit.error";
    seen.n_heard = 0;
    for (int i = 0; i < 10; i++) {
        transit_tell_error(n.broker->transit, "transit", "failedProcessingPacket", "again");
    }
    assert_int_equal(seen.n_heard, 1);
    pipeline_finish(seen.held);
    transit_tell_error(n.broker->transit, "transit", "failedProcessingPacket", "again");
    assert_int_equal(seen.n_heard, 2);
    pipeline_finish(seen.held);
    flow_node_stop(&f, &n);
    flow_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_hears_the_start_of_its_node_once),
        cmocka_unit_test(a_service_hears_the_end_of_its_node),
        cmocka_unit_test(the_end_waits_a_moment_for_who_hears_of_it),
        cmocka_unit_test(the_end_does_not_wait_for_ever),
        cmocka_unit_test(a_node_without_a_network_starts_at_once),
        cmocka_unit_test(faults_of_the_transporter_are_told),
        cmocka_unit_test(who_hears_of_a_fault_may_send),
        cmocka_unit_test(faults_without_end_are_told_within_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
