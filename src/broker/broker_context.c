/* SPDX-License-Identifier: MIT */
/* Contexts from their making to their end; a few are kept for reuse. */
#include "base/assert.h"
#include "broker/broker_internal.h"

enum { SPARE_MAX = 512 };

static void unbind(struct context *ctx)
{
    local_service_unref(ctx->service);
    ctx->service = NULL;
    ctx->local_handler = NULL;
}

void broker_context_bind(struct context *ctx)
{
    if (ctx->service) {
        return;
    }
    ctx->service = local_service_ref(ctx->endpoint->local);
    ctx->local_handler = ctx->endpoint->handler;
    if (ctx->is_tracked && ctx->tracked != ctx->service) { /* replaced while this waited */
        broker_untrack(ctx);
        broker_track(ctx);
    }
}

static void run_local_action(struct context *ctx)
{
    broker_context_bind(ctx);
    ctx->service->ops->call(ctx->service, ctx->endpoint, ctx);
}

static void run_local_event(struct context *ctx)
{
    broker_context_bind(ctx);
    ctx->service->ops->event(ctx->service, ctx->endpoint, ctx);
}

struct context *broker_context_new(struct broker *b)
{
    struct list *spare = list_pop(&b->spare);
    struct context *ctx =
        spare ? list_entry(spare, struct context, link) : mem_realloc(NULL, sizeof(*ctx));

    b->n_spare -= spare ? 1 : 0;
    memset(ctx, 0, offsetof(struct context, room));
    arena_init_in(&ctx->arena, ctx->room, sizeof(ctx->room));
    ctx->broker = b;
    ctx->loop = b->loop;
    ctx->state = CONTEXT_ENTERING;
    ctx->is_starting = true;
    ctx->retries = -1;
    ctx->meta = BYTES("{}");
    ctx->started_ms = loop_now_ms(b->loop);
    list_append(&b->running, &ctx->link);
    b->n_running++;
    return ctx;
}

void broker_context_identify(struct context *ctx)
{
    char *id = arena_alloc(&ctx->arena, UUID_TEXT_BYTES);

    uuid_make(id);
    ctx->id = bytes_of(id, UUID_TEXT_BYTES);
    if (!bytes_is_set(ctx->request_id)) {
        ctx->request_id = ctx->id;
    }
}

void broker_context_publish(struct context *ctx)
{
    struct map *contexts = &ctx->broker->contexts;

    if (!map_get(contexts, ctx->id)) {
        map_set(contexts, ctx->id, ctx);
        ctx->is_registered = true;
    }
}

struct context *broker_find_context(struct broker *b, struct bytes id)
{
    return map_get(&b->contexts, id);
}

void broker_note_late(struct context *ctx)
{
    struct broker *b = ctx->broker;

    if (ctx->is_registered && ctx->id.n == UUID_TEXT_BYTES) {
        memcpy(b->late[b->n_late++ % BROKER_LATE_MAX], ctx->id.p, UUID_TEXT_BYTES);
    }
}

bool broker_was_late(const struct broker *b, struct bytes id)
{
    unsigned n = b->n_late < BROKER_LATE_MAX ? b->n_late : BROKER_LATE_MAX;

    for (unsigned i = 0; i < n; i++) {
        if (bytes_eq(id, bytes_of(b->late[i], UUID_TEXT_BYTES))) {
            return true;
        }
    }
    return false;
}

static void withdraw(struct context *ctx)
{
    if (ctx->is_registered) {
        (void)map_remove(&ctx->broker->contexts, ctx->id);
        ctx->is_registered = false;
    }
}

static void context_free(struct context *ctx)
{
    struct broker *b = ctx->broker;

    list_remove(&ctx->link);
    b->n_running--;
    withdraw(ctx);
    endpoint_unref(ctx->endpoint);
    unbind(ctx);
    shared_unref(ctx->held);
    shared_unref(ctx->meta_text);
    arena_fini(&ctx->arena);
    if (b->n_spare < SPARE_MAX) {
        list_prepend(&b->spare, &ctx->link);
        b->n_spare++;
    } else {
        mem_free(ctx);
    }
}

/* What a nested call set in meta its caller sees, well or failed (docs/protocol.md, Meta). */
static void merge_into_parent(struct context *ctx)
{
    struct context *parent =
        ctx->has_parent ? broker_find_context(ctx->broker, ctx->parent_id) : NULL;

    /* What changes nothing costs nothing: a handler may make any number of calls. */
    if (parent && parent->state != CONTEXT_FINISHED && !bytes_eq(parent->meta, ctx->meta)) {
        context_merge_meta(parent, ctx->meta);
    }
}

static void hand_over(struct context *ctx)
{
    merge_into_parent(ctx);
    if (ctx->done) {
        ctx->done(ctx);
    }
    context_free(ctx);
}

static void on_deferred(struct loop_defer *defer)
{
    hand_over(container_of(defer, struct context, defer));
}

void broker_context_finished(struct context *ctx)
{
    if (ctx->is_starting) {
        loop_defer_init(&ctx->defer, on_deferred);
        loop_defer_start(ctx->loop, &ctx->defer);
    } else {
        hand_over(ctx);
    }
}

void broker_context_fail(struct context *ctx, struct mol_error *error)
{
    ctx->error = error;
    ctx->state = CONTEXT_FINISHED;
    broker_context_finished(ctx);
}

/* Kind and handler follow from the endpoint. */
static void aim(struct context *ctx, struct endpoint *endpoint)
{
    unbind(ctx);
    ctx->endpoint = endpoint;
    if (!endpoint->local) {
        ctx->kind = CONTEXT_REMOTE_ACTION;
        ctx->handler = broker_remote_call;
    } else if (ctx->kind == CONTEXT_LOCAL_EVENT) {
        ctx->handler = run_local_event;
    } else {
        ctx->kind = CONTEXT_LOCAL_ACTION;
        ctx->handler = run_local_action;
        broker_context_publish(ctx);
    }
}

void broker_context_run(struct context *ctx, struct endpoint *endpoint)
{
    aim(ctx, endpoint);
    ctx->pipeline = &ctx->broker->pipeline;
    pipeline_run(ctx);
}

void broker_context_rewind(struct context *ctx, const struct arena_mark *mark)
{
    struct bytes *kept[] = {&ctx->id, &ctx->params, &ctx->meta, &ctx->headers};
    enum { N_KEPT = sizeof(kept) / sizeof(kept[0]) };
    bool is_moved[N_KEPT];
    struct arena copies;

    withdraw(ctx); /* its key moves */
    arena_init(&copies);
    for (int i = 0; i < N_KEPT; i++) {
        is_moved[i] = arena_is_since(&ctx->arena, mark, kept[i]->p);
        *kept[i] = is_moved[i] ? arena_copy(&copies, *kept[i]) : *kept[i];
    }
    arena_rewind(&ctx->arena, mark);
    for (int i = 0; i < N_KEPT; i++) {
        *kept[i] = is_moved[i] ? arena_copy(&ctx->arena, *kept[i]) : *kept[i];
    }
    arena_fini(&copies);
    ctx->result = BYTES_NONE;
    ctx->error = NULL;
    ctx->response_headers = BYTES_NONE;
}

bool broker_context_choose_again(struct context *ctx)
{
    struct endpoint *endpoint = broker_choose_endpoint(ctx, &ctx->error);

    if (!endpoint) {
        return false;
    }
    withdraw(ctx);
    broker_context_identify(ctx);
    ctx->started_ms = loop_now_ms(ctx->loop);
    endpoint_unref(ctx->endpoint);
    aim(ctx, endpoint);
    return true;
}

void broker_give_up(struct broker *b)
{
    while (!list_is_empty(&b->running)) {
        struct context *ctx = list_entry(b->running.next, struct context, link);

        if (ctx->state == CONTEXT_FINISHED) { /* only its done has to wait */
            loop_defer_stop(&ctx->defer);
            hand_over(ctx);
        } else {
            pipeline_abandon(ctx, mol_error_about_action(&ctx->arena, MOL_ERROR_REQUEST_REJECTED,
                                                         ctx->name, b->options->node_id));
        }
    }
}

void broker_contexts_free(struct broker *b)
{
    struct list *spare;

    while ((spare = list_pop(&b->spare))) {
        mem_free(list_entry(spare, struct context, link));
    }
    map_fini(&b->contexts);
}
