/* SPDX-License-Identifier: MIT */
/* Reads INFO, writes CONNECT. */
#include "wire/nats/nats_login.h"

#include "json/json.h"

enum { PAYLOAD_DEFAULT = 1024 * 1024 };

static int read_max_payload(struct bytes value, size_t *out)
{
    int64_t n;

    if (!bytes_is_set(value)) {
        *out = PAYLOAD_DEFAULT;
        return 0;
    }
    if (!json_integer(value, &n) || n <= 0) {
        return ERR_PROTOCOL;
    }
    *out = n < NATS_PAYLOAD_MAX ? (size_t)n : NATS_PAYLOAD_MAX;
    return 0;
}

int nats_info_read(struct bytes text, struct nats_info *out)
{
    enum { MAX_PAYLOAD, TLS_REQUIRED, TLS_AVAILABLE, LAME_DUCK, CONNECT_URLS, N_FIELDS };
    struct json_field fields[N_FIELDS] = {
        [MAX_PAYLOAD] = {.name = BYTES("max_payload")},
        [TLS_REQUIRED] = {.name = BYTES("tls_required")},
        [TLS_AVAILABLE] = {.name = BYTES("tls_available")},
        [LAME_DUCK] = {.name = BYTES("ldm")},
        [CONNECT_URLS] = {.name = BYTES("connect_urls")},
    };
    struct bytes whole;
    size_t max_payload;

    if (json_scan_fields(text, fields, N_FIELDS, &whole, NULL) || !json_is_object(whole) ||
        read_max_payload(fields[MAX_PAYLOAD].value, &max_payload)) {
        return ERR_PROTOCOL;
    }
    *out = (struct nats_info){
        .max_payload = max_payload,
        .tls_required = json_is_true(fields[TLS_REQUIRED].value),
        .tls_available = json_is_true(fields[TLS_AVAILABLE].value),
        .is_lame_duck = json_is_true(fields[LAME_DUCK].value),
        .connect_urls = fields[CONNECT_URLS].value,
    };
    return 0;
}

static void add_text(struct json_writer *w, struct bytes name, struct bytes text)
{
    if (bytes_is_set(text)) {
        json_member_text(w, name, text);
    }
}

void nats_login_add(struct buf *out, const struct nats_login *login)
{
    struct json_writer w = json_writer(out);

    buf_add(out, BYTES("CONNECT "));
    json_begin_object(&w);
    json_member_bool(&w, BYTES("verbose"), false);
    json_member_bool(&w, BYTES("pedantic"), false);
    json_member_bool(&w, BYTES("tls_required"), login->is_tls);
    add_text(&w, BYTES("user"), login->user);
    add_text(&w, BYTES("pass"), login->pass);
    add_text(&w, BYTES("auth_token"), login->token);
    add_text(&w, BYTES("name"), login->name);
    json_member_text(&w, BYTES("lang"), BYTES("c"));
    json_member_text(&w, BYTES("version"), BYTES(SIDECAR_VERSION));
    json_member_int(&w, BYTES("protocol"), 1); /* INFO may come again when the cluster changes */
    json_member_bool(&w, BYTES("echo"), true);
    json_member_bool(&w, BYTES("headers"),
                     false); /* nothing here reads them: let them be cut off */
    json_member_bool(&w, BYTES("no_responders"), false);
    json_end_object(&w);
    buf_add(out, BYTES("\r\n"));
}
