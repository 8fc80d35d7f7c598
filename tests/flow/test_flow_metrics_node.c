/* SPDX-License-Identifier: MIT */
/* What a node says of itself, of the registry and of packets; how metrics are listed. */
#include "support/check.h"

#include "flow/flow.h"
#include "flow/flow_metrics.h"

static void run_work(struct context *ctx)
{
    ctx->result = BYTES("1");
    pipeline_finish(ctx);
}

static const char published[] =
    "{'name':'w','version':2,'fullName':'v2.w','settings':{},'metadata':{},'actions':{"
    "'v2.w.do':{'rawName':'do','name':'v2.w.do'}},'events':{"
    "'e.*':{'name':'e.*'},'f':{'group':'g','name':'f'}}}";

static void pair_prepare(struct flow_pair *p)
{
    flow_pair_init(p, PROTOCOL_5, PROTOCOL_5);
    p->a.options.metrics = (struct metrics_options){true, 1000};
    p->b.options.metrics = p->a.options.metrics;
}

static void pair_start(struct flow_pair *p)
{
    pair_prepare(p);
    flow_pair_start(p, published, run_work);
}

static int call(struct flow_pair *p)
{
    const struct broker_call work = {.action = BYTES("v2.w.do"), .retries = -1};
    struct flow_outcome o;
    int code;

    flow_call(&p->f, &p->a, &work, &o, 5000);
    assert_true(o.is_done);
    code = o.code;
    flow_outcome_fini(&o);
    return code;
}

/* $node.metrics for one name: refreshed figures. */
static const char *ask(struct flow_pair *p, struct flow_node *n, const char *name)
{
    struct broker_call all = {.action = BYTES("$node.metrics"), .retries = -1};
    struct flow_outcome o;

    flow_call(&p->f, n, &all, &o, 100);
    assert_int_equal(o.code, 0);
    flow_outcome_fini(&o);
    return flow_metrics_items(n, name);
}

static void the_registry_is_shown(void **state)
{
    struct flow_pair p;

    pair_start(&p);
    assert_string_equal(ask(&p, &p.b, "registry.nodes.total"), "=2");
    assert_figures(&p.b, "registry.nodes.online.total", "=2");
    assert_figures(&p.b, "registry.services.total", "=2");
    assert_figures(&p.b, "registry.service.endpoints.total", "'$node'=2 'v2.w'=1");
    assert_figures(&p.b, "registry.actions.total", "=8");
    assert_non_null(
        strstr(flow_metrics_items(&p.b, "registry.action.endpoints.total"), "'$node.list'=2"));
    assert_non_null(
        strstr(flow_metrics_items(&p.b, "registry.action.endpoints.total"), "'v2.w.do'=1"));
    assert_figures(&p.b, "registry.events.total", "=2");
    assert_figures(&p.b, "registry.event.endpoints.total", "'e.*'=1 'f'=1");
    assert_figures(&p.b, "broker.started", "=1");
    assert_figures(&p.b, "broker.local.services.total", "=2");
    assert_figures(&p.b, "broker.namespace", "='flow'");
    assert_figures(&p.b, "node.versions.protocol", "='5'");
    flow_node_stop(&p.f, &p.a);
    assert_string_equal(ask(&p, &p.b, "registry.nodes.online.total"), "=1");
    assert_figures(&p.b, "registry.nodes.total", "=2");
    assert_figures(&p.b, "registry.service.endpoints.total", "'$node'=1 'v2.w'=1");
    flow_node_stop(&p.f, &p.b);
    flow_fini(&p.f);
}

static void packets_count(void **state)
{
    struct flow_pair p;
    const char *text;

    pair_start(&p);
    (void)call(&p);
    (void)call(&p);
    text = ask(&p, &p.a, "transit.publish.total");
    assert_non_null(strstr(text, "'REQ'=2"));
    assert_non_null(strstr(text, "'INFO'="));
    assert_non_null(strstr(flow_metrics_items(&p.a, "transit.receive.total"), "'RES'=2"));
    assert_non_null(strstr(flow_metrics_items(&p.b, "transit.receive.total"), "'REQ'=2"));
    assert_figures(&p.a, "transit.connected", "=1");
    assert_figures(&p.a, "transit.ready", "=1");
    assert_figures(&p.a, "transit.requests.active", "=0");
    assert_true(flow_metrics_value(&p.a, "transporter.packets.sent.total") >= 4);
    assert_true(flow_metrics_value(&p.a, "transporter.packets.sent.bytes") > 500);
    assert_true(flow_metrics_value(&p.a, "transporter.packets.received.total") >= 4);
    assert_true(flow_metrics_value(&p.a, "transporter.packets.received.bytes") > 500);
    flow_pair_stop(&p);
}

/* Calls $node.metrics of a; its result or its error, to be freed with flow_outcome_fini. */
static void list_metrics(struct flow_pair *p, struct bytes params, struct flow_outcome *o)
{
    struct broker_call list = {.action = BYTES("$node.metrics"), .params = params, .retries = -1};

    flow_call(&p->f, &p->a, &list, o, 100);
    assert_true(o->is_done);
}

/* n patterns of length bytes each. */
static void list_by_many(struct flow_pair *p, int n, int length, struct flow_outcome *o)
{
    struct buf many;

    buf_init(&many, BUF_NO_LIMIT);
    buf_add(&many, BYTES("{\"includes\":["));
    for (int i = 0; i < n; i++) {
        buf_add_format(&many, "%s\"%0*d\"", i ? "," : "", length, i);
    }
    buf_add(&many, BYTES("]}"));
    list_metrics(p, buf_bytes(&many), o);
    buf_fini(&many);
}

static void filters_have_limits(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;

    pair_start(&p);
    list_by_many(&p, 100, 255, &o);
    assert_string_equal(o.result, "[]");
    flow_outcome_fini(&o);
    list_by_many(&p, 101, 1, &o);
    assert_int_equal(o.code, 400);
    assert_non_null(strstr(o.error_json, "TOO_MANY_FILTERS"));
    flow_outcome_fini(&o);
    list_by_many(&p, 1, 256, &o);
    assert_int_equal(o.code, 400);
    assert_non_null(strstr(o.error_json, "FILTER_TOO_LONG"));
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void they_are_listed_by_filter(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;

    pair_start(&p);
    list_metrics(&p, flow_json("{'types':'info','includes':['**.protocol','**.total']}"), &o);
    assert_string_equal(o.result,
                        "[{\"type\":\"info\",\"name\":\"moleculer.node.versions.protocol\","
                        "\"description\":\"Moleculer protocol version\",\"labelNames\":[],"
                        "\"values\":[{\"key\":\"\",\"value\":\"5\",\"labels\":{},\"timestamp\":"
                        "1700000002000}]}]");
    flow_outcome_fini(&o);
    list_metrics(&p, flow_json("{'types':5}"), &o);
    assert_int_equal(o.code, 422);
    flow_outcome_fini(&o);
    flow_pair_stop(&p);
}

static void off_means_off(void **state)
{
    struct flow_pair p;
    struct flow_outcome o;

    pair_prepare(&p);
    p.a.options.metrics.is_enabled = false;
    flow_pair_start(&p, published, run_work);
    assert_null(broker_metrics(p.a.broker));
    list_metrics(&p, BYTES("{}"), &o);
    assert_int_equal(o.code, 400);
    assert_non_null(strstr(o.error_json, "METRICS_DISABLED"));
    flow_outcome_fini(&o);
    assert_int_equal(call(&p), 0);
    assert_figures(&p.b, "request.total", "'v2.w'|'v2.w.do'|'local'|=1");
    flow_pair_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_registry_is_shown),
        cmocka_unit_test(packets_count),
        cmocka_unit_test(they_are_listed_by_filter),
        cmocka_unit_test(filters_have_limits),
        cmocka_unit_test(off_means_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
