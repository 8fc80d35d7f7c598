/* SPDX-License-Identifier: MIT */
/* What all transporters share: the names of topics and the base object. */
#include "transporter/transporter.h"

static bool append(char *out, size_t room, size_t *n, struct bytes text)
{
    if (text.n > room - *n) {
        return false;
    }
    if (text.n > 0) {
        memcpy(out + *n, text.p, text.n);
        *n += text.n;
    }
    return true;
}

static bool append_part(char *out, size_t room, size_t *n, struct bytes part)
{
    return append(out, room, n, BYTES(".")) && append(out, room, n, part);
}

bool transporter_topic_text(const struct transporter *t, const struct topic *topic, char *out,
                            size_t room, struct bytes *out_text)
{
    size_t n = 0;
    bool fits = append(out, room, &n, t->env.prefix) &&
                append_part(out, room, &n, bytes_cstr(packet_type_name(topic->type)));

    if (topic->balanced) {
        fits = fits && append(out, room, &n, BYTES("B"));
        if (topic->type == PACKET_EVENT) {
            fits = fits && append_part(out, room, &n, topic->group);
        }
        fits = fits && append_part(out, room, &n, topic->name);
    } else if (bytes_is_set(topic->node_id)) {
        fits = fits && append_part(out, room, &n, topic->node_id);
    }
    if (fits) {
        *out_text = bytes_of(out, n);
    }
    return fits;
}

void transporter_init(struct transporter *t, const struct transporter_ops *ops,
                      const struct transporter_env *env)
{
    arena_init(&t->arena);
    t->ops = ops;
    t->env = *env;
    t->env.prefix = arena_copy(&t->arena, env->prefix);
    t->env.node_id = arena_copy(&t->arena, env->node_id);
}

void transporter_fini(struct transporter *t)
{
    arena_fini(&t->arena);
}
