/* SPDX-License-Identifier: MIT */
/* RES packets: what is decoded keeps its promises and is encoded to what decodes to the same. */
#include "fuzz/fuzz.h"
#include "support/packet_relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of((const char *)data, size);

    packet_relay_fuzz(PACKET_RESPONSE, text);
    return 0;
}
