/* SPDX-License-Identifier: MIT */
/* What a posted schema may say: every member with every wrong type is refused with its path. */
#include "support/check.h"

#include "external/external.h"

enum { JSON_BYTES = 4096 };

struct outcome {
    unsigned n_faults;
    enum external_fault_kind kind;
    char path[128], text[256];
    char warnings[512];
};

static void copy(char *to, size_t room, struct bytes text)
{
    assert_true(text.n < room);
    memcpy(to, text.p ? text.p : "", text.n);
    to[text.n] = '\0';
}

/* schema with ' for ". */
static struct outcome check(const char *schema)
{
    struct outcome o = {0};
    struct arena arena;
    struct list faults;
    struct buf warnings;
    struct json_writer w = json_writer(&warnings);
    struct bytes json;
    char text[JSON_BYTES];
    size_t n = strlen(schema);

    assert_true(n < sizeof(text));
    for (size_t i = 0; i < n; i++) {
        text[i] = schema[i] == '\'' ? '"' : schema[i];
    }
    assert_int_equal(json_scan(bytes_of(text, n), 0, &json, NULL), 0);
    arena_init(&arena);
    list_init(&faults);
    buf_init(&warnings, BUF_NO_LIMIT);
    json_begin_array(&w);
    external_schema_check(json, &arena, &faults, &w);
    json_end_array(&w);
    list_for_each (link, &faults) {
        const struct external_fault *fault = list_entry(link, struct external_fault, link);

        if (o.n_faults++ == 0) {
            o.kind = fault->kind;
            copy(o.path, sizeof(o.path), fault->path);
            copy(o.text, sizeof(o.text), fault->text);
        }
    }
    copy(o.warnings, sizeof(o.warnings), buf_bytes(&warnings));
    buf_fini(&warnings);
    arena_fini(&arena);
    return o;
}

static void good_schemas_pass(void **state)
{
    static const char *const good[] = {
        "{'name':'a'}",
        "{'name':'a','version':1,'settings':{'baseUrl':'http://h'},'actions':{'x':'/x'}}",
        "{'name':'a b/c','version':'','actions':null,'events':null,'settings':null}",
        "{'name':'a','actions':{'x':{'handler':'HTTPS://h/x','params':{'id':'number'}}}}",
        "{'name':'a','events':{'u.*':{'handler':'unix:/run/x.sock:/e','group':'g'}}}",
        "{'name':'a','dependencies':['b',{'name':'c','version':[1,'x',null]}]}",
        "{'name':'a','settings':{'$dependencyTimeout':0,'$dependencyInterval':null}}",
        "{'name':'a','unknown':[1],'actions':{'x':{'handler':'http://h','custom':{'y':1}}}}",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct outcome o = check(good[i]);

        assert_int_equal(o.n_faults, 0);
        assert_string_equal(o.warnings, "[]");
    }
}

static const struct {
    const char *schema, *path;
    enum external_fault_kind kind;
} faulty[] = {
    {"{}", "name", EXTERNAL_FAULT_VALUE},
    {"{'name':null}", "name", EXTERNAL_FAULT_VALUE},
    {"{'name':''}", "name", EXTERNAL_FAULT_VALUE},
    {"{'name':5}", "name", EXTERNAL_FAULT_VALUE},
    {"{'name':'$node'}", "name", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a\\nb'}", "name", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','version':true}", "version", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','version':{}}", "version", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','settings':[]}", "settings", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','settings':'x'}", "settings", EXTERNAL_FAULT_VALUE},
    {"{'name':'a','metadata':1}", "metadata", EXTERNAL_FAULT_VALUE},
    {"{'name':'a','actions':[]}", "actions", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':'x'}", "actions", EXTERNAL_FAULT_VALUE},
    {"{'name':'a','events':true}", "events", EXTERNAL_FAULT_VALUE},
    {"{'name':'a','settings':{'baseUrl':5}}", "settings.baseUrl", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','dependencies':5}", "dependencies", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','dependencies':''}", "dependencies", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','dependencies':['b',null]}", "dependencies[1]", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','dependencies':[['b']]}", "dependencies[0]", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','dependencies':{}}", "dependencies.name", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','dependencies':[{'name':7}]}", "dependencies[0].name", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','dependencies':['b\\n']}", "dependencies[0]", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','dependencies':{'name':'b','version':true}}", "dependencies.version",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','dependencies':{'name':'b','version':[]}}", "dependencies.version",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','dependencies':{'name':'b','version':[1,{}]}}", "dependencies.version[1]",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','settings':{'$dependencyTimeout':'5'}}", "settings.$dependencyTimeout",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','settings':{'$dependencyInterval':-1}}", "settings.$dependencyInterval",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','mixins':[]}", "mixins", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','methods':{'m':'x'}}", "methods", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','hooks':[]}", "hooks", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','hooks':{'befor':{}}}", "hooks.befor", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','hooks':{'after':'http://h'}}", "hooks.after", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','hooks':{'error':{'*':5}}}", "hooks.error.*", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','hooks':{'before':{'x':['http://h',null]}}}", "hooks.before.x[1]",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','hooks':{'before':{'x':'nobody'}}}", "hooks.before.x", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','hooks':{'before':{'x?(':'http://h'}}}", "hooks.before.x?(",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','hooks':{'before':{'*':{'url':'http://h','action':'x'}}}}", "hooks.before.*",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','hooks':{'before':{'*':{'value':1}}}}", "hooks.before.*", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','settings':{'baseUrl':'http://h'},'hooks':{'before':{'*':{'url':'ftp://h'}}}}",
     "hooks.before.*.url", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','hooks':{'before':{'*':'/relative'}}}", "hooks.before.*", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','hooks':{'before':{'*':{'url':'http://h\\r\\n'}}}}", "hooks.before.*.url",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','created':'x'}", "created", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','stopped':['x']}", "stopped", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':null}}", "actions.x", EXTERNAL_FAULT_HANDLER},
    {"{'name':'a','actions':{'x':{}}}", "actions.x", EXTERNAL_FAULT_HANDLER},
    {"{'name':'a','actions':{'x':{'handler':1}}}", "actions.x", EXTERNAL_FAULT_HANDLER},
    {"{'name':'a','events':{'e':[]}}", "events.e", EXTERNAL_FAULT_HANDLER},
    {"{'name':'a','actions':{'x':'ftp://h'}}", "actions.x", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':'data:text/plain,x'}}", "actions.x", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':'http://h/\\r\\nX: 1'}}", "actions.x", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':{'handler':'http://h','timeout':'5'}}}", "actions.x.timeout",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':{'handler':'http://h','params':'s'}}}", "actions.x.params",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':{'handler':'http://h','params':{'a':'nosuchrule'}}}}",
     "actions.x.params", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':{'handler':'http://h','fallback':'f'}}}", "actions.x.fallback",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':{'handler':'http://h','fallback':{}}}}", "actions.x.fallback",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':{'handler':'http://h','fallback':['http://h']}}}",
     "actions.x.fallback", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':{'handler':'http://h','fallback':{'value':1,'url':'/'}}}}",
     "actions.x.fallback", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':{'handler':'http://h','fallback':{'action':'y'}}}}",
     "actions.x.fallback.action", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':{'handler':'http://h','hooks':'http://h'}}}", "actions.x.hooks",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':{'handler':'http://h','hooks':{'before':{'*':'http://h'}}}}}",
     "actions.x.hooks.before", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':{'handler':'http://h','hooks':{'error':[true]}}}}",
     "actions.x.hooks.error[0]", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','events':{'x':{'handler':'http://h','hooks':{'before':'http://h'}}}}",
     "events.x.hooks", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','events':{'x':{'handler':'http://h','fallback':{'value':1}}}}",
     "events.x.fallback", EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':{'handler':'http://h','name':7}}}", "actions.x.name",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','actions':{'x':{'handler':'http://h','name':'a\\nb'}}}", "actions.x.name",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','events':{'x':{'handler':'http://h','name':'a\\u007fb'}}}", "events.x.name",
     EXTERNAL_FAULT_SCHEMA},
    {"{'name':'a','events':{'x':{'handler':'http://h','group':'a\\u0000b'}}}", "events.x.group",
     EXTERNAL_FAULT_SCHEMA},
};

static void faults_have_their_path(void **state)
{
    for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
        struct outcome o = check(faulty[i].schema);

        assert_int_equal(o.n_faults, 1);
        assert_string_equal(o.path, faulty[i].path);
        assert_int_equal(o.kind, faulty[i].kind);
        assert_true(strlen(o.text) > 0);
    }
}

/* --- every member with every wrong type --- */
enum kind {
    TRUE = 1,
    NUMBER = 2,
    NEGATIVE = 4,
    ZERO = 8,
    TEXT = 16,
    LIST = 32,
    OBJECT = 64,
    ENDLESS = 128,
};

static const struct {
    const char *value;
    unsigned kind;
} samples[] = {
    {"true", TRUE}, {"5", NUMBER}, {"-1", NEGATIVE}, {"0", ZERO},
    {"'x'", TEXT},  {"[]", LIST},  {"{}", OBJECT},   {"1e400", ENDLESS},
};

enum { AMOUNT = NUMBER | ZERO };

static const struct {
    const char *path;
    unsigned good; /* kinds */
} members[] = {
    {"version", NUMBER | NEGATIVE | ZERO | ENDLESS | TEXT},
    {"settings.baseUrl", TEXT},
    {"settings.$noVersionPrefix", TRUE},
    {"settings.$noServiceNamePrefix", TRUE},
    {"settings.$secureSettings", LIST},
    {"settings.$dependencyTimeout", AMOUNT},
    {"settings.$dependencyInterval", AMOUNT},
    {"settings.$shutdownTimeout", AMOUNT},
    {"settings.$cache", TRUE | OBJECT},
    {"settings.$cache.ttl", AMOUNT},
    {"actions.x.name", TEXT},
    {"actions.x.params", OBJECT},
    {"actions.x.timeout", AMOUNT},
    {"actions.x.cache", TRUE | OBJECT},
    {"actions.x.cache.enabled", TRUE},
    {"actions.x.cache.ttl", AMOUNT},
    {"actions.x.cache.keys", LIST},
    {"actions.x.cache.lock", TRUE | OBJECT},
    {"actions.x.cache.lock.enabled", TRUE},
    {"actions.x.cache.lock.ttl", AMOUNT},
    {"actions.x.cache.lock.staleTime", AMOUNT},
    {"actions.x.cache.keygen", 0},
    {"actions.x.retryPolicy", OBJECT},
    {"actions.x.retryPolicy.enabled", TRUE},
    {"actions.x.retryPolicy.retries", AMOUNT},
    {"actions.x.retryPolicy.delay", AMOUNT},
    {"actions.x.retryPolicy.maxDelay", AMOUNT},
    {"actions.x.retryPolicy.factor", NUMBER},
    {"actions.x.retryPolicy.check", OBJECT},
    {"actions.x.circuitBreaker", OBJECT},
    {"actions.x.circuitBreaker.enabled", TRUE},
    {"actions.x.circuitBreaker.threshold", AMOUNT},
    {"actions.x.circuitBreaker.windowTime", NUMBER},
    {"actions.x.circuitBreaker.minRequestCount", AMOUNT},
    {"actions.x.circuitBreaker.halfOpenTime", AMOUNT},
    {"actions.x.circuitBreaker.check", OBJECT},
    {"actions.x.bulkhead", OBJECT},
    {"actions.x.bulkhead.enabled", TRUE},
    {"actions.x.bulkhead.concurrency", NUMBER},
    {"actions.x.bulkhead.maxQueueSize", AMOUNT},
    {"actions.x.visibility", TEXT},
    {"actions.x.strategy", 0},
    {"actions.x.strategyOptions", OBJECT},
    {"actions.x.strategyOptions.sampleCount", NUMBER | NEGATIVE | ZERO},
    {"actions.x.strategyOptions.lowCpuUsage", AMOUNT},
    {"actions.x.strategyOptions.lowLatency", AMOUNT},
    {"actions.x.strategyOptions.collectCount", NUMBER},
    {"actions.x.strategyOptions.pingInterval", NUMBER},
    {"actions.x.strategyOptions.shardKey", TEXT},
    {"actions.x.strategyOptions.vnodes", NUMBER},
    {"actions.x.strategyOptions.ringSize", AMOUNT},
    {"actions.x.strategyOptions.cacheSize", AMOUNT},
    {"actions.x.tracing", TRUE | OBJECT},
    {"actions.x.cleanCache", 0},
    {"events.x.name", TEXT},
    {"events.x.group", TEXT},
    {"events.x.params", OBJECT},
    {"events.x.debounce", AMOUNT},
    {"events.x.throttle", AMOUNT},
    {"events.x.bulkhead", OBJECT},
    {"events.x.bulkhead.enabled", TRUE},
    {"events.x.bulkhead.concurrency", NUMBER},
    {"events.x.bulkhead.maxQueueSize", AMOUNT},
    {"events.x.strategy", 0},
    {"events.x.strategyOptions", OBJECT},
    {"events.x.strategyOptions.shardKey", TEXT},
    {"events.x.tracing", TRUE | OBJECT},
    {"events.x.cleanCache", TRUE | TEXT | LIST},
};

/* {'name':'a','actions':{'x':{'handler':'http://h','cache':{'ttl':value}}}} */
static void write_schema(char *out, size_t room, const char *path, const char *value)
{
    size_t n = (size_t)snprintf(out, room, "{'name':'a'");
    unsigned depth = 0;

    for (const char *rest = path; *rest; depth++) {
        size_t part = strcspn(rest, ".");
        bool is_last = !rest[part];

        n += (size_t)snprintf(out + n, room - n, "%s'%.*s':%s", depth == 1 || depth > 2 ? "" : ",",
                              (int)part, rest, is_last ? value : "{");
        if (depth == 1 && !is_last && path[0] != 's') {
            n += (size_t)snprintf(out + n, room - n, "'handler':'http://h'");
        } else if (depth == 1 && !is_last) {
            n += (size_t)snprintf(out + n, room - n, "'z':1"); /* so that a comma fits */
        }
        rest += part + !is_last;
    }
    while (depth--) {
        n += (size_t)snprintf(out + n, room - n, "}");
    }
    assert_true(n < room);
}

static void wrong_types_are_refused_with_their_path(void **state)
{
    char schema[512];

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        write_schema(schema, sizeof(schema), members[i].path, "null");
        assert_int_equal(check(schema).n_faults, 0);
        for (size_t k = 0; k < sizeof(samples) / sizeof(samples[0]); k++) {
            bool is_good = members[i].good & samples[k].kind;
            struct outcome o;

            write_schema(schema, sizeof(schema), members[i].path, samples[k].value);
            o = check(schema);
            if (o.n_faults != !is_good || (!is_good && strcmp(o.path, members[i].path) != 0)) {
                fail_msg("%u faults, the first at %s: %s", o.n_faults, o.path, schema);
            }
        }
    }
}

static void what_members_hold_is_checked(void **state)
{
    static const char *const good[] = {"'strategy':'Random'", "'strategy':'roundrobin'",
                                       "'retryPolicy':{'check':{'codes':[500,'502-504']}}",
                                       "'retryPolicy':{'check':{'codes':null,'retryable':null}}",
                                       "'cache':{'enabled':{'param':'a'},'keys':['a']}"};
    static const char *const wrong[][2] = {
        {"'strategy':'Nearest'", "actions.x.strategy"},
        {"'retryPolicy':{'check':{'codes':['x']}}", "actions.x.retryPolicy.check"},
        {"'circuitBreaker':{'check':{'types':5}}", "actions.x.circuitBreaker.check"},
        {"'cache':{'keys':[5]}", "actions.x.cache.keys"},
    };
    char schema[256];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        (void)snprintf(schema, sizeof(schema),
                       "{'name':'a','actions':{'x':{'handler':'http://h',%s}}}", good[i]);
        assert_int_equal(check(schema).n_faults, 0);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct outcome o;

        (void)snprintf(schema, sizeof(schema),
                       "{'name':'a','actions':{'x':{'handler':'http://h',%s}}}", wrong[i][0]);
        o = check(schema);
        assert_int_equal(o.n_faults, 1);
        assert_string_equal(o.path, wrong[i][1]);
    }
    assert_string_equal(check("{'name':'a','settings':{'$secureSettings':['a',5]}}").path,
                        "settings.$secureSettings");
    assert_string_equal(check("{'name':'a','settings':{'$secureSettings':[['a',{}]]}}").path,
                        "settings.$secureSettings");
    assert_int_equal(check("{'name':'a','settings':{'$secureSettings':['a',['b']]}}").n_faults, 0);
    assert_string_equal(
        check("{'name':'a','events':{'e':{'handler':'http://h','params':{'a':'nosuchrule'}}}}")
            .path,
        "events.e.params");
}

static void unknown_visibilities_are_warned_of(void **state)
{
    struct outcome o =
        check("{'name':'a','actions':{'x':{'handler':'http://h','visibility':'pubic'}}}");

    assert_int_equal(o.n_faults, 0);
    assert_non_null(strstr(o.warnings, "actions.x.visibility"));
    o = check("{'name':'a','actions':{'x':{'handler':'http://h','visibility':'protected'}}}");
    assert_string_equal(o.warnings, "[]");
}

static void all_faults_are_listed(void **state)
{
    struct outcome o =
        check("{'name':'a','version':[],'methods':{},'actions':{'x':1,'y':'ftp:x'}}");

    assert_int_equal(o.n_faults, 4);
}

static void names_end_at_255_bytes(void **state)
{
    char schema[512];

    (void)snprintf(schema, sizeof(schema), "{'name':'%0255d'}", 1);
    assert_int_equal(check(schema).n_faults, 0);
    (void)snprintf(schema, sizeof(schema), "{'name':'%0256d'}", 1);
    assert_int_equal(check(schema).n_faults, 1);
    for (int n = 255; n <= 256; n++) {
        (void)snprintf(schema, sizeof(schema),
                       "{'name':'a','actions':{'x':{'handler':'http://h','name':'%0*d'}}}", n, 1);
        assert_int_equal(check(schema).n_faults, n - 255);
        (void)snprintf(schema, sizeof(schema),
                       "{'name':'a','events':{'x':{'handler':'http://h','group':'%0*d'}}}", n, 1);
        assert_int_equal(check(schema).n_faults, n - 255);
    }
}

static void relative_handlers_without_a_base_are_warned_of(void **state)
{
    struct outcome o = check("{'name':'a','actions':{'x':'/x'},'events':{'e':''}}");

    assert_int_equal(o.n_faults, 0);
    assert_non_null(strstr(o.warnings, "actions.x"));
    assert_non_null(strstr(o.warnings, "events.e"));
}

static void caching_is_checked(void **state)
{
    char schema[512];
    struct outcome o = check("{'name':'a','actions':{'x':{'handler':'http://h',"
                             "'cache':{'keys':['id'],'lock':true}}},"
                             "'events':{'e':{'handler':'http://h','cleanCache':'a.**'}}}");

    assert_int_equal(o.n_faults, 0);
    o = check("{'name':'a','actions':{'x':{'handler':'http://h','cache':{'keygen':'f'}}}}");
    assert_int_equal(o.n_faults, 1);
    assert_string_equal(o.path, "actions.x.cache.keygen");
    o = check("{'name':'a','events':{'e':{'cleanCache':'a.**'}}}");
    assert_int_equal(o.n_faults, 0);
    o = check("{'name':'a','events':{'e':{'cleanCache':false}}}");
    assert_int_equal(o.kind, EXTERNAL_FAULT_HANDLER);
    o = check("{'name':'a','events':{'e':{'handler':5,'cleanCache':true}}}");
    assert_int_equal(o.kind, EXTERNAL_FAULT_HANDLER);
    o = check("{'name':'a','events':{'e':{'handler':'http://h','cleanCache':{}}}}");
    assert_int_equal(o.n_faults, 1);
    assert_string_equal(o.path, "events.e.cleanCache");
    (void)snprintf(schema, sizeof(schema), "{'name':'a','events':{'e':{'cleanCache':['%0256d']}}}",
                   1);
    o = check(schema);
    assert_int_equal(o.n_faults, 1);
    assert_string_equal(o.path, "events.e.cleanCache");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caching_is_checked),
        cmocka_unit_test(good_schemas_pass),
        cmocka_unit_test(faults_have_their_path),
        cmocka_unit_test(wrong_types_are_refused_with_their_path),
        cmocka_unit_test(what_members_hold_is_checked),
        cmocka_unit_test(unknown_visibilities_are_warned_of),
        cmocka_unit_test(all_faults_are_listed),
        cmocka_unit_test(names_end_at_255_bytes),
        cmocka_unit_test(relative_handlers_without_a_base_are_warned_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
