/* SPDX-License-Identifier: MIT */
/* GET /health: the process answers. GET /ready: the cluster can reach its services. */
#include "api/api_internal.h"

void api_health_live(struct api_request *request)
{
    api_reply_json(request, 200, BYTES("{\"status\":\"OK\"}"));
}

/* Services that wait for others do not make the node unready: it serves the rest. */
void api_health_ready(struct api_request *request)
{
    const struct broker *b = request->api->broker;
    bool is_ready = broker_is_ready(b);
    struct buf body;
    struct json_writer w = json_writer(&body);

    buf_init(&body, BUF_NO_LIMIT);
    json_begin_object(&w);
    json_member_text(&w, BYTES("status"), is_ready ? BYTES("OK") : BYTES("NOT_READY"));
    if (broker_n_waiting(b) > 0) {
        json_key(&w, BYTES("waiting"));
        broker_waiting_json(b, &w);
    }
    json_end_object(&w);
    api_reply_json(request, is_ready ? 200 : 503, buf_bytes(&body));
    buf_fini(&body);
}
