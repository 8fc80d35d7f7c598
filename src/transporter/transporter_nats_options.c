/* SPDX-License-Identifier: MIT */
/* Reads the options of the NATS transporter. */
#include "transporter/transporter_nats_options.h"

#include "net/net_tls.h"
#include "json/json.h"

enum { MS_MAX = 24 * 60 * 60 * 1000, TEXT_BYTES = 256 };

static int complain(const struct transporter *t, const char *name, const char *want)
{
    log_error(t->env.log, "transporter.options.%s must be %s.", name, want);
    return ERR_INVALID;
}

/* Absent and null leave *out as it is. */
static int read_text(struct transporter *t, struct bytes options, const char *name,
                     struct bytes *out)
{
    struct bytes value = json_get(options, bytes_cstr(name));

    if (json_is_null_or_none(value)) {
        return 0;
    }
    if (json_type(value) != JSON_STRING) {
        return complain(t, name, "a string");
    }
    *out = arena_copy(&t->arena, json_string(value, &t->arena));
    return 0;
}

static int read_number(const struct transporter *t, struct bytes options, const char *name,
                       unsigned *out)
{
    struct bytes value = json_get(options, bytes_cstr(name));
    double number;

    if (json_is_null_or_none(value)) {
        return 0;
    }
    if (!json_double(value, &number) || !(number >= 0 && number <= MS_MAX)) {
        return complain(t, name, "a number from 0 to 86400000");
    }
    *out = (unsigned)number;
    return 0;
}

/* --- servers --- */

static int join_servers(struct transporter *t, struct bytes list, struct bytes *out)
{
    struct json_iter it = json_iter(list);
    struct bytes item;

    if (json_type(list) != JSON_ARRAY) {
        return complain(t, "servers", "a string or an array of strings");
    }
    *out = BYTES_NONE;
    while (json_next_item(&it, &item)) {
        struct bytes text = json_string(item, &t->arena);

        if (!bytes_is_set(text)) {
            return complain(t, "servers", "a string or an array of strings");
        }
        *out = arena_format(&t->arena, "%.*s%s%.*s", BYTES_ARG(*out), out->n ? "," : "",
                            BYTES_ARG(text));
    }
    return 0;
}

static int read_servers(struct transporter *t, struct bytes options, struct bytes url,
                        struct bytes *out)
{
    struct bytes servers = json_get(options, BYTES("servers"));
    unsigned port = 0;
    int err;

    if (url.n > 0) {
        *out = arena_copy(&t->arena, url);
        return 0;
    }
    err = read_text(t, options, "url", out);
    if (err || out->n > 0) {
        return err;
    }
    if (json_type(servers) == JSON_STRING) {
        return read_text(t, options, "servers", out);
    }
    if (!json_is_null_or_none(servers)) {
        return join_servers(t, servers, out);
    }
    err = read_number(t, options, "port", &port);
    if (!err && port > 0) {
        *out = arena_format(&t->arena, "127.0.0.1:%u", port);
    }
    return err;
}

/* --- TLS --- */

static int read_tls(struct transporter *t, struct bytes options, struct nats_client_options *out,
                    struct net_tls **out_tls)
{
    static const char *const inlined[] = {"ca", "cert", "key"};
    struct bytes value = json_get(options, BYTES("tls"));
    struct net_tls_options tls = {0};
    char text[TEXT_BYTES];
    int err;

    if (json_type(value) == JSON_NULL) {
        out->tls_refused = true;
        return 0;
    }
    if (!json_is_truthy(value)) {
        return 0;
    }
    out->tls_wanted = true;
    for (size_t i = 0; i < sizeof(inlined) / sizeof(inlined[0]); i++) {
        if (bytes_is_set(json_get(value, bytes_cstr(inlined[i])))) {
            log_error(t->env.log, "transporter.options.tls.%s is not supported: give %sFile.",
                      inlined[i], inlined[i]);
            return ERR_UNSUPPORTED;
        }
    }
    if (read_text(t, value, "caFile", &tls.ca_file) ||
        read_text(t, value, "certFile", &tls.cert_file) ||
        read_text(t, value, "keyFile", &tls.key_file)) {
        return ERR_INVALID;
    }
    tls.no_verify = bytes_eq(json_get(value, BYTES("rejectUnauthorized")), BYTES("false"));
    err = net_tls_new(&tls, text, sizeof(text), out_tls);
    if (err) {
        log_error(t->env.log, "transporter.options.tls: %s", text);
        return err;
    }
    out->tls = *out_tls;
    return 0;
}

/* --- the rest --- */

/* nats.js waits that long before each attempt. */
static int read_waits(const struct transporter *t, struct bytes options,
                      struct nats_client_options *out)
{
    int err = read_number(t, options, "reconnectTimeWait", &out->reconnect_first_ms);

    out->reconnect_most_ms = out->reconnect_first_ms;
    err = err ? err : read_number(t, options, "timeout", &out->connect_timeout_ms);
    err = err ? err : read_number(t, options, "pingInterval", &out->ping_interval_ms);
    return err ? err : read_number(t, options, "maxPingOut", &out->missed_pings_most);
}

static void warn_of_ignored(const struct transporter *t, struct bytes options)
{
    struct bytes attempts = json_get(options, BYTES("maxReconnectAttempts"));
    static const char *const ignored[] = {"authenticator", "inboxPrefix"};

    if ((!json_is_null_or_none(attempts) && !bytes_eq(attempts, BYTES("-1"))) ||
        bytes_eq(json_get(options, BYTES("reconnect")), BYTES("false"))) {
        log_warn(t->env.log, "The NATS transporter reconnects for ever: maxReconnectAttempts and "
                             "reconnect are not heeded.");
    }
    if (json_is_true(json_get(options, BYTES("noEcho")))) {
        log_warn(t->env.log, "transporter.options.noEcho is not heeded: a node hears itself.");
    }
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        if (bytes_is_set(json_get(options, bytes_cstr(ignored[i])))) {
            log_warn(t->env.log, "transporter.options.%s is not heeded.", ignored[i]);
        }
    }
}

int transporter_nats_options_read(struct bytes options, struct bytes url, struct transporter *t,
                                  struct nats_client_options *out, struct net_tls **out_tls)
{
    int err = read_servers(t, options, url, &out->servers);

    err = err ? err : read_text(t, options, "user", &out->user);
    err = err ? err : read_text(t, options, "pass", &out->pass);
    err = err ? err : read_text(t, options, "token", &out->token);
    err = err ? err : read_text(t, options, "name", &out->name);
    err = err ? err : read_waits(t, options, out);
    err = err ? err : read_tls(t, options, out, out_tls);
    if (!err) {
        warn_of_ignored(t, options);
    }
    return err;
}
