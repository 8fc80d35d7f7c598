/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions of the disableBalancer mode: one queue for each own action and for each own event
 * and group (docs/protocol.md, Balanced delivery). New ones are made before old ones are dropped,
 * so no message is lost.
 */
#include "transit/transit_internal.h"

struct balanced_topic {
    struct topic topic;
    struct shared *name, *group; /* owned refs; group NULL for actions */
    bool is_wanted;
    struct list link;
};

static void balanced_topic_free(struct balanced_topic *b)
{
    list_remove(&b->link);
    shared_unref(b->name);
    shared_unref(b->group);
    mem_free(b);
}

static struct balanced_topic *find(struct transit *t, const struct topic *topic)
{
    list_for_each (link, &t->balanced) {
        struct balanced_topic *b = list_entry(link, struct balanced_topic, link);

        if (b->topic.type == topic->type && bytes_eq(b->topic.name, topic->name) &&
            bytes_eq(b->topic.group, topic->group)) {
            return b;
        }
    }
    return NULL;
}

static void want(struct transit *t, const struct topic *topic)
{
    struct balanced_topic *b = find(t, topic);
    int err;

    if (b) {
        b->is_wanted = true;
        return;
    }
    err = t->transporter->ops->subscribe(t->transporter, topic);
    if (err) {
        log_error(&t->log, "Unable to subscribe to the queue of '%.*s': %s.",
                  BYTES_ARG(topic->name), err_text(err));
        return;
    }
    b = mem_new(struct balanced_topic);
    b->name = shared_new(topic->name);
    b->group = bytes_is_set(topic->group) ? shared_new(topic->group) : NULL;
    b->topic = *topic;
    b->topic.name = b->name->bytes;
    b->topic.group = b->group ? b->group->bytes : BYTES_NONE;
    b->is_wanted = true;
    list_append(&t->balanced, &b->link);
}

static void want_service(struct transit *t, const struct registry_service *service)
{
    struct bytes key, definition;
    struct arena arena;

    arena_init(&arena);
    for (struct json_iter it = json_iter(service->actions);
         json_next_member(&it, &key, &definition);) {
        want(t, &(struct topic){
                    .type = PACKET_REQUEST, .balanced = true, .name = json_string(key, &arena)});
    }
    for (struct json_iter it = json_iter(service->events);
         json_next_member(&it, &key, &definition);) {
        struct bytes group = json_string(json_get(definition, BYTES("group")), &arena);

        want(t, &(struct topic){.type = PACKET_EVENT,
                                .balanced = true,
                                .name = json_string(key, &arena),
                                .group = bytes_is_set(group) ? group : service->name});
    }
    arena_fini(&arena);
}

void transit_subscribe_balanced(struct transit *t)
{
    if (!t->disable_balancer) {
        return;
    }
    list_for_each (link, &t->balanced) {
        list_entry(link, struct balanced_topic, link)->is_wanted = false;
    }
    list_for_each (link, &registry_local_node(t->registry)->services) {
        want_service(t, list_entry(link, struct registry_service, link));
    }
    list_for_each_safe (link, &t->balanced) {
        struct balanced_topic *b = list_entry(link, struct balanced_topic, link);

        if (!b->is_wanted) {
            (void)t->transporter->ops->unsubscribe(t->transporter, &b->topic);
            balanced_topic_free(b);
        }
    }
}

void transit_balanced_free(struct transit *t)
{
    list_for_each_safe (link, &t->balanced) {
        balanced_topic_free(list_entry(link, struct balanced_topic, link));
    }
}
