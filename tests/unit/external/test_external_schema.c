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
    struct outcome o = check("{'name':'a','actions':{'x':{'handler':'http://h',"
                             "'cache':{'keys':['id'],'lock':true}}},"
                             "'events':{'e':{'handler':'http://h','cleanCache':'a.**'}}}");

    assert_int_equal(o.n_faults, 0);
    o = check("{'name':'a','actions':{'x':{'handler':'http://h','cache':{'keygen':'f'}}}}");
    assert_int_equal(o.n_faults, 1);
    assert_string_equal(o.path, "actions.x.cache");
    o = check("{'name':'a','events':{'e':{'handler':'http://h','cleanCache':{}}}}");
    assert_int_equal(o.n_faults, 1);
    assert_string_equal(o.path, "events.e.cleanCache");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caching_is_checked),
        cmocka_unit_test(good_schemas_pass),
        cmocka_unit_test(faults_have_their_path),
        cmocka_unit_test(all_faults_are_listed),
        cmocka_unit_test(names_end_at_255_bytes),
        cmocka_unit_test(relative_handlers_without_a_base_are_warned_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
