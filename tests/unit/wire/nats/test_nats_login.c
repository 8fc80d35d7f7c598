/* SPDX-License-Identifier: MIT */
/* INFO and CONNECT. */
#include "wire/nats/nats_login.h"

#include "support/check.h"

static void test_reads_info(void **state)
{
    struct nats_info info;

    assert_int_equal(
        nats_info_read(BYTES("{\"max_payload\":5,\"tls_required\":true,\"tls_available\":true,"
                             "\"ldm\":true,\"connect_urls\":[\"a:1\"],\"version\":\"2.9.10\"}"),
                       &info),
        0);
    assert_int_equal(info.max_payload, 5);
    assert_true(info.tls_required && info.tls_available && info.is_lame_duck);
    assert_bytes(info.connect_urls, "[\"a:1\"]");
    assert_int_equal(nats_info_read(BYTES("{}"), &info), 0);
    assert_int_equal(info.max_payload, 1024 * 1024);
    assert_false(info.tls_required || info.tls_available || info.is_lame_duck);
    assert_none(info.connect_urls);
    assert_int_equal(nats_info_read(BYTES("{\"max_payload\":9000000000}"), &info), 0);
    assert_int_equal(info.max_payload, NATS_PAYLOAD_MAX);
}

static void test_refuses_what_is_no_info(void **state)
{
    static const struct bytes table[] = {
        BYTES_INIT(""),
        BYTES_INIT("{"),
        BYTES_INIT("[]"),
        BYTES_INIT("null"),
        BYTES_INIT("{} x"),
        BYTES_INIT("{\"max_payload\":0}"),
        BYTES_INIT("{\"max_payload\":-1}"),
        BYTES_INIT("{\"max_payload\":1.5}"),
        BYTES_INIT("{\"max_payload\":null}"),
        BYTES_INIT("{\"max_payload\":\"1\"}"),
    };
    struct nats_info info = {.max_payload = 7};

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(nats_info_read(table[i], &info), ERR_PROTOCOL);
        assert_int_equal(info.max_payload, 7);
    }
}

static void test_writes_connect(void **state)
{
    struct nats_login login = {
        .user = BYTES("u\n\""), .pass = BYTES(""), .token = BYTES("t"), .is_tls = true};
    struct buf out;

    buf_init(&out, BUF_NO_LIMIT);
    nats_login_add(&out, &login);
    assert_bytes(buf_bytes(&out), "CONNECT {\"verbose\":false,\"pedantic\":false,"
                                  "\"tls_required\":true,\"user\":\"u\\n\\\"\",\"pass\":\"\","
                                  "\"auth_token\":\"t\",\"lang\":\"c\",\"version\":\"" //
                 SIDECAR_VERSION "\",\"protocol\":1,\"echo\":true,"
                                  "\"headers\":false,\"no_responders\":false}\r\n");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_info),
        cmocka_unit_test(test_refuses_what_is_no_info),
        cmocka_unit_test(test_writes_connect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
