/* SPDX-License-Identifier: MIT */
/* Puts a version in front of a service's name. */
#include "model/service_name.h"

struct bytes service_name_full(struct bytes name, struct bytes version, struct arena *arena)
{
    struct bytes full = name;
    struct buf text;
    double number;

    buf_init(&text, BUF_NO_LIMIT);
    if (json_type(version) == JSON_STRING) {
        buf_add(&text, json_string(version, arena));
    } else if (json_double(version, &number)) {
        buf_add_char(&text, 'v');
        json_add_double(&text, number);
    } else {
        return full;
    }
    buf_add_char(&text, '.');
    buf_add(&text, name);
    full = arena_copy(arena, buf_bytes(&text));
    buf_fini(&text);
    return full;
}
