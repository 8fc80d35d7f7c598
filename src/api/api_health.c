/* SPDX-License-Identifier: MIT */
/* GET /health: the process answers. GET /ready: the cluster can reach its services. */
#include "api/api_internal.h"

void api_health_live(struct api_request *request)
{
    api_reply_json(request, 200, BYTES("{\"status\":\"OK\"}"));
}

void api_health_ready(struct api_request *request)
{
    if (broker_is_ready(request->api->broker)) {
        api_reply_json(request, 200, BYTES("{\"status\":\"OK\"}"));
    } else {
        api_reply_json(request, 503, BYTES("{\"status\":\"NOT_READY\"}"));
    }
}
