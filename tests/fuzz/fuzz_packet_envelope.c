/* SPDX-License-Identifier: MIT */
/* The envelope: found at the end of a packet or not, it is what the members say. */
#include "base/assert.h"
#include "fuzz/fuzz.h"
#include "support/packet_relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of((const char *)data, size);
    struct packet_envelope envelope;
    struct bytes slice, sender;
    struct arena arena;

    packet_relay_fuzz(PACKET_DISCOVER, text);
    if (json_scan(text, 0, &slice, NULL) != 0) {
        return 0;
    }
    arena_init(&arena);
    sender = json_string(json_get(slice, BYTES("sender")), &arena);
    if (packet_envelope_decode(slice, &arena, &envelope) == 0) {
        struct bytes version = json_get(slice, BYTES("ver"));

        ASSERT(bytes_eq(envelope.sender, sender));
        ASSERT(envelope.version_text.p == version.p && envelope.version_text.n == version.n);
        ASSERT((envelope.version == PROTOCOL_5) == json_string_eq(version, BYTES("5")));
        ASSERT((envelope.version == PROTOCOL_4) == json_string_eq(version, BYTES("4")));
    } else {
        ASSERT(sender.n == 0);
    }
    arena_fini(&arena);
    return 0;
}
