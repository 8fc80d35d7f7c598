/* SPDX-License-Identifier: MIT */
/* JSON: what is inside is what is on the wire. */
#include "base/utf8.h"
#include "serializer/serializer.h"

/* Copies with U+FFFD for invalid bytes and returns the length; counts only when out is NULL. */
static size_t copy_repaired(struct bytes wire, char *out)
{
    char room[UTF8_MAX_BYTES] = {0};
    size_t n = 0;

    while (wire.n) {
        uint32_t character;
        size_t used = utf8_read(wire, &character);

        n += utf8_write(character, out ? out + n : room);
        wire = bytes_from(wire, used);
    }
    return n;
}

/* Node.js decodes bytes to text before it parses: a stray byte is no reason to lose a packet. */
static struct bytes repair(struct bytes wire, struct arena *arena)
{
    size_t n = copy_repaired(wire, NULL);
    char *p = arena_alloc(arena, n + UTF8_MAX_BYTES);

    return bytes_of(p, copy_repaired(wire, p));
}

static int decode(struct bytes wire, struct arena *arena, struct bytes *out_slice)
{
    int err = json_scan(wire, 0, out_slice, NULL);

    if (err == ERR_UTF8) {
        err = json_scan(repair(wire, arena), 0, out_slice, NULL);
    }
    return err;
}

static int encode(struct bytes text, struct arena *arena, struct bytes *out_wire)
{
    *out_wire = text;
    return 0;
}

const struct serializer_ops serializer_json_ops = {
    .name = "JSON",
    .decode = decode,
    .encode = encode,
};
