/* SPDX-License-Identifier: MIT */
/* Requests that wait for their answer: sent, answered, rejected, given up. */
#include "base/assert.h"
#include "transit/transit_internal.h"

static struct mol_error *queue_is_full(struct transit *t, const struct transit_request *request)
{
    struct mol_error *error = mol_error_about_action(request->arena, MOL_ERROR_QUEUE_IS_FULL,
                                                     request->action, t->node_id);
    struct buf data;
    struct json_writer w = json_writer(&data);

    buf_init(&data, BUF_NO_LIMIT);
    json_begin_object(&w);
    json_member_text(&w, BYTES("action"), request->action);
    json_member_text(&w, BYTES("nodeID"), t->node_id);
    json_member_int(&w, BYTES("size"), (int64_t)t->pending.count);
    json_member_int(&w, BYTES("limit"), t->max_queue_size);
    json_end_object(&w);
    error->data = arena_copy(request->arena, buf_bytes(&data));
    buf_fini(&data);
    return error;
}

static struct mol_error *send_error(const struct transit_request *request, int err)
{
    switch (err) {
    case ERR_NOT_CONNECTED:
        return mol_error_broker_disconnected(request->arena);
    case ERR_LIMIT:
        return mol_error_new(request->arena, MOL_ERROR_CLIENT,
                             arena_format(request->arena,
                                          "The request to '%.*s' is too large for the transporter.",
                                          BYTES_ARG(request->action)),
                             413, BYTES("PACKET_TOO_LARGE"), BYTES_NONE);
    default:
        return mol_error_new(
            request->arena, MOL_ERROR_MOLECULER,
            arena_format(request->arena, "The request could not be sent: %s.", err_text(err)), 500,
            BYTES("FAILED_SEND_REQUEST_PACKET"), BYTES_NONE);
    }
}

int transit_send_request(struct transit *t, struct transit_request *request,
                         const struct packet_request *packet, struct mol_error **out_error)
{
    bool balanced = !bytes_is_set(request->node_id);
    struct packet_sender sender = transit_sender(t, transit_version_of(t, request->node_id));
    struct topic topic = {.type = PACKET_REQUEST,
                          .node_id = request->node_id,
                          .balanced = balanced,
                          .name = balanced ? request->action : BYTES_NONE};
    int err;

    if (t->max_queue_size && t->pending.count >= t->max_queue_size) {
        *out_error = queue_is_full(t, request);
        return ERR_LIMIT;
    }
    packet_request_encode(&t->out, &sender, packet);
    err = transit_send_out(t, &topic);
    if (err) {
        *out_error = send_error(request, err);
        return err;
    }
    (void)map_set(&t->pending, request->id, request);
    list_append(&t->pending_order, &request->link);
    return 0;
}

void transit_cancel_request(struct transit *t, struct transit_request *request)
{
    (void)map_remove(&t->pending, request->id);
    list_remove(&request->link);
}

unsigned transit_pending(const struct transit *t)
{
    return (unsigned)t->pending.count;
}

void transit_pending_answer(struct transit *t, const struct packet_envelope *from,
                            struct bytes packet)
{
    struct packet_response response;
    struct transit_request *request;

    if (packet_response_decode(packet, &t->scratch, &response) != 0) {
        log_warn(&t->log, "Invalid response of '%.*s'.", BYTES_ARG(from->sender));
        return;
    }
    request = map_get(&t->pending, response.id);
    if (!request) {
        log_debug(&t->log,
                  "Orphan response is received. Maybe the request is timed out earlier. "
                  "ID: %.*s, Sender: %.*s",
                  BYTES_ARG(response.id), BYTES_ARG(from->sender));
        if (t->metrics) {
            transit_metrics_count(t, METRICS_TRANSIT_ORPHAN_RESPONSE_TOTAL);
        }
        return;
    }
    transit_cancel_request(t, request);
    request->answered(request, from->sender, &response, NULL);
}

void transit_reject_node(struct transit *t, struct bytes node_id)
{
    struct list rejected;

    list_init(&rejected);
    list_for_each_safe (link, &t->pending_order) {
        struct transit_request *request = list_entry(link, struct transit_request, link);

        if (!bytes_is_set(node_id) || bytes_eq(request->node_id, node_id)) {
            transit_cancel_request(t, request);
            list_append(&rejected, &request->link);
        }
    }
    for (struct list *link; (link = list_pop(&rejected));) {
        struct transit_request *request = list_entry(link, struct transit_request, link);

        request->answered(request, request->node_id, NULL,
                          mol_error_about_action(request->arena, MOL_ERROR_REQUEST_REJECTED,
                                                 request->action, request->node_id));
    }
}
