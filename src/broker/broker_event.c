/* SPDX-License-Identifier: MIT */
/*
 * Events: emit (one endpoint of each group), broadcast (all endpoints), and what other nodes send
 * us (docs/protocol.md, Events). Local handlers run at once; each other node gets one
 * packet, whatever number of its groups takes part.
 */
#include "base/assert.h"
#include "broker/broker_internal.h"

/* One emit or broadcast until its last local handler has ended. */
struct event_run {
    struct broker *broker;
    unsigned n_pending;
    broker_event_done_fn *done;
    void *owner;
    struct loop_defer defer;
};

/* A node that gets a packet. */
struct event_target {
    struct bytes node_id;
    struct buf groups; /* json: items, comma-separated */
    struct list link;
};

static struct event_run *run_new(struct broker *b, broker_event_done_fn *done, void *owner)
{
    struct event_run *run = mem_new(struct event_run);

    run->broker = b;
    run->done = done;
    run->owner = owner;
    run->n_pending = 1;
    return run;
}

static void on_run_over(struct loop_defer *defer)
{
    struct event_run *run = container_of(defer, struct event_run, defer);
    broker_event_done_fn *done = run->done;
    struct broker *b = run->broker;
    void *owner = run->owner;

    mem_free(run);
    if (done) {
        done(b, owner);
    }
}

static void run_one_less(struct event_run *run)
{
    if (--run->n_pending == 0) {
        loop_defer_init(&run->defer, on_run_over);
        loop_defer_start(run->broker->loop, &run->defer);
    }
}

void broker_event_release(struct context *ctx)
{
    struct event_run *run = ctx->owner;

    ctx->owner = NULL;
    if (run) {
        run_one_less(run);
    }
}

static void on_handler_done(struct context *ctx)
{
    struct broker *b = ctx->broker;

    if (ctx->error) {
        struct bytes text = mol_error_text(ctx->error, &ctx->arena);

        log_error(&b->log, "Error by event '%.*s' in '%.*s': %.*s", BYTES_ARG(ctx->name),
                  BYTES_ARG(ctx->endpoint->service_name), BYTES_ARG(text));
    }
    broker_event_release(ctx);
}

static struct context *context_for_event(struct event_run *run)
{
    struct context *ctx = broker_context_new(run->broker);

    ctx->kind = CONTEXT_LOCAL_EVENT;
    ctx->owner = run;
    ctx->done = on_handler_done;
    run->n_pending++;
    return ctx;
}

static void deliver(struct context *ctx, struct endpoint *endpoint)
{
    ctx->is_starting = false;
    broker_context_run(ctx, endpoint_ref(endpoint));
}

/* --- from this node --- */

struct emission {
    const struct broker_event *event;
    struct event_run *run;
    struct shared *params; /* one copy for all local handlers; NULL: undefined */
    struct bytes type;     /* "emit", "broadcastLocal" */
    struct arena arena;    /* for the targets */
    struct list targets;   /* of struct event_target.link */
    struct bytes meta, request_id, parent_id, caller;
    int level;
};

static void emission_init(struct emission *m, struct broker *b, const struct broker_event *event,
                          struct event_run *run)
{
    const struct context *parent = event->parent;

    *m = (struct emission){
        .event = event,
        .run = run,
        .meta = json_is_object(event->meta) ? event->meta : BYTES("{}"),
        .request_id = event->request_id,
        .parent_id = event->parent_id,
        .caller = event->caller,
        .level = event->level > 0 ? event->level : 1,
    };
    list_init(&m->targets);
    arena_init(&m->arena);
    if (parent) {
        m->meta = json_merge(parent->meta, event->meta, &m->arena);
        m->request_id = parent->request_id;
        m->parent_id = parent->id;
        m->caller = parent->endpoint->service_name;
        m->level = parent->level + 1;
    }
    if (!bytes_is_set(m->request_id)) {
        char *id = arena_alloc(&m->arena, UUID_TEXT_BYTES);

        uuid_make(id);
        m->request_id = bytes_of(id, UUID_TEXT_BYTES);
    }
}

static void emission_fini(struct emission *m)
{
    list_for_each (link, &m->targets) {
        buf_fini(&list_entry(link, struct event_target, link)->groups);
    }
    shared_unref(m->params);
    arena_fini(&m->arena);
    run_one_less(m->run);
}

static void deliver_own(struct emission *m, struct endpoint *endpoint)
{
    const struct broker_event *event = m->event;
    struct context *ctx = context_for_event(m->run);

    if (!m->params && bytes_is_set(event->params)) {
        m->params = shared_new(event->params);
    }
    ctx->held = shared_ref(m->params);
    ctx->params = ctx->held ? ctx->held->bytes : BYTES_NONE;
    ctx->name = arena_copy(&ctx->arena, event->event);
    ctx->event_type = m->type;
    ctx->groups = arena_copy(&ctx->arena, event->groups);
    ctx->headers = arena_copy(&ctx->arena, event->headers);
    ctx->meta = arena_copy(&ctx->arena, m->meta);
    ctx->node_id = ctx->broker->options->node_id;
    ctx->request_id = arena_copy(&ctx->arena, m->request_id);
    ctx->parent_id = arena_copy(&ctx->arena, m->parent_id);
    ctx->caller = arena_copy(&ctx->arena, m->caller);
    ctx->level = m->level;
    broker_context_identify(ctx);
    deliver(ctx, endpoint);
}

static struct event_target *target_of(struct emission *m, struct bytes node_id)
{
    struct event_target *target;

    list_for_each (link, &m->targets) {
        target = list_entry(link, struct event_target, link);
        if (bytes_eq(target->node_id, node_id)) {
            return target;
        }
    }
    target = arena_new(&m->arena, struct event_target);
    target->node_id = arena_copy(&m->arena, node_id);
    buf_init(&target->groups, BUF_NO_LIMIT);
    list_append(&m->targets, &target->link);
    return target;
}

static void add_group(struct event_target *target, struct bytes group)
{
    if (target->groups.n) {
        buf_add_char(&target->groups, ',');
    }
    json_add_string(&target->groups, group);
}

/* Whether groups (an array, or none for all) has the group. */
static bool group_takes_part(struct bytes groups, struct bytes group)
{
    struct json_iter it = json_iter(groups);
    struct bytes item;
    bool any = false;

    while (json_next_item(&it, &item)) {
        any = true;
        if (json_string_eq(item, group)) {
            return true;
        }
    }
    return !any;
}

static void fill_packet(struct emission *m, struct packet_event *packet, char id[UUID_TEXT_BYTES])
{
    uuid_make(id);
    *packet = (struct packet_event){
        .id = bytes_of(id, UUID_TEXT_BYTES),
        .event = m->event->event,
        .data = m->event->params,
        .groups = m->event->groups,
        .meta = m->meta,
        .headers = bytes_is_set(m->event->headers) ? m->event->headers : BYTES("{}"),
        .level = m->level,
        .parent_id = m->parent_id,
        .request_id = m->request_id,
        .caller = m->caller,
    };
}

static void log_unsent(struct broker *b, struct bytes event, struct bytes node_id, int err)
{
    if (err) {
        log_warn(&b->log, "Event '%.*s' could not be sent to '%.*s': %s", BYTES_ARG(event),
                 BYTES_ARG(node_id), err_text(err));
    }
}

static void send_to_target(struct emission *m, struct event_target *target, bool broadcast)
{
    struct broker *b = m->run->broker;
    char id[UUID_TEXT_BYTES];
    struct packet_event packet;
    int err = ERR_NOT_CONNECTED;

    fill_packet(m, &packet, id);
    packet.broadcast = broadcast;
    if (!broadcast) {
        packet.groups = arena_format(&m->arena, "[%.*s]", BYTES_ARG(buf_bytes(&target->groups)));
    }
    if (b->transit) {
        err = transit_send_event(b->transit, target->node_id, &packet);
    }
    log_unsent(b, packet.event, target->node_id, err);
}

static void send_to_targets(struct emission *m, bool broadcast)
{
    list_for_each (link, &m->targets) {
        send_to_target(m, list_entry(link, struct event_target, link), broadcast);
    }
}

/* disableBalancer: one copy to the queue of each group, the own services' included. */
static void emit_balanced(struct emission *m)
{
    struct broker *b = m->run->broker;
    char id[UUID_TEXT_BYTES];
    struct event_target *sent = target_of(m, BYTES(""));
    struct packet_event packet;

    fill_packet(m, &packet, id);
    for (struct endpoint_list *l = NULL;
         (l = registry_next_event(b->registry, l, m->event->event));) {
        struct bytes sent_groups =
            arena_format(&m->arena, "[%.*s]", BYTES_ARG(buf_bytes(&sent->groups)));

        if (!group_takes_part(m->event->groups, l->group) || l->n_items == 0 ||
            (sent->groups.n && group_takes_part(sent_groups, l->group))) {
            continue;
        }
        add_group(sent, l->group);
        packet.groups =
            arena_format(&m->arena, "[%.*s]", BYTES_ARG(json_quote(l->group, &m->arena)));
        log_unsent(b, packet.event, l->group,
                   transit_send_balanced_event(b->transit, l->group, &packet));
    }
}

static void emit_chosen(struct emission *m)
{
    struct registry *r = m->run->broker->registry;

    for (struct endpoint_list *l = NULL; (l = registry_next_event(r, l, m->event->event));) {
        struct endpoint *e =
            group_takes_part(m->event->groups, l->group) ? registry_choose(r, l, NULL) : NULL;

        if (e && e->local) {
            deliver_own(m, e);
        } else if (e) {
            add_group(target_of(m, e->node_id->bytes), l->group);
        }
    }
    send_to_targets(m, false);
}

void broker_emit(struct broker *b, const struct broker_event *event, broker_event_done_fn *done,
                 void *owner)
{
    struct emission m;

    emission_init(&m, b, event, run_new(b, done, owner));
    m.type = BYTES("emit");
    if (b->transit && transit_is_balanced(b->transit) &&
        !bytes_starts_with(event->event, BYTES("$"))) {
        emit_balanced(&m);
    } else {
        emit_chosen(&m);
    }
    emission_fini(&m);
}

static void collect_list(struct emission *m, const struct endpoint_list *l, bool local_too,
                         bool remote_too)
{
    for (unsigned i = 0; i < l->n_items; i++) {
        struct endpoint *e = l->items[i];

        if (!e->is_available) {
            continue;
        }
        if (e->local && local_too) {
            deliver_own(m, e);
        } else if (!e->local && remote_too) {
            (void)target_of(m, e->node_id->bytes);
        }
    }
}

static void broadcast(struct broker *b, const struct broker_event *event, struct event_run *run,
                      bool remote_too)
{
    struct emission m;

    emission_init(&m, b, event, run);
    m.type = BYTES("broadcastLocal");
    for (struct endpoint_list *l = NULL; (l = registry_next_event(b->registry, l, event->event));) {
        if (group_takes_part(event->groups, l->group)) {
            collect_list(&m, l, true, remote_too);
        }
    }
    send_to_targets(&m, true);
    emission_fini(&m);
}

void broker_broadcast(struct broker *b, const struct broker_event *event,
                      broker_event_done_fn *done, void *owner)
{
    broadcast(b, event, run_new(b, done, owner), true);
}

void broker_broadcast_local(struct broker *b, const struct broker_event *event,
                            broker_event_done_fn *done, void *owner)
{
    broadcast(b, event, run_new(b, done, owner), false);
}

/* --- from other nodes --- */

struct reception {
    struct event_run *run;
    struct shared *packet; /* one copy for all handlers */
    struct shared *sender;
    bool broadcast;
};

static void deliver_received(struct reception *r, struct endpoint *endpoint)
{
    struct context *ctx = context_for_event(r->run);
    struct packet_event packet;

    ctx->held = shared_ref(r->packet);
    /* It decoded before; here its texts go to this context's arena. */
    ASSERT(packet_event_decode(ctx->held->bytes, &ctx->arena, &packet) == 0);
    ctx->from_remote = true;
    ctx->name = packet.event;
    ctx->event_type = packet.broadcast ? BYTES("broadcast") : BYTES("emit");
    ctx->groups = packet.groups;
    ctx->params = packet.data;
    ctx->meta = packet.meta;
    ctx->headers = packet.headers;
    ctx->node_id = arena_copy(&ctx->arena, r->sender->bytes);
    ctx->request_id = packet.request_id;
    ctx->parent_id = packet.parent_id;
    ctx->caller = packet.caller;
    ctx->tracing = packet.tracing;
    ctx->level = packet.level;
    ctx->id = packet.id;
    if (!bytes_is_set(ctx->id)) {
        broker_context_identify(ctx);
    }
    deliver(ctx, endpoint);
}

static void receive_for_list(struct reception *r, struct endpoint_list *l)
{
    struct registry *registry = r->run->broker->registry;
    struct endpoint *e;

    if (!r->broadcast) {
        e = registry_choose_local(registry, l, NULL);
        if (e) {
            deliver_received(r, e);
        }
        return;
    }
    for (unsigned i = 0; i < l->n_items; i++) {
        e = l->items[i];
        if (e->local && e->is_available) {
            deliver_received(r, e);
        }
    }
}

static void receive(struct broker *b, const struct packet_envelope *from, struct bytes packet,
                    const struct packet_event *event)
{
    struct reception r = {run_new(b, NULL, NULL), shared_new(packet), shared_new(from->sender),
                          event->broadcast};

    for (struct endpoint_list *l = NULL; (l = registry_next_event(b->registry, l, event->event));) {
        if (group_takes_part(event->groups, l->group)) {
            receive_for_list(&r, l);
        }
    }
    shared_unref(r.packet);
    shared_unref(r.sender);
    run_one_less(r.run);
}

void broker_event_received(struct broker *b, const struct packet_envelope *from,
                           struct bytes packet)
{
    struct packet_event event;
    struct arena arena;

    arena_init(&arena);
    if (packet_event_decode(packet, &arena, &event) != 0) {
        log_debug(&b->log, "An event of '%.*s' is dropped.", BYTES_ARG(from->sender));
    } else if (b->state >= BROKER_DRAINING) {
        log_warn(&b->log,
                 "Incoming '%.*s' event from '%.*s' node is dropped, because broker is stopped.",
                 BYTES_ARG(event.event), BYTES_ARG(from->sender));
    } else if (broker_is_full(b)) {
        log_warn(&b->log, "Event '%.*s' of '%.*s' is dropped: too much runs already.",
                 BYTES_ARG(event.event), BYTES_ARG(from->sender));
    } else {
        receive(b, from, packet, &event);
    }
    arena_fini(&arena);
}
