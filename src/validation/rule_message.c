/* SPDX-License-Identifier: MIT */
/* Texts of errors: whose text, and its placeholders in JavaScript's way. */
#include "validation/rule.h"
#include "validation/validation.h"

struct default_message {
    const char *type, *text;
};

static const struct default_message default_messages[] = {
#define MESSAGE(type, text) {type, text},
#include "validation/rule_message.def"
#undef MESSAGE
};

static struct bytes default_message(const char *type)
{
    for (size_t i = 0; i < sizeof(default_messages) / sizeof(default_messages[0]); i++) {
        if (strcmp(default_messages[i].type, type) == 0) {
            return bytes_cstr(default_messages[i].text);
        }
    }
    return BYTES("");
}

static struct bytes choose_message(const struct rule_run *r, const struct rule *rule,
                                   const char *type)
{
    struct bytes name = bytes_cstr(type);

    if (value_has(rule->messages, name)) {
        return value_convert_text(value_get(rule->messages, name), r->arena);
    }
    if (value_has(r->options->messages, name)) {
        return value_convert_text(value_get(r->options->messages, name), r->arena);
    }
    return default_message(type);
}

static size_t find_text(struct bytes in, struct bytes what)
{
    const char *at = in.n ? memmem(in.p, in.n, what.p, what.n) : NULL;

    return at ? (size_t)(at - in.p) : in.n;
}

/* The replacement patterns of String.prototype.replace: $$ $& $` $' */
static void add_replacement(struct buf *out, struct bytes text, struct bytes whole, size_t at,
                            struct bytes placeholder)
{
    for (size_t i = 0; i < text.n; i++) {
        char next = '\0';

        if (text.p[i] == '$' && i + 1 < text.n) {
            next = text.p[i + 1];
        }

        i += next == '$' || next == '&' || next == '`' || next == '\'';
        if (next == '&') {
            buf_add(out, placeholder);
        } else if (next == '`') {
            buf_add(out, bytes_of(whole.p, at));
        } else if (next == '\'') {
            buf_add(out, bytes_from(whole, at + placeholder.n));
        } else {
            buf_add_char(out, text.p[i]);
        }
    }
}

static struct bytes replace_all(struct bytes message, struct bytes placeholder,
                                struct bytes replacement, struct arena *arena)
{
    size_t at = find_text(message, placeholder);
    struct bytes replaced;
    size_t done = 0;
    struct buf out;

    if (at == message.n) {
        return message;
    }
    buf_init(&out, VALIDATION_MESSAGE_BYTES_MAX);
    while (at < message.n && !out.failed) {
        buf_add(&out, bytes_of(message.p + done, at - done));
        add_replacement(&out, replacement, message, at, placeholder);
        done = at + placeholder.n;
        at = done + find_text(bytes_from(message, done), placeholder);
    }
    buf_add(&out, bytes_from(message, done));
    replaced = out.failed ? BYTES("...") : arena_copy(arena, buf_bytes(&out));
    buf_fini(&out);
    return replaced;
}

static struct bytes text_of(const struct value *v, struct arena *arena)
{
    if (value_is_nullish(v)) {
        return BYTES("");
    }
    if (value_has(v, BYTES("toString"))) {
        return BYTES("object");
    }
    return value_convert_text(v, arena);
}

struct bytes rule_message(const struct rule_run *r, const struct rule *rule, const char *type)
{
    struct bytes message = choose_message(r, rule, type);

    if (rule->is_key && strncmp(type, "string", 6) == 0) {
        size_t found = find_text(message, BYTES(" field "));

        if (found < message.n) {
            message = arena_format(r->arena, "%.*s key %.*s", (int)found, message.p,
                                   BYTES_ARG(bytes_from(message, found + 7)));
        }
    }
    return message;
}

void rule_message_fill(struct value *error, struct arena *arena)
{
    struct value *message = value_get(error, BYTES("message"));
    const struct value *field = value_get(error, BYTES("label"));

    field = field ? field : value_get(error, BYTES("field"));
    message->text =
        replace_all(message->text, BYTES("{field}"), field ? field->text : BYTES(""), arena);
    message->text = replace_all(message->text, BYTES("{expected}"),
                                text_of(value_get(error, BYTES("expected")), arena), arena);
    message->text = replace_all(message->text, BYTES("{actual}"),
                                text_of(value_get(error, BYTES("actual")), arena), arena);
}
