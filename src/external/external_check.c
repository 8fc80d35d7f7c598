/* SPDX-License-Identifier: MIT */
/* What is wrong with a schema, noted as it is found. */
#include "external/external_internal.h"

enum { NAME_BYTES_MAX = 255 };

struct external_fault *external_check_fault(struct external_check *c, enum external_fault_kind kind,
                                            struct bytes path, struct bytes value)
{
    struct external_fault *fault = arena_new(c->arena, struct external_fault);

    fault->kind = kind;
    fault->path = arena_copy(c->arena, path);
    fault->value = value;
    list_append(c->faults, &fault->link);
    return fault;
}

void external_check_refuse(struct external_check *c, struct bytes path, struct bytes value,
                           const char *text)
{
    external_check_fault(c, EXTERNAL_FAULT_SCHEMA, path, value)->text =
        arena_format(c->arena, "'%.*s' %s", BYTES_ARG(path), text);
}

void external_check_warn(struct external_check *c, struct bytes path, const char *text)
{
    json_text(c->warnings, arena_format(c->arena, "'%.*s' %s", BYTES_ARG(path), text));
}

bool external_check_has_control(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

const char *external_check_name_fault(struct bytes text)
{
    if (external_check_has_control(text)) {
        return "has control characters";
    }
    return text.n > NAME_BYTES_MAX ? "is longer than 255 bytes" : NULL;
}

void external_check_name(struct external_check *c, struct bytes path, struct bytes slice,
                         struct bytes text)
{
    const char *fault = external_check_name_fault(text);

    if (fault) {
        external_check_refuse(c, path, slice, fault);
    }
}
