/* SPDX-License-Identifier: MIT */
/* Services that start once others are there: when, in whose place, and what is said about it. */
#include "support/check.h"

#include <stdlib.h>

#include "broker/broker_internal.h"
#include "flow/flow.h"

#define SERVICE(name)                                                                              \
    "{'name':'" name "','fullName':'" name "','settings':{},'metadata':{},'actions':{"             \
    "'" name ".run':{'rawName':'run','name':'" name ".run'}},'events':{}}"

static const char watcher[] =
    "{'name':'watcher','fullName':'watcher','settings':{},'metadata':{},'actions':{},"
    "'events':{'$broker.error':{'name':'$broker.error'}}}";

/* What the watcher heard, and a's log. */
static struct {
    char error[1024];
    char *log;
    size_t n_log;
} seen;

static void first(struct context *ctx)
{
    ctx->result = BYTES("1");
    pipeline_finish(ctx);
}

static void second(struct context *ctx)
{
    ctx->result = BYTES("2");
    pipeline_finish(ctx);
}

static void hear(struct context *ctx)
{
    (void)snprintf(seen.error, sizeof(seen.error), "%.*s", BYTES_ARG(ctx->params));
    pipeline_finish(ctx);
}

static void pair_start(struct flow_pair *p)
{
    memset(&seen, 0, sizeof(seen));
    flow_pair_init(p, PROTOCOL_NONE, PROTOCOL_NONE);
    p->a.options.info_debounce_ms = p->b.options.info_debounce_ms = 1;
    p->a.sink.level = LOG_INFO;
    p->a.sink.out = p->a.sink.err = open_memstream(&seen.log, &seen.n_log);
    flow_node_start(&p->f, &p->a);
    flow_node_start(&p->f, &p->b);
}

static void pair_stop(struct flow_pair *p)
{
    flow_pair_stop(p);
    (void)fclose(p->a.sink.out);
    free(seen.log); /* open_memstream's */
}

static bool has_logged(struct flow_pair *p, const char *line)
{
    (void)fflush(p->a.sink.out);
    return strstr(seen.log, line);
}

static void serve_when(struct flow_pair *p, const char *published, flow_handler_fn *handler,
                       const char *needed)
{
    struct broker_dependency one = {.name = bytes_cstr(needed)};

    flow_node_serve_later(&p->a, published, handler,
                          &(struct broker_wait){.needed = &one, .n_needed = 1});
}

/* What the action gives to a caller on that node, 0 when nobody offers it. */
static int run(struct flow_pair *p, struct flow_node *from, const char *action)
{
    struct flow_outcome o;
    int result;

    (void)flow_call_start(from, &(struct broker_call){.action = bytes_cstr(action)}, &o);
    loop_advance(p->f.loop, 0);
    if (!o.is_done) {
        loop_advance(p->f.loop, 50);
    }
    assert_true(o.is_done);
    assert_true(o.result || o.code == 404);
    result = o.result ? o.result[0] - '0' : 0;
    flow_outcome_fini(&o);
    return result;
}

static void assert_waiting(struct flow_node *n, const char *want)
{
    struct buf out;
    struct json_writer w = json_writer(&out);

    buf_init(&out, BUF_NO_LIMIT);
    broker_waiting_json(n->broker, &w);
    assert_bytes_eq(buf_bytes(&out), bytes_cstr(want));
    assert_int_equal(broker_n_waiting(n->broker) > 0, strcmp(want, "[]") != 0);
    buf_fini(&out);
}

static void a_service_starts_when_another_node_offers_what_it_needs(void **state)
{
    struct flow_pair p;

    pair_start(&p);
    serve_when(&p, SERVICE("late"), first, "early");
    loop_advance(p.f.loop, 60000);
    assert_waiting(&p.a, "[\"late\"]");
    assert_int_equal(run(&p, &p.a, "late.run"), 0);
    assert_int_equal(run(&p, &p.b, "late.run"), 0);
    assert_true(has_logged(&p, "a/LATE: Waiting for service(s) 'early'..."));
    assert_false(has_logged(&p, "available"));

    flow_node_serve(&p.b, SERVICE("early"), first);
    loop_advance(p.f.loop, 1100);
    assert_waiting(&p.a, "[]");
    assert_int_equal(run(&p, &p.a, "late.run"), 1);
    assert_int_equal(run(&p, &p.b, "late.run"), 1);
    assert_true(has_logged(&p, "a/LATE: Service(s) 'early' are available."));
    assert_true(has_logged(&p, "Service 'late' started."));
    pair_stop(&p);
}

static void what_is_there_already_is_not_waited_for(void **state)
{
    struct flow_pair p;

    pair_start(&p);
    serve_when(&p, SERVICE("late"), first, "$node");
    assert_waiting(&p.a, "[]");
    assert_int_equal(run(&p, &p.a, "late.run"), 1);
    assert_true(has_logged(&p, "Service(s) '$node' are available."));
    pair_stop(&p);
}

static void all_are_needed_and_one_of_each_alternative(void **state)
{
    static const struct broker_dependency needed[] = {
        {.name = BYTES_INIT("x")},
        {.name = BYTES_INIT("v1.y")},
        {.name = BYTES_INIT("v2.y"), .is_alternative = true},
    };
    struct flow_pair p;

    pair_start(&p);
    flow_node_serve_later(&p.a, SERVICE("late"), first,
                          &(struct broker_wait){.needed = needed, .n_needed = 3});
    assert_true(has_logged(&p, "Waiting for service(s) 'x, v1.y OR v2.y'..."));
    flow_node_serve(&p.b, SERVICE("v2.y"), first);
    loop_advance(p.f.loop, 2000);
    assert_waiting(&p.a, "[\"late\"]");
    flow_node_serve(&p.a, SERVICE("x"), first);
    loop_advance(p.f.loop, 1000);
    assert_waiting(&p.a, "[]");
    assert_true(has_logged(&p, "Service(s) 'x, v2.y' are available."));
    pair_stop(&p);
}

static void it_looks_at_its_interval(void **state)
{
    struct broker_dependency x = {.name = BYTES("x")};
    struct flow_pair p;

    pair_start(&p);
    flow_node_serve_later(&p.a, SERVICE("late"), first,
                          &(struct broker_wait){.needed = &x, .n_needed = 1, .interval_ms = 300});
    flow_node_serve(&p.a, SERVICE("x"), first);
    loop_advance(p.f.loop, 299);
    assert_waiting(&p.a, "[\"late\"]");
    loop_advance(p.f.loop, 1);
    assert_waiting(&p.a, "[]");
    pair_stop(&p);
}

static void it_gives_up_when_its_time_is_over(void **state)
{
    struct broker_dependency x = {.name = BYTES("x")};
    struct flow_pair p;

    pair_start(&p);
    flow_node_serve(&p.a, watcher, hear);
    flow_node_serve_later(&p.a, SERVICE("late"), first,
                          &(struct broker_wait){.needed = &x, .n_needed = 1, .timeout_ms = 2500});
    loop_advance(p.f.loop, 2499);
    assert_waiting(&p.a, "[\"late\"]");
    assert_string_equal(seen.error, "");
    loop_advance(p.f.loop, 1);
    assert_waiting(&p.a, "[]");
    assert_true(has_logged(&p, "a/LATE: Services waiting is timed out. Still missing: 'x'."));
    assert_true(has_logged(&p, "Unable to start service 'late'."));
    assert_non_null(strstr(seen.error, "\"message\":\"Services waiting is timed out.\""));
    assert_non_null(strstr(seen.error, "\"type\":\"WAITFOR_SERVICES\""));
    assert_non_null(strstr(seen.error, "{\"services\":[\"x\"],\"statuses\":"
                                       "[{\"name\":\"x\",\"available\":false}]}"));
    assert_non_null(strstr(seen.error, "\"module\":\"broker\",\"type\":\"failedServiceRestart\""));
    flow_node_serve(&p.a, SERVICE("x"), first);
    loop_advance(p.f.loop, 10000);
    assert_int_equal(run(&p, &p.a, "late.run"), 0);
    pair_stop(&p);
}

static void the_option_limits_the_time_of_all(void **state)
{
    struct flow_pair p;

    pair_start(&p);
    p.a.options.dependency_timeout_ms = 500;
    serve_when(&p, SERVICE("late"), first, "x");
    loop_advance(p.f.loop, 499);
    assert_waiting(&p.a, "[\"late\"]");
    loop_advance(p.f.loop, 1);
    assert_waiting(&p.a, "[]");
    pair_stop(&p);
}

static void the_old_one_serves_until_the_new_one_starts(void **state)
{
    struct flow_pair p;

    pair_start(&p);
    flow_node_serve(&p.a, SERVICE("twice"), first);
    serve_when(&p, SERVICE("twice"), second, "x");
    loop_advance(p.f.loop, 3500);
    assert_int_equal(run(&p, &p.a, "twice.run"), 1);
    assert_int_equal(run(&p, &p.b, "twice.run"), 1);
    flow_node_serve(&p.a, SERVICE("x"), first);
    for (int ms = 0; ms < 1000; ms++) {
        assert_int_not_equal(run(&p, &p.a, "twice.run"), 0);
        loop_advance(p.f.loop, 1);
    }
    assert_int_equal(run(&p, &p.a, "twice.run"), 2);
    pair_stop(&p);
}

static void a_new_one_takes_the_place_of_one_that_waits(void **state)
{
    struct flow_pair p;

    pair_start(&p);
    serve_when(&p, SERVICE("late"), first, "x");
    serve_when(&p, SERVICE("late"), second, "y");
    assert_waiting(&p.a, "[\"late\"]");
    flow_node_serve(&p.a, SERVICE("x"), first);
    loop_advance(p.f.loop, 5000);
    assert_int_equal(run(&p, &p.a, "late.run"), 0);

    flow_node_serve(&p.a, SERVICE("late"), first); /* needs nothing */
    assert_waiting(&p.a, "[]");
    flow_node_serve(&p.a, SERVICE("y"), first);
    loop_advance(p.f.loop, 5000);
    assert_int_equal(run(&p, &p.a, "late.run"), 1);
    pair_stop(&p);
}

static void one_that_waits_can_be_removed(void **state)
{
    struct flow_pair p;

    pair_start(&p);
    serve_when(&p, SERVICE("late"), first, "x");
    assert_int_equal(broker_remove_service(p.a.broker, BYTES("late"), NULL, NULL), 0);
    assert_waiting(&p.a, "[]");
    assert_int_equal(broker_remove_service(p.a.broker, BYTES("late"), NULL, NULL), ERR_NOT_FOUND);

    flow_node_serve(&p.a, SERVICE("twice"), first);
    serve_when(&p, SERVICE("twice"), second, "x");
    assert_int_equal(broker_remove_service(p.a.broker, BYTES("twice"), NULL, NULL), 0);
    flow_node_serve(&p.a, SERVICE("x"), first);
    loop_advance(p.f.loop, 5000);
    assert_int_equal(run(&p, &p.a, "twice.run"), 0);
    assert_int_equal(run(&p, &p.a, "late.run"), 0);
    pair_stop(&p);
}

static void what_would_wait_is_known_before(void **state)
{
    struct broker_dependency needed[] = {{.name = BYTES("x")},
                                         {.name = BYTES("y"), .is_alternative = true}};
    struct broker_wait nothing = {0}, wait = {.needed = needed, .n_needed = 2};
    struct flow_pair p;

    pair_start(&p);
    assert_int_equal(broker_n_waiting(p.a.broker), 0);
    assert_false(broker_would_wait(p.a.broker, BYTES("late"), &nothing));
    assert_true(broker_would_wait(p.a.broker, BYTES("late"), &wait));
    flow_node_serve_later(&p.a, SERVICE("late"), first, &wait);
    assert_int_equal(broker_n_waiting(p.a.broker), 1);
    assert_false(broker_would_wait(p.a.broker, BYTES("late"), &wait)); /* in its own place */
    assert_true(broker_would_wait(p.a.broker, BYTES("later"), &wait));
    flow_node_serve(&p.b, SERVICE("y"), first);
    loop_advance(p.f.loop, 100);
    assert_false(broker_would_wait(p.a.broker, BYTES("later"), &wait));
    pair_stop(&p);
}

/* Others may have come meanwhile: a node takes 10,000, $node among them. */
static void one_too_many_does_not_start(void **state)
{
    struct flow_pair p;

    pair_start(&p);
    serve_when(&p, SERVICE("late"), first, "x");
    for (int i = 0; i < REGISTRY_MAX_NODE_SERVICES - 2; i++) {
        char name[16], published[128];

        (void)snprintf(name, sizeof(name), "s%d", i);
        (void)snprintf(published, sizeof(published), "{'name':'%s','fullName':'%s'}", name, name);
        flow_node_serve(&p.a, published, first);
    }
    flow_node_serve(&p.b, SERVICE("x"), first);
    flow_node_serve(&p.a, SERVICE("last"), first);
    loop_advance(p.f.loop, 2000);
    assert_waiting(&p.a, "[]");
    assert_true(has_logged(&p, "Unable to start service 'late': the node has too many."));
    assert_int_equal(run(&p, &p.a, "late.run"), 0);
    assert_int_equal(run(&p, &p.a, "last.run"), 1);
    pair_stop(&p);
}

static void a_node_that_stops_starts_nothing(void **state)
{
    struct flow_pair p;

    pair_start(&p);
    serve_when(&p, SERVICE("late"), first, "x");
    flow_node_serve(&p.b, SERVICE("x"), first);
    loop_advance(p.f.loop, 10);
    p.a.options.stop_delay_ms = 3000;
    flow_node_stop(&p.f, &p.a);
    assert_false(has_logged(&p, "Service 'late' started."));
    pair_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_starts_when_another_node_offers_what_it_needs),
        cmocka_unit_test(what_is_there_already_is_not_waited_for),
        cmocka_unit_test(all_are_needed_and_one_of_each_alternative),
        cmocka_unit_test(it_looks_at_its_interval),
        cmocka_unit_test(it_gives_up_when_its_time_is_over),
        cmocka_unit_test(the_option_limits_the_time_of_all),
        cmocka_unit_test(the_old_one_serves_until_the_new_one_starts),
        cmocka_unit_test(a_new_one_takes_the_place_of_one_that_waits),
        cmocka_unit_test(one_that_waits_can_be_removed),
        cmocka_unit_test(what_would_wait_is_known_before),
        cmocka_unit_test(one_too_many_does_not_start),
        cmocka_unit_test(a_node_that_stops_starts_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
